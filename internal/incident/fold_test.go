package incident

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAnyLegalSequenceFolds makes random use of everything that can be done with
// an incident. Whatever was decided, the fold of the timeline is the state, also
// after a round trip through the store's format, and its seals hold.
func TestAnyLegalSequenceFolds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld()
		w.begin(rt)
		for n := range rapid.IntRange(1, 40).Draw(rt, "length") {
			w.pass(time.Duration(rapid.IntRange(0, 1200).Draw(rt, "seconds")) * time.Second)
			w.move(rt, n)
			w.invariants(rt)
		}
		w.check(rt)
	})
}

func (w *world) begin(rt *rapid.T) {
	if rapid.Bool().Draw(rt, "by hand") {
		w.do(rt, OpenByHand(rapid.SampledFrom(crew).Draw(rt, "who"), Opening{Title: "it is slow", Service: "checkout",
			Severity: rapid.SampledFrom(Severities).Draw(rt, "severity"), Policy: DefaultPolicy()}))
		return
	}
	w.receive(rt, randomEvent(rt, EventTriggered, w.now, 0))
}

// moves are the use cases, by name. An error of a decision is a refusal: legal,
// and without a trace.
var moves = []string{"receive", "own", "update", "note", "snooze", "pace", "resolve", "reopen", "watch", "severity", "remind", "compose",
	"alive", "run", "progress", "ask", "answer", "stop", "go on", "preview", "preview each", "unplannable", "press", "expire", "begin", "keep", "finish",
	"close", "look", "merge", "continue"}

func (w *world) move(rt *rapid.T, n int) {
	name := rapid.SampledFrom(moves).Draw(rt, "move")
	by := rapid.SampledFrom(crew).Draw(rt, "by")
	if name == "receive" {
		w.receive(rt, randomEvent(rt, "", w.now, n))
		return
	}
	if d := w.decision(rt, name, by, n); d != nil {
		_ = w.try(d) // a refusal leaves no trace; what it leaves is checked
	}
}

func (w *world) decision(rt *rapid.T, name string, by Person, n int) Decide {
	yes := func() bool { return rapid.Bool().Draw(rt, "yes") }
	switch name {
	case "own":
		return Own(by, rapid.SampledFrom(crew).Draw(rt, "to").Name, "Europe/Berlin")
	case "update":
		return PostUpdate(by, Words{State: rapid.SampledFrom(States[:3]).Draw(rt, "state"), Impact: "paying fails", Doing: "working on it",
			NextIn: rapid.SampledFrom([]time.Duration{0, 15 * time.Minute, -1}).Draw(rt, "next"), Same: yes()})
	case "note":
		return Note(by, "a fact")
	case "snooze":
		d := rapid.SampledFrom([]time.Duration{10 * time.Minute, 30 * time.Minute}).Draw(rt, "for")
		return Snooze(by, d, d, "busy")
	case "pace":
		return Pace(by, rapid.SampledFrom([]Cadence{{Pause: true}, {Byh: true}, {Every: time.Hour}}).Draw(rt, "pace"))
	case "resolve":
		return Resolve(by, Ending{Saw: "paying failed", Fixed: "rolled back", Tell: yes(), False: rapid.IntRange(0, 9).Draw(rt, "false") == 0})
	case "reopen":
		return Reopen(by)
	case "watch":
		return Watch(by, yes())
	case "severity":
		return SetSeverity(by, rapid.SampledFrom(Severities).Draw(rt, "severity"))
	case "remind":
		return Remind
	case "compose":
		return Compose(by)
	case "alive":
		return Alive(by)
	case "merge":
		ev := randomEvent(rt, EventResolved, w.now, n)
		return JoinMerged(ev, yes())
	}
	return w.runDecision(rt, name, by, n)
}

func (w *world) runDecision(rt *rapid.T, name string, by Person, n int) Decide {
	if name == "run" {
		return StartRun(by, Run{ID: fmt.Sprintf("r%d", n), Playbook: rapid.SampledFrom([]string{"fix", "look"}).Draw(rt, "playbook"), By: by.Name,
			After: rapid.IntRange(0, 2).Draw(rt, "after"), Pinned: json.RawMessage(`{"fix":"steps"}`), Inputs: map[string]any{"database": "shop"}})
	}
	if len(w.inc.Runs) == 0 {
		return nil
	}
	one := w.inc.Runs[rapid.IntRange(0, len(w.inc.Runs)-1).Draw(rt, "run")]
	run, path := one.ID, fmt.Sprint(rapid.IntRange(0, 3).Draw(rt, "path"))
	if one.Of != "" {
		path = AuditPrefix + path
	}
	switch name {
	case "continue":
		return Continue(by, Run{ID: fmt.Sprintf("r%d", n), Playbook: one.Playbook, Of: run, By: by.Name, Pinned: one.Pinned, Inputs: one.Inputs})
	case "progress":
		return Progress(run, path, "Looked.", Result{Outcome: OutDone, Table: &Table{Summary: "2 sessions", Rows: []Row{{ID: "4412", Label: "app", Values: map[string]any{"pid": "4412"}}}}}, RunGoing, false)
	case "ask":
		return Progress(run, path, "Asks.", Result{Asked: "choose", Extra: json.RawMessage(`{"text":"which?"}`)}, RunWaiting, false)
	case "answer":
		return AnswerRun(by, run, path, "the first", func(r *Result) error { r.Choice, r.Outcome = "the first", OutDone; return nil })
	case "stop":
		return MoveRun(by, run, RunStopped, false, "enough")
	case "go on":
		return MoveRun(by, run, RunGoing, rapid.Bool().Draw(rt, "again"), "")
	case "preview":
		return Preview(proposal(rt, run, path, n, ""), "hash", gates(rt), nil)
	case "preview each":
		head := proposal(rt, run, path, n, "")
		return Preview(head, "hash", gates(rt), []Step{proposal(rt, run, path, n, head.ID), proposal(rt, run, path, n+1000, head.ID)})
	case "unplannable":
		return Unplannable(proposal(rt, run, path, n, ""), "no rights", "E6", rapid.Bool().Draw(rt, "stale"))
	}
	return w.stepDecision(rt, name, by)
}

func proposal(rt *rapid.T, run, path string, n int, parent string) Step {
	id := fmt.Sprintf("s%d", n)
	if parent != "" {
		id = parent + "." + id
	}
	return Step{ID: id, Run: run, Path: path, Parent: parent, Action: "pg.cancel", Grade: GradeChange, RequestedBy: rapid.SampledFrom(crew).Draw(rt, "asker").Name,
		Optional: rapid.Bool().Draw(rt, "optional"),
		Plan: Plan{Action: "pg.cancel", Version: 1, Target: fmt.Sprintf("shop/%d", rapid.IntRange(1, 3).Draw(rt, "target")), Title: "Cancel the query", Subject: "shop",
			Grade: GradeChange, Args: map[string]any{"pid": "4412"}, Pre: map[string]string{"backend_start": "x"}}}
}

func gates(rt *rapid.T) Gate {
	return Gate{Second: rapid.Bool().Draw(rt, "second"), Phrase: rapid.SampledFrom([]string{"", "shop 1"}).Draw(rt, "phrase"), Expires: 10 * time.Minute}
}

func (w *world) stepDecision(rt *rapid.T, name string, by Person) Decide {
	if len(w.inc.Steps) == 0 {
		return nil
	}
	s := w.inc.Steps[rapid.IntRange(0, len(w.inc.Steps)-1).Draw(rt, "step")].ID
	switch name {
	case "press":
		p := rapid.SampledFrom([]Press{PressStart, PressApprove, PressDecline, PressWithdraw}).Draw(rt, "press")
		return PressStep(by, s, p, rapid.SampledFrom([]string{"shop 1", "", "yes"}).Draw(rt, "words"), "")
	case "expire":
		return Expire(s)
	case "begin":
		return Begin(s, "attempt-"+s)
	case "keep":
		return Keep(s, "undo", "old value")
	case "finish":
		to := rapid.SampledFrom([]StepState{Succeeded, FailedProven, UnknownOutcome, RefusedStale}).Draw(rt, "end")
		return Finish(s, Ended{To: to, Text: "It ended.", Receipt: &Receipt{Text: "ok", Values: map[string]string{"a": "b"}}, Evidence: &Evidence{Text: "gone", Applied: Yes}})
	case "close":
		return CloseUnknown(by, s, rapid.Bool().Draw(rt, "worked"))
	case "look":
		return LookAgain(by, s)
	}
	return nil
}

func randomEvent(rt *rapid.T, kind EventKind, now time.Time, n int) Event {
	if kind == "" {
		kind = rapid.SampledFrom([]EventKind{EventTriggered, EventAcknowledged, EventUnacknowledged, EventOnCall, EventPriority, EventNote, EventUpdate,
			EventLine, EventLink, EventResolved, EventReopened, EventService, EventOther}).Draw(rt, "kind")
	}
	ago := time.Duration(rapid.IntRange(-10, 3600).Draw(rt, "ago")) * time.Second
	ev := event(kind, fmt.Sprintf("E%03d", n), now.Add(-ago))
	ev.Key = rapid.SampledFrom([]string{"Q1", "Q2", "Q3"}).Draw(rt, "key")
	ev.Urgency = rapid.SampledFrom([]string{"high", "low", ""}).Draw(rt, "urgency")
	ev.Priority = rapid.SampledFrom([]string{"", "P1", "P2", "P4"}).Draw(rt, "priority")
	ev.Called = rapid.SampledFrom([]string{"", "Ana", "Li"}).Draw(rt, "called")
	ev.Person = rapid.SampledFrom([]string{"", "Ana", "Li"}).Draw(rt, "person")
	ev.Declare = rapid.SampledFrom([]string{"", "high_urgency", "always", "priority", "press"}).Draw(rt, "declare")
	ev.Agent = rapid.SampledFrom([]Ref{{}, {ID: "U", Name: "Zoe"}}).Draw(rt, "agent")
	ev.Link = Link{Name: "bridge", URL: "https://meet.example/1"}
	ev.Text = "words of a stranger"
	ev.IntoNumber = rapid.SampledFrom([]int64{0, 0, 0, 7}).Draw(rt, "into")
	return ev
}

// invariants hold after every change (PROMISES, I2, I4, I5, I8).
func (w *world) invariants(rt *rapid.T) {
	i := w.inc
	if i == nil {
		return
	}
	seen := map[NudgeKey]bool{}
	for _, e := range w.entries {
		if b, ok := e.Body.(*Nudged); ok {
			if seen[b.Nudge.Key] {
				rt.Fatalf("the call %+v was made twice", b.Nudge.Key)
			}
			seen[b.Nudge.Key] = true
		}
	}
	alive := 0
	for _, n := range i.Nudges {
		if n.Ended == "" {
			alive++
		}
	}
	if alive > 1 || (alive == 1) != i.Clock.Alive {
		rt.Fatalf("%d reminders stand unanswered, alive=%v", alive, i.Clock.Alive)
	}
	if !i.Open() && i.Clock.Alive {
		rt.Fatalf("a reminder stands on a resolved incident")
	}
	if i.Open() == !i.ResolvedAt.IsZero() {
		rt.Fatalf("state %s, resolved at %v", i.State, i.ResolvedAt)
	}
	w.stepInvariants(rt)
}

func (w *world) stepInvariants(rt *rapid.T) {
	was := map[string]StepState{}
	busy := map[string]string{}
	starts := map[string]int{}
	i, over, resolved := w.inc, map[int64]bool{}, false
	for _, e := range w.entries {
		switch e.Body.(type) {
		case *ResolvedBody:
			resolved = true
		case *Reopened:
			resolved = false
		}
		over[e.Seq] = resolved
		b, ok := e.Body.(*StepMoved)
		if !ok {
			continue
		}
		from := was[b.ID]
		for _, c := range b.Children {
			was[c.ID] = Previewed
		}
		if from == "" && b.To != Proposed {
			from = Previewed // a child, moved along with its head
		}
		if s := i.Step(b.ID); b.To == Starting && over[e.Seq] && !i.Run(s.Run).Late() {
			rt.Fatalf("step %s began in an incident that is over", b.ID)
		}
		if b.To == Starting && b.Attempt != "" {
			starts[b.ID]++
		}
		was[b.ID] = b.To
		if from == Starting && b.To != Starting && b.To != Succeeded && b.To != FailedProven && b.To != UnknownOutcome && b.To != RefusedStale {
			rt.Fatalf("step %s went from STARTING to %s", b.ID, b.To)
		}
	}
	for id, n := range starts {
		if n > 1 {
			rt.Fatalf("step %s was started %d times", id, n)
		}
	}
	for n := range w.inc.Steps {
		s := &w.inc.Steps[n]
		if s.State != Starting || s.Group() || s.Parent != "" {
			continue
		}
		if other := busy[s.Plan.Target]; other != "" {
			rt.Fatalf("steps %s and %s act on %s at once", other, s.ID, s.Plan.Target)
		}
		busy[s.Plan.Target] = s.ID
	}
}
