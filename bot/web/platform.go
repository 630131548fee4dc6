package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"mayday/bot/chat"
)

// Name is the war room's word in configuration and outbox rows.
const Name = "web"

// Platform is the war room as a chat adapter.
var Platform = chat.Adapter{
	Name:   Name,
	Title:  "the war room",
	Limits: chat.Shared,
	Always: true,
	New:    func(chat.Start) (chat.Platform, error) { return &Room{}, nil },
	Render: func(m chat.Message) (json.RawMessage, error) { return json.Marshal(m) },
}

// Room is the war room as a place to post to. The message that stands is the row
// itself, so sending it means to accept it: the ref is its key, and a repeat
// changes nothing.
type Room struct{}

var _ chat.Platform = (*Room)(nil)

// Name is the word in outbox rows.
func (*Room) Name() string { return Name }

// Run waits: presses come in over HTTP, which has a server of its own.
func (*Room) Run(ctx context.Context, _ chat.Handler) error {
	<-ctx.Done()
	return nil
}

// OpenThread accepts a card.
func (*Room) OpenThread(_ context.Context, r chat.OpenRequest) (chat.Ref, error) {
	return accept(r.Message)
}

// Post accepts a message.
func (*Room) Post(_ context.Context, _ chat.Place, m chat.Message) (chat.Ref, error) {
	return accept(m)
}

// Edit accepts a new rendering.
func (*Room) Edit(_ context.Context, _ chat.Ref, m chat.Message) error {
	_, err := accept(m)
	return err
}

// accept refuses what a page could not show. It is never worth a second try.
func accept(m chat.Message) (chat.Ref, error) {
	if m.Key == "" {
		return "", &chat.Failure{Kind: chat.Rejected, Err: errors.New("a message needs a key")}
	}
	if err := m.Check(); err != nil {
		return "", &chat.Failure{Kind: chat.Rejected, Err: err}
	}
	if _, err := json.Marshal(m); err != nil {
		return "", &chat.Failure{Kind: chat.Rejected, Err: fmt.Errorf("write message: %w", err)}
	}
	return chat.Ref(m.Key), nil
}
