package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"mayday/internal/chart"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// signalPatience is how long a figure may take: people wait for the page that
// shows it.
const signalPatience = 2 * time.Second

// serviceOf is the service whose signals a run means: the one it was started
// for, else the incident's.
func serviceOf(inc *incident.Incident, r *incident.Run) string {
	if r != nil {
		if s, ok := r.Inputs["service"].(string); ok && s != "" {
			return s
		}
	}
	return inc.Service
}

// factsFor is facts with the signals that a playbook's expressions name.
func (d *Desk) factsFor(ctx context.Context, inc *incident.Incident, r *incident.Run, pb *playbooks.Playbook) playbooks.Facts {
	f := d.facts(ctx, inc)
	f.SignalsFor = serviceOf(inc, r)
	f.Env = d.service(f.SignalsFor).Env
	f.Signals = d.signals(ctx, f.SignalsFor, pb.Signals())
	f.SignalsOf = func(service string) map[string]float64 { return d.signals(ctx, service, pb.Signals()) }
	if pb.AsksBackups() {
		f.Backups = d.backups(ctx)
	}
	return f
}

// backups asks for the last good backup of every connection. One that nobody
// knows of is missing: a guard then says that nobody can tell.
func (d *Desk) backups(ctx context.Context) map[string]time.Time {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out := map[string]time.Time{}
	for _, names := range d.Catalogue.Connections {
		for _, name := range names {
			for _, ask := range d.Backups {
				if at, known := ask(ctx, name); known && at.After(out[name]) {
					out[name] = at
				}
			}
		}
	}
	return out
}

// signals reads the newest value of each named chart of a service, all at once.
// One without data, or with too little traffic to say anything, is missing.
func (d *Desk) signals(ctx context.Context, service string, names []string) map[string]float64 {
	if len(names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, signalPatience)
	defer cancel()
	out := map[string]float64{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, c := range d.service(service).Charts {
		if !slices.Contains(names, c.Name) {
			continue
		}
		wg.Go(func() {
			if v, ok := d.read(ctx, c); ok {
				mu.Lock()
				out[c.Name] = v
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return out
}

// read answers the newest value of a chart, ok=false when nobody can tell.
func (d *Desk) read(ctx context.Context, c Chart) (float64, bool) {
	source, ok := d.Signals[c.Source]
	if !ok {
		return 0, false
	}
	if c.Traffic != "" {
		traffic, ok, err := source.Now(ctx, c.Traffic)
		if err != nil || !ok || traffic.Value < c.Least {
			return 0, false
		}
	}
	s, ok, err := source.Now(ctx, c.Expr)
	if err != nil {
		d.Log.Warn("a signal cannot be read", "chart", c.Name, "err", err)
		return 0, false
	}
	return s.Value, ok
}

// figureWords is a value as people read it, in the unit of its chart.
func (d *Desk) figureWords(service, name string, v float64) string {
	now := []chart.Sample{{Value: v}}
	for _, c := range d.service(service).Charts {
		if c.Name == name {
			return unit(c, now).Words(v)
		}
	}
	return chart.UnitOf(name, now).Words(v)
}
