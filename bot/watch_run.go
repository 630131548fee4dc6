package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// samplesKept is how many values of each signal a watch remembers, to say where
// it goes.
const samplesKept = 12

// watchRun waits for conditions: it asks the looks again, judges, and comes back
// until all held long enough, the time is over, or a person goes on. No data is
// "cannot tell", which counts as not met and never as zero.
func (d *Desk) watchRun(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, m playbooks.Move, q question, pb *playbooks.Playbook) error {
	res := r.Results[m.Path]
	if res.Asked == incident.AskNotMet {
		return d.Queue.Done(ctx, c) // a person is asked
	}
	if inc.TakenBack(r.ID) {
		return d.stopRun(ctx, c, inc, r, "What it did was taken back.")
	}
	now := d.Now()
	w := d.watchOf(res, m, now)
	pause := d.watchPause(m.Waits)
	if late := now.Sub(c.Due); res.Watch != nil && late > 2*pause+time.Second {
		clear(w.Held) // nobody looked meanwhile: it must hold anew
		w.Until = w.Until.Add(late)
	}
	seen, tables := d.lookAgainAll(ctx, r, m, res.Watch == nil && res.Table != nil)
	verdicts, err := d.judge(ctx, inc, r, m, pb, seen, w)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return d.stopRun(ctx, c, inc, r, err.Error())
	}
	met := d.hold(w, m, verdicts, now)
	was := ""
	if res.Watch != nil {
		was = fmt.Sprint(res.Watch.Text, res.Watch.Held)
	}
	w.Text = d.seenWords(inc, r, verdicts, w)
	q.Text = waitWords(m.Waits)
	next := incident.Result{Watch: w, Table: res.Table, When: m.When, Asked: incident.AskWatch, Extra: q.raw()}
	if t, own := tables[m.Path]; own {
		next.Table = t
	}
	switch {
	case met:
		return d.met(ctx, c, inc, r, m, q, next)
	case !now.Before(w.Until):
		return d.notMet(ctx, c, inc, r, m, q, next)
	}
	if was == fmt.Sprint(w.Text, w.Held) {
		return d.again(ctx, c, pause)
	}
	_, err = d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.KeepWatching(r.ID, m.Path, "Watching "+q.Text+": "+w.Text+".", next, now.Add(pause)))
	return err
}

// watchOf goes on with a watch, or begins one.
func (d *Desk) watchOf(res incident.Result, m playbooks.Move, now time.Time) *incident.Lookout {
	if res.Watch == nil {
		var within time.Duration
		for _, one := range m.Waits {
			within = max(within, one.Within)
		}
		return &incident.Lookout{Since: now, Until: now.Add(d.scaled(within)), Held: make([]time.Time, len(m.Waits)), Samples: map[string][]float64{}}
	}
	w := *res.Watch
	w.Held, w.Samples = slices.Clone(w.Held), maps.Clone(w.Samples)
	if len(w.Held) != len(m.Waits) {
		w.Held = make([]time.Time, len(m.Waits))
	}
	if w.Samples == nil {
		w.Samples = map[string][]float64{}
	}
	return &w
}

// watchPause is how soon conditions are looked at again. A faster clock looks
// sooner, so that a hold of three minutes is not judged by one glance.
func (d *Desk) watchPause(waits []playbooks.Wait) time.Duration {
	pause := playbooks.WaitEvery
	if d.Speed > 1 {
		pause = max(d.scaled(pause), 400*time.Millisecond)
	}
	for _, w := range waits {
		if hold := d.scaled(w.Hold); hold > 0 {
			pause = min(pause, max(hold/4, 200*time.Millisecond))
		}
	}
	return pause
}

// lookAgainAll repeats the looks that the conditions name. What does not answer
// has no outputs, so that nobody can tell.
func (d *Desk) lookAgainAll(ctx context.Context, r *incident.Run, m playbooks.Move, fresh bool) (map[string]incident.Result, map[string]*incident.Table) {
	results, tables := maps.Clone(r.Results), map[string]*incident.Table{}
	for _, look := range m.Looks {
		if fresh && look.Path == m.Path {
			continue // it was made a moment ago
		}
		one := results[look.Path]
		if look.Why != "" {
			one.Table = &incident.Table{Summary: look.Why} // without outputs nobody can tell
			results[look.Path] = one
			continue
		}
		limit := look.Timeout
		if limit <= 0 {
			limit = 10 * time.Second
		}
		lookCtx, cancel := context.WithTimeout(ctx, limit)
		table, err := look.Action.Look(lookCtx, look.Args)
		cancel()
		one.Table = &incident.Table{}
		if err != nil {
			one.Table.Summary = reason(err)
		} else {
			one.Table, tables[look.Path] = &table, &table
			if one.Outcome == incident.OutFailed {
				one.Outcome = incident.OutDone // it answers by now
			}
		}
		results[look.Path] = one
	}
	return results, tables
}

// judge computes the conditions with the newest values; what they want to see
// rise or fall is compared with what was seen before.
func (d *Desk) judge(ctx context.Context, inc *incident.Incident, r *incident.Run, m playbooks.Move, pb *playbooks.Playbook, results map[string]incident.Result, w *incident.Lookout) ([]playbooks.Verdict, error) {
	facts := d.factsFor(ctx, inc, r, pb)
	verdicts, err := pb.Judge(m.Path, facts, r.Inputs, results)
	if err != nil {
		return nil, err
	}
	trends := false
	for _, v := range verdicts {
		for name, value := range numbersIn(v) {
			w.Samples[name] = lastOf(append(w.Samples[name], value), samplesKept)
		}
		trends = trends || len(v.Rates) > 0
	}
	if !trends {
		return verdicts, nil
	}
	facts.Trends = map[string]bool{}
	for name, values := range w.Samples {
		if len(values) > 1 {
			facts.Trends["rising:"+name] = values[len(values)-1] > values[0]
			facts.Trends["falling:"+name] = values[len(values)-1] < values[0]
		}
	}
	return pb.Judge(m.Path, facts, r.Inputs, results)
}

// numbersIn are the figures that a condition used.
func numbersIn(v playbooks.Verdict) map[string]float64 {
	out := map[string]float64{}
	for name, value := range v.Saw {
		switch n := value.(type) {
		case float64:
			out[name] = n
		case int64:
			out[name] = float64(n)
		}
	}
	maps.Copy(out, v.Rates)
	return out
}

func lastOf(values []float64, n int) []float64 {
	return slices.Clone(values[max(len(values)-n, 0):])
}

// hold notes since when each condition holds, and reports whether all held for
// long enough.
func (d *Desk) hold(w *incident.Lookout, m playbooks.Move, verdicts []playbooks.Verdict, now time.Time) bool {
	met := true
	w.Blind = nil
	for n, v := range verdicts {
		switch {
		case !v.Met:
			w.Held[n] = time.Time{}
			met = false
			if !v.Known {
				w.Blind = append(w.Blind, v.Why)
			}
			continue
		case w.Held[n].IsZero():
			w.Held[n] = now
		}
		met = met && now.Sub(w.Held[n]) >= d.scaled(m.Waits[n].Hold)
	}
	return met
}

// waitWords is what is waited for, as the file says it.
func waitWords(waits []playbooks.Wait) string {
	var out []string
	for _, w := range waits {
		src, _, _ := strings.Cut(w.Src, " within ")
		out = append(out, src)
	}
	return strings.Join(out, " and ")
}

// seenWords is what is seen now: "errors 3.1%, falling". Where it goes is said
// once there is something to compare, half a minute on.
func (d *Desk) seenWords(inc *incident.Incident, r *incident.Run, verdicts []playbooks.Verdict, w *incident.Lookout) string {
	var out []string
	said := map[string]bool{}
	for _, v := range verdicts {
		for _, name := range slices.Sorted(maps.Keys(numbersIn(v))) {
			if said[name] {
				continue
			}
			said[name] = true
			values := w.Samples[name]
			text := name + " " + d.figureWords(serviceOf(inc, r), name, values[len(values)-1])
			if d.Now().Sub(w.Since) >= d.scaled(30*time.Second) {
				text += trendWord(values)
			}
			out = append(out, text)
		}
		if !v.Known {
			out = append(out, "cannot tell: "+v.Why)
		}
	}
	if len(out) == 0 {
		return "not yet"
	}
	return strings.Join(out, "; ")
}

func trendWord(values []float64) string {
	first, last := values[0], values[len(values)-1]
	switch {
	case len(values) < 2 || first == last:
		return ""
	case last < first:
		return ", falling"
	}
	return ", rising"
}

func (d *Desk) met(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, m playbooks.Move, q question, res incident.Result) error {
	res.Outcome, res.Asked = incident.OutDone, ""
	state := incident.RunGoing
	if m.Pick != "" && res.Table != nil && len(res.Table.Rows) > 0 {
		res.Outcome, res.Asked, state = "", "pick", incident.RunWaiting
	}
	return d.progress(ctx, c, inc, r, m.Path, "It holds: "+q.Text+" ("+res.Watch.Text+").", res, state)
}

// notMet says so loudly. An `until` pauses the run unless it is optional; a
// `verify` asks what to do, with the undo beside it.
func (d *Desk) notMet(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, m playbooks.Move, q question, res incident.Result) error {
	text := "Not met in time: " + q.Text + " (" + res.Watch.Text + ")."
	state := incident.RunWaiting
	switch {
	case m.ID == "verify" && m.Action.Name == "":
		res.Asked = incident.AskNotMet
	case m.Optional:
		res.Outcome, res.Asked, res.Reason, state = incident.OutNotMet, "", res.Watch.Text, incident.RunGoing
	default:
		res.Outcome, res.Asked, res.Reason, state = incident.OutNotMet, "", res.Watch.Text, incident.RunPaused
	}
	return d.progress(ctx, c, inc, r, m.Path, text, res, state)
}

// answerWatch records what a person says to a condition that is waited for.
func (d *Desk) answerWatch(ctx context.Context, by incident.Person, b incident.Button, text string, update func(*incident.Result)) (chat.Message, error) {
	return d.answerRun(ctx, by, b, text, func(r *incident.Result) error {
		if r.Asked != incident.AskWatch && r.Asked != incident.AskNotMet {
			return fault.New(fault.Already, "E22", "That was answered.", "").WithState("")
		}
		update(r)
		return nil
	})
}
