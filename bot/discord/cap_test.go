package discord

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/bot/chat"
	practice "mayday/internal/practice/discord"
)

func TestCappedEdits(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	thread := w.thread(r)
	w.clock.move(2 * time.Hour)
	w.d.Play(practice.Fault{Kind: practice.Failing, Route: "PATCH /channels/{channel_id}/messages", Status: 429, Code: codeEditsCapped, Message: "Maximum number of edits to messages older than 1 hour reached. Try again later"})
	tick := func(clock string, tone chat.Tone) chat.Message {
		m := card("INC-42:root")
		m.Tone, m.Lines[3] = tone, chat.L(clock)
		return m.Finish()
	}
	for _, at := range []string{"update due 15:00", "update due 15:30", "update due 16:00"} {
		if err := w.p.Edit(t.Context(), r, tick(at, chat.ToneSEV2)); err != nil {
			t.Fatal(err)
		}
	}
	all := w.d.Messages(thread)
	if len(all) != 1 || !all[0].Silent() || all[0].Edits != 2 || !strings.Contains(string(all[0].Embeds), "16:00") || !strings.Contains(string(all[0].Embeds), "Live card") {
		t.Fatalf("want one silent live panel, edited twice: %+v", all)
	}
	root := func() practice.Message { m, _ := w.d.Message(practice.Operations, thread); return m }
	if root().Edits != 0 {
		t.Errorf("the card was edited %d times", root().Edits)
	}
	w.clock.move(cappedRest)
	if err := w.p.Edit(t.Context(), r, tick("resolved", chat.ToneOK)); err != nil {
		t.Fatal(err)
	}
	if root().Edits != 1 {
		t.Errorf("a change of state is worth an edit of the card itself: %d", root().Edits)
	}
	if err := w.d.DeleteMessage(thread, all[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := w.p.Edit(t.Context(), r, tick("update due 17:00", chat.ToneOK)); err != nil {
		t.Fatal(err)
	}
	if n := len(w.d.Messages(thread)); n != 1 {
		t.Errorf("a panel that was deleted is posted again: %d", n)
	}
}

func TestAnOldCardThatChangesOften(t *testing.T) {
	w := build(t, options{options: practice.Options{Faster: 1}})
	r := w.open("INC-42:root")
	w.clock.move(2 * time.Hour)
	last := ""
	for n := range 8 {
		m := card("INC-42:root")
		last = "tick " + string(rune('a'+n))
		m.Lines[3] = chat.L(last)
		if err := w.p.Edit(t.Context(), r, m.Finish()); err != nil {
			t.Fatalf("edit %d: %v", n, err)
		}
		w.clock.move(2 * time.Minute)
	}
	panels := w.d.Messages(w.thread(r))
	if len(panels) != 1 || !strings.Contains(string(panels[0].Embeds), last) {
		t.Errorf("want one panel with the newest words, got %d: %+v", len(panels), panels)
	}
}

func TestArchivedThread(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	n := w.mustPost(r, note("n", "before"))
	if err := w.d.ArchiveThread(w.thread(r)); err != nil {
		t.Fatal(err)
	}
	if err := w.p.Edit(t.Context(), n, note("n", "after")); err != nil {
		t.Fatal(err)
	}
	if m, _ := w.d.Message(w.thread(r), w.thread(n)); m.Content != "after" {
		t.Errorf("got %q", m.Content)
	}
	if err := w.d.ArchiveThread(w.thread(r)); err != nil {
		t.Fatal(err)
	}
	w.mustPost(r, note("n2", "posting wakes it"))
}

func TestLanesInAStorm(t *testing.T) {
	t.Parallel()
	const stormy = 12
	w := build(t, options{options: practice.Options{Faster: 1}})
	r := w.open("INC-42:root")
	var all sync.WaitGroup
	for n := range stormy {
		all.Go(func() {
			m := note("n"+string(rune('a'+n)), "hello")
			m.Weight = chat.Weight{Priority: n % 4}
			for {
				_, err := w.post(r, m)
				var f *chat.Failure
				if err == nil || !errors.As(err, &f) {
					break
				}
				if f.Kind != chat.Limited || !pause(t.Context(), f.After) {
					t.Errorf("got %v", err)
					break
				}
			}
		})
	}
	all.Wait()
	if n := len(w.d.Messages(w.thread(r))); n != stormy {
		t.Errorf("%d messages of %d", n, stormy)
	}
	if n := w.d.Invalid(); n > 2 {
		t.Errorf("%d answers 429: the limits were not learnt", n)
	}
}
