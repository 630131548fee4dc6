package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"mayday/internal/incident"
)

// Options tune the loop; zero values are the defaults.
type Options struct {
	Log     *slog.Logger
	Poll    time.Duration // 250 ms: how late a row can be noticed
	Lease   time.Duration // 15 s: how long a row of a dead process stays its own
	Workers int           // 8: handlers at once, for each kind
	// WorkersOf are more or fewer for some kinds.
	WorkersOf map[string]int
	Alive     time.Duration // 2 s: how often the loop records that it runs
	Grace     time.Duration // 10 s: how long a stop waits for handlers
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Poll = orElse(o.Poll, 250*time.Millisecond)
	o.Lease = orElse(o.Lease, 15*time.Second)
	o.Workers = orElse(o.Workers, 8)
	o.Alive = orElse(o.Alive, 2*time.Second)
	o.Grace = orElse(o.Grace, 10*time.Second)
	return o
}

func orElse[T int | time.Duration](v, standard T) T {
	if v <= 0 {
		return standard
	}
	return v
}

// Queue claims due rows and hands them to handlers, by kind.
type Queue struct {
	source   Source
	opts     Options
	handlers map[string]Handler
	kinds    []string // sorted
}

// New makes a queue. It does nothing until Run or Drain.
func New(source Source, o Options, handlers map[string]Handler) *Queue {
	return &Queue{source: source, opts: o.withDefaults(), handlers: handlers, kinds: slices.Sorted(maps.Keys(handlers))}
}

// Run works until ctx ends. Then it claims nothing more and waits for the
// handlers that run: they may finish within the grace, after which their context
// ends too. It answers an error only if handlers did not heed that.
func (q *Queue) Run(ctx context.Context) error {
	// Handlers outlive ctx by the grace, so that a stop does not cut an act off.
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	l := &loop{queue: q, free: make(chan struct{}, 1), running: map[string]int{}}
	l.run(ctx, work)
	if l.finished(q.opts.Grace) {
		return nil
	}
	cut()
	if l.finished(q.opts.Grace) {
		return nil
	}
	return fmt.Errorf("stop queue: handlers still run after %s", 2*q.opts.Grace)
}

// loop is one Run.
type loop struct {
	queue    *Queue
	handlers sync.WaitGroup
	free     chan struct{} // a worker became free

	mu      sync.Mutex
	running map[string]int

	alive  time.Time // when that was recorded last
	failed bool      // the last round could not claim; said once
}

func (l *loop) run(ctx, work context.Context) {
	tick := time.NewTicker(l.queue.opts.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		l.recordAlive(ctx)
		l.round(ctx, work)
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-l.queue.source.Changed():
		case <-l.free:
		}
	}
}

// round claims as many rows of each kind as there are workers free for it.
func (l *loop) round(ctx, work context.Context) {
	for _, kind := range l.queue.kinds {
		free := l.room(kind)
		if free == 0 {
			continue
		}
		asked := time.Now()
		claims, err := l.queue.source.Claim(ctx, []string{kind}, free, l.queue.opts.Lease)
		if err != nil {
			l.complain(ctx, err)
			return
		}
		l.failed = false
		for _, c := range claims {
			l.start(work, c, asked)
		}
	}
}

// complain logs the first of a row of failures: the loop polls four times a
// second, and a full disk stays full for a while.
func (l *loop) complain(ctx context.Context, err error) {
	if ctx.Err() != nil || l.failed {
		return
	}
	l.failed = true
	l.queue.opts.Log.ErrorContext(ctx, "claim due rows", "err", err)
}

func (l *loop) room(kind string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	workers := l.queue.opts.Workers
	if own := l.queue.opts.WorkersOf[kind]; own > 0 {
		workers = own
	}
	return workers - l.running[kind]
}

func (l *loop) start(work context.Context, c incident.Claim, asked time.Time) {
	l.mu.Lock()
	l.running[c.Kind]++
	l.mu.Unlock()
	l.handlers.Go(func() {
		l.queue.handle(work, c, asked)
		l.mu.Lock()
		l.running[c.Kind]--
		l.mu.Unlock()
		select {
		case l.free <- struct{}{}:
		default:
		}
	})
}

// recordAlive is what "Mayday was away" is told from.
func (l *loop) recordAlive(ctx context.Context) {
	if !l.alive.IsZero() && time.Since(l.alive) < l.queue.opts.Alive {
		return
	}
	l.alive = time.Now()
	if err := l.queue.source.Alive(ctx); err != nil {
		l.complain(ctx, err)
	}
}

// finished waits for the handlers, up to a limit.
func (l *loop) finished(limit time.Duration) bool {
	done := make(chan struct{})
	go func() {
		l.handlers.Wait()
		close(done)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// Drain runs everything that is due, one row after the other in the order of
// their priority, until nothing is due. Tests with an injected clock use it:
// what a handler puts back is due later and waits for the clock.
func (q *Queue) Drain(ctx context.Context) error {
	for {
		asked := time.Now()
		claims, err := q.source.Claim(ctx, q.kinds, 1, q.opts.Lease)
		if err != nil {
			return fmt.Errorf("drain queue: %w", err)
		}
		if len(claims) == 0 {
			return q.source.Alive(ctx)
		}
		q.handle(ctx, claims[0], asked)
	}
}

// handle runs one row's handler and puts the row back when it errs. The claim
// was asked for at a time that may be over a lease ago: then the row is nobody's
// here, and comes again when the store has noticed the same.
func (q *Queue) handle(ctx context.Context, c incident.Claim, asked time.Time) {
	log := q.opts.Log.With("kind", c.Kind, "row", c.Row, "tries", c.Tries)
	if late := time.Since(asked); late >= q.opts.Lease {
		log.WarnContext(ctx, "claim came too late to be used", "after", late)
		return
	}
	held, release := q.hold(ctx, c, asked)
	err := q.call(held, c)
	release()
	switch {
	case err == nil:
		return
	case errors.Is(err, incident.ErrLost) || errors.Is(context.Cause(held), incident.ErrLost):
		log.WarnContext(ctx, "claim lost, the work is somebody else's", "err", err)
		return
	}
	pause := pauseAfter(err, c.Tries)
	log.WarnContext(ctx, "work failed, it is put back", "err", err, "pause", pause)
	if err := q.source.Later(context.WithoutCancel(ctx), c, pause); err != nil {
		// The lease runs out by itself; nothing is lost but time.
		log.WarnContext(ctx, "put back row", "err", err)
	}
}
