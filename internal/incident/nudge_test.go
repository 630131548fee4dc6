package incident

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// live lets time pass as for a running process and notes every call that is
// made: "5m 0/1 due Ana".
func (w *world) live(t fataler, d, every time.Duration) []string {
	t.Helper()
	var made []string
	for end := w.now.Add(d); w.now.Before(end); {
		w.pass(every)
		due, ok := w.inc.NextCall(w.now)
		if ok && !due.After(w.now) {
			made = append(made, w.remind(t)...)
		}
	}
	return made
}

// remind handles a wake-up of the clock, however stale.
func (w *world) remind(t fataler) []string {
	t.Helper()
	from := len(w.entries)
	w.do(t, Remind)
	var made []string
	for _, e := range w.entries[from:] {
		b, ok := e.Body.(*Nudged)
		if !ok {
			continue
		}
		n := b.Nudge
		line := fmt.Sprintf("%s %d/%d %s %s", short(w.now.Sub(w.inc.DeclaredAt)), n.Key.Slot, n.Key.Call, n.Words, strings.Join(n.Who, "+"))
		if n.Facts {
			line = fmt.Sprintf("%s %d/%d facts", short(w.now.Sub(w.inc.DeclaredAt)), n.Key.Slot, n.Key.Call)
		}
		if !n.AwayFrom.IsZero() {
			line += " away " + short(n.AwayTo.Sub(n.AwayFrom))
		}
		if n.Long {
			line += " long"
		}
		made = append(made, line)
	}
	return made
}

func short(d time.Duration) string {
	return strings.Replace(strings.Replace(d.String(), "m0s", "m", 1), "h0m", "h", 1)
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("calls are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

const minute = time.Minute

// owned is an incident that Li took at once and then left alone.
func owned(t fataler, sev Severity) *world {
	w := opened(t, sev)
	w.do(t, Own(li, "Li", "UTC"))
	return w
}

func TestCallsBySeverity(t *testing.T) {
	for sev, want := range map[Severity][]string{
		SEV1: {"5m 0/1 due Li", "10m 0/2 second Li+@responder", "15m 0/3 escalate @commander", "35m 1/1 due Li", "1h5m 2/1 due Li"},
		SEV2: {"10m 0/1 due Li", "15m 0/2 second Li+@responder", "20m 0/3 escalate @responder", "40m 1/1 due Li"},
		SEV3: {"30m 0/1 due Li", "35m 0/2 second Li+@responder", "1h 1/1 due Li"},
	} {
		t.Run(string(sev), func(t *testing.T) {
			w := owned(t, sev)
			got := w.live(t, 69*minute, minute)
			same(t, got, want...)
			w.check(t)
		})
	}
}

func TestNobodyOwnsIt(t *testing.T) {
	onCall := &OnCall{Who: "Zoe"}
	w := opened(t, SEV2)
	w.do(t, func(View) (Change, error) {
		return Change{Entries: []Entry{{Text: "Zoe is on call.", Body: onCall}}}, nil
	})
	same(t, w.live(t, 9*minute, minute), "2m -1/1 unowned Zoe", "5m -1/2 unowned Zoe")
	same(t, w.live(t, 7*minute, minute), "10m 0/1 due Zoe", "15m 0/2 second Zoe+@responder")

	w = opened(t, SEV2)
	w.pass(minute)
	w.do(t, Snooze(ana, 10*minute, 10*minute, ""))
	same(t, w.live(t, 3*minute, minute), "2m -1/1 unowned @responder")
	w.do(t, Pace(ana, Cadence{Byh: true}))
	same(t, w.live(t, 10*minute, minute), "5m -1/2 unowned @responder")
	w.do(t, Pace(ana, Cadence{Byh: true})) // a clock that starts anew repeats no call of the ladder
	same(t, w.live(t, 10*minute, minute))

	w = owned(t, SEV2)
	same(t, w.live(t, 9*minute, minute))

	w = opened(t, SEV2)
	w.do(t, PostUpdate(ana, Words{Impact: "paying fails", Doing: "looking"}))
	same(t, w.live(t, 29*minute, minute)) // somebody spoke: nobody is called to own it
}

func TestAnAcknowledgementElsewhereStopsTheLadder(t *testing.T) {
	w := newWorld()
	w.receive(t, event(EventTriggered, "E1", noon))
	w.pass(minute)
	ack := event(EventAcknowledged, "E2", w.now)
	ack.Agent = Ref{Name: "Zoe"}
	w.receive(t, ack)
	same(t, w.live(t, 5*minute, minute))
	w.receive(t, event(EventUnacknowledged, "E3", w.now))
	same(t, w.live(t, minute, minute), "7m -1/2 unowned @responder")

	w = newWorld()
	w.receive(t, event(EventTriggered, "E1", noon))
	w.pass(2 * minute)
	same(t, w.remind(t), "2m -1/1 unowned @responder")
	ack.Person, ack.At = "Li", w.now
	w.receive(t, ack)
	if n := w.inc.Nudges[0]; n.Ended != "taken by Li" || w.inc.Owner != "Li" {
		t.Errorf("the call for an owner ended %q, owner %q", n.Ended, w.inc.Owner)
	}
	same(t, w.live(t, 7*minute, minute))
}

func TestAnActiveOwnerIsNotCalledTwice(t *testing.T) {
	w := owned(t, SEV2)
	same(t, w.live(t, 12*minute, minute), "10m 0/1 due Li")
	w.do(t, Note(li, "rollback at 4 of 6"))
	same(t, w.live(t, 4*minute, minute), "15m 0/2 facts")
	if n := w.inc.Nudges; len(n) != 1 || !n[0].Facts || n[0].Ended != "" {
		t.Errorf("the reminder that stands is %+v", n)
	}
	same(t, w.live(t, 8*minute, minute), "20m 0/3 facts")

	// Without a reminder that stands there is nothing that could offer facts.
	w = owned(t, SEV2)
	w.pass(14 * minute)
	w.do(t, Note(li, "at work"))
	w.pass(2 * minute)
	same(t, w.remind(t), "16m 0/2 due Li")
	w.check(t)
}

func TestNoCallWhileSomebodyWrites(t *testing.T) {
	w := owned(t, SEV2)
	w.pass(9 * minute)
	w.do(t, Compose(li))
	same(t, w.live(t, 2*minute, 10*time.Second))
	same(t, w.live(t, 2*minute, 10*time.Second), "12m 0/1 due Li") // three minutes at most
	w.do(t, Compose(li))
	w.do(t, PostUpdate(li, Words{Impact: "paying fails", Doing: "rolling back"}))
	if n := w.inc.Nudges[0]; n.Ended != "updated 12:13 by Li" {
		t.Errorf("the reminder ended %q", n.Ended)
	}
	same(t, w.live(t, 29*minute, minute))
	same(t, w.live(t, 2*minute, minute), "43m 0/1 due Li")
}

func TestAStepThatHasJustFinished(t *testing.T) {
	for since, words := range map[time.Duration]string{119 * time.Second: "fresh", 2 * minute: "due"} {
		w := owned(t, SEV2)
		w.inc.Clock.StepEnded, w.inc.Clock.StepText = noon.Add(10*minute).Add(-since), "Rolled back"
		w.pass(10 * minute)
		same(t, w.remind(t), "10m 0/1 "+words+" Li")
	}
}

func TestSnooze(t *testing.T) {
	w := owned(t, SEV2)
	w.live(t, 10*minute, minute)
	for name, d := range map[string]Decide{
		"not the owner": Snooze(sam, 10*minute, 10*minute, ""), // an approver includes the commander
		"20 minutes":    Snooze(li, 20*minute, 20*minute, ""),
		"of a resolved": func(v View) (Change, error) {
			v.Incident.State = Resolved
			return Snooze(li, 10*minute, 10*minute, "")(v)
		},
		"of an alert": func(v View) (Change, error) {
			v.Incident.DeclaredAt = time.Time{}
			return Snooze(li, 10*minute, 10*minute, "")(v)
		},
		"of a SEV1": func(v View) (Change, error) {
			v.Incident.Severity = SEV1
			return Snooze(li, 30*minute, 30*minute, "")(v)
		},
	} {
		if name == "not the owner" {
			d = Snooze(Person{Name: "Bo", Role: Responder}, 10*minute, 10*minute, "")
		}
		if w.try(d) == nil {
			t.Errorf("%s: snoozed", name)
		}
	}
	w.do(t, Snooze(li, 10*minute, 10*minute, "on the phone"))
	if n := w.inc.Nudges[0]; n.Ended != "snoozed to 12:20 by Li" || !w.inc.Clock.Snoozed || !w.inc.Clock.Due.Equal(noon.Add(20*minute)) {
		t.Errorf("ended %q, due %s", n.Ended, w.inc.Clock.Due)
	}
	same(t, w.live(t, 10*minute, minute), "20m 0/1 due Li")
	w.do(t, Snooze(li, 30*minute, 30*minute, ""))
	same(t, w.live(t, 30*minute, minute), "50m 0/1 due Li")
	if w.try(Snooze(li, 10*minute, 10*minute, "")) == nil {
		t.Error("snoozed a third time in a row")
	}
	w.do(t, PostUpdate(li, Words{Doing: "looking"}))
	w.do(t, Snooze(li, 10*minute, 10*minute, "")) // an update makes it a new row
	w.check(t)
}

func TestCadenceAndPause(t *testing.T) {
	w := owned(t, SEV2)
	w.do(t, PostUpdate(li, Words{Doing: "looking", NextIn: 15 * minute}))
	same(t, w.live(t, 16*minute, minute), "15m 0/1 due Li")
	w.do(t, Pace(li, Cadence{Pause: true}))
	if w.inc.Nudges[0].Ended != "nudges paused by Li" {
		t.Errorf("the reminder ended %q", w.inc.Nudges[0].Ended)
	}
	same(t, w.live(t, 300*minute, minute))
	w.do(t, PostUpdate(li, Words{Doing: "looking"}))
	same(t, w.live(t, 30*minute, minute), "5h46m 0/1 due Li long")
	w.do(t, Pace(li, Cadence{Every: time.Hour}))
	w.do(t, PostUpdate(li, Words{Doing: "looking"}))
	same(t, w.live(t, 59*minute, minute))
	same(t, w.live(t, minute, minute), "6h46m 0/1 due Li")
	w.do(t, PostUpdate(li, Words{Doing: "looking", NextIn: -1}))
	same(t, w.live(t, 300*minute, minute))
	w.check(t)
}

// TestALongOneIsAskedOnce: the offer is not repeated to somebody who keeps 30.
func TestALongOneIsAskedOnce(t *testing.T) {
	w := owned(t, SEV2)
	w.pass(95 * minute)
	w.do(t, PostUpdate(li, Words{Doing: "looking"}))
	same(t, w.live(t, 37*minute, minute), "2h5m 0/1 due Li long", "2h10m 0/2 second Li+@responder long")
	w.do(t, PostUpdate(li, Words{Doing: "looking"}))
	same(t, w.live(t, 30*minute, minute), "2h42m 0/1 due Li")
}

func TestAwayIsSaidOnce(t *testing.T) {
	w := owned(t, SEV2)
	w.do(t, PostUpdate(li, Words{Doing: "looking"}))
	w.pass(25 * minute)
	from := w.now
	w.pass(87 * minute)
	w.away = Away{From: from, To: w.now}
	same(t, w.remind(t), "1h52m 2/1 due Li away 1h27m")
	same(t, w.remind(t))
	same(t, w.live(t, 9*minute, minute), "2h 3/1 due Li long")

	w = owned(t, SEV2) // nothing was missed: nothing is said
	w.pass(5 * minute)
	w.away = Away{From: noon, To: w.now}
	same(t, w.live(t, 5*minute, minute), "10m 0/1 due Li")
}

func TestAClockThatWentBackMakesNoNewSlot(t *testing.T) {
	w := owned(t, SEV2)
	same(t, w.live(t, 41*minute, minute), "10m 0/1 due Li", "15m 0/2 second Li+@responder", "20m 0/3 escalate @responder", "40m 1/1 due Li")
	w.pass(-35 * minute)
	same(t, w.live(t, 60*minute, minute))
	same(t, w.live(t, 5*minute, minute), "1h10m 2/1 due Li")
	w.pass(-24 * time.Hour)
	if next, ok := w.inc.NextCall(w.now); !ok || !next.Equal(noon.Add(100*minute)) {
		t.Errorf("after the clock went back the next call is due %s, %v", next, ok)
	}
	same(t, w.live(t, 24*time.Hour, minute))
}

func TestNoneAfterResolve(t *testing.T) {
	w := owned(t, SEV1)
	same(t, w.live(t, 6*minute, minute), "5m 0/1 due Li")
	w.do(t, Resolve(ana, Ending{Fixed: "rolled back", Tell: true}))
	same(t, w.live(t, 300*minute, minute))
	same(t, w.remind(t))
	if _, ok := w.inc.NextCall(w.now); ok {
		t.Error("a resolved incident wants to be looked at")
	}
	w.do(t, Reopen(ana))
	same(t, w.live(t, 31*minute, minute), "5h36m 0/1 due Li long")
	w.check(t)
}

// TestAWorseSeverityStartsWithAFirstCall: a word that would have been due
// already is due now, not called for a third time.
func TestAWorseSeverityStartsWithAFirstCall(t *testing.T) {
	w := owned(t, SEV3)
	w.pass(20 * minute)
	w.do(t, SetSeverity(li, SEV1))
	same(t, w.remind(t), "20m 0/1 due Li")
	w = owned(t, SEV1)
	same(t, w.live(t, 7*minute, minute), "5m 0/1 due Li")
	w.do(t, SetSeverity(li, SEV3))
	same(t, w.live(t, 27*minute, minute)) // due anew at +30, and that first call was made
	same(t, w.live(t, 2*minute, minute), "35m 0/2 second Li+@responder")
}

func TestTheThirdCallOfASilentSEV1Pages(t *testing.T) {
	w := owned(t, SEV1)
	w.inc.Policy.Pager = true
	w.do(t, PostUpdate(li, Words{Doing: "looking"}))
	same(t, w.live(t, 41*minute, minute), "30m 0/1 due Li", "35m 0/2 second Li+@responder", "40m 0/3 page @commander")

	w = owned(t, SEV1) // 15 minutes after the only sign of life: too early to page
	w.inc.Policy.Pager = true
	got := w.live(t, 16*minute, minute)
	same(t, got[2:], "15m 0/3 escalate @commander")
}
