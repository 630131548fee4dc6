package slack

import (
	"context"
	"errors"
	"time"
)

// retryAfter are the waits before an event is sent again.
var retryAfter = []time.Duration{0, time.Minute, 5 * time.Minute}

// event delivers an event; when it fails, it is sent again in the background as
// the vendor does, the first time at once.
func (s *Slack) event(ctx context.Context, dl *delivery) (Seen, error) {
	seen, err := s.act(ctx, dl)
	if err == nil || ctx.Err() != nil || dl.refused() {
		return seen, err
	}
	again := dl.again(reasonOf(err))
	if first := s.send(ctx, again); first == nil {
		again.mark = dl.mark
		return s.watch(ctx, again)
	}
	s.later(context.WithoutCancel(ctx), again)
	return seen, err
}

func (dl *delivery) refused() bool {
	dl.mu.Lock()
	defer dl.mu.Unlock()
	return dl.giveUp
}

func reasonOf(err error) string {
	if errors.Is(err, ErrNoAnswer) {
		return "http_timeout"
	}
	return "http_error"
}

// later tries the rest of the times.
func (s *Slack) later(ctx context.Context, dl *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.wait.Go(func() {
		for _, wait := range retryAfter[1:] {
			t := time.NewTimer(wait)
			select {
			case <-t.C:
			case <-s.done:
				t.Stop()
				return
			}
			dl = dl.again("http_error")
			if s.send(ctx, dl) == nil || dl.refused() {
				return
			}
		}
	})
}
