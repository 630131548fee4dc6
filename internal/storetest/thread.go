package storetest

import (
	"testing"
	"time"

	"mayday/internal/incident"
)

// testTried: a first send that was begun may stand until somebody says more, and
// an edit never may.
func testTried(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	open(t, s, "P1")
	held := claim(t, s, incident.WakeOut, lane1)
	card := rows(t, s, lane1)[0]
	if !card.Tried.IsZero() {
		t.Errorf("before the first try: got %s", card.Tried)
	}
	began := c.Now()
	must(t, "rendered", s.Rendered(ctx, held, card, []byte("card"), nil))
	c.Advance(time.Minute)
	must(t, "rendered again", s.Rendered(ctx, held, card, []byte("card"), nil))
	if got := rows(t, s, lane1)[0].Tried; !got.Equal(began) {
		t.Errorf("after two tries: got %s, want %s", got, began)
	}
	must(t, "not sent", s.NotSent(ctx, held, card))
	if got := rows(t, s, lane1)[0].Tried; !got.IsZero() {
		t.Errorf("after a send that did not happen: got %s", got)
	}
	must(t, "rendered", s.Rendered(ctx, held, card, []byte("card"), nil))
	must(t, "sent", s.Sent(ctx, held, card, "ref1"))
	edit := incident.Out{Key: "INC-1:card", Place: incident.Place{Room: incident.RoomOperations}, Kind: incident.KindCard, Edit: true}
	do(t, s, incident.Target{Number: 1}, sending(edit))
	card = rows(t, s, lane1)[0]
	must(t, "rendered", s.Rendered(ctx, held, card, []byte("card 2"), nil))
	if got := rows(t, s, lane1)[0].Tried; !got.IsZero() {
		t.Errorf("an edit: got %s, want nothing in doubt", got)
	}
}

// testAnew: a thread that is gone is opened once more, before what waits for it.
func testAnew(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	open(t, s, "P1")
	sendAll(t, s, lane1)
	if n, err := s.ByRef(ctx, Platform, "ref:INC-1:card"); err != nil || n != 1 {
		t.Errorf("whose thread: got %d, %v, want 1", n, err)
	}
	if n, err := s.ByRef(ctx, Platform, "ref:INC-1:opener"); err != nil || n != 0 {
		t.Errorf("a reply is no thread: got %d, %v", n, err)
	}
	do(t, s, incident.Target{Number: 1}, sending(reply("a")))
	held := claim(t, s, incident.WakeOut, lane1)
	if done, err := s.Anew(ctx, held, Platform, 1); err != nil || done {
		t.Errorf("a moment after it was opened: got %t, %v, want false", done, err)
	}
	c.Advance(2 * time.Minute)
	held = claim(t, s, incident.WakeOut, lane1)
	if done, err := s.Anew(ctx, held, Platform, 1); err != nil || !done {
		t.Fatalf("anew: got %t, %v", done, err)
	}
	if got := keys(rows(t, s, lane1)); len(got) != 2 || got[0] != "INC-1:card" || got[1] != "a" {
		t.Errorf("waiting: got %v, want the card, then a", got)
	}
	if root, _, err := s.Root(ctx, Platform, 1); err != nil || root != "" {
		t.Errorf("root: got %q, %v, want none", root, err)
	}
}

func testOnce(t *testing.T, s Store, _ *Clock) {
	for _, c := range []struct {
		name string
		want bool
	}{{"a", true}, {"a", false}, {"b", true}, {"a", false}} {
		if first, err := s.Once(t.Context(), c.name); err != nil || first != c.want {
			t.Errorf("%s: got %t, %v, want %t", c.name, first, err, c.want)
		}
	}
	must(t, "forget", s.Forget(t.Context(), "a"))
	if first, err := s.Once(t.Context(), "a"); err != nil || !first {
		t.Errorf("after it was forgotten: got %t, %v, want true", first, err)
	}
}

// testRepost: a message that somebody deleted is sent once more, as it is now, and
// not again and again.
func testRepost(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	open(t, s, "P1")
	do(t, s, incident.Target{Number: 1}, sending(reply("a")))
	sendAll(t, s, lane1)
	edit := reply("a")
	edit.Edit = true
	do(t, s, incident.Target{Number: 1}, sending(edit))
	held := claim(t, s, incident.WakeOut, lane1)
	row := rows(t, s, lane1)[0]
	if done, err := s.Repost(ctx, held, row); err != nil || done {
		t.Errorf("a moment after it was sent: got %t, %v, want false", done, err)
	}
	c.Advance(2 * time.Minute)
	held = claim(t, s, incident.WakeOut, lane1)
	if done, err := s.Repost(ctx, held, row); err != nil || !done {
		t.Fatalf("repost: got %t, %v", done, err)
	}
	again := rows(t, s, lane1)
	if len(again) != 1 || again[0].Key != "a" || again[0].Ref != "" || again[0].Edit || !again[0].Tried.IsZero() {
		t.Errorf("got %+v, want it to be sent like a new one", again)
	}
	if done, err := s.Repost(ctx, held, row); err != nil || done {
		t.Errorf("what was not sent yet: got %t, %v, want false", done, err)
	}
}
