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
// answers ends, with ErrLost as its cause, when the row is somebody else's or
// could not be renewed for as long as the lease lasts: from then on a second
// worker may be at it (PROMISES rule 7).
func (q *Queue) hold(ctx context.Context, c incident.Claim) (held context.Context, release func()) {
	held, lose := context.WithCancelCause(ctx)
	stop := make(chan struct{})
	var keeper sync.WaitGroup
	keeper.Go(func() {
		tick := time.NewTicker(q.opts.Lease / 3)
		defer tick.Stop()
		renewed := time.Now()
		for {
			select {
			case <-stop:
				return
			case <-held.Done():
				return
			case <-tick.C:
			}
			began := time.Now()
			err := q.source.Renew(held, c, q.opts.Lease)
			if err == nil {
				renewed = began
				continue
			}
			if errors.Is(err, incident.ErrLost) && isStopped(stop) {
				return // the handler finished the row just now
			}
			if errors.Is(err, incident.ErrLost) || time.Since(renewed) >= q.opts.Lease {
				lose(incident.ErrLost)
				return
			}
		}
	})
	return held, func() {
		close(stop)
		keeper.Wait()
		lose(nil)
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
