package discord

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/bot/chat"
	range_ "mayday/internal/practice/discord"
)

// kind is what a failure means for the outbox.
func kind(t *testing.T, err error) chat.Failure {
	t.Helper()
	var f *chat.Failure
	if err == nil || !errors.As(err, &f) {
		t.Fatalf("got %v, want a failure", err)
	}
	return *f
}

func TestOpenPostEditDelete(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	thread, ok := w.d.Thread(w.thread(r))
	if !ok || thread.Name != "INC-42 checkout errors" || !thread.Public || thread.AutoArchive != 7*24*time.Hour {
		t.Fatalf("thread: got %+v", thread)
	}
	root, _ := w.d.Message(range_.Operations, w.thread(r))
	if !root.Silent() || !strings.Contains(root.Content, "SEV2") || root.Nonce == "" || len(root.Pinged()) != 0 {
		t.Errorf("card: got %+v", root)
	}
	n := w.mustPost(r, note("INC-42:note:1", "database fails over"))
	changed := note("INC-42:note:1", "database is back")
	if err := w.p.Edit(t.Context(), n, changed); err != nil {
		t.Fatal(err)
	}
	if m, _ := w.d.Message(thread.ID, w.thread(n)); m.Content != "database is back" {
		t.Errorf("edited: got %q", m.Content)
	}
	for range 2 {
		if err := w.p.Delete(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := w.d.Message(thread.ID, w.thread(n)); ok {
		t.Error("the message still stands")
	}
	if f := kind(t, w.p.Edit(t.Context(), n, changed)); f.Kind != chat.Lost || f.What != chat.LostMessage {
		t.Errorf("edit of what is gone: got %+v", f)
	}
	w.noBreach()
}

func TestSameKeySameRef(t *testing.T) {
	w := build(t, options{})
	first, second := w.open("INC-42:root"), w.open("INC-42:root")
	if first != second || len(w.d.Messages(range_.Operations)) != 1 {
		t.Errorf("got %s and %s", first, second)
	}
	a, b := w.mustPost(first, note("n", "once")), w.mustPost(first, note("n", "once"))
	if a != b {
		t.Errorf("got %s and %s", a, b)
	}
}

func TestOnlyMentionsPing(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	evil := chat.Message{Key: "evil", Kind: "note", Lines: []chat.Line{chat.L(chat.Call(chat.Mention{Name: "Ana", IDs: map[string]string{name: range_.Ana}}),
		" @everyone @here <@"+range_.Li+"> <@&"+range_.RoleSRE+">")}}.Finish()
	ref := w.mustPost(r, evil)
	m, _ := w.d.Message(w.thread(r), w.thread(ref))
	if got := m.Pinged(); len(got) != 1 || got[0] != "Ana" {
		t.Errorf("phones rang of %v, want Ana's", got)
	}
}

func TestLostReplies(t *testing.T) {
	for _, fault := range []range_.FaultKind{range_.LoseReply, range_.Malformed} {
		for _, late := range []time.Duration{0, 30 * time.Minute} {
			t.Run(string(fault)+" "+late.String(), func(t *testing.T) {
				w := build(t, options{})
				r := w.open("INC-42:root")
				m := note("INC-42:note:1", "database fails over")
				w.d.Play(range_.Fault{Kind: fault, Route: "POST /channels/{channel_id}/messages"})
				_, err := w.post(r, m)
				if f := kind(t, err); f.Kind != chat.Uncertain {
					t.Fatalf("got %+v, want uncertain", f)
				}
				m.Tried = w.clock.now()
				w.clock.move(late)
				w.mustPost(r, m)
				if all := w.d.Messages(w.thread(r)); count(all, "database fails over") != 1 {
					t.Errorf("the thread has %d of them", count(all, "database fails over"))
				}
			})
		}
	}
}

func count(all []range_.Message, content string) int {
	n := 0
	for _, m := range all {
		if m.Content == content {
			n++
		}
	}
	return n
}

func TestUnsentIsSentLater(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	m := note("INC-42:note:1", "database fails over")
	m.Tried = w.clock.now()
	w.clock.move(30 * time.Minute)
	w.mustPost(r, m)
	if all := w.d.Messages(w.thread(r)); count(all, "database fails over") != 1 {
		t.Error("what was never sent must be sent")
	}
}

// A crash between what Discord accepts and what we commit leaves one message: the
// process that follows knows nothing but the row.
func TestACrashLeavesOneMessage(t *testing.T) {
	for n := range 20 {
		late := []time.Duration{0, time.Minute, 3 * time.Minute, time.Hour}[n%4]
		w := build(t, options{})
		m := card("INC-42:root")
		open := chat.OpenRequest{Room: "operations", Incident: "INC-42", Title: "INC-42", Message: m}
		fault := range_.Fault{Kind: range_.LoseReply, Route: "POST /channels/{channel_id}/messages"}
		if n%2 == 1 {
			fault.Route = "threads"
		}
		w.d.Play(fault)
		_, err := w.p.OpenThread(t.Context(), open)
		if f := kind(t, err); f.Kind != chat.Uncertain {
			t.Fatalf("got %+v, want uncertain", f)
		}
		open.Message.Tried = w.clock.now()
		w.clock.move(late)
		after, err := newPlatform(w.p.start)
		if err != nil {
			t.Fatal(err)
		}
		r, err := after.OpenThread(t.Context(), open)
		if err != nil {
			t.Fatalf("after %s: %v", late, err)
		}
		if cards := w.d.Messages(range_.Operations); count(cards, cards[0].Content) != 1 || len(w.d.Threads()) != 1 || w.d.Threads()[0].ID != w.thread(r) {
			t.Errorf("after %s: %d messages, threads %v, ref %s", late, len(cards), w.d.Threads(), r)
		}
		after.api.client.CloseIdleConnections()
		w.d.Close()
	}
}

func TestACardWithoutItsThreadIsFinished(t *testing.T) {
	w := build(t, options{})
	open := chat.OpenRequest{Room: "operations", Incident: "INC-42", Title: "INC-42", Message: card("INC-42:root")}
	w.d.Play(range_.Fault{Kind: range_.Limited, Route: "/threads", RetryAfter: 0.05})
	_, err := w.p.OpenThread(t.Context(), open)
	if f := kind(t, err); f.Kind != chat.Uncertain || f.After <= 0 {
		t.Fatalf("got %+v, want uncertain and a time", f)
	}
	w.clock.move(time.Hour / 2) // the nonce is forgotten, the process is not
	w.open("INC-42:root")
	if n := len(w.d.Messages(range_.Operations)); n != 1 {
		t.Errorf("the channel has %d messages", n)
	}
}

func TestFailures(t *testing.T) {
	const post = "POST /channels/{channel_id}/messages"
	for name, c := range map[string]struct {
		fault range_.Fault
		want  chat.FailureKind
		after time.Duration
	}{
		"429":         {range_.Fault{Kind: range_.Limited, Route: post, RetryAfter: 2}, chat.Limited, 2 * time.Second},
		"429 global":  {range_.Fault{Kind: range_.Limited, Route: post, RetryAfter: 3, Scope: "global"}, chat.Limited, 3 * time.Second},
		"ban page":    {range_.Fault{Kind: range_.BanPage, Route: post}, chat.Limited, banMost},
		"500":         {range_.Fault{Kind: range_.Failing, Route: post}, chat.Uncertain, 0},
		"502":         {range_.Fault{Kind: range_.Failing, Route: post, Status: 502}, chat.Uncertain, 0},
		"dropped":     {range_.Fault{Kind: range_.Drop, Route: post}, chat.Uncertain, 0},
		"too long":    {range_.Fault{Kind: range_.Failing, Route: post, Status: 400, Code: 50035, Message: "Invalid Form Body"}, chat.Rejected, 0},
		"empty":       {range_.Fault{Kind: range_.Failing, Route: post, Status: 400, Code: 50006, Message: "Cannot send an empty message"}, chat.Rejected, 0},
		"not there":   {range_.Fault{Kind: range_.Failing, Route: post, Status: 403, Code: 50001, Message: "Missing Access"}, chat.Lost, 0},
		"no such one": {range_.Fault{Kind: range_.Failing, Route: post, Status: 404, Code: 10003, Message: "Unknown Channel"}, chat.Lost, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, options{})
			w.d.Play(c.fault)
			_, err := w.p.Post(t.Context(), chat.Place{Room: "status"}, note("n", "hello"))
			f := kind(t, err)
			if f.Kind != c.want || f.After.Round(time.Second) != c.after {
				t.Errorf("got %s after %s (%v), want %s after %s", f.Kind, f.After, f.Err, c.want, c.after)
			}
			if f.Kind == chat.Lost && (f.What != chat.LostRoom || f.Fix == "") {
				t.Errorf("got %+v, want a lost room with its fix", f)
			}
			if c.want != chat.Limited {
				return
			}
			if wait := w.p.Pace(chat.Place{Room: "status"}, chat.Weight{}); wait <= 0 {
				t.Error("Pace knows nothing of the limit")
			}
			before := len(w.d.Journal())
			if f := kind(t, second(w.p.Post(t.Context(), chat.Place{Room: "status"}, note("n2", "again")))); f.Kind != chat.Limited || len(w.d.Journal()) != before {
				t.Errorf("it was sent against the limit: %+v", f)
			}
		})
	}
}

func second(_ chat.Ref, err error) error { return err }

func TestNobodyListens(t *testing.T) {
	w := build(t, options{})
	w.d.Close()
	if f := kind(t, second(w.p.Post(t.Context(), chat.Place{Room: "status"}, note("n", "hello")))); f.Kind != chat.Down {
		t.Errorf("got %+v, want down", f)
	}
	if h := w.p.Health(); h.State != "degraded" || h.Text == "" {
		t.Errorf("health: got %+v", h)
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	w := build(t, options{})
	if _, err := w.p.rooms.channel(t.Context(), "status", chat.Weight{}); err != nil {
		t.Fatal(err)
	}
	w.d.Play(range_.Fault{Kind: range_.Hang})
	began := time.Now()
	f := kind(t, second(w.p.Post(t.Context(), chat.Place{Room: "status"}, note("n", "hello"))))
	if took := time.Since(began); f.Kind != chat.Uncertain || took > callTimeout+time.Second {
		t.Errorf("got %+v after %s", f, took)
	}
}

func TestRevokedToken(t *testing.T) {
	w := build(t, options{})
	w.d.RevokeToken()
	for range 5 {
		if f := kind(t, second(w.p.Post(t.Context(), chat.Place{Room: "status"}, note("n", "hello")))); f.Kind == chat.Lost || f.Kind == chat.Rejected {
			t.Errorf("got %+v", f)
		}
	}
	if n := w.d.Invalid(); n != 1 {
		t.Errorf("%d calls with a refused token, want 1", n)
	}
	w.d.RestoreToken()
	w.clock.move(chat.TokenPause + time.Second)
	if _, err := w.p.Post(t.Context(), chat.Place{Room: "status"}, note("n", "hello")); err != nil {
		t.Errorf("a token that is right again needs no restart: %v", err)
	}
	w.noBreach()
}

func TestLostDestinations(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	if err := w.d.Deny(range_.Status, range_.SendMessages); err != nil {
		t.Fatal(err)
	}
	f := kind(t, second(w.p.Post(t.Context(), chat.Place{Room: "status"}, note("n", "hello"))))
	if f.Kind != chat.Lost || f.What != chat.LostRoom || f.Fix != "Give my role View Channel, Send Messages and Embed Links in #status." {
		t.Errorf("no permission: got %+v", f)
	}
	if err := w.d.DeleteThread(w.thread(r)); err != nil {
		t.Fatal(err)
	}
	if f := kind(t, second(w.post(r, note("n", "hello")))); f.Kind != chat.Lost || f.What != chat.LostThread {
		t.Errorf("no thread: got %+v", f)
	}
	if err := w.d.DeleteChannel(range_.Operations); err != nil {
		t.Fatal(err)
	}
	open := chat.OpenRequest{Room: "operations", Incident: "INC-43", Title: "INC-43", Message: card("INC-43:root")}
	for range 2 {
		_, err := w.p.OpenThread(t.Context(), open)
		if f := kind(t, err); f.Kind != chat.Lost || f.What != chat.LostRoom || f.Fix == "" {
			t.Errorf("no channel: got %+v", f)
		}
	}
	w.d.AddChannel("operations")
	if _, err := w.p.OpenThread(t.Context(), open); err != nil {
		t.Errorf("a channel that was made again is found: %v", err)
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

func TestCappedEdits(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	thread := w.thread(r)
	w.clock.move(2 * time.Hour)
	w.d.Play(range_.Fault{Kind: range_.Failing, Route: "PATCH /channels/{channel_id}/messages", Status: 429, Code: codeEditsCapped, Message: "Maximum number of edits to messages older than 1 hour reached. Try again later"})
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
	root := func() range_.Message { m, _ := w.d.Message(range_.Operations, thread); return m }
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

func TestPicture(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	m := note("INC-42:chart", "errors 12.1%")
	m.Image = &chat.Image{Alt: "errors rose", Data: []byte("\x89PNG\r\n\x1a\n")}
	got := w.mustPost(r, m)
	if seen, _ := w.d.Message(w.thread(r), w.thread(got)); len(seen.Files) != 1 || seen.Content != "errors 12.1%" {
		t.Errorf("got %+v", seen)
	}
}

func TestLanesInAStorm(t *testing.T) {
	t.Parallel()
	const stormy = 12
	w := build(t, options{options: range_.Options{Faster: 1}})
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
