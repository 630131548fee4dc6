package slack

import (
	"context"
	"strings"
	"testing"

	"mayday/bot/chat"
	practice "mayday/internal/practice/slack"
)

func TestAMention(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		root := w.open("INC-42:card")
		seen, err := w.s.Mention(t.Context(), practice.Ana, practice.Operations, ts(root), "update all is <well>, says @Li")
		says(t, "the mention", seen, err, "heard")
		in := w.hands.last(t)
		if in.Text != "update all is <well>, says @li" || in.Thread != root || in.User.ID != practice.Ana || in.ID == "" {
			t.Errorf("it arrived as %+v", in)
		}
		if len(seen.Ephemerals) != 1 || seen.Ephemerals[0].ThreadTS != ts(root) {
			t.Errorf("the answer stands elsewhere: %+v", seen)
		}
		w.hands.will(withForm)
		seen, err = w.s.Mention(t.Context(), practice.Ana, practice.Operations, ts(root), "update")
		says(t, "a mention that needs a form", seen, err, "Status update for INC-42.")
		seen, err = w.s.PressSeen(t.Context(), practice.Ana, "Post update")
		if err != nil || seen.View == nil || len(seen.View.Inputs()) != 5 {
			t.Errorf("the button of the form: %+v, %v", seen, err)
		}
		if in := w.hands.last(t); in.Button != "submit-1" || in.Thread != root {
			t.Errorf("it arrived as %+v", in)
		}
	})
}

func TestAMentionIsAnsweredAloudWhenItMust(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	w.s.Play(practice.Fault{Kind: practice.Error, Method: "chat.postEphemeral", Error: "user_not_in_channel", Count: 1})
	if _, err := w.s.Mention(t.Context(), practice.Ana, practice.Operations, ts(root), "note x"); err != nil {
		t.Fatal(err)
	}
	w.await("the answer", func() bool { return len(w.thread(root)) == 3 })
	if got := w.thread(root); got[2] != "heard" {
		t.Errorf("the thread reads %q", got)
	}
}

func TestHome(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		w.hands.will(func(_ context.Context, in chat.Interaction) (chat.Message, error) {
			m := say("2 open incidents")
			m.Buttons = buttons("Open an incident")
			return m, nil
		})
		seen, err := w.s.OpenHome(t.Context(), practice.Ana)
		if err != nil || seen.Home == nil || !strings.Contains(seen.Home.Plain(), "2 open incidents") || len(seen.Home.Buttons()) != 1 {
			t.Fatalf("%+v, %v", seen, err)
		}
		if in := w.hands.last(t); in.Text != "help" || in.User.ID != practice.Ana {
			t.Errorf("it arrived as %+v", in)
		}
		w.hands.will(withForm)
		seen, err = w.s.PressHome(t.Context(), practice.Ana, "Open an incident")
		if err != nil || seen.View == nil || len(seen.View.Inputs()) != 5 {
			t.Errorf("%+v, %v", seen, err)
		}
	})
}

func TestShortcuts(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		root := w.open("INC-42:card")
		said, err := w.s.Say(practice.Li, practice.Operations, ts(root), "the *db* of @Ana fails over & <more>")
		if err != nil {
			t.Fatal(err)
		}
		seen, err := w.s.MessageShortcut(t.Context(), practice.Ana, "note", practice.Operations, said)
		says(t, "the message shortcut", seen, err, "heard")
		in := w.hands.last(t)
		if in.Text != "note" || in.Quote != "the *db* of @ana fails over & <more>" || in.Thread != root || seen.View == nil {
			t.Errorf("it arrived as %+v", in)
		}
		w.hands.will(withForm)
		seen, err = w.s.Shortcut(t.Context(), practice.Ana, "open")
		if err != nil || seen.View == nil || len(seen.View.Inputs()) != 5 {
			t.Errorf("%+v, %v", seen, err)
		}
		if in := w.hands.last(t); in.Text != "open" || in.Thread != "" {
			t.Errorf("it arrived as %+v", in)
		}
	})
}

// TestAnEventComesAgainAfterAShutdown: what was not handled when the bot goes is
// not acknowledged.
func TestAnEventComesAgainAfterAShutdown(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	w.hands.will(func(ctx context.Context, _ chat.Interaction) (chat.Message, error) {
		<-ctx.Done()
		return chat.Message{}, ctx.Err()
	})
	done := make(chan error, 1)
	go func() {
		_, err := w.s.Mention(t.Context(), practice.Ana, practice.Operations, ts(root), "note x")
		done <- err
	}()
	w.await("it is under way", func() bool { return w.hands.count() == 1 })
	w.stop()
	if err := <-done; err == nil {
		t.Error("it was acknowledged, and nobody knows of it")
	}
}
