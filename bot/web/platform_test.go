package web

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mayday/bot/chat"
)

func TestTheRoomAcceptsWhatAPageCanShow(t *testing.T) {
	p, err := Platform.New(chat.Start{})
	if err != nil || p.Name() != "web" || Platform.Name != "web" {
		t.Fatalf("platform %v, %v", p, err)
	}
	good := chat.Message{Key: "INC-42:card", Text: "card"}
	for range 2 { // a repeat is the same
		ref, err := p.OpenThread(t.Context(), chat.OpenRequest{Message: good})
		if err != nil || ref != "INC-42:card" {
			t.Errorf("open: %s, %v", ref, err)
		}
	}
	if ref, err := p.Post(t.Context(), chat.Place{Room: "status"}, good); err != nil || ref != "INC-42:card" {
		t.Errorf("post: %s, %v", ref, err)
	}
	if err := p.Edit(t.Context(), "INC-42:card", good); err != nil {
		t.Errorf("edit: %v", err)
	}
	for name, m := range map[string]chat.Message{
		"no key":         {Text: "x"},
		"no text":        {Key: "k", Text: " "},
		"too long":       {Key: "k", Text: strings.Repeat("x", chat.Shared.Text+1)},
		"empty button":   {Key: "k", Text: "x", Buttons: []chat.Button{{ID: "b"}}},
		"unwritable":     {Key: "k", Text: "x", Fields: []chat.Field{{Value: func() {}}}},
		"form of no use": {Key: "k", Text: "x", Form: &chat.Form{}},
	} {
		_, err := p.Post(t.Context(), chat.Place{}, m)
		var f *chat.Failure
		if !errors.As(err, &f) || f.Kind != chat.Rejected {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Run(ctx, nil); err != nil {
		t.Errorf("run: %v", err)
	}
}
