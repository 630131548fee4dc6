package slack

import (
	"context"
	"sync"
	"time"

	"mayday/bot/chat"
)

// lastWords is how long what is under way may go on after the end was called.
const lastWords = 3 * time.Second

// desk is where interactions wait for Run, which owns every goroutine that
// answers one.
type desk struct {
	jobs chan job
}

// job answers one interaction.
type job func(ctx context.Context, h chat.Handler)

func newDesk() desk { return desk{jobs: make(chan job)} }

// give hands a job to Run; false when nobody takes it before ctx ends.
func (d desk) give(ctx context.Context, j job) bool {
	select {
	case d.jobs <- j:
		return true
	case <-ctx.Done():
		return false
	}
}

// work takes jobs until ctx ends and comes back when the last is done.
func (d desk) work(ctx context.Context, h chat.Handler) {
	within, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		select {
		case j := <-d.jobs:
			all.Go(func() { j(within, h) })
		case <-ctx.Done():
			timer := time.AfterFunc(lastWords, stop)
			defer timer.Stop()
			all.Wait()
			return
		}
	}
}
