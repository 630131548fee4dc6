package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/incident"
)

func wakeAt(kind, row string, due time.Time) incident.Wake {
	return incident.Wake{Kind: kind, Row: row, Due: due}
}

func setWakes(t testing.TB, s Store, wakes ...incident.Wake) {
	t.Helper()
	do(t, s, incident.Target{}, waking(wakes...))
}

func testClaimMany(t *testing.T, s Store, c *Clock) {
	const many = 10_000
	wakes := make([]incident.Wake, many)
	for n := range wakes {
		wakes[n] = wakeAt(incident.WakeStep, rowName(n), c.Now())
	}
	setWakes(t, s, wakes...)
	var mu sync.Mutex
	seen := map[string]int{}
	for _, err := range together(4, func(int) error {
		for {
			claims, err := s.Claim(context.Background(), []string{incident.WakeStep}, 100, time.Minute)
			if err != nil || len(claims) == 0 {
				return err
			}
			mu.Lock()
			for _, c := range claims {
				seen[c.Row]++
			}
			mu.Unlock()
		}
	}) {
		must(t, "claim", err)
	}
	if len(seen) != many {
		t.Errorf("got %d rows, want %d", len(seen), many)
	}
	for row, n := range seen {
		if n != 1 {
			t.Errorf("row %s was claimed %d times", row, n)
		}
	}
}

func testClaimOrder(t *testing.T, s Store, c *Clock) {
	now := c.Now()
	urgent := wakeAt(incident.WakeOut, "urgent", now)
	plain := func(row string, ago time.Duration) incident.Wake {
		return incident.Wake{Kind: incident.WakeOut, Row: row, Due: now.Add(-ago), Priority: 3}
	}
	setWakes(t, s, plain("b", time.Second), plain("a", time.Second), plain("old", time.Minute), urgent, plain("future", -time.Second))
	raised := plain("raised", 0)
	setWakes(t, s, raised)
	raised.Priority = 1
	setWakes(t, s, raised)
	raised.Priority = 2
	setWakes(t, s, raised)
	var got []string
	for range 3 {
		claims, err := s.Claim(t.Context(), []string{incident.WakeOut, incident.WakeRun}, 2, time.Minute)
		must(t, "claim", err)
		for _, c := range claims {
			got = append(got, c.Row)
		}
	}
	if diff := cmp.Diff([]string{"urgent", "raised", "old", "a", "b"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testTerms(t *testing.T, s Store, c *Clock) {
	last := int64(0)
	for n := range 5 {
		setWakes(t, s, wakeAt(incident.WakeStep, "s1", c.Now()))
		held := claim(t, s, incident.WakeStep, "s1")
		if held.Term <= last {
			t.Errorf("round %d: term %d follows %d", n, held.Term, last)
		}
		last = held.Term
		must(t, "done", s.Done(t.Context(), held)) // the row is gone, its terms are not
	}
}

// testFencing: whoever lost a claim writes nothing, whatever it tries.
func testFencing(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	open(t, s, "P1")
	_, err := s.Receive(ctx, "pager", "e1", []byte("x"))
	must(t, "receive", err)
	stale := map[string]incident.Claim{}
	for _, kind := range []string{incident.WakeOut, incident.WakeInbox} {
		stale[kind] = claim(t, s, kind, "")
	}
	c.Advance(2 * time.Minute) // both leases run out
	row := rows(t, s, lane1)[0]
	for _, kind := range []string{incident.WakeOut, incident.WakeInbox} {
		claim(t, s, kind, "") // and somebody else takes over
	}
	out, in := stale[incident.WakeOut], stale[incident.WakeInbox]
	for name, write := range map[string]func() error{
		"do": func() error {
			_, err := s.Do(ctx, incident.Target{Number: 1, Claim: &out}, adding(&incident.Noted{}))
			return err
		},
		"settle":   func() error { return s.Settle(ctx, in, incident.InboxQuarantined, "") },
		"rendered": func() error { return s.Rendered(ctx, out, row, []byte("stale"), nil) },
		"sent":     func() error { return s.Sent(ctx, out, row, "ref") },
		"refused":  func() error { return s.Refused(ctx, out, row, "no", true) },
		"renew":    func() error { return s.Renew(ctx, out, time.Minute) },
		"done":     func() error { return s.Done(ctx, out) },
		"later":    func() error { return s.Later(ctx, out, 0) },
	} {
		if err := write(); !errors.Is(err, incident.ErrLost) {
			t.Errorf("%s under a stale claim: got %v, want ErrLost", name, err)
		}
	}
	after := rows(t, s, lane1)[0]
	if diff := cmp.Diff(row, after); diff != "" {
		t.Errorf("stale writes changed the row:\n%s", diff)
	}
	if got, err := s.Received(ctx, 1); err != nil || got.State != incident.InboxNew {
		t.Errorf("stale settle changed the body: %+v, %v", got, err)
	}
	if i, err := s.Incident(ctx, 1); err != nil || i.Seq != 2 {
		t.Errorf("stale do changed the incident: %+v, %v", i, err)
	}
}

func testLease(t *testing.T, s Store, c *Clock) {
	setWakes(t, s, wakeAt(incident.WakeStep, "s1", c.Now()))
	held := claim(t, s, incident.WakeStep, "s1")
	c.Advance(50 * time.Second)
	must(t, "renew", s.Renew(t.Context(), held, time.Minute))
	c.Advance(50 * time.Second)
	if got := claimAll(t, s, incident.WakeStep); len(got) > 0 {
		t.Fatalf("a renewed lease was taken over: %v", got)
	}
	c.Advance(11 * time.Second)
	taken := claim(t, s, incident.WakeStep, "s1")
	if taken.Term <= held.Term || taken.Tries != 2 {
		t.Errorf("got %+v after %+v, want a later term and a second try", taken, held)
	}
	must(t, "later", s.Later(t.Context(), taken, time.Minute))
	if err := s.Done(t.Context(), taken); !errors.Is(err, incident.ErrLost) {
		t.Errorf("done with a row that was put back: got %v, want ErrLost", err)
	}
	if got := claimAll(t, s, incident.WakeStep); len(got) > 0 {
		t.Errorf("a row that was put back came at once: %v", got)
	}
	c.Advance(time.Minute)
	if again := claim(t, s, incident.WakeStep, "s1"); again.Tries != 3 {
		t.Errorf("got try %d, want 3", again.Tries)
	}
}

func testWokenWhileHeld(t *testing.T, s Store, c *Clock) {
	step := wakeAt(incident.WakeStep, "s1", c.Now())
	setWakes(t, s, step)
	held := claim(t, s, incident.WakeStep, "s1")
	setWakes(t, s, step)
	if got := claimAll(t, s, incident.WakeStep); len(got) > 0 {
		t.Fatalf("a held row was claimed: %v", got)
	}
	must(t, "done", s.Done(t.Context(), held))
	held = claim(t, s, incident.WakeStep, "s1")
	if held.Tries != 1 {
		t.Errorf("got try %d, want a new beginning", held.Tries)
	}
	setWakes(t, s, wakeAt(incident.WakeStep, "s1", c.Now().Add(time.Hour)))
	must(t, "done", s.Done(t.Context(), held))
	if got := claimAll(t, s, incident.WakeStep); len(got) > 0 {
		t.Fatalf("woken for in an hour, came at once: %v", got)
	}
	c.Advance(time.Hour)
	held = claim(t, s, incident.WakeStep, "s1")
	// Its own work may wake it again: for later, in the write that finishes it.
	do(t, s, incident.Target{Claim: &held}, waking(wakeAt(incident.WakeStep, "s1", c.Now().Add(time.Minute))))
	c.Advance(time.Minute)
	held = claim(t, s, incident.WakeStep, "s1")
	keep := held
	keep.Keep = true
	do(t, s, incident.Target{Claim: &keep}, waking())
	must(t, "still held", s.Renew(t.Context(), held, time.Minute))
	setWakes(t, s, step)
	must(t, "later", s.Later(t.Context(), held, time.Hour))
	claim(t, s, incident.WakeStep, "s1") // somebody pressed: it does not wait the hour
}

func testMoveWake(t *testing.T, s Store, c *Clock) {
	now := c.Now()
	setWakes(t, s, wakeAt(incident.WakeNudge, "INC-1", now.Add(time.Minute)), wakeAt(incident.WakeRun, "r1", now.Add(time.Minute)))
	setWakes(t, s, wakeAt(incident.WakeNudge, "INC-1", now.Add(time.Hour)), wakeAt(incident.WakeRun, "r1", now.Add(time.Hour)))
	c.Advance(time.Minute)
	if got := claimAll(t, s, incident.WakeNudge); len(got) > 0 {
		t.Errorf("a nudge that was put off came: %v", got)
	}
	held := claim(t, s, incident.WakeRun, "r1")
	setWakes(t, s, incident.Wake{Kind: incident.WakeRun, Row: "r1", Cancel: true}, incident.Wake{Kind: incident.WakeNudge, Row: "INC-1", Cancel: true})
	if err := s.Done(t.Context(), held); !errors.Is(err, incident.ErrLost) {
		t.Errorf("done with a cancelled row: got %v, want ErrLost", err)
	}
	c.Advance(2 * time.Hour)
	if got := append(claimAll(t, s, incident.WakeNudge), claimAll(t, s, incident.WakeRun)...); len(got) > 0 {
		t.Errorf("cancelled rows came: %v", got)
	}
	testNudgeClock(t, s, c)
}

// testNudgeClock: an open incident is never without its wake-up, even when the
// one that came changed nothing.
func testNudgeClock(t *testing.T, s Store, c *Clock) {
	i := open(t, s, "P1")
	c.Advance(i.Policy.Unowned1)
	held := claim(t, s, incident.WakeNudge, i.ID())
	do(t, s, incident.Target{Number: i.Number, Claim: &held}, adding(&incident.Owned{Owner: "Ana"}))
	c.Advance(i.Policy.First[incident.SEV2])
	held = claim(t, s, incident.WakeNudge, i.ID())
	do(t, s, incident.Target{Number: i.Number, Claim: &held}, adding())
	if got := claimAll(t, s, incident.WakeNudge); len(got) != 1 {
		t.Errorf("an incident lost its clock: %v", got)
	}
	do(t, s, incident.Target{Number: i.Number}, adding(&incident.ResolvedBody{}))
	c.Advance(24 * time.Hour)
	if got := claimAll(t, s, incident.WakeNudge); len(got) > 0 {
		t.Errorf("a resolved incident has a clock: %v", got)
	}
}

func testPatientLane(t *testing.T, s Store, c *Clock) {
	open(t, s, "P1")
	held := claim(t, s, incident.WakeOut, lane1)
	must(t, "later", s.Later(t.Context(), held, time.Minute))
	do(t, s, incident.Target{Number: 1}, sending(reply("a")))
	if got := claimAll(t, s, incident.WakeOut); len(got) > 0 {
		t.Errorf("a new message hurries a lane that was told to wait: %v", got)
	}
	c.Advance(time.Minute)
	sendAll(t, s, lane1)
	do(t, s, incident.Target{Number: 1}, sending(reply("b")))
	claim(t, s, incident.WakeOut, lane1)
}

func testChanged(t *testing.T, s Store, c *Clock) {
	drain := func() (signalled bool) {
		select {
		case <-s.Changed():
			return true
		default:
			return false
		}
	}
	setWakes(t, s, wakeAt(incident.WakeStep, "s1", c.Now().Add(time.Hour)))
	drain()
	do(t, s, incident.Target{}, waking())
	if drain() {
		t.Error("a commit that made nothing due: got a signal")
	}
	setWakes(t, s, wakeAt(incident.WakeStep, "s2", c.Now()))
	wait, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	select {
	case <-s.Changed():
	case <-wait.Done():
		t.Error("a commit that made a row due: got no signal")
	}
	must(t, "alive", s.Alive(t.Context()))
}
