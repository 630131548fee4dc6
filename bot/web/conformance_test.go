package web

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/chattest"
)

// wall keeps what the room accepted, as the outbox does.
type wall struct {
	chat.Platform
	mu   sync.Mutex
	rows []*row
}

type row struct {
	room   string
	thread chat.Ref
	ref    chat.Ref
	m      chat.Message
}

func (w *wall) OpenThread(ctx context.Context, r chat.OpenRequest) (chat.Ref, error) {
	ref, err := w.Platform.OpenThread(ctx, r)
	return w.keep(ref, err, r.Room, ref, r.Message)
}

func (w *wall) Post(ctx context.Context, p chat.Place, m chat.Message) (chat.Ref, error) {
	ref, err := w.Platform.Post(ctx, p, m)
	return w.keep(ref, err, p.Room, p.Thread, m)
}

func (w *wall) Edit(ctx context.Context, ref chat.Ref, m chat.Message) error {
	_, err := w.keep(ref, w.Platform.Edit(ctx, ref, m), "", "", m)
	return err
}

func (w *wall) keep(ref chat.Ref, err error, room string, thread chat.Ref, m chat.Message) (chat.Ref, error) {
	if err != nil {
		return ref, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.rows {
		if r.ref == ref {
			r.m = m
			return ref, nil
		}
	}
	w.rows = append(w.rows, &row{room: room, thread: thread, ref: ref, m: m})
	return ref, nil
}

func (w *wall) seen(want func(*row) bool) []chattest.Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []chattest.Seen
	for _, r := range w.rows {
		if !want(r) {
			continue
		}
		raw, _ := json.Marshal(r.m) // as the page gets it
		var m chat.Message
		_ = json.Unmarshal(raw, &m)
		s := chattest.Seen{Text: m.Text, Silent: m.Silent}
		for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
			s.Buttons = append(s.Buttons, b.Label)
		}
		out = append(out, s)
	}
	return out
}

// TestConformance holds the war room against the promises of the chat port.
func TestConformance(t *testing.T) {
	chattest.Run(t, func(t *testing.T) *chattest.World {
		room, err := Platform.New(chat.Start{})
		if err != nil {
			t.Fatal(err)
		}
		w := &wall{Platform: room}
		return &chattest.World{Platform: w, Handler: &chattest.Handler{},
			Thread: func(card chat.Ref) []chattest.Seen { return w.seen(func(r *row) bool { return r.thread == card }) },
			Room: func(name string) []chattest.Seen {
				return w.seen(func(r *row) bool { return r.room == name && r.thread == "" })
			},
		}
	})
}
