package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"mayday/internal/incident"
)

// hold keeps the lease of a row while its handler runs. The context that it
// answers ends, with ErrLost as its cause, when the row is somebody else's or the
// lease is over: from then on a second worker may be at it (PROMISES rule 7). A
// lease counts from when it was asked for, since nobody knows when within the
// answer's time the store began to count; here it is over first.
func (q *Queue) hold(ctx context.Context, c incident.Claim, asked time.Time) (held context.Context, release func()) {
	held, lose := context.WithCancelCause(ctx)
	lost := func() { lose(incident.ErrLost) }
	// Beside the renewals and not among them: one that hangs must not keep a
	// handler going.
	end := time.AfterFunc(time.Until(asked.Add(q.opts.Lease)), lost)
	stop := make(chan struct{})
	var keeper sync.WaitGroup
	keeper.Go(func() {
		for q.dueAgain(held, stop, asked) {
			began := time.Now()
			err := q.source.Renew(held, c, q.opts.Lease)
			switch {
			case isStopped(stop): // the handler finished the row meanwhile
				return
			case err == nil:
				end.Reset(time.Until(began.Add(q.opts.Lease)))
			case errors.Is(err, incident.ErrLost):
				lost()
				return
			}
			asked = began
		}
	})
	return held, func() {
		close(stop)
		end.Stop()
		keeper.Wait()
		lose(nil)
	}
}

// dueAgain waits until a third of a lease after the last time that it was asked
// for, and reports whether it is to be asked for again.
func (q *Queue) dueAgain(held context.Context, stop <-chan struct{}, asked time.Time) bool {
	timer := time.NewTimer(time.Until(asked.Add(q.opts.Lease / 3)))
	defer timer.Stop()
	select {
	case <-stop:
		return false
	case <-held.Done():
		return false
	case <-timer.C:
		return true
	}
}

func isStopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// call runs the handler. A panic is an error like any other: one bad row must
// not take the loop down.
func (q *Queue) call(ctx context.Context, c incident.Claim) (err error) {
	defer func() {
		if p := recover(); p != nil {
			q.opts.Log.ErrorContext(ctx, "handler panicked", "kind", c.Kind, "row", c.Row, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("handle %s %s: panic: %v", c.Kind, c.Row, p)
		}
	}()
	return q.handlers[c.Kind](ctx, c)
}

// Bounds of the pause after a failure.
const (
	pauseFirst = 250 * time.Millisecond
	pauseMost  = time.Minute
)

// pauseAfter grows with every try, with jitter so that rows that failed together
// do not come back together. A failure that says when to come back is obeyed to
// the letter.
func pauseAfter(err error, tries int) time.Duration {
	var told interface{ RetryAfter() time.Duration }
	if errors.As(err, &told) && told.RetryAfter() > 0 {
		return told.RetryAfter()
	}
	pause := pauseMost
	if tries < 9 { // 250 ms * 2^8 is more than a minute
		pause = min(pauseMost, pauseFirst<<max(tries-1, 0))
	}
	return pause/2 + rand.N(pause/2+1)
}
