package queue_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mayday/internal/incident"
	"mayday/internal/queue"
	"mayday/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is set by tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// open opens a store; with a nil clock it has the machine's.
func open(t *testing.T, c *clock) *store.Store {
	t.Helper()
	o := store.Options{Dir: t.TempDir(), Platforms: []string{"web"}}
	if c != nil {
		o.Clock = c.Now
	}
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func wake(t *testing.T, s *store.Store, wakes ...incident.Wake) {
	t.Helper()
	_, err := s.Do(context.Background(), incident.Target{}, func(v incident.View) (incident.Change, error) {
		for n := range wakes {
			if wakes[n].Due.IsZero() {
				wakes[n].Due = v.Now
			}
		}
		return incident.Change{Wakes: wakes}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, q *queue.Queue) {
	t.Helper()
	if err := q.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// start runs a queue until stop is called, which answers what Run did.
func start(q *queue.Queue) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// soon waits for a signal that has to come.
func soon[T any](t *testing.T, what string, signal <-chan T) T {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	select {
	case v := <-signal:
		return v
	case <-timer.C:
		t.Fatalf("waited 20 s for: %s", what)
		return *new(T)
	}
}
