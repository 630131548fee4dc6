package incident

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestNudgesProperty lets people, a source and a clock that jumps do what they
// like. No call is made twice, before it is due, or out of order, none after the
// end, and an open incident is never forgotten (P11, I8, P21).
func TestNudgesProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := opened(rt, rapid.SampledFrom(Severities).Draw(rt, "severity"))
		for n := range rapid.IntRange(5, 60).Draw(rt, "length") {
			switch rapid.IntRange(0, 9).Draw(rt, "time") {
			case 0:
				w.pass(-time.Duration(rapid.IntRange(1, 90).Draw(rt, "back")) * minute)
			case 1:
				from := w.now
				w.pass(time.Duration(rapid.IntRange(1, 600).Draw(rt, "away")) * minute)
				w.away = Away{From: from, To: w.now}
			default:
				w.pass(time.Duration(rapid.IntRange(0, 900).Draw(rt, "seconds")) * time.Second)
			}
			if rapid.IntRange(0, 3).Draw(rt, "act") == 0 {
				w.move(rt, n)
			}
			w.tick(rt)
		}
		w.noTwice(rt)
		w.check(rt)
	})
}

// tick is a wake-up of the clock. What it answers must be settled at once: a
// second wake-up at the same moment finds nothing, and the next look lies ahead.
func (w *world) tick(rt *rapid.T) {
	before := w.inc
	from := len(w.entries)
	if err := w.try(Remind); err != nil {
		rt.Fatalf("remind: %v", err)
	}
	for _, e := range w.entries[from:] {
		n := e.Body.(*Nudged).Nudge
		switch {
		case n.Due.After(w.now):
			rt.Fatalf("the call %+v was made %s early", n.Key, n.Due.Sub(w.now))
		case !n.Due.After(before.Clock.LastDue):
			rt.Fatalf("the call %+v, due %s, came after one due %s", n.Key, n.Due, before.Clock.LastDue)
		case !before.Open() || !before.Declared():
			rt.Fatalf("a call on %s, declared %v", before.State, before.Declared())
		case before.heldTill(w.now).After(w.now):
			rt.Fatalf("the call %+v was made while it was held", n.Key)
		case n.Key.Slot > 0 && n.Key.Call != 1, n.Key.Call > 3, n.Key.Slot < 0 && n.Key.Call > 2:
			rt.Fatalf("there is no call %+v", n.Key)
		}
	}
	if len(w.entries)-from > 1 {
		rt.Fatalf("%d calls at once", len(w.entries)-from)
	}
	next, ok := w.inc.NextCall(w.now)
	if ok && !next.After(w.now) {
		rt.Fatalf("after a wake-up at %s the next is due %s: it would turn for ever", w.now, next)
	}
	if w.inc.Open() && w.inc.Declared() && !w.inc.Clock.Paused && !ok {
		rt.Fatal("an open incident is forgotten: nothing will ever be due")
	}
	at := w.inc.Seq
	if err := w.try(Remind); err != nil || w.inc.Seq != at {
		rt.Fatalf("a second wake-up at the same moment made a call: %v", err)
	}
}

func (w *world) noTwice(rt *rapid.T) {
	seen := map[NudgeKey]bool{}
	for _, e := range w.entries {
		b, ok := e.Body.(*Nudged)
		if !ok {
			continue
		}
		if seen[b.Nudge.Key] {
			rt.Fatalf("the call %+v was made twice", b.Nudge.Key)
		}
		seen[b.Nudge.Key] = true
	}
}

// TestTheClockComesBack: whatever the time, following the wake-ups from one to
// the next makes progress and every slot is called for.
func TestTheClockComesBack(t *testing.T) {
	for _, sev := range Severities {
		w := owned(t, sev)
		calls := 0
		for end := w.now.Add(5 * time.Hour); ; {
			due, ok := w.inc.NextCall(w.now)
			if !ok {
				t.Fatalf("%s: forgotten at %s", sev, w.now)
			}
			if due.After(end) {
				break
			}
			if due.Before(w.now) {
				t.Fatalf("%s: the next look lies %s in the past", sev, w.now.Sub(due))
			}
			w.now = due
			if len(w.remind(t)) == 0 {
				t.Fatalf("%s: a wake-up at %s made no call", sev, w.now)
			}
			calls++
		}
		if calls < 10 {
			t.Errorf("%s: %d calls in five hours", sev, calls)
		}
	}
}

// TestNight: SEV3 is called for between 07:00 and 23:00 in the owner's zone,
// whatever the clocks do there. Berlin goes to summer time on 29 March 2026 at
// 02:00 and back on 25 October at 03:00.
func TestNight(t *testing.T) {
	for name, c := range map[string]struct {
		zone       string
		due, first string
	}{
		"by day":                {"Europe/Berlin", "2026-11-25T20:00:00Z", "2026-11-25T20:00:00Z"},
		"late evening":          {"Europe/Berlin", "2026-11-25T21:59:00Z", "2026-11-25T21:59:00Z"},
		"after eleven":          {"Europe/Berlin", "2026-11-25T22:00:00Z", "2026-11-26T06:00:00Z"},
		"early":                 {"Europe/Berlin", "2026-11-25T03:10:00Z", "2026-11-25T06:00:00Z"},
		"into summer time":      {"Europe/Berlin", "2026-03-28T22:30:00Z", "2026-03-29T05:00:00Z"},
		"in the missing hour":   {"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T05:00:00Z"},
		"out of summer time":    {"Europe/Berlin", "2026-10-24T21:30:00Z", "2026-10-25T06:00:00Z"},
		"in the doubled hour":   {"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T06:00:00Z"},
		"far east, their night": {"Asia/Tokyo", "2026-11-25T16:00:00Z", "2026-11-25T22:00:00Z"},
		"a zone nobody knows":   {"Mars/Olympus", "2026-11-25T23:30:00Z", "2026-11-26T07:00:00Z"},
		"no zone":               {"", "2026-11-25T12:00:00Z", "2026-11-25T12:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			due, want := moment(t, c.due), moment(t, c.first)
			w := newWorld()
			w.now = due.Add(-30 * minute)
			w.do(t, OpenByHand(ana, Opening{Title: "slow", Severity: SEV3, Policy: DefaultPolicy()}))
			w.do(t, Own(li, "Li", c.zone))
			next, ok := w.inc.NextCall(w.now)
			if !ok || !next.Equal(want) {
				t.Errorf("the first call is due %s, want %s", next, want)
			}
			w.now = want.Add(-time.Second)
			if made := w.remind(t); len(made) != 0 && want.After(due) {
				t.Errorf("called at night: %v", made)
			}
			w.now = want
			if made := w.remind(t); len(made) != 1 {
				t.Errorf("calls in the morning: %v", made)
			}
		})
	}
	w := newWorld() // the night is for SEV3 alone
	w.now = moment(t, "2026-11-25T23:00:00Z")
	w.do(t, OpenByHand(ana, Opening{Title: "down", Severity: SEV2, Policy: DefaultPolicy()}))
	w.do(t, Own(li, "Li", "Europe/Berlin"))
	same(t, w.live(t, 10*minute, minute), "10m 0/1 due Li")
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
