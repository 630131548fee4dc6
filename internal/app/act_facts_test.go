package app

import (
	"slices"
	"time"

	"mayday/internal/incident"
)

func (s *actStage) inc() *incident.Incident {
	s.t.Helper()
	inc, err := s.app.store.Incident(s.t.Context(), 1)
	if err != nil {
		s.t.Fatal(err)
	}
	return inc
}

// run is the newest run.
func (s *actStage) run() *incident.Run {
	s.t.Helper()
	inc := s.inc()
	if len(inc.Runs) == 0 {
		s.t.Fatalf("nothing runs: %s", texts(s.thread()))
	}
	return &inc.Runs[len(inc.Runs)-1]
}

// step is the newest act that is not a part of another.
func (s *actStage) step() *incident.Step {
	s.t.Helper()
	inc := s.inc()
	for n := range slices.Backward(inc.Steps) {
		if inc.Steps[n].Parent == "" {
			return &inc.Steps[n]
		}
	}
	s.t.Fatalf("there is no act:\n%s", texts(s.thread()))
	return nil
}

func (s *actStage) wantState(step *incident.Step, want incident.StepState) {
	s.t.Helper()
	if got := s.inc().Step(step.ID); got.State != want {
		s.t.Fatalf("%s is %s (%s), want %s", got.Plan.Title, got.State, got.Reason, want)
	}
}

func (s *actStage) wantRun(want incident.RunState) {
	s.t.Helper()
	if r := s.run(); r.State != want {
		s.t.Fatalf("%s is %s at %q (%s), want %s:\n%s", r.Playbook, r.State, r.At, r.Reason, want, texts(s.thread()))
	}
}

// eventually waits for the loop or the server.
func (s *actStage) eventually(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			s.t.Fatalf("never came true: %s\n%s", what, texts(s.thread()))
		case <-tick.C:
		}
	}
}

// timeline is everything that happened, one line an entry.
func (s *actStage) timeline() []incident.Entry {
	s.t.Helper()
	entries, err := s.app.store.Timeline(s.t.Context(), 1, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return entries
}
