package incident

import (
	"slices"
	"testing"

	"mayday/internal/fault"
)

// audited is a world that is over, with a playbook that wants three things looked at.
func audited(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	w.do(t, OpenByHand(ana, Opening{Title: "checkout is slow", Severity: SEV2}))
	w.do(t, Own(ana, ana.Name, ""))
	w.do(t, StartRun(ana, Run{ID: "r1", Playbook: "tidy", After: 3, By: ana.Name}))
	w.do(t, Progress("r1", "0", "Looked.", Result{Outcome: OutDone, Table: &Table{Summary: "7 rows"}}, RunGoing, false))
	w.do(t, Progress("r1", "1", "Asks.", Result{Asked: "tell"}, RunWaiting, false))
	w.do(t, Resolve(ana, Ending{Fixed: "It healed."}))
	return w
}

func TestAuditGoesOnWhereItWasLeft(t *testing.T) {
	w := audited(t)
	if !slices.ContainsFunc(w.outs, func(o Out) bool { return o.Kind == KindAudit && o.Key == "INC-1:audit:r1" && !o.Edit }) {
		t.Fatalf("the end says nothing of the audit: %v", w.outs)
	}
	if err := w.try(Continue(li, Run{ID: "a1", Playbook: "tidy", Of: "r1", By: li.Name})); fault.Of(err).Code != "E1" {
		t.Errorf("somebody else: got %v, want E1", err)
	}
	w.do(t, Continue(ana, Run{ID: "a1", Playbook: "tidy", Of: "r1", By: ana.Name}))
	a := w.inc.Run("a1")
	if got := a.Results["0"].Table; got == nil || got.Summary != "7 rows" {
		t.Errorf("it does not know what the run before found: %v", a.Results)
	}
	if _, open := a.Results["1"]; open {
		t.Error("a question that nobody answered went with it")
	}
	if err := w.try(Continue(ana, Run{ID: "a2", Playbook: "tidy", Of: "r1"})); fault.Of(err).Code != "E16" {
		t.Errorf("twice: got %v, want E16", err)
	}
	for path, res := range map[string]Result{"after.0": {Outcome: OutDone}, "after.0.o1.2": {Outcome: OutDone}, "after.1": {Outcome: OutFailed}, "after.2": {Outcome: OutSkipped}} {
		w.do(t, Progress("a1", path, "x", res, RunGoing, false))
	}
	if got := w.inc.Audited(w.inc.Run("r1")); got != 2 {
		t.Errorf("%d are done, want 2: what failed is not, and steps inside count with theirs", got)
	}
	w.do(t, MoveRun(ana, "a1", RunStopped, false, ""))
	w.do(t, Continue(sam, Run{ID: "a2", Playbook: "tidy", Of: "r1", By: sam.Name}))
	if got := w.inc.Run("a2").Results; got["after.0"].Outcome != OutDone || got["after.2"].Outcome != OutSkipped || got["after.1"].Outcome != "" {
		t.Errorf("got %v, want that what failed comes again and the rest does not", got)
	}
	w.do(t, Progress("a2", "after.1", "x", Result{Outcome: OutDone}, RunGoing, false))
	w.do(t, MoveRun(Person{}, "a2", RunDone, false, ""))
	if err := w.try(Continue(ana, Run{ID: "a3", Playbook: "tidy", Of: "r1"})); fault.Of(err).Code != "E22" {
		t.Errorf("after its end: got %v, want E22", err)
	}
}

// Only what comes after goes on in an incident that is over; it ends with the next
// end of an incident that was reopened.
func TestAuditOfAnIncidentThatIsReopened(t *testing.T) {
	w := audited(t)
	if err := w.try(StartRun(ana, Run{ID: "r2", Playbook: "other"})); fault.Of(err).Code != "E27" {
		t.Errorf("another playbook: got %v, want E27", err)
	}
	if err := w.try(Continue(ana, Run{ID: "a0", Of: "r9"})); fault.Of(err).Code != "E23" {
		t.Errorf("after a run that is none: got %v, want E23", err)
	}
	w.do(t, Continue(ana, Run{ID: "a1", Playbook: "tidy", Of: "r1", By: ana.Name}))
	w.do(t, Progress("a1", "after.0", "Asks.", Result{Asked: "tell"}, RunWaiting, false))
	w.do(t, Reopen(ana))
	if err := w.try(Continue(ana, Run{ID: "a2", Of: "r1"})); fault.Of(err).Code != "E16" {
		t.Errorf("while it is open: got %v, want E16", err)
	}
	w.do(t, Resolve(ana, Ending{Fixed: "It healed."}))
	if got := w.inc.Run("a1").State; got != RunStopped {
		t.Errorf("the audit of before is %s, want stopped", got)
	}
	w.do(t, Continue(ana, Run{ID: "a2", Playbook: "tidy", Of: "r1", By: ana.Name}))
	if err := w.try(AnswerRun(ana, "a2", "after.0", "x", func(*Result) error { return nil })); fault.Of(err).Code != "E22" {
		t.Errorf("a question that was not asked: got %v, want E22", err)
	}
}

// Of two runs of one playbook the newer one's audit is offered; one that has none
// offers nothing.
func TestAuditsAreOfTheNewestRuns(t *testing.T) {
	i := &Incident{Runs: []Run{{ID: "r1", Playbook: "tidy", After: 3}, {ID: "r2", Playbook: "plain"}, {ID: "r3", Playbook: "tidy", After: 3}, {ID: "a1", Playbook: "tidy", Of: "r1"}, {ID: "r4", Playbook: "sweep", After: 1}}}
	var got []string
	for _, r := range i.Audits() {
		got = append(got, r.ID)
	}
	if !slices.Equal(got, []string{"r3", "r4"}) {
		t.Errorf("got %v, want r3 and r4", got)
	}
}
