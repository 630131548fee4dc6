package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"mayday/internal/chart"
	"mayday/internal/incident"
)

const (
	figuresSpan  = time.Hour
	figuresStep  = 30 * time.Second
	figuresShown = 3               // on the card
	afterAlert   = 5 * time.Minute // figures up to then say when it began
)

// figures reads the charts of an incident's service: what the card shows of
// them, and when the first of them left its usual band, which is when it really
// began: alerts come later (INTERACTION 2.2). What was found of that once stays,
// because an hour into the trouble the trouble itself looks usual.
func (d *Desk) figures(ctx context.Context, inc *incident.Incident) (onset time.Time, by string, out []incident.Figure) {
	charts := d.service(inc.Service).Charts
	charts = charts[:min(len(charts), figuresShown)]
	now := d.Now()
	read := d.ranges(ctx, charts, now)
	for n, c := range charts {
		f := incident.Figure{Name: c.Name, Now: "no data"}
		if samples := read[n]; len(samples) > 0 {
			f.Spark, f.Now = chart.Spark(samples), unit(c, samples).Words(samples[len(samples)-1].Value)
		}
		out = append(out, f)
	}
	if was := inc.Suspicion; was != nil && !was.Onset.IsZero() {
		return was.Onset, was.By, out
	}
	if end := inc.OpenedAt.Add(afterAlert); end.Before(now) {
		read = d.ranges(ctx, charts, end)
	}
	for n, c := range charts {
		at, ok := chart.Onset(read[n])
		if ok && !at.After(inc.OpenedAt.Add(figuresStep)) && (onset.IsZero() || at.Before(onset)) {
			onset, by = at, c.Name
		}
	}
	return onset, by, out
}

// ranges reads an hour of charts that ends at an instant, all at once. One that does not answer
// has no samples.
func (d *Desk) ranges(ctx context.Context, charts []Chart, to time.Time) [][]chart.Sample {
	ctx, cancel := context.WithTimeout(ctx, signalPatience)
	defer cancel()
	out := make([][]chart.Sample, len(charts))
	var wg sync.WaitGroup
	for n, c := range charts {
		source, ok := d.Signals[c.Source]
		if !ok {
			continue
		}
		wg.Go(func() {
			samples, err := source.Range(ctx, c.Expr, to.Add(-figuresSpan), to, figuresStep)
			if err != nil {
				d.Log.Warn("a signal cannot be read", "chart", c.Name, "err", err)
				return
			}
			for _, s := range samples {
				out[n] = append(out[n], chart.Sample(s))
			}
		})
	}
	wg.Wait()
	return out
}

// unit is what a chart counts: with a limit of at most one it is a share.
func unit(c Chart, samples []chart.Sample) chart.Unit {
	if c.Bad > 0 && c.Bad <= 1 && chart.UnitOf(c.Name, samples) == chart.Plain {
		return chart.Ratio
	}
	return chart.UnitOf(c.Name, samples)
}

// picture draws a chart of the incident's service over the last hour, with a line
// at each suspect and each act. It answers false when there is nothing to draw.
func (d *Desk) picture(ctx context.Context, inc *incident.Incident, name string) (chart.Picture, bool) {
	charts := d.service(inc.Service).Charts
	n := slices.IndexFunc(charts, func(c Chart) bool { return c.Name == name || name == "" })
	if n < 0 {
		return chart.Picture{}, false
	}
	c, now := charts[n], d.Now()
	samples := d.ranges(ctx, []Chart{c}, now)[0]
	p := chart.Picture{Title: inc.ServiceName() + " " + c.Name, Unit: unit(c, samples), From: now.Add(-figuresSpan), To: now, Samples: samples, Bad: c.Bad}
	if s := inc.Suspicion; s != nil {
		for _, one := range s.Suspects[:min(len(s.Suspects), 3)] {
			p.Marks = append(p.Marks, chart.Mark{At: one.At, Label: one.What})
		}
	}
	for _, st := range inc.Steps {
		if st.State == incident.Succeeded && st.Parent == "" {
			p.Marks = append(p.Marks, chart.Mark{At: st.StartedAt, Label: st.Plan.Title, Act: true})
		}
	}
	p.Marks = slices.DeleteFunc(p.Marks, func(m chart.Mark) bool { return m.At.Before(p.From) || m.At.After(p.To) })
	return p, len(samples) > 0
}
