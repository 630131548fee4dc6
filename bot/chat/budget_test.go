package chat

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hand is a clock that a test moves.
type hand struct{ now time.Time }

func newHand() *hand { return &hand{now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)} }

func (h *hand) Now() time.Time { return h.now }

var (
	approval = Weight{Priority: 0}
	reminder = Weight{Priority: 2}
	edit     = Weight{Priority: 3, Edit: true}
)

func TestABucketKeepsItsLastPiecesForWhatMatters(t *testing.T) {
	h := newHand()
	b := NewBudget(h.Now)
	b.Set("room", Rate{Burst: 4, Every: time.Second})
	for n := range 2 {
		if wait := b.Take(edit, "room"); wait != 0 {
			t.Fatalf("edit %d waits %s", n, wait)
		}
	}
	for _, c := range []struct {
		name string
		w    Weight
		want time.Duration
	}{{"edit", edit, time.Second}, {"reminder", reminder, 0}, {"reminder", reminder, time.Second}, {"approval", approval, 0}, {"approval", approval, time.Second}} {
		if got := b.Take(c.w, "room"); got != c.want {
			t.Errorf("%s: waits %s, want %s", c.name, got, c.want)
		}
	}
	h.now = h.now.Add(time.Second)
	if wait := b.Take(approval, "room"); wait != 0 {
		t.Errorf("after a second an approval waits %s", wait)
	}
}

func TestRetryAfterIsLaw(t *testing.T) {
	h := newHand()
	b := NewBudget(h.Now)
	b.Set("room", Rate{Burst: 10, Every: time.Millisecond})
	b.Limited("room", 7*time.Second)
	if wait := b.Wait(approval, "room"); wait != 7*time.Second {
		t.Errorf("an approval waits %s, want 7s", wait)
	}
	if wait := b.Wait(edit, "room"); wait <= 7*time.Second {
		t.Errorf("an edit waits %s, want it to come after the approvals", wait)
	}
	if wait := b.Wait(approval, "elsewhere"); wait != 0 {
		t.Errorf("another room waits %s", wait)
	}
	h.now = h.now.Add(7 * time.Second)
	if wait := b.Take(approval, "room"); wait != 0 {
		t.Errorf("when it is over an approval waits %s", wait)
	}
}

func TestHeadersOverruleWhatWasGuessed(t *testing.T) {
	h := newHand()
	b := NewBudget(h.Now)
	b.Set("room", Rate{Burst: 5, Every: time.Second})
	b.Learn("room", 5, 0, 3*time.Second)
	if wait := b.Wait(approval, "room"); wait <= 0 || wait > 3*time.Second {
		t.Errorf("with nothing left an approval waits %s, want up to 3s", wait)
	}
	b.Learn("room", 0, 0, 0) // nonsense is no news
	h.now = h.now.Add(3 * time.Second)
	if wait := b.Wait(edit, "room"); wait != 0 {
		t.Errorf("after the reset an edit waits %s", wait)
	}
}

// An answer tells what was left when it was made. What went out since is on its way.
func TestWhatIsOnItsWayIsNotLeft(t *testing.T) {
	h := newHand()
	b := NewBudget(h.Now)
	b.Set("room", Rate{Burst: 5, Every: time.Second})
	for range 4 {
		b.Take(approval, "room")
	}
	b.Learn("room", 5, 4, 5*time.Second) // the answer to the first
	if wait := b.Take(approval, "room"); wait != 0 {
		t.Errorf("the fifth waits %s", wait)
	}
	if wait := b.Take(approval, "room"); wait != 5*time.Second {
		t.Errorf("the sixth waits %s, want until it is full again", wait)
	}
	b.Learn("room", 8, 7, 4*time.Second) // the limit is another than was thought
	for n := range 3 {
		if wait := b.Take(approval, "room"); wait != 0 {
			t.Errorf("call %d of eight waits %s", 6+n, wait)
		}
	}
	if wait := b.Take(approval, "room"); wait != 4*time.Second {
		t.Errorf("the ninth waits %s", wait)
	}
}

// What a window has left to go, near its end, is not how fast a bucket fills.
func TestTheEndOfAWindowIsNotItsLength(t *testing.T) {
	h := newHand()
	b := NewBudget(h.Now)
	b.Learn("room", 5, 4, 5*time.Second)
	h.now = h.now.Add(4500 * time.Millisecond)
	b.Learn("room", 5, 3, 500*time.Millisecond)
	h.now = h.now.Add(500 * time.Millisecond)
	for range 5 {
		b.Take(approval, "room")
	}
	h.now = h.now.Add(400 * time.Millisecond) // the answers are slow
	if wait := b.Take(approval, "room"); wait != 600*time.Millisecond {
		t.Errorf("the sixth waits %s, want the rest of a second", wait)
	}
}

func TestARefusedTokenIsLeftAlone(t *testing.T) {
	h := newHand()
	b := NewBudget(h.Now)
	b.Refused()
	if wait := b.Wait(approval, "any"); wait != TokenPause {
		t.Errorf("waits %s, want %s", wait, TokenPause)
	}
	h.now = h.now.Add(TokenPause)
	if wait := b.Wait(approval, "any"); wait != 0 {
		t.Errorf("after the pause it waits %s", wait)
	}
	b.Refused()
	b.Accepted()
	if wait := b.Wait(approval, "any"); wait != 0 {
		t.Errorf("a token that was put right waits %s", wait)
	}
}

// TestTheBreaker is P13: whatever a vendor answers, fewer than 500 invalid
// answers in any ten minutes.
func TestTheBreaker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHand()
		b := NewBudget(h.Now)
		var invalid []time.Time
		for range rapid.IntRange(400, 900).Draw(t, "requests") {
			wait := b.Take(approval, "room")
			if wait == 0 {
				b.Invalid()
				invalid = append(invalid, h.now)
				wait = time.Duration(rapid.IntRange(0, 900).Draw(t, "ms")) * time.Millisecond
			}
			h.now = h.now.Add(wait)
			first := 0
			for first < len(invalid) && h.now.Sub(invalid[first]) >= 10*time.Minute {
				first++
			}
			if n := len(invalid) - first; n >= 500 {
				t.Fatalf("%d invalid answers in ten minutes", n)
			}
		}
	})
}

// TestAQueueDrains: whoever comes back when told gets through in the end.
func TestAQueueDrains(t *testing.T) {
	h := newHand()
	b := NewBudget(h.Now)
	b.Set("room", Rate{Burst: 3, Every: time.Second})
	sent := map[Weight]int{}
	for range 200 {
		next := time.Minute
		for _, w := range []Weight{approval, reminder, edit} {
			if sent[w] == 20 {
				continue
			}
			wait := b.Take(w, "room")
			if wait == 0 {
				sent[w]++
				wait = time.Millisecond
			}
			next = min(next, wait)
		}
		h.now = h.now.Add(next)
	}
	for _, w := range []Weight{approval, reminder, edit} {
		if sent[w] != 20 {
			t.Errorf("of 20 with priority %d, %d were sent", w.Priority, sent[w])
		}
	}
}

func TestALineIsWhatSomebodyWouldType(t *testing.T) {
	open := Command{Name: "open", Args: []Arg{{Name: "title", Rest: true}, {Name: "service", Named: true}, {Name: "severity", Named: true}}}
	run := Command{Name: "run", Args: []Arg{{Name: "playbook"}, {Name: "with", Rest: true}}}
	for want, got := range map[string]string{
		"open":                                   open.Line(nil),
		"open checkout is slow severity=SEV1":    open.Line(map[string]string{"title": "checkout is slow", "severity": "SEV1"}),
		`open it "broke" service="the one 'x'"`:  open.Line(map[string]string{"title": `it "broke"`, "service": `the one "x"`}),
		"run flag-off flag=new-cart reason=slow": run.Line(map[string]string{"playbook": "flag-off", "with": "flag=new-cart reason=slow", "stray": "x"}),
		`run "two words"`:                        run.Line(map[string]string{"playbook": " two words "}),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
