package queue_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayday/internal/incident"
	"mayday/internal/queue"
)

// In these tests time is what is tested, so it is that of a bubble: it stands
// still while anybody works, and a lease ends at its microsecond.

const lease = 15 * time.Second

// leased is a source of one row, with the manners that a test gives it.
type leased struct {
	claimTakes time.Duration // the first one, from the question to the answer
	renew      func(ctx context.Context) error

	mu     sync.Mutex
	asked  time.Time // the last claim or renewal that succeeded
	until  time.Time // of the lease, as the store sees it
	tries  int
	gone   bool
	writes []string // what was written about the row after its claim
}

func (s *leased) Claim(ctx context.Context, _ []string, _ int, lease time.Duration) ([]incident.Claim, error) {
	asked := time.Now()
	takes := s.firstTakes()
	pass(ctx, takes/2)
	s.mu.Lock()
	held := s.gone || time.Now().Before(s.until)
	if !held {
		s.asked, s.until = asked, time.Now().Add(lease)
		s.tries++
	}
	c := incident.Claim{Kind: "step", Row: "s1", Term: int64(s.tries), Tries: s.tries}
	s.mu.Unlock()
	if held {
		return nil, nil
	}
	pass(ctx, takes/2)
	return []incident.Claim{c}, nil
}

func (s *leased) firstTakes() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tries > 0 {
		return 0
	}
	return s.claimTakes
}

func (s *leased) Renew(ctx context.Context, _ incident.Claim, lease time.Duration) error {
	asked := time.Now()
	if err := s.renew(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.until = asked, time.Now().Add(lease)
	return nil
}

func (s *leased) Done(context.Context, incident.Claim) error { return s.wrote("done") }
func (s *leased) Later(context.Context, incident.Claim, time.Duration) error {
	return s.wrote("later")
}
func (s *leased) Alive(context.Context) error { return nil }
func (s *leased) Changed() <-chan struct{}    { return nil }

func (s *leased) wrote(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes, s.gone = append(s.writes, what), true
	return nil
}

// sinceAsked is how long ago the newest lease was asked for.
func (s *leased) sinceAsked() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.asked)
}

// pass lets time go by.
func pass(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// untilLost runs a queue on the source until the context of its handler ends, and
// answers how long after the newest lease was asked for that was. The handler
// fails then, which must not be written.
func untilLost(t *testing.T, s *leased) (after time.Duration) {
	t.Helper()
	ended := make(chan struct{})
	o := queue.Options{Lease: lease, Poll: time.Hour} // nobody else takes the row over
	q := queue.New(s, o, map[string]queue.Handler{"step": func(ctx context.Context, _ incident.Claim) error {
		<-ctx.Done()
		after = s.sinceAsked()
		if cause := context.Cause(ctx); !errors.Is(cause, incident.ErrLost) {
			t.Errorf("got cause %v, want ErrLost", cause)
		}
		s.mu.Lock()
		s.gone = true // one run is enough
		s.mu.Unlock()
		close(ended)
		return errors.New("cut off")
	}})
	stop := start(q)
	<-ended
	if err := stop(); err != nil {
		t.Error(err)
	}
	if len(s.writes) > 0 {
		t.Errorf("what was lost was written: %v", s.writes)
	}
	return after
}

// TestAHandlerEndsWithItsLease: whatever the renewals do, the context of the
// handler ends when the last lease that is sure ends, not later and not before.
func TestAHandlerEndsWithItsLease(t *testing.T) {
	hang := func(context.Context) error { // as a write does, which is not cut off by its caller
		pass(context.Background(), 20*time.Second)
		return errors.New("nobody answered")
	}
	for name, s := range map[string]struct {
		claimTakes time.Duration
		renew      func(n int) func(context.Context) error
	}{
		"renewals hang": {renew: func(int) func(context.Context) error { return hang }},
		"renewals fail": {renew: func(int) func(context.Context) error {
			return func(context.Context) error { return errors.New("disk full") }
		}},
		"the second renewal hangs": {renew: func(n int) func(context.Context) error {
			if n == 1 {
				return func(context.Context) error { return nil }
			}
			return hang
		}},
		"a renewal is slow, the next one hangs": {renew: func(n int) func(context.Context) error {
			if n == 1 {
				return func(ctx context.Context) error { pass(ctx, 4*time.Second); return nil }
			}
			return hang
		}},
		"a slow claim, renewals hang": {claimTakes: 12 * time.Second, renew: func(int) func(context.Context) error { return hang }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				source := &leased{claimTakes: s.claimTakes, renew: func(ctx context.Context) error { n++; return s.renew(n)(ctx) }}
				if got := untilLost(t, source); got != lease {
					t.Errorf("it ended %s after the lease was asked for, want %s", got, lease)
				}
			})
		})
	}
}

// TestALongHandlerKeepsItsLease: for an hour, though the claim and each renewal
// take long, and some renewals fail.
func TestALongHandlerKeepsItsLease(t *testing.T) {
	for name, claimTakes := range map[string]time.Duration{"a quick claim": 0, "a slow claim": 12 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				renewals := 0
				s := &leased{claimTakes: claimTakes, renew: func(ctx context.Context) error {
					renewals++
					pass(ctx, time.Second)
					if renewals%3 == 2 {
						return errors.New("no answer")
					}
					return nil
				}}
				done := make(chan error, 1)
				stop := start(queue.New(s, queue.Options{Lease: lease}, map[string]queue.Handler{"step": func(ctx context.Context, c incident.Claim) error {
					pass(ctx, time.Hour)
					done <- context.Cause(ctx)
					return s.Done(ctx, c)
				}}))
				if err := <-done; err != nil {
					t.Errorf("the handler was cut off after %d renewals: %v", renewals, err)
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
				if s.tries != 1 || renewals < 600 {
					t.Errorf("got %d claims and %d renewals, want one and hundreds", s.tries, renewals)
				}
			})
		})
	}
}

// TestAClaimThatComesTooLateIsNotUsed: its lease may be over already. The row
// comes again when the store has noticed that as well.
func TestAClaimThatComesTooLateIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leased{claimTakes: lease, renew: func(context.Context) error { return nil }}
		ran := make(chan incident.Claim, 2)
		q := queue.New(s, queue.Options{Lease: lease}, map[string]queue.Handler{"step": func(ctx context.Context, c incident.Claim) error {
			ran <- c
			return s.Done(ctx, c)
		}})
		stop := start(q)
		pass(t.Context(), lease+time.Second) // the first claim was answered
		s.mu.Lock()
		if len(ran) > 0 || len(s.writes) > 0 || s.tries != 1 {
			t.Errorf("after %d claims: %d runs, written %v; want one claim and nothing of it", s.tries, len(ran), s.writes)
		}
		s.mu.Unlock()
		if c := <-ran; c.Tries != 2 {
			t.Errorf("got try %d, want the second claim", c.Tries)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
