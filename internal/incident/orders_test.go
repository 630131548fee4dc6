package incident

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// permute calls f with every order of n things.
func permute(n int, f func(order []int)) {
	order := make([]int, 0, n)
	used := make([]bool, n)
	var next func()
	next = func() {
		if len(order) == n {
			f(order)
			return
		}
		for k := range n {
			if used[k] {
				continue
			}
			used[k], order = true, append(order, k)
			next()
			used[k], order = false, order[:len(order)-1]
		}
	}
	next()
}

func after(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// story is five events of one key, in the order in which they happened.
type story struct {
	events  []Event
	status  string // of the source at the end
	touched bool   // a person is at work, so the end is a question
}

func stories() map[string]story {
	triggered := event(EventTriggered, "E1", after(0))
	acknowledged := event(EventAcknowledged, "E2", after(1))
	acknowledged.Agent = Ref{ID: "U9", Name: "Zoe"}
	byAna := acknowledged
	byAna.Person = "Ana"
	priority := event(EventPriority, "E3", after(2))
	priority.Priority = "P1"
	note := Event{Source: "pagerduty", SourceTitle: "PagerDuty", ID: "E4", Type: "incident.annotated", Kind: EventNote, At: after(3), Key: "Q1",
		Text: "looking", Policy: DefaultPolicy(), Title: "errors 12%"}
	resolved := event(EventResolved, "E5", after(4))
	unacknowledged := event(EventUnacknowledged, "E6", after(2))
	reopened := event(EventReopened, "E7", after(5))
	again := event(EventResolved, "E8", after(6))
	low := []Event{triggered, acknowledged, note, resolved, reopened}
	for _, n := range []int{0, 1, 3, 4} {
		low[n].Urgency = "low"
	}
	high := triggered
	high.Priority = "P1"
	return map[string]story{
		"resolved":                {[]Event{triggered, acknowledged, priority, note, resolved}, "resolved", false},
		"taken by a person":       {[]Event{triggered, byAna, priority, note, resolved}, "resolved", true},
		"reopened":                {[]Event{triggered, acknowledged, unacknowledged, resolved, reopened}, "triggered", false},
		"reopened, taken":         {[]Event{triggered, byAna, unacknowledged, resolved, reopened}, "triggered", true},
		"resolved again":          {[]Event{triggered, acknowledged, resolved, reopened, again}, "resolved", false},
		"of low urgency":          {low, "triggered", false},
		"with a priority at once": {[]Event{high, acknowledged, note, resolved, reopened}, "triggered", false},
	}
}

// TestAnyOrderLeavesTheSameKnowledge plays each story in all 120 orders, all
// events an hour late, each of them twice (P3, P4).
func TestAnyOrderLeavesTheSameKnowledge(t *testing.T) {
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			inOrder := s.play(t, []int{0, 1, 2, 3, 4})
			want := inOrder.inc.Sources[0]
			if want.Status != s.status {
				t.Fatalf("in order the source is %s, want %s", want.Status, s.status)
			}
			permute(5, func(order []int) { s.compare(t, order, s.play(t, order), inOrder) })
		})
	}
}

func (s story) play(t *testing.T, order []int) *world {
	w := newWorld()
	w.now = after(60)
	for _, n := range order {
		w.receive(t, s.events[n])
		w.pass(time.Second)
		w.receive(t, s.events[n]) // again: the inbox drops it, the fold must not mind
		w.pass(time.Second)
	}
	w.check(t)
	return w
}

func (s story) compare(t *testing.T, order []int, got, inOrder *world) {
	t.Helper()
	last := s.events[len(s.events)-1].Stamp()
	if got.inc == nil {
		// The resolution came first, so nothing that is older opens anything.
		if s.status != "resolved" || got.dead == nil || *got.dead != last {
			t.Errorf("order %v: nothing is open, tombstone %v", order, got.dead)
		}
		return
	}
	src, want := got.inc.Sources[0], inOrder.inc.Sources[0]
	if got.dead != nil {
		// What is older than a tombstone is dropped: only what came later is known.
		want.OwnerAt, want.SevAt, want.Sev = src.OwnerAt, src.SevAt, src.Sev
	}
	if d := cmp.Diff(want, src); d != "" {
		t.Errorf("order %v: other knowledge of the source (-in order +got):\n%s", order, d)
	}
	if got.dead == nil && got.inc.Severity != inOrder.inc.Severity {
		t.Errorf("order %v: %s, in order %s", order, got.inc.Severity, inOrder.inc.Severity)
	}
	switch {
	case s.status != "resolved" && (!got.inc.Open() || got.inc.State == Monitoring):
		t.Errorf("order %v: the source is %s and the incident %s", order, s.status, got.inc.State)
	case s.status == "resolved" && got.inc.Open() && !(got.inc.Touched && got.inc.State == Monitoring && !got.inc.AskedAt.IsZero()):
		t.Errorf("order %v: the source is resolved, the incident %s, touched %v", order, got.inc.State, got.inc.Touched)
	case s.status == "resolved" && !s.touched && got.inc.Open():
		t.Errorf("order %v: nobody touched it and it is %s", order, got.inc.State)
	}
}

// TestReplayMovesNothingBack receives every event of a long life once more after
// the end: no state, owner, severity or clock moves.
func TestReplayMovesNothingBack(t *testing.T) {
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			w := s.play(t, []int{0, 1, 2, 3, 4})
			was := w.inc.Clone()
			permute(5, func(order []int) {
				r := &world{now: w.now.Add(time.Hour), inc: was.Clone(), dead: w.dead}
				for _, n := range order {
					r.receive(t, s.events[n])
				}
				is := r.inc
				if is.State != was.State || is.Owner != was.Owner || is.Severity != was.Severity || is.AckedBy != was.AckedBy ||
					is.Clock.Due != was.Clock.Due || !is.ResolvedAt.Equal(was.ResolvedAt) || !cmp.Equal(is.Sources, was.Sources) {
					t.Fatalf("order %v moved it:\n%s", order, cmp.Diff(was, is))
				}
			})
		})
	}
}

func TestTombstone(t *testing.T) {
	w := newWorld()
	w.receive(t, event(EventResolved, "E5", after(4)))
	w.receive(t, event(EventResolved, "E2", after(2)))
	if w.dead == nil || !w.dead.At.Equal(after(4)) {
		t.Fatalf("the tombstone says %v; an older resolution moved it", w.dead)
	}
	for _, kind := range []EventKind{EventTriggered, EventAcknowledged, EventPriority, EventNote, EventReopened, EventLine} {
		w.receive(t, event(kind, "E4", after(3)))
	}
	w.receive(t, event(EventNote, "E9", after(9))) // newer, and says nothing about it being open
	if w.inc != nil {
		t.Fatalf("older news opened a resolved key: %+v", w.inc)
	}
	w.receive(t, event(EventTriggered, "E6", after(5)))
	if w.inc == nil || !w.inc.Open() {
		t.Error("a newer trigger did not open")
	}
}

func TestUnknownKeys(t *testing.T) {
	for _, kind := range []EventKind{EventTriggered, EventAcknowledged, EventUnacknowledged, EventOnCall, EventPriority, EventNote, EventUpdate,
		EventLine, EventLink, EventReopened, EventService} {
		w := newWorld()
		w.receive(t, event(kind, "E1", noon))
		if w.inc == nil || !w.inc.Open() {
			t.Errorf("%s did not open an unknown key", kind)
			continue
		}
		w.check(t)
	}
	w := newWorld()
	if err := w.try(Receive(event(EventOther, "E1", noon))); err == nil || w.inc != nil {
		t.Errorf("an event that means nothing to us opened one: %v", err)
	}
}

func TestReopenedByTheSource(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		open  bool
	}{{time.Hour, true}, {ReopenWithin, true}, {ReopenWithin + time.Second, false}} {
		w := newWorld()
		w.receive(t, event(EventTriggered, "E1", noon))
		w.receive(t, event(EventResolved, "E2", noon))
		w.pass(c.after)
		w.receive(t, event(EventReopened, "E3", w.now))
		if w.inc.Open() != c.open {
			t.Errorf("reopened after %s: open %v, want %v", c.after, w.inc.Open(), c.open)
		}
	}
}

// TestAReopenedSourceTakesTheQuestionBack: "looks recovered" is no longer true.
func TestAReopenedSourceTakesTheQuestionBack(t *testing.T) {
	w := newWorld()
	w.receive(t, event(EventTriggered, "E1", noon))
	w.do(t, Own(li, "Li", ""))
	w.receive(t, event(EventResolved, "E2", after(1)))
	if w.inc.State != Monitoring || w.inc.AskedAt.IsZero() {
		t.Fatalf("a touched incident is %s after its source resolved", w.inc.State)
	}
	w.receive(t, event(EventReopened, "E3", after(2)))
	if w.inc.State != Investigating || w.inc.Owner != "Li" {
		t.Errorf("state %s, owner %q", w.inc.State, w.inc.Owner)
	}
}

func TestAClockFromTheFutureCountsAsNow(t *testing.T) {
	w := newWorld()
	w.receive(t, event(EventTriggered, "E1", noon.Add(300*24*time.Hour)))
	w.pass(time.Minute)
	w.receive(t, event(EventResolved, "E2", w.now))
	if w.inc.Open() {
		t.Error("an event from the future outranks all that follow")
	}
}

func TestSeverityByHandStays(t *testing.T) {
	w := newWorld()
	w.receive(t, event(EventTriggered, "E1", noon))
	w.do(t, SetSeverity(li, SEV3))
	up := event(EventPriority, "E2", after(1))
	up.Priority = "P1"
	w.receive(t, up)
	worse := event(EventTriggered, "E3", after(2))
	worse.Key, worse.Priority = "Q2", "P1"
	w.do(t, func(v View) (Change, error) { v.Mine = false; return Receive(worse)(v) })
	if w.inc.Severity != SEV3 {
		t.Errorf("the source made it %s", w.inc.Severity)
	}
}

// Of several keys the worst counts, also when the priority of another one falls.
func TestTheWorstKeyCounts(t *testing.T) {
	w := newWorld()
	first := event(EventTriggered, "E1", noon)
	first.Priority = "P1"
	w.receive(t, first)
	second := event(EventTriggered, "E2", after(1))
	second.Key, second.Priority = "Q2", "P3"
	if err := w.tryAs(Receive(second), false); err != nil {
		t.Fatal(err)
	}
	lower := event(EventPriority, "E3", after(2))
	lower.Key, lower.Priority = "Q2", "P4"
	w.receive(t, lower)
	if w.inc.Severity != SEV1 {
		t.Errorf("Q2 made it %s while Q1 is P1", w.inc.Severity)
	}
	w.receive(t, event(EventResolved, "E4", after(3)))
	again := event(EventPriority, "E5", after(4))
	again.Key, again.Priority = "Q2", "P2"
	w.receive(t, again)
	if w.inc.Severity != SEV2 {
		t.Errorf("Q1 is over and Q2 is P2: got %s", w.inc.Severity)
	}
}
