package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

const lane1 = Platform + "|operations|INC-1"

func reply(key string) incident.Out {
	return incident.Out{Key: key, Place: incident.Place{Room: incident.RoomOperations, Thread: "INC-1"}, Kind: "note", Priority: incident.PriorityEdit}
}

// rows answers what a lane still has to send.
func rows(t testing.TB, s Store, lane string) []incident.OutRow {
	t.Helper()
	all, err := s.Lane(t.Context(), lane)
	must(t, "lane", err)
	return all
}

func keys(all []incident.OutRow) []string {
	var out []string
	for _, r := range all {
		out = append(out, r.Key)
	}
	return out
}

// sendAll sends everything in a lane, as the sender does.
func sendAll(t testing.TB, s Store, lane string) {
	t.Helper()
	c := claim(t, s, incident.WakeOut, lane)
	for _, r := range rows(t, s, lane) {
		must(t, "rendered", s.Rendered(t.Context(), c, r, []byte("body of "+r.Key), nil))
		must(t, "sent", s.Sent(t.Context(), c, r, "ref:"+r.Key))
	}
	must(t, "done", s.Done(t.Context(), c))
}

func testLane(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	open(t, s, "P1")
	do(t, s, incident.Target{Number: 1}, sending(reply("a"), reply("b"), reply("a")))
	do(t, s, incident.Target{Number: 1}, sending(reply("b")))
	all := rows(t, s, lane1)
	want := []string{"INC-1:card", "INC-1:opener", "a", "b"}
	if diff := cmp.Diff(want, keys(all)); diff != "" {
		t.Fatalf("lane (-want +got):\n%s", diff)
	}
	if n, oldest, err := s.Depth(ctx); err != nil || n != 4 || !oldest.Equal(c.Now()) {
		t.Errorf("depth: got %d since %s, %v, want 4 since now", n, oldest, err)
	}
	if root, refused, err := s.Root(ctx, Platform, 1); err != nil || root != "" || refused {
		t.Errorf("root before it stands: got %q, %v", root, err)
	}
	held := claim(t, s, incident.WakeOut, lane1)
	must(t, "rendered", s.Rendered(ctx, held, all[0], []byte("card"), []incident.Button{{ID: "b1", Verb: "own"}}))
	again := rows(t, s, lane1)[0]
	if string(again.Rendered) != "card" || again.RendRev != again.Wanted || again.Ref != "" || again.Edit {
		t.Errorf("a retry finds %+v, want the same bytes", again)
	}
	must(t, "sent", s.Sent(ctx, held, again, "ref1"))
	if b, err := s.Button(ctx, "b1"); err != nil || b.Verb != "own" {
		t.Errorf("button of the rendering: got %v, %v", b, err)
	}
	if root, _, err := s.Root(ctx, Platform, 1); err != nil || root != "ref1" {
		t.Errorf("root: got %q, %v, want ref1", root, err)
	}
	if diff := cmp.Diff(want[1:], keys(rows(t, s, lane1))); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	must(t, "done", s.Done(ctx, held))
}

func testEdit(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	open(t, s, "P1")
	sendAll(t, s, lane1)
	edit := reply("INC-1:opener")
	edit.Edit = true
	unknown := reply("nobody")
	unknown.Edit = true
	c.Advance(time.Minute)
	do(t, s, incident.Target{Number: 1}, sending(edit, unknown))
	held := claim(t, s, incident.WakeOut, lane1)
	all := rows(t, s, lane1)
	if len(all) != 1 || all[0].Key != edit.Key || !all[0].Edit || all[0].Ref != "ref:INC-1:opener" || all[0].RendRev == all[0].Wanted {
		t.Fatalf("got %+v, want the opener to be rendered again", all)
	}
	must(t, "rendered", s.Rendered(ctx, held, all[0], []byte("second"), nil))
	do(t, s, incident.Target{Number: 1}, sending(edit)) // while the second rendering is on its way
	must(t, "sent", s.Sent(ctx, held, all[0], all[0].Ref))
	all = rows(t, s, lane1)
	if len(all) != 1 || all[0].RendRev == all[0].Wanted || all[0].SentRev != all[0].RendRev {
		t.Fatalf("got %+v, want a third rendering", all)
	}
	must(t, "done", s.Done(ctx, held))
	held = claim(t, s, incident.WakeOut, lane1) // because it was woken while it was held
	must(t, "rendered", s.Rendered(ctx, held, all[0], []byte("third"), nil))
	must(t, "sent", s.Sent(ctx, held, all[0], all[0].Ref))
	posted, err := s.Posted(ctx, Platform, incident.RoomOperations, "INC-1")
	must(t, "posted", err)
	if len(posted) != 2 || string(posted[1].Body) != "third" || posted[1].EditedAt.Sub(posted[1].SentAt) != time.Minute || !posted[0].EditedAt.IsZero() {
		t.Errorf("got %+v, want the third rendering, edited a minute after it was sent", posted)
	}
}

func testDelete(t *testing.T, s Store, _ *Clock) {
	open(t, s, "P1")
	sendAll(t, s, lane1)
	gone := reply("INC-1:opener")
	gone.Edit, gone.Delete = true, true
	do(t, s, incident.Target{Number: 1}, sending(gone))
	all := rows(t, s, lane1)
	if len(all) != 1 || !all[0].Delete {
		t.Fatalf("got %+v, want a message to take back", all)
	}
	held := claim(t, s, incident.WakeOut, lane1)
	must(t, "sent", s.Sent(t.Context(), held, all[0], ""))
	must(t, "done", s.Done(t.Context(), held))
	do(t, s, incident.Target{Number: 1}, sending(gone, reply("INC-1:opener")))
	if left := rows(t, s, lane1); len(left) > 0 {
		t.Errorf("a message that is gone comes back: %+v", left)
	}
	posted, err := s.Posted(t.Context(), Platform, incident.RoomOperations, "INC-1")
	must(t, "posted", err)
	if len(posted) != 1 || posted[0].Kind != "card" {
		t.Errorf("got %+v, want the card alone", posted)
	}
}

func testQuarantine(t *testing.T, s Store, _ *Clock) {
	open(t, s, "P1")
	do(t, s, incident.Target{Number: 1}, sending(reply("a")))
	held := claim(t, s, incident.WakeOut, lane1)
	opener := rows(t, s, lane1)[1]
	must(t, "refused", s.Refused(t.Context(), held, opener, "too long", false))
	opener = rows(t, s, lane1)[1]
	if opener.Tries != 1 || !opener.Plain {
		t.Errorf("got %+v, want one try and plain text next", opener)
	}
	must(t, "refused", s.Refused(t.Context(), held, opener, "too long", true))
	if diff := cmp.Diff([]string{"INC-1:card", "a"}, keys(rows(t, s, lane1))); diff != "" {
		t.Errorf("the lane goes on (-want +got):\n%s", diff)
	}
}

func testPosted(t *testing.T, s Store, _ *Clock) {
	open(t, s, "P1")
	status := incident.Out{Key: "INC-1:update:9", Place: incident.Place{Room: incident.RoomStatus, Thread: "INC-1"}, Kind: "update"}
	do(t, s, incident.Target{Number: 1}, sending(reply("a"), status))
	for _, c := range claimAll(t, s, incident.WakeOut) {
		must(t, "later", s.Later(t.Context(), c, 0))
	}
	claims := claimAll(t, s, incident.WakeOut)
	if len(claims) != 2 {
		t.Fatalf("got lanes %v, want two", claims)
	}
	for _, c := range claims {
		for _, r := range rows(t, s, c.Row) {
			must(t, "rendered", s.Rendered(t.Context(), c, r, []byte("x"), nil))
			must(t, "sent", s.Sent(t.Context(), c, r, "ref:"+r.Key))
		}
	}
	for _, c := range []struct {
		room, thread string
		want         []string
	}{
		{incident.RoomOperations, "", []string{"INC-1:card"}},
		{incident.RoomOperations, "INC-1", []string{"INC-1:card", "INC-1:opener", "a"}},
		{incident.RoomStatus, "", []string{"INC-1:update:9"}},
		{incident.RoomStatus, "INC-1", []string{"INC-1:update:9"}},
		{incident.RoomStatus, "INC-2", nil},
	} {
		posted, err := s.Posted(t.Context(), Platform, c.room, c.thread)
		must(t, "posted", err)
		var got []string
		for _, p := range posted {
			got = append(got, p.Key)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", c.room, c.thread, diff)
		}
	}
}

func testMirror(t *testing.T, s Store, _ *Clock) {
	open(t, s, "P1")
	call := incident.Out{Key: "INC-1:acknowledge:P1:4", Platform: "pager", Place: incident.Place{Room: incident.RoomSource, Thread: "INC-1"}, Kind: "acknowledge"}
	do(t, s, incident.Target{Number: 1}, sending(call, call))
	got := rows(t, s, "pager|source|INC-1")
	if len(got) != 1 || got[0].Platform != "pager" || got[0].Incident != 1 {
		t.Errorf("got %+v, want the call, once", got)
	}
}

func testButtons(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	first := incident.Button{ID: "b1", Incident: 1, Message: "INC-1:card", Verb: "own", Arg: []byte(`{"x":1}`), Person: "web:ana", At: c.Now()}
	must(t, "keep", s.KeepButtons(ctx, []incident.Button{first, {ID: "b2", Verb: "help", At: c.Now()}}))
	changed := first
	changed.Verb = "resolve"
	must(t, "keep again", s.KeepButtons(ctx, []incident.Button{changed}))
	got, err := s.Button(ctx, "b1")
	must(t, "button", err)
	if diff := cmp.Diff(first, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if bare, err := s.Button(ctx, "b2"); err != nil || bare.Arg != nil {
		t.Errorf("button without an argument: got %+v, %v", bare, err)
	}
	if _, err := s.Button(ctx, "b3"); !fault.HasCode(err, "E4") || !fault.Is(err, fault.Gone) {
		t.Errorf("unknown button: got %v, want E4", err)
	}
}
