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

// A step that ended and the card are both capped: neither takes the other's words
// away, also when the process is another one.
func TestEachCappedMessageHasItsOwnPanel(t *testing.T) {
	w := build(t, options{})
	root := w.open("INC-42:root")
	step := w.mustPost(root, note("INC-42:step:1", "running"))
	w.clock.move(2 * time.Hour)
	say := func(round string) {
		t.Helper()
		if err := w.p.Edit(t.Context(), step, note("INC-42:step:1", "nobody knows whether it worked, "+round)); err != nil {
			t.Fatal(err)
		}
		c := card("INC-42:root")
		c.Lines[3] = chat.L("update due, " + round)
		if err := w.p.Edit(t.Context(), root, c.Finish()); err != nil {
			t.Fatal(err)
		}
		all := w.d.Messages(w.thread(root))[1:]
		if len(all) != 2 || !strings.Contains(all[0].Plain(), "nobody knows whether it worked, "+round) || !strings.Contains(all[1].Plain(), "update due, "+round) {
			t.Fatalf("%s: want a panel of each with its newest words, got %d", round, len(all))
		}
	}
	for _, r := range []chat.Ref{step, root} {
		w.d.Play(practice.Fault{Kind: practice.Failing, Route: "/messages/" + w.thread(r), Status: 429, Code: codeEditsCapped, Count: 2})
	}
	say("first")
	say("second")
	w.again()
	say("third")
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
				if f.Kind == chat.Uncertain {
					continue // as the desk does: the nonce keeps it from standing twice
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
