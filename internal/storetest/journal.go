package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

func testOpen(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	first := open(t, s, "P1")
	if got, want := first.ID(), "INC-1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !first.OpenedAt.Equal(c.Now()) {
		t.Errorf("opened at %s, want the store's clock %s", first.OpenedAt, c.Now())
	}
	stored, err := s.Incident(ctx, 1)
	must(t, "read back", err)
	if diff := cmp.Diff(first, stored); diff != "" {
		t.Errorf("answered and stored differ (-answered +stored):\n%s", diff)
	}
	look := func(target incident.Target) (seen incident.View) {
		do(t, s, target, func(v incident.View) (incident.Change, error) { seen = v; return incident.Change{}, nil })
		return seen
	}
	if v := look(incident.Target{SourceKind: "pager", SourceKey: "P1"}); v.Incident == nil || !v.Mine {
		t.Errorf("known key: got %v mine=%v, want INC-1 mine", v.Incident, v.Mine)
	}
	if v := look(incident.Target{SourceKind: "pager", SourceKey: "P2"}); v.Incident != nil || v.Mine {
		t.Errorf("unknown key: got %v mine=%v, want none", v.Incident, v.Mine)
	}
	if v := look(incident.Target{SourceKind: "pager", SourceKey: "P2", Service: "checkout", Group: true}); v.Incident == nil || v.Mine {
		t.Errorf("unknown key of a service with an open incident: got %v mine=%v, want INC-1 to join", v.Incident, v.Mine)
	}
	if v := look(incident.Target{SourceKind: "pager", SourceKey: "P2", Service: "search", Group: true}); v.Incident != nil {
		t.Errorf("unknown key of another service: got %v, want none", v.Incident)
	}
	_, err = s.Do(ctx, incident.Target{Number: 99}, adding(&incident.Noted{}))
	if !fault.HasCode(err, "E23") {
		t.Errorf("unknown number: got %v, want E23", err)
	}
	if _, err := s.Incident(ctx, 99); !fault.HasCode(err, "E23") {
		t.Errorf("unknown number: got %v, want E23", err)
	}
	if n, err := s.BySource(ctx, "pager", "P1"); err != nil || n != 1 {
		t.Errorf("by source: got %d, %v, want 1", n, err)
	}
	if n, err := s.BySource(ctx, "pager", "P9"); err != nil || n != 0 {
		t.Errorf("by unknown source: got %d, %v, want 0", n, err)
	}
	joinAndMove(t, s)
}

// joinAndMove: a joined key belongs to the incident; a key that opens another
// one later belongs to that.
func joinAndMove(t *testing.T, s Store) {
	src := Source("P2")
	do(t, s, incident.Target{SourceKind: "pager", SourceKey: "P2", Service: "checkout", Group: true}, adding(&incident.Alert{Source: src, Joined: true}))
	if n, err := s.BySource(t.Context(), "pager", "P2"); err != nil || n != 1 {
		t.Errorf("joined key: got %d, %v, want 1", n, err)
	}
	do(t, s, incident.Target{Number: 1}, adding(&incident.ResolvedBody{}))
	if v, err := s.Do(t.Context(), incident.Target{SourceKind: "pager", SourceKey: "P3", Service: "checkout", Group: true}, adding()); err != nil || v != nil {
		t.Errorf("service whose incident is resolved: got %v, %v, want none", v, err)
	}
	second := do(t, s, incident.Target{}, adding(&incident.Opened{Title: "again", Service: "checkout", Severity: incident.SEV1, Source: &src, Policy: incident.DefaultPolicy()}))
	if n, err := s.BySource(t.Context(), "pager", "P2"); err != nil || n != second.Number {
		t.Errorf("moved key: got %d, %v, want %d", n, err, second.Number)
	}
	sound(t, s, 1)
	sound(t, s, second.Number)
}

func testRefusal(t *testing.T, s Store, _ *Clock) {
	refusal := fault.New(fault.Conflict, "E16", "no", "")
	_, err := s.Do(t.Context(), incident.Target{}, func(incident.View) (incident.Change, error) { return incident.Change{}, refusal })
	if !errors.Is(err, refusal) {
		t.Errorf("got %v, want the decision's own error", err)
	}
	_, err = s.Do(t.Context(), incident.Target{}, broken)
	if err == nil {
		t.Error("a decision that panics: got no error")
	}
	if i := open(t, s, "P1"); i.Number != 1 {
		t.Errorf("first incident after refusals is %s, want INC-1", i.ID())
	}
	before, err := s.Feed(t.Context(), 0, 100)
	must(t, "feed", err)
	do(t, s, incident.Target{Number: 1}, adding())
	after, err := s.Feed(t.Context(), 0, 100)
	must(t, "feed", err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a decision without a change left a trace:\n%s", diff)
	}
}

// broken is a decision with a mistake in it.
func broken(incident.View) (incident.Change, error) {
	var none *incident.Step
	return incident.Change{Entries: []incident.Entry{incident.NewEntry("", none.ID, &incident.Noted{})}}, nil
}

func testTombstone(t *testing.T, s Store, c *Clock) {
	target := incident.Target{SourceKind: "pager", SourceKey: "P1"}
	bury := func(at time.Time, id string) {
		do(t, s, target, func(incident.View) (incident.Change, error) {
			return incident.Change{Tombstone: &incident.Tombstone{Kind: "pager", Key: "P1", At: incident.Stamp{At: at, ID: id}}}, nil
		})
	}
	bury(c.Now(), "e2")
	bury(c.Now().Add(-time.Hour), "e9") // older news does not replace newer
	bury(c.Now(), "e1")
	var dead *incident.Stamp
	do(t, s, target, func(v incident.View) (incident.Change, error) { dead = v.Dead; return incident.Change{}, nil })
	if dead == nil || dead.ID != "e2" || !dead.At.Equal(c.Now()) {
		t.Errorf("got %v, want e2 at %s", dead, c.Now())
	}
}

func testOneIncidentPerKey(t *testing.T, s Store, _ *Clock) {
	for _, err := range together(50, func(int) error {
		target, decide := Opening("P1", "checkout")
		_, err := s.Do(context.Background(), target, decide)
		return err
	}) {
		must(t, "open", err)
	}
	all, err := s.Incidents(t.Context(), incident.Filter{State: "all"})
	must(t, "list", err)
	if len(all) != 1 {
		t.Errorf("got %d incidents, want 1", len(all))
	}
}

// testIsolation mixes decisions that err, panic or break a constraint with good
// ones that are committed together with them.
func testIsolation(t *testing.T, s Store, _ *Clock) {
	open(t, s, "P1")
	slot := &incident.Nudged{Nudge: incident.Nudge{Key: incident.NudgeKey{Anchor: 2, Slot: 0, Call: 1}}}
	do(t, s, incident.Target{Number: 1}, adding(slot))
	errs := together(60, func(n int) error {
		switch n % 4 {
		case 1:
			_, err := s.Do(context.Background(), incident.Target{Number: 1}, adding(&incident.Noted{}, slot))
			return err
		case 2:
			_, err := s.Do(context.Background(), incident.Target{Number: 1}, func(incident.View) (incident.Change, error) { return incident.Change{}, errors.New("no") })
			return err
		case 3:
			_, err := s.Do(context.Background(), incident.Target{Number: 1}, broken)
			return err
		}
		_, err := s.Do(context.Background(), incident.Target{Number: 1}, adding(&incident.Noted{}))
		return err
	})
	for n, err := range errs {
		if (err == nil) != (n%4 == 0) {
			t.Errorf("job %d: got error %v", n, err)
		}
	}
	entries, err := s.Timeline(t.Context(), 1, 3)
	must(t, "timeline", err)
	if len(entries) != 15 {
		t.Errorf("got %d notes, want the 15 of the good jobs", len(entries))
	}
	sound(t, s, 1)
}

func testNudgeSlot(t *testing.T, s Store, c *Clock) {
	open(t, s, "P1")
	nudge := func(call int) incident.Decide {
		return adding(&incident.Nudged{Nudge: incident.Nudge{Key: incident.NudgeKey{Anchor: 2, Slot: 0, Call: call}, Due: c.Now()}})
	}
	do(t, s, incident.Target{Number: 1}, nudge(1))
	if _, err := s.Do(t.Context(), incident.Target{Number: 1}, nudge(1)); err == nil {
		t.Error("the same call twice: got no error (I8)")
	}
	do(t, s, incident.Target{Number: 1}, nudge(2))
	entries, err := s.Timeline(t.Context(), 1, 0)
	must(t, "timeline", err)
	if len(entries) != 4 {
		t.Errorf("got %d entries, want 4", len(entries))
	}
}

func testSteps(t *testing.T, s Store, _ *Clock) {
	open(t, s, "P1")
	step := incident.Step{ID: "s1", Run: "r1", Action: "pg.cancel"}
	do(t, s, incident.Target{Number: 1}, adding(&incident.StepMoved{ID: "s1", To: incident.Proposed, New: &step}))
	if n, err := s.StepOwner(t.Context(), "s1"); err != nil || n != 1 {
		t.Errorf("got %d, %v, want 1", n, err)
	}
	if _, err := s.StepOwner(t.Context(), "s2"); !fault.HasCode(err, "E23") {
		t.Errorf("unknown step: got %v, want E23", err)
	}
	open(t, s, "P2")
	_, err := s.Do(t.Context(), incident.Target{Number: 2}, adding(&incident.StepMoved{ID: "s1", To: incident.Proposed, New: &step}))
	if err == nil {
		t.Error("the id of a step of another incident: got no error")
	}
	sound(t, s, 1)
	sound(t, s, 2)
}

func testCancelled(t *testing.T, s Store, _ *Clock) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	target, decide := Opening("P1", "checkout")
	if _, err := s.Do(ctx, target, decide); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context ended", err)
	}
	if n, err := s.BySource(t.Context(), "pager", "P1"); err != nil || n != 0 {
		t.Errorf("got %d, %v, want no incident", n, err)
	}
}
