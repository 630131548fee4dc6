package chat

import (
	"context"
	"sync"
	"time"
)

// lastWords is how long what is under way may go on after the end was called.
const lastWords = 3 * time.Second

// Hall is where interactions wait for Run, which owns every goroutine that
// answers one.
type Hall struct {
	jobs chan Job
}

// Job answers one interaction.
type Job func(ctx context.Context, h Handler)

// NewHall makes an empty one.
func NewHall() Hall { return Hall{jobs: make(chan Job)} }

// Give hands a job to Run; false when nobody takes it before ctx ends.
func (w Hall) Give(ctx context.Context, j Job) bool {
	select {
	case w.jobs <- j:
		return true
	case <-ctx.Done():
		return false
	}
}

// Work takes jobs until ctx ends and comes back when the last is done.
func (w Hall) Work(ctx context.Context, h Handler) {
	within, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		select {
		case j := <-w.jobs:
			all.Go(func() { j(within, h) })
		case <-ctx.Done():
			timer := time.AfterFunc(lastWords, stop)
			defer timer.Stop()
			all.Wait()
			return
		}
	}
}
