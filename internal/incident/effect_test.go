package incident

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// rolling is a world whose act was accepted a moment ago and takes its time.
func rolling(t *testing.T) *world {
	t.Helper()
	w := opened(t, SEV2)
	w.do(t, StartRun(li, Run{ID: "r", Playbook: "rollback", By: "Li", Pinned: json.RawMessage(`{}`)}))
	head := Step{ID: "s", Run: "r", Path: "0", RequestedBy: "Li", Grade: GradeChange, Settle: 10 * time.Minute,
		Plan: Plan{Action: "k8s.rollback", Target: "prod/checkout", Title: "Roll back checkout", Subject: "checkout", Undo: "yes"}}
	w.do(t, Preview(head, "hash", tenMinutes, nil))
	w.do(t, PressStep(li, "s", PressStart, "", ""))
	w.do(t, Begin("s", "a1"))
	w.do(t, Finish("s", Ended{To: Succeeded, Text: "accepted", Receipt: &Receipt{Text: "accepted"}}))
	return w
}

func (w *world) kinds() string {
	var out []string
	for _, o := range w.outs {
		out = append(out, o.Kind)
	}
	w.outs = nil
	return strings.Join(out, " ")
}

func TestRunWaitsForTheEffect(t *testing.T) {
	w := rolling(t)
	if s := w.step(); s.State != Succeeded || !s.Watching() || w.inc.Run("r").Results["0"].Outcome != "" {
		t.Fatalf("after the target accepted: got %s %+v, %+v", s.State, s.Effect, w.inc.Run("r"))
	}
	if !slices.ContainsFunc(w.wakes, func(k Wake) bool { return k.Kind == WakeStep && k.Due.Equal(w.now.Add(firstLook)) }) {
		t.Errorf("nobody will look: %+v", w.wakes)
	}
	w.pass(5 * time.Second)
	w.do(t, SeeEffect("s", Evidence{Text: "2 of 6 pods new, 0 failing"}))
	before := len(w.entries)
	w.do(t, SeeEffect("s", Evidence{Text: "2 of 6 pods new, 0 failing"}))
	if len(w.entries) != before {
		t.Error("the same words twice are two entries")
	}
	w.pass(time.Minute)
	w.kinds()
	w.do(t, SeeEffect("s", Evidence{Text: "6 of 6 pods new, 0 failing", Settled: true}))
	if got := w.inc.Run("r").Results["0"]; got.Outcome != OutDone || w.step().Effect.State != EffectSettled {
		t.Errorf("settled: got %+v", got)
	}
	if got := w.kinds(); !strings.Contains(got, KindFinished) {
		t.Errorf("a minute later nobody is called: %s", got)
	}
	before = len(w.entries)
	w.do(t, SeeEffect("s", Evidence{Text: "late", Wrong: "late"}))
	if len(w.entries) != before {
		t.Error("what is settled was looked at once more")
	}
}

func TestEffectThatGoesWrongPausesTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		ev    Evidence
		later time.Duration
		want  string
	}{
		"stuck":       {Evidence{Text: "3 pods new, 3 old, all serving", Wrong: "ImagePullBackOff on cart:1.9.8"}, time.Minute, "ImagePullBackOff on cart:1.9.8"},
		"out of time": {Evidence{Text: "5 of 6 pods new"}, 10 * time.Minute, "not complete after 10 min"},
	} {
		t.Run(name, func(t *testing.T) {
			w := rolling(t)
			w.pass(c.later)
			w.do(t, SeeEffect("s", c.ev))
			r := w.inc.Run("r")
			if r.State != RunPaused || r.Results["0"].Outcome != OutFailed || !r.Results["0"].Acted || r.Results["0"].Reason != c.want {
				t.Errorf("run: got %s, %+v", r.State, r.Results["0"])
			}
			s := w.step()
			if s.State != Succeeded || s.Effect.State != EffectWrong || s.Effect.Wrong != c.want || s.Effect.Text != c.ev.Text {
				t.Errorf("step: got %s, %+v", s.State, s.Effect)
			}
			if err := s.Undoable(w.now, 24*time.Hour); err != nil {
				t.Errorf("it cannot be taken back: %v", err)
			}
			w.do(t, MoveRun(li, "r", RunGoing, true, ""))
			if _, left := w.inc.Run("r").Results["0"]; left {
				t.Error("try again kept the result")
			}
		})
	}
}

// TestAWordThatItWorkedIsWatchedToo: somebody looked, the target had accepted,
// and the effect goes on.
func TestAWordThatItWorkedIsWatchedToo(t *testing.T) {
	w := rolling(t)
	w = newWorldWith(t, w, UnknownOutcome)
	w.do(t, CloseUnknown(li, "s", true))
	if !w.step().Watching() || w.inc.Run("r").Results["0"].Outcome == OutDone {
		t.Errorf("got %+v, want it watched", w.step().Effect)
	}
	w.do(t, SeeEffect("s", Evidence{Text: "done", Settled: true}))
	if got := w.inc.Run("r").Results["0"].Outcome; got != OutDone {
		t.Errorf("got %q, want done", got)
	}
}

// newWorldWith is the same act with another end.
func newWorldWith(t *testing.T, was *world, to StepState) *world {
	t.Helper()
	w := opened(t, SEV2)
	w.do(t, StartRun(li, Run{ID: "r", Playbook: "rollback", By: "Li", Pinned: json.RawMessage(`{}`)}))
	head := *was.step()
	head.Effect, head.State = nil, ""
	w.do(t, Preview(head, "hash", tenMinutes, nil))
	w.do(t, PressStep(li, "s", PressStart, "", ""))
	w.do(t, Begin("s", "a1"))
	w.do(t, Finish("s", Ended{To: to, Text: "no answer", Reason: "no answer", Code: "E13"}))
	return w
}

// TestAnEffectThatWasTakenBackIsNoFailure: the undo came before the rollout was
// over.
func TestAnEffectThatWasTakenBackIsNoFailure(t *testing.T) {
	w := rolling(t)
	w.inc.Step("s").UndoneBy = "u"
	w.do(t, SeeEffect("s", Evidence{Text: "runs another image", Wrong: "it was changed again since"}))
	if s, r := w.step(), w.inc.Run("r"); s.Effect.State != EffectSettled || s.Effect.Wrong != "" || r.State == RunPaused {
		t.Errorf("got %+v, run %s", s.Effect, r.State)
	}
}
