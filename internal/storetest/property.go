package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mayday/internal/incident"
)

// testProperty: after any legal sequence of changes, with refused ones among
// them, the snapshot and the step rows are the fold of the entries, the seals
// verify, and the answer of Do is what is stored.
func testProperty(t *testing.T, s Store, c *Clock) {
	cases := 0
	rapid.Check(t, func(r *rapid.T) {
		ctx := context.Background()
		cases++ // every case has an incident of its own in the one store
		target, decide := Opening(fmt.Sprint("P", cases), "checkout")
		i, err := s.Do(ctx, target, decide)
		if err != nil {
			r.Fatal(err)
		}
		g := &story{number: i.Number}
		for range rapid.IntRange(1, 12).Draw(r, "changes") {
			c.Advance(time.Duration(rapid.IntRange(0, 3600).Draw(r, "seconds")) * time.Second)
			refuse := rapid.IntRange(0, 5).Draw(r, "refuse") == 0
			after, err := s.Do(ctx, incident.Target{Number: i.Number}, g.change(r, i, c.Now(), refuse))
			if refuse != (err != nil) {
				r.Fatalf("refused %v: got error %v", refuse, err)
			}
			if err == nil {
				i = after
			}
		}
		if err := s.Verify(ctx, i.Number); err != nil {
			r.Fatal(err)
		}
		if err := s.Recompute(ctx, i.Number); err != nil {
			r.Fatal(err)
		}
		stored, err := s.Incident(ctx, i.Number)
		if err != nil {
			r.Fatal(err)
		}
		if got, want := string(incident.Canonical(stored)), string(incident.Canonical(i)); got != want {
			r.Fatalf("stored and answered differ:\n%s\n%s", got, want)
		}
	})
}

// story makes up what happens to one incident.
type story struct {
	number int64
	ids    int
	calls  int
}

var errRefused = errors.New("refused")

// change is drawn before its transaction: drawing panics when it is done with a
// case, and the store turns a panic of a decision into an error.
func (g *story) change(r *rapid.T, now *incident.Incident, at time.Time, refuse bool) incident.Decide {
	var bodies []incident.Body
	for range rapid.IntRange(1, 3).Draw(r, "entries") {
		bodies = append(bodies, g.body(r, now, at))
	}
	refs := rapid.SampledFrom([][]string{nil, {}, {"pager:Q1", "e <&>"}}).Draw(r, "refs")
	quiet, text := rapid.Bool().Draw(r, "quiet"), rapid.String().Draw(r, "text")
	return func(v incident.View) (incident.Change, error) {
		change, err := adding(bodies...)(v)
		first := &change.Entries[0]
		first.Refs, first.Quiet, first.Text = refs, quiet, text
		if refuse {
			return incident.Change{}, errRefused
		}
		return change, err
	}
}

func (g *story) id(prefix string) string {
	g.ids++
	return fmt.Sprintf("%s-%d-%d", prefix, g.number, g.ids)
}

func (g *story) body(r *rapid.T, i *incident.Incident, at time.Time) incident.Body {
	word := rapid.SampledFrom([]string{"", "checkout", "Ana", "two words", "<@everyone>"}).Draw(r, "word")
	span := time.Duration(rapid.IntRange(0, 7200).Draw(r, "span")) * time.Second
	stamp := incident.Stamp{At: at.Add(-span), ID: word}
	switch rapid.IntRange(0, 22).Draw(r, "what") {
	case 0:
		return &incident.Alert{Source: incident.Source{Kind: "pager", Key: g.id("P"), Title: word, StatusAt: stamp}, Joined: true}
	case 1:
		return &incident.Alert{Source: incident.Source{Kind: "pager", Key: i.Sources[0].Key, Status: "acknowledged", StatusAt: stamp}}
	case 2:
		return &incident.Owned{Owner: word, Zone: "Europe/Berlin", Hand: true}
	case 3:
		return &incident.Acknowledged{By: word}
	case 4:
		return &incident.OnCall{Who: word}
	case 5:
		return &incident.SeverityChanged{To: rapid.SampledFrom(incident.Severities).Draw(r, "severity"), Hand: true}
	case 6:
		return &incident.ServiceMoved{Service: word, Impact: word}
	case 7:
		return &incident.Noted{}
	case 8:
		return &incident.Linked{Link: incident.Link{Name: word, URL: "https://example.com/" + word}}
	case 9:
		return &incident.Updated{State: incident.Identified, Impact: word, Doing: word, NextIn: span - time.Hour}
	case 10:
		return &incident.Snoozed{For: span, Why: word}
	case 11:
		return &incident.Cadence{Every: span, Pause: rapid.Bool().Draw(r, "pause")}
	case 12:
		return &incident.ResolvedBody{Summary: word}
	case 13:
		return &incident.Reopened{}
	case 14:
		return &incident.Recovered{}
	case 15:
		g.calls++
		return &incident.Nudged{Nudge: incident.Nudge{Key: incident.NudgeKey{Anchor: i.Clock.Anchor, Call: g.calls}, Due: at, Who: []string{word}}}
	}
	return g.work(r, i, at, word)
}

// work makes up runs and steps.
func (g *story) work(r *rapid.T, i *incident.Incident, at time.Time, word string) incident.Body {
	steps, runs := i.Steps, i.Runs
	if len(runs) == 0 {
		return &incident.RunStarted{Run: incident.Run{ID: g.id("run"), Playbook: "kill-queries", Inputs: map[string]any{"n": 3, "word": word}, By: "Ana"}}
	}
	run := rapid.SampledFrom(runs).Draw(r, "run").ID
	if len(steps) == 0 || rapid.IntRange(0, 3).Draw(r, "new") == 0 {
		id := g.id("step")
		undoOf := ""
		if len(steps) > 0 {
			undoOf = rapid.SampledFrom(steps).Draw(r, "undo").ID
		}
		return &incident.StepMoved{ID: id, To: incident.Proposed, New: &incident.Step{ID: id, Run: run, Path: "1", Action: "pg.cancel", UndoOf: undoOf}}
	}
	if rapid.IntRange(0, 3).Draw(r, "result") == 0 {
		return &incident.RunResult{Run: run, Path: "1", Result: incident.Result{Outcome: incident.OutDone,
			Table: &incident.Table{Summary: word, Fields: map[string]any{"pid": 4412, "age": 1.5}}}}
	}
	step := rapid.SampledFrom(steps).Draw(r, "step")
	return g.move(r, step, at)
}

var everyState = []incident.StepState{incident.Previewed, incident.Waiting, incident.Approved, incident.Starting, incident.Succeeded,
	incident.FailedProven, incident.UnknownOutcome, incident.Expired, incident.Denied, incident.RefusedStale, incident.Cancelled}

// move takes a step further, where it may go.
func (g *story) move(r *rapid.T, s incident.Step, now time.Time) incident.Body {
	var next []incident.StepState
	for _, to := range everyState {
		if s.State.May(to) {
			next = append(next, to)
		}
	}
	if len(next) == 0 {
		return &incident.Life{}
	}
	b := &incident.StepMoved{ID: s.ID, To: rapid.SampledFrom(next).Draw(r, "to")}
	switch b.To {
	case incident.Previewed:
		b.Plan = &incident.Plan{Title: "cancel 4412", Grade: incident.GradeDanger, Args: map[string]any{"pid": 4412.0}, Pre: map[string]string{"pid": "4412"}}
		b.Digest, b.ExpiresAt = "d1", now.Add(10*time.Minute)
		if rapid.Bool().Draw(r, "children") {
			b.Children = []incident.Step{{ID: g.id("child"), Run: s.Run, Parent: s.ID, State: incident.Previewed}}
		}
	case incident.Approved:
		b.Approves = true
	case incident.Starting:
		b.Starts, b.Attempt = true, "a1"
	case incident.Succeeded:
		b.Receipt = &incident.Receipt{Text: "ended", Values: map[string]string{"pid": "4412"}}
	case incident.UnknownOutcome:
		b.Evidence = &incident.Evidence{Text: "gone", Applied: incident.Unknown}
	}
	return b
}
