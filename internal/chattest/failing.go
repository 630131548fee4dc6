package chattest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
)

// kind answers the classification of a failure.
func kind(t *testing.T, err error) *chat.Failure {
	t.Helper()
	var f *chat.Failure
	if err == nil || !errors.As(err, &f) {
		t.Fatalf("got %v, want a classified failure", err)
	}
	return f
}

func testCancel(t *testing.T, w *World) {
	root := w.open(t, card("INC-1:card", "checkout"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	_, err := w.Platform.Post(ctx, chat.Place{Room: "operations", Thread: root}, reply("INC-1:line:2", "too late"))
	if took := time.Since(began); took > time.Second {
		t.Errorf("an ended context was noticed after %s", took)
	}
	if err == nil && w.Break != nil {
		t.Error("it was sent although the context had ended")
	}
}

func (w *World) try(t *testing.T, room string, thread chat.Ref, m chat.Message) (chat.Ref, error) {
	t.Helper()
	for {
		ref, err := w.Platform.Post(t.Context(), chat.Place{Room: room, Thread: thread, Incident: "INC-1"}, m)
		var f *chat.Failure
		if errors.As(err, &f) && f.Kind == chat.Limited && f.After < time.Second {
			wait(t, f.After) // its own budget, not the vendor's word
			continue
		}
		return ref, err
	}
}

func testUncertain(t *testing.T, w *World) {
	if w.Break == nil {
		return
	}
	root := w.open(t, card("INC-1:card", "checkout"))
	w.Break(DropReply)
	_, err := w.try(t, "operations", root, reply("INC-1:line:2", "did it arrive?"))
	if f := kind(t, err); f.Kind != chat.Uncertain {
		t.Errorf("a dropped reply is %s (%v), want uncertain", f.Kind, err)
	}
	if got := w.Thread(root); len(got) != 2 {
		t.Fatalf("the thread reads %q: the vendor took it", texts(got))
	}
}

// testRepeat: the message that may stand is not posted a second time without a
// word (P12).
func testRepeat(t *testing.T, w *World) {
	if w.Break == nil {
		return
	}
	root := w.open(t, card("INC-1:card", "checkout"))
	w.Break(DropReply)
	m := reply("INC-1:line:2", "did it arrive?")
	began := time.Now()
	_, _ = w.try(t, "operations", root, m)
	w.Mend()
	m.Tried = began
	ref, err := w.try(t, "operations", root, m)
	if err != nil || ref == "" {
		t.Fatalf("the repeat: %q, %v", ref, err)
	}
	got := w.Thread(root)
	switch {
	case !w.Marks && len(got) != 2:
		t.Errorf("the thread reads %q, want the message once", texts(got))
	case w.Marks && (len(got) != 3 || !strings.Contains(got[2].Text, "(may repeat)") || strings.Contains(got[1].Text, "(may repeat)")):
		t.Errorf("the thread reads %q, want the repeat marked", texts(got))
	}
	w.post(t, root, reply("INC-1:line:3", "it goes on"))
}

func testFailures(t *testing.T, w *World) {
	if w.Break == nil {
		return
	}
	root := w.open(t, card("INC-1:card", "checkout"))
	for _, c := range []struct {
		how  Breakage
		want []chat.FailureKind
	}{
		{Limit, []chat.FailureKind{chat.Limited}},
		{Refuse, []chat.FailureKind{chat.Down}},
		{Fail, []chat.FailureKind{chat.Uncertain}},
		{Garbage, []chat.FailureKind{chat.Uncertain, chat.Limited, chat.Down}},
		{Reject, []chat.FailureKind{chat.Rejected}},
	} {
		w.Break(c.how)
		m := reply("INC-1:line:"+string(c.how), "words")
		_, err := w.try(t, "operations", root, m)
		f := kind(t, err)
		if c.how == Refuse && f.Kind == chat.Uncertain { // a connection that stood was cut: nobody knows
			_, err = w.try(t, "operations", root, m)
			f = kind(t, err)
		}
		found := false
		for _, k := range c.want {
			found = found || f.Kind == k
		}
		if !found {
			t.Errorf("a vendor that %s is %s (%v), want %v", c.how, f.Kind, err, c.want)
		}
		if f.Kind == chat.Limited && f.After <= 0 {
			t.Errorf("limited, and no word for how long")
		}
		w.Mend()
		if f.Kind == chat.Limited {
			wait(t, f.After)
		}
	}
	w.post(t, root, reply("INC-1:line:9", "well again"))
}

func testLost(t *testing.T, w *World) {
	if w.Break == nil {
		return
	}
	w.open(t, card("INC-1:card", "checkout"))
	w.Break(CloseRoom)
	_, err := w.try(t, "status", "", reply("INC-1:update:2", "a word"))
	f := kind(t, err)
	if f.Kind != chat.Lost || f.What != chat.LostRoom || f.Fix == "" {
		t.Errorf("a closed room is %s of a %s, fix %q (%v)", f.Kind, f.What, f.Fix, err)
	}
	w.Mend()
	if _, err := w.try(t, "status", "", reply("INC-1:update:2", "a word")); err != nil {
		t.Errorf("open again: %v", err)
	}
}
