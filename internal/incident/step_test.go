package incident

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

var stepStates = []StepState{"", Proposed, Previewed, Waiting, Approved, Starting, Succeeded, FailedProven, UnknownOutcome, Expired, Denied, RefusedStale, Cancelled}

// machine is rule 1 of PROMISES as a table, written down a second time on
// purpose: what is not here must not happen.
var machine = map[StepState][]StepState{
	"":        {Proposed},
	Proposed:  {Previewed, FailedProven, RefusedStale, Cancelled},
	Previewed: {Waiting, Approved, Expired, Cancelled, RefusedStale},
	Waiting:   {Approved, Denied, Expired, Cancelled, RefusedStale},
	Approved:  {Starting, RefusedStale, Expired, Cancelled, FailedProven},
	// Once STARTING is committed the target may have been touched: nothing that
	// says "it was not done" without a look at the target may follow.
	Starting:       {Succeeded, FailedProven, UnknownOutcome, RefusedStale},
	UnknownOutcome: {Succeeded, FailedProven}, // a person looked
}

func TestStepMachine(t *testing.T) {
	for _, from := range stepStates {
		for _, to := range stepStates {
			if got, want := from.May(to), slices.Contains(machine[from], to); got != want {
				t.Errorf("%q may go to %q: %v, want %v", from, to, got, want)
			}
		}
		if got, want := from.Terminal(), from != "" && len(machine[from]) == 0; got != want {
			t.Errorf("%q is terminal: %v, want %v", from, got, want)
		}
	}
}

// TestStepFoldObeysTheMachine folds every pair: an entry that the machine does
// not allow, such as a replayed one, changes nothing.
func TestStepFoldObeysTheMachine(t *testing.T) {
	for _, from := range stepStates[1:] {
		for _, to := range stepStates[1:] {
			i := &Incident{Number: 1, State: Investigating, Steps: []Step{{ID: "s", State: from, Seq: 1}}, Seq: 1}
			next, err := Fold(i, Entry{Seq: 2, At: noon, Body: &StepMoved{ID: "s", To: to, Reason: "why", Attempt: "a"}})
			if err != nil {
				t.Fatal(err)
			}
			want := from
			if from == to || from.May(to) {
				want = to
			}
			if got := next.Steps[0].State; got != want {
				t.Errorf("%s, entry to %s: %s, want %s", from, to, got, want)
			}
			if want != to && next.Steps[0].Reason != "" {
				t.Errorf("%s, entry to %s: a refused move left something", from, to)
			}
		}
	}
}

// act is a world whose step "s" stands in Previewed, or Waiting where a second
// person is needed.
func act(t *testing.T, g Gate, kids ...Step) *world {
	t.Helper()
	w := opened(t, SEV2)
	w.do(t, StartRun(li, Run{ID: "r", Playbook: "fix", By: "Li", Pinned: json.RawMessage(`{}`)}))
	head := Step{ID: "s", Run: "r", Path: "0", RequestedBy: "Li", Grade: GradeChange, Plan: Plan{Action: "pg.cancel", Target: "shop/1", Title: "Cancel", Subject: "shop"}}
	w.do(t, Preview(head, "hash", g, kids))
	return w
}

func (w *world) step() *Step { return w.inc.Step("s") }

var tenMinutes = Gate{Expires: 10 * time.Minute}

func TestOnePressOneStart(t *testing.T) {
	w := act(t, tenMinutes)
	w.do(t, PressStep(li, "s", PressStart, "", ""))
	if err := w.try(PressStep(sam, "s", PressStart, "", "")); err == nil {
		t.Error("a second press was taken")
	}
	w.do(t, Begin("s", "a1"))
	if err := w.try(Begin("s", "a2")); err == nil {
		t.Error("a step began twice")
	}
	if s := w.step(); s.State != Starting || s.Attempt != "a1" || s.StartedBy != "Li" {
		t.Errorf("the step is %+v", s)
	}
	if err := w.try(Resolve(ana, Ending{})); err == nil {
		t.Error("resolved while a step is on its way")
	}
	before := w.inc.Seq
	for _, d := range []Decide{Expire("s"), PressStep(li, "s", PressWithdraw, "", ""), Preview(*w.step(), "hash", tenMinutes, nil),
		MoveRun(ana, "r", RunStopped, false, "")} {
		_ = w.try(d)
	}
	if w.step().State != Starting || w.inc.Seq != before {
		t.Errorf("STARTING was left for %s without an answer of the target", w.step().State)
	}
	w.do(t, Finish("s", Ended{To: UnknownOutcome, Text: "No answer."}))
	if w.step().State != UnknownOutcome || w.inc.Run("r").State != RunPaused {
		t.Errorf("step %s, run %s", w.step().State, w.inc.Run("r").State)
	}
	w.do(t, Finish("s", Ended{To: RefusedStale, Text: "late"}))
	if w.step().State != UnknownOutcome {
		t.Errorf("UNKNOWN became %s without a person", w.step().State)
	}
	w.do(t, CloseUnknown(li, "s", true))
	w.do(t, Finish("s", Ended{To: FailedProven, Text: "late"}))
	if w.step().State != Succeeded {
		t.Errorf("a late answer moved a settled step to %s", w.step().State)
	}
	w.check(t)
}

func TestAStepNeverStartsLateOrTwiceOnATarget(t *testing.T) {
	w := act(t, tenMinutes)
	w.pass(10*time.Minute + time.Second)
	w.do(t, PressStep(li, "s", PressStart, "", ""))
	if w.step().State != Expired {
		t.Errorf("a press after the expiry: %s", w.step().State)
	}

	w = act(t, tenMinutes)
	w.do(t, PressStep(li, "s", PressStart, "", ""))
	w.pass(11 * time.Minute)
	w.do(t, Begin("s", "a"))
	if w.step().State != Expired {
		t.Errorf("an approval that ran out before the start: %s", w.step().State)
	}

	w = act(t, tenMinutes)
	w.do(t, PressStep(li, "s", PressStart, "", ""))
	w.do(t, Begin("s", "a"))
	w.do(t, StartRun(li, Run{ID: "r2", Playbook: "other", By: "Li", Pinned: json.RawMessage(`{}`)}))
	other := *w.step()
	other.ID, other.Run, other.State = "s2", "r2", ""
	w.do(t, Preview(other, "hash", tenMinutes, nil))
	w.do(t, PressStep(li, "s2", PressStart, "", ""))
	if err := w.try(Begin("s2", "b")); err == nil {
		t.Error("two steps act on one target")
	}
	w.check(t)
}

func TestASecondPerson(t *testing.T) {
	w := act(t, Gate{Second: true, Phrase: "shop 1", Expires: 10 * time.Minute})
	for name, c := range map[string]struct {
		by    Person
		words string
	}{
		"the asker":         {Person{Name: "Li", Role: Admin}, "shop 1"},
		"a responder":       {Person{Name: "Bo", Role: Responder}, "shop 1"},
		"a service token":   {Person{Name: "robot", Role: Admin, Service: true}, "shop 1"},
		"a role of no rung": {Person{Name: "Bo", Role: "root"}, "shop 1"},
	} {
		for _, p := range []Press{PressApprove, PressStart} {
			if err := w.try(PressStep(c.by, "s", p, c.words, "")); err == nil {
				t.Errorf("%s approved with %s", name, p)
			}
		}
	}
	w.do(t, PressStep(sam, "s", PressApprove, "shop 2", ""))
	if w.step().State != Waiting || w.step().PhraseTries != 1 {
		t.Fatalf("a wrong phrase: %s after %d tries", w.step().State, w.step().PhraseTries)
	}
	w.do(t, PressStep(sam, "s", PressApprove, "  shop   1 ", ""))
	if s := w.step(); s.State != Approved || !slices.Equal(s.ApprovedBy, []string{"Sam"}) {
		t.Errorf("%s approved by %v", s.State, s.ApprovedBy)
	}
	w.check(t)
}

func TestThreeWrongPhrasesEndThePreview(t *testing.T) {
	w := act(t, Gate{Phrase: "shop 1", Expires: 10 * time.Minute})
	for range Tries {
		if w.step().State != Previewed {
			t.Fatalf("ended too early: %s", w.step().State)
		}
		w.do(t, PressStep(li, "s", PressStart, "yes", ""))
	}
	if w.step().State != Cancelled {
		t.Errorf("after %d wrong phrases the preview is %s", Tries, w.step().State)
	}
}

func TestChildrenShareTheDecisionNotTheResult(t *testing.T) {
	kids := []Step{{ID: "k1", Run: "r", Path: "0", Parent: "s", Plan: Plan{Target: "shop/1"}}, {ID: "k2", Run: "r", Path: "0", Parent: "s", Plan: Plan{Target: "shop/2"}}}
	w := act(t, tenMinutes, kids...)
	w.do(t, PressStep(li, "s", PressStart, "", ""))
	for _, k := range []string{"k1", "k2"} {
		if w.inc.Step(k).State != Approved {
			t.Fatalf("%s is %s after the approval of the list", k, w.inc.Step(k).State)
		}
	}
	w.do(t, Begin("s", "a"))
	w.do(t, Begin("k1", "a1"))
	w.do(t, Finish("k1", Ended{To: Succeeded, Text: "done"}))
	if w.inc.Step("k2").State != Approved || w.step().State != Starting {
		t.Errorf("k2 is %s, the head %s", w.inc.Step("k2").State, w.step().State)
	}
	if w.inc.Step("k1").Digest == w.inc.Step("k2").Digest || w.step().Digest == w.inc.Step("k1").Digest {
		t.Error("digests of different plans are the same")
	}
	w.check(t)
}
