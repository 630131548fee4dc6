package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/incident"
	"mayday/internal/queue"
)

func TestDrainRunsAllThatIsDueInOrder(t *testing.T) {
	c := newClock()
	s := open(t, c)
	var got []string
	handle := func(ctx context.Context, c incident.Claim) error {
		got = append(got, c.Kind+" "+c.Row)
		if c.Row == "first" {
			wake(t, s, incident.Wake{Kind: "out", Row: "made by first", Priority: 1})
		}
		return s.Done(ctx, c)
	}
	q := queue.New(s, queue.Options{}, map[string]queue.Handler{"step": handle, "out": handle})
	wake(t, s, incident.Wake{Kind: "step", Row: "last", Priority: 3}, incident.Wake{Kind: "out", Row: "middle", Priority: 2},
		incident.Wake{Kind: "step", Row: "first"}, incident.Wake{Kind: "out", Row: "future", Due: c.Now().Add(time.Hour)},
		incident.Wake{Kind: "nudge", Row: "nobody's"})
	drain(t, q)
	if diff := cmp.Diff([]string{"step first", "out made by first", "out middle", "step last"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c.advance(time.Hour)
	drain(t, q)
	if last := got[len(got)-1]; last != "out future" {
		t.Errorf("an hour later: got %s, want out future", last)
	}
}

type comeBack struct{ after time.Duration }

func (e comeBack) Error() string             { return "come back later" }
func (e comeBack) RetryAfter() time.Duration { return e.after }

func TestAFailureIsPutBackWithAGrowingPause(t *testing.T) {
	c := newClock()
	s := open(t, c)
	tries := 0
	q := queue.New(s, queue.Options{}, map[string]queue.Handler{"step": func(_ context.Context, c incident.Claim) error {
		tries++
		if c.Tries != tries {
			t.Errorf("got try %d, want %d", c.Tries, tries)
		}
		return errors.New("no")
	}})
	wake(t, s, incident.Wake{Kind: "step", Row: "s1"})
	for n, most := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second} {
		drain(t, q)
		if tries != n+1 {
			t.Fatalf("after %d rounds: got %d tries", n+1, tries)
		}
		c.advance(most/2 - time.Millisecond)
		drain(t, q)
		if tries != n+1 {
			t.Errorf("try %d came before half of %s", tries, most)
		}
		c.advance(most/2 + time.Millisecond)
	}
	for range 20 {
		drain(t, q)
		c.advance(time.Minute)
	}
	if tries != 24 {
		t.Errorf("got %d tries, want one a minute in the end", tries)
	}
}

func TestAFailureThatSaysWhenIsObeyed(t *testing.T) {
	c := newClock()
	s := open(t, c)
	tries := 0
	q := queue.New(s, queue.Options{}, map[string]queue.Handler{"out": func(context.Context, incident.Claim) error {
		tries++
		return fmt.Errorf("send: %w", comeBack{7 * time.Minute})
	}})
	wake(t, s, incident.Wake{Kind: "out", Row: "web|operations|INC-1"})
	drain(t, q)
	c.advance(7*time.Minute - time.Microsecond)
	drain(t, q)
	if tries != 1 {
		t.Errorf("got %d tries before the time", tries)
	}
	c.advance(time.Microsecond)
	drain(t, q)
	if tries != 2 {
		t.Errorf("got %d tries at the time, want 2", tries)
	}
}

func TestAPanicIsAnErrorOfItsRow(t *testing.T) {
	c := newClock()
	s := open(t, c)
	var ran []string
	q := queue.New(s, queue.Options{}, map[string]queue.Handler{"step": func(ctx context.Context, c incident.Claim) error {
		ran = append(ran, c.Row)
		if c.Row == "bad" {
			var none *incident.Incident
			ran = append(ran, none.Title)
		}
		return s.Done(ctx, c)
	}})
	wake(t, s, incident.Wake{Kind: "step", Row: "bad"}, incident.Wake{Kind: "step", Row: "good", Priority: 1})
	drain(t, q)
	c.advance(time.Minute)
	drain(t, q)
	if diff := cmp.Diff([]string{"bad", "good", "bad"}, ran); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALostClaimIsLeftAlone(t *testing.T) {
	c := newClock()
	s := open(t, c)
	q := queue.New(s, queue.Options{}, map[string]queue.Handler{"step": func(ctx context.Context, mine incident.Claim) error {
		c.advance(time.Hour) // it was paused for longer than its lease
		theirs, err := s.Claim(ctx, []string{"step"}, 1, time.Hour)
		if err != nil || len(theirs) != 1 {
			t.Fatalf("take over: %v, %v", theirs, err)
		}
		return s.Done(ctx, mine)
	}})
	wake(t, s, incident.Wake{Kind: "step", Row: "s1"})
	drain(t, q)
	if again, err := s.Claim(t.Context(), []string{"step"}, 1, time.Hour); err != nil || len(again) != 0 {
		t.Errorf("the row of the other worker was put back: %v, %v", again, err)
	}
}
