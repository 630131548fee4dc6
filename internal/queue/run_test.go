package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mayday/internal/incident"
	"mayday/internal/queue"
)

// TestRunHearsOfWork: with a poll of an hour, only the store's signal and the
// end of a handler can make it look.
func TestRunHearsOfWork(t *testing.T) {
	s := open(t, nil)
	done := make(chan string, 100)
	q := queue.New(s, queue.Options{Poll: time.Hour, Workers: 2}, map[string]queue.Handler{"step": func(ctx context.Context, c incident.Claim) error {
		err := s.Done(ctx, c)
		done <- c.Row
		return err
	}})
	stop := start(q)
	for n := range 20 {
		wake(t, s, incident.Wake{Kind: "step", Row: fmt.Sprint(n)})
	}
	seen := map[string]bool{}
	for len(seen) < 20 {
		seen[soon(t, "all rows", done)] = true
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if len(done) > 0 {
		t.Errorf("row %s ran twice", <-done)
	}
}

func TestRunLimitsHandlersOfAKind(t *testing.T) {
	s := open(t, nil)
	var now, most, other atomic.Int64
	began, end := make(chan struct{}, 100), make(chan struct{})
	q := queue.New(s, queue.Options{Poll: 5 * time.Millisecond, Workers: 3}, map[string]queue.Handler{
		"step": func(ctx context.Context, c incident.Claim) error {
			most.Store(max(most.Load(), now.Add(1)))
			began <- struct{}{}
			<-end
			now.Add(-1)
			return s.Done(ctx, c)
		},
		"out": func(ctx context.Context, c incident.Claim) error {
			other.Add(1)
			began <- struct{}{}
			return s.Done(ctx, c)
		}})
	for n := range 10 {
		wake(t, s, incident.Wake{Kind: "step", Row: fmt.Sprint(n)})
	}
	stop := start(q)
	for range 3 {
		soon(t, "three steps to run", began)
	}
	wake(t, s, incident.Wake{Kind: "out", Row: "o1"})
	soon(t, "the other kind to run", began)
	if other.Load() != 1 {
		t.Error("a fourth step ran, or a busy kind holds the other up")
	}
	close(end)
	for range 7 {
		soon(t, "the other steps", began)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := most.Load(); got != 3 {
		t.Errorf("got %d at once, want 3", got)
	}
}

// TestAKindMayHaveMoreWorkers: with one worker for others, two of this kind meet.
func TestAKindMayHaveMoreWorkers(t *testing.T) {
	s := open(t, nil)
	began, end := make(chan struct{}, 2), make(chan struct{})
	q := queue.New(s, queue.Options{Workers: 1, WorkersOf: map[string]int{"out": 2}}, map[string]queue.Handler{
		"out": func(ctx context.Context, c incident.Claim) error {
			began <- struct{}{}
			<-end
			return s.Done(ctx, c)
		}})
	wake(t, s, incident.Wake{Kind: "out", Row: "o1"}, incident.Wake{Kind: "out", Row: "o2"})
	stop := start(q)
	soon(t, "the first", began)
	soon(t, "the second beside it", began)
	close(end)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestALeaseIsKeptWhileTheHandlerRuns: a second queue on the same store finds
// nothing to do for several times the lease.
func TestALeaseIsKeptWhileTheHandlerRuns(t *testing.T) {
	s := open(t, nil)
	const lease = 300 * time.Millisecond
	var runs atomic.Int64
	done := make(chan error, 10)
	handlers := map[string]queue.Handler{"step": func(ctx context.Context, c incident.Claim) error {
		runs.Add(1)
		timer := time.NewTimer(4 * lease)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		err := s.Done(ctx, c)
		done <- err
		return err
	}}
	wake(t, s, incident.Wake{Kind: "step", Row: "s1"})
	o := queue.Options{Poll: 5 * time.Millisecond, Lease: lease}
	stop1, stop2 := start(queue.New(s, o, handlers)), start(queue.New(s, o, handlers))
	if err := soon(t, "the handler to end", done); err != nil {
		t.Errorf("done: %v", err)
	}
	if err := errors.Join(stop1(), stop2()); err != nil {
		t.Error(err)
	}
	if got := runs.Load(); got != 1 {
		t.Errorf("it ran %d times", got)
	}
}

func TestAHandlerHearsThatItsClaimIsLost(t *testing.T) {
	s := open(t, nil)
	began := make(chan struct{})
	cause := make(chan error, 1)
	q := queue.New(s, queue.Options{Poll: time.Hour, Lease: 90 * time.Millisecond}, map[string]queue.Handler{"step": func(ctx context.Context, c incident.Claim) error {
		close(began)
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return ctx.Err()
	}})
	wake(t, s, incident.Wake{Kind: "step", Row: "s1"})
	stop := start(q)
	soon(t, "the handler to begin", began)
	wake(t, s, incident.Wake{Kind: "step", Row: "s1", Cancel: true})
	if err := soon(t, "its context to end", cause); !errors.Is(err, incident.ErrLost) {
		t.Errorf("got cause %v, want ErrLost", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestStopWaitsForHandlersAndThenCutsThemOff(t *testing.T) {
	s := open(t, nil)
	began := make(chan struct{}, 1)
	var finished atomic.Bool
	end := make(chan struct{})
	handlers := map[string]queue.Handler{
		"step": func(ctx context.Context, c incident.Claim) error {
			began <- struct{}{}
			<-end
			finished.Store(true)
			return s.Done(ctx, c)
		},
		"run": func(ctx context.Context, _ incident.Claim) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}}
	q := queue.New(s, queue.Options{Poll: 5 * time.Millisecond}, handlers)
	wake(t, s, incident.Wake{Kind: "step", Row: "s1"})
	stop := start(q)
	soon(t, "the step to begin", began)
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	close(end)
	if err := soon(t, "the stop", stopped); err != nil || !finished.Load() {
		t.Errorf("stop: got %v, handler finished %v", err, finished.Load())
	}

	wake(t, s, incident.Wake{Kind: "run", Row: "r1"})
	stop = start(queue.New(s, queue.Options{Poll: 5 * time.Millisecond, Grace: 50 * time.Millisecond}, handlers))
	soon(t, "the run to begin", began)
	if err := stop(); err != nil {
		t.Errorf("stop with a handler that heeds its context: %v", err)
	}
}

func TestAHandlerThatDoesNotHeedIsNamed(t *testing.T) {
	s := open(t, nil)
	began, end := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{})
	q := queue.New(s, queue.Options{Grace: 20 * time.Millisecond}, map[string]queue.Handler{"run": func(context.Context, incident.Claim) error {
		defer close(ended)
		close(began)
		<-end
		return nil
	}})
	wake(t, s, incident.Wake{Kind: "run", Row: "r1"})
	stop := start(q)
	soon(t, "the run to begin", began)
	if err := stop(); err == nil || !strings.Contains(err.Error(), "still run") {
		t.Errorf("got %v, want that handlers still run", err)
	}
	close(end)
	soon(t, "the handler to end", ended)
}

// TestRunTellsThatItIsAlive: at once and then every so often, not every round.
func TestRunTellsThatItIsAlive(t *testing.T) {
	counted := &counting{Source: open(t, nil), rounds: make(chan struct{}, 1)}
	stop := start(queue.New(counted, queue.Options{Poll: time.Millisecond, Alive: time.Hour}, map[string]queue.Handler{"step": nil}))
	for range 5 {
		soon(t, "a round", counted.rounds)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := counted.alive.Load(); got != 1 {
		t.Errorf("alive was recorded %d times within an hour, want once", got)
	}
}

// counting is a source that counts.
type counting struct {
	queue.Source
	alive  atomic.Int64
	rounds chan struct{}
}

func (c *counting) Alive(ctx context.Context) error {
	c.alive.Add(1)
	return c.Source.Alive(ctx)
}

func (c *counting) Claim(ctx context.Context, kinds []string, limit int, lease time.Duration) ([]incident.Claim, error) {
	select {
	case c.rounds <- struct{}{}:
	default:
	}
	return c.Source.Claim(ctx, kinds, limit, lease)
}

// TestRunSurvivesStorage: while nothing can be claimed the loop goes on, and
// works when it can.
func TestRunSurvivesStorage(t *testing.T) {
	s := open(t, nil)
	flaky := &flaky{Source: s}
	flaky.down.Store(true)
	ran := make(chan struct{}, 1)
	q := queue.New(flaky, queue.Options{Poll: time.Millisecond}, map[string]queue.Handler{"step": func(ctx context.Context, c incident.Claim) error {
		ran <- struct{}{}
		return s.Done(ctx, c)
	}})
	wake(t, s, incident.Wake{Kind: "step", Row: "s1"})
	flaky.failed = make(chan struct{}, 1)
	stop := start(q)
	for range 3 {
		soon(t, "a failure", flaky.failed)
	}
	flaky.down.Store(false)
	soon(t, "the handler", ran)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

type flaky struct {
	queue.Source
	down   atomic.Bool
	failed chan struct{}
}

func (f *flaky) Claim(ctx context.Context, kinds []string, limit int, lease time.Duration) ([]incident.Claim, error) {
	if !f.down.Load() {
		return f.Source.Claim(ctx, kinds, limit, lease)
	}
	select {
	case f.failed <- struct{}{}:
	default:
	}
	return nil, errors.New("disk full")
}
