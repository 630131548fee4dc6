package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"sync"
	"time"
)

// The kinds of deliveries, as Socket Mode names them.
const (
	kindCommand = "slash_commands"
	kindAction  = "interactive"
	kindEvent   = "events_api"
)

// delivery is one thing that the bot is told.
type delivery struct {
	what     string // in words
	kind     string
	payload  json.RawMessage // as in an envelope
	body     []byte          // as over HTTP
	user     string
	channel  string
	trigger  string
	mark     int // the sights before it
	retry    int
	repeated bool // by Redeliver
	reason   string
	by       *socket // under sockets.mu

	acked chan struct{}
	took  time.Duration

	mu       sync.Mutex
	done     bool
	answer   json.RawMessage
	failure  string
	troubled bool
	giveUp   bool // the bot asked for no retry
}

// paths of the three request URLs, below the target.
var paths = map[string]string{kindCommand: "/hooks/slack/commands", kindAction: "/hooks/slack/interactions", kindEvent: "/hooks/slack/events"}

// acknowledge ends the wait for an acknowledgement, which may have a payload.
func (dl *delivery) acknowledge(answer json.RawMessage) { dl.end(answer, "") }

// fail ends it without one.
func (dl *delivery) fail(why string) { dl.end(nil, why) }

func (dl *delivery) end(answer json.RawMessage, failure string) {
	dl.mu.Lock()
	defer dl.mu.Unlock()
	if dl.done {
		return
	}
	dl.done, dl.answer, dl.failure = true, answer, failure
	close(dl.acked)
}

func (dl *delivery) setTroubled(on bool) {
	dl.mu.Lock()
	defer dl.mu.Unlock()
	dl.troubled = dl.troubled || on
}

func (dl *delivery) outcome() (answer json.RawMessage, failure string, troubled bool) {
	dl.mu.Lock()
	defer dl.mu.Unlock()
	return dl.answer, dl.failure, dl.troubled
}

// commandDelivery tells of a slash command; over HTTP it is a form.
func commandDelivery(fields object) *delivery {
	form := url.Values{}
	for k, v := range fields {
		form.Set(k, fmt.Sprint(v))
	}
	return &delivery{kind: kindCommand, payload: encode(fields), body: []byte(form.Encode())}
}

// actionDelivery tells of an interaction; over HTTP it is a form with one field.
func actionDelivery(fields object) *delivery {
	raw := encode(fields)
	return &delivery{kind: kindAction, payload: raw, body: []byte(url.Values{"payload": {string(raw)}}.Encode())}
}

// eventDelivery tells of an event; over HTTP it is JSON.
func eventDelivery(fields object) *delivery {
	raw := encode(fields)
	return &delivery{kind: kindEvent, payload: raw, body: raw}
}

// send delivers and waits for the acknowledgement.
func (s *Slack) send(ctx context.Context, dl *delivery) error {
	s.mu.Lock()
	dl.mark, dl.acked = s.mark(), make(chan struct{})
	target, closed := s.target, s.closed
	s.last = dl
	s.mu.Unlock()
	if closed {
		return fmt.Errorf("%s: the practice Slack was closed", dl.what)
	}
	if target == "" && !s.sockets.deliver(dl) {
		return fmt.Errorf("%s: %w: the bot is not connected", dl.what, ErrNotReached)
	}
	began := time.Now()
	if target != "" {
		s.post(ctx, target, dl)
	}
	return s.await(ctx, dl, began)
}

func (s *Slack) await(ctx context.Context, dl *delivery, began time.Time) error {
	late := time.NewTimer(s.o.Deadline)
	defer late.Stop()
	select {
	case <-dl.acked:
		dl.took = time.Since(began)
	case <-late.C:
		_, _, troubled := dl.outcome()
		s.lateTrigger(dl)
		if !troubled {
			s.audit.breach("%s was not acknowledged within %s", dl.what, s.o.Deadline)
		}
		return fmt.Errorf("%s: %w", dl.what, ErrNoAnswer)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", dl.what, ctx.Err())
	case <-s.done:
		return fmt.Errorf("%s: the practice Slack was closed", dl.what)
	}
	if _, failure, _ := dl.outcome(); failure != "" {
		return fmt.Errorf("%s: %w: %s", dl.what, ErrNotReached, failure)
	}
	return nil
}

// lateTrigger excuses the late use of a trigger that went through our trouble.
func (s *Slack) lateTrigger(dl *delivery) {
	_, _, troubled := dl.outcome()
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.triggers[dl.trigger]; t != nil && troubled {
		t.troubled = true
	}
}

// act delivers what a person did, and looks what they see of it.
func (s *Slack) act(ctx context.Context, dl *delivery) (Seen, error) {
	if err := s.send(ctx, dl); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if dl.acked == nil {
			return Seen{}, err
		}
		seen, _, _ := s.gather(dl)
		return seen, err
	}
	answer, _, _ := dl.outcome()
	if err := s.answered(dl, answer); err != nil {
		s.audit.breach("the answer to %s was no good: %v", dl.what, err)
		return Seen{}, fmt.Errorf("%s: %w: %w", dl.what, ErrNotReached, err)
	}
	return s.watch(ctx, dl)
}

// answered shows what an acknowledgement carries: a message, as an answer to a
// command.
func (s *Slack) answered(dl *delivery, answer json.RawMessage) error {
	if dl.kind != kindCommand || len(answer) == 0 || string(answer) == "null" || string(answer) == "{}" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.respond(&responseURL{user: dl.user, channel: dl.channel}, answer)
}
