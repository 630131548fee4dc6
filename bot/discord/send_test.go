package discord

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	practice "mayday/internal/practice/discord"
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
	root, _ := w.d.Message(practice.Operations, w.thread(r))
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
	if first != second || len(w.d.Messages(practice.Operations)) != 1 {
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
	evil := chat.Message{Key: "evil", Kind: "note", Lines: []chat.Line{chat.L(chat.Call(chat.Mention{Name: "Ana", IDs: map[string]string{name: practice.Ana}}),
		" @everyone @here <@"+practice.Li+"> <@&"+practice.RoleSRE+">")}}.Finish()
	ref := w.mustPost(r, evil)
	m, _ := w.d.Message(w.thread(r), w.thread(ref))
	if got := m.Pinged(); len(got) != 1 || got[0] != "Ana" {
		t.Errorf("phones rang of %v, want Ana's", got)
	}
}

func TestLostReplies(t *testing.T) {
	for _, fault := range []practice.FaultKind{practice.LoseReply, practice.Malformed} {
		for _, late := range []time.Duration{0, 30 * time.Minute} {
			t.Run(string(fault)+" "+late.String(), func(t *testing.T) {
				w := build(t, options{})
				r := w.open("INC-42:root")
				m := note("INC-42:note:1", "database fails over")
				w.d.Play(practice.Fault{Kind: fault, Route: "POST /channels/{channel_id}/messages"})
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

func count(all []practice.Message, content string) int {
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
		fault := practice.Fault{Kind: practice.LoseReply, Route: "POST /channels/{channel_id}/messages"}
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
		if cards := w.d.Messages(practice.Operations); count(cards, cards[0].Content) != 1 || len(w.d.Threads()) != 1 || w.d.Threads()[0].ID != w.thread(r) {
			t.Errorf("after %s: %d messages, threads %v, ref %s", late, len(cards), w.d.Threads(), r)
		}
		after.api.client.CloseIdleConnections()
		w.d.Close()
	}
}

func TestACardWithoutItsThreadIsFinished(t *testing.T) {
	w := build(t, options{})
	open := chat.OpenRequest{Room: "operations", Incident: "INC-42", Title: "INC-42", Message: card("INC-42:root")}
	w.d.Play(practice.Fault{Kind: practice.Limited, Route: "/threads", RetryAfter: 0.05})
	_, err := w.p.OpenThread(t.Context(), open)
	if f := kind(t, err); f.Kind != chat.Uncertain || f.After <= 0 {
		t.Fatalf("got %+v, want uncertain and a time", f)
	}
	w.clock.move(time.Hour / 2) // the nonce is forgotten, the process is not
	w.open("INC-42:root")
	if n := len(w.d.Messages(practice.Operations)); n != 1 {
		t.Errorf("the channel has %d messages", n)
	}
}

func TestFailures(t *testing.T) {
	const post = "POST /channels/{channel_id}/messages"
	for name, c := range map[string]struct {
		fault practice.Fault
		want  chat.FailureKind
		after time.Duration
	}{
		"429":         {practice.Fault{Kind: practice.Limited, Route: post, RetryAfter: 2}, chat.Limited, 2 * time.Second},
		"429 global":  {practice.Fault{Kind: practice.Limited, Route: post, RetryAfter: 3, Scope: "global"}, chat.Limited, 3 * time.Second},
		"ban page":    {practice.Fault{Kind: practice.BanPage, Route: post}, chat.Limited, banMost},
		"500":         {practice.Fault{Kind: practice.Failing, Route: post}, chat.Uncertain, 0},
		"502":         {practice.Fault{Kind: practice.Failing, Route: post, Status: 502}, chat.Uncertain, 0},
		"dropped":     {practice.Fault{Kind: practice.Drop, Route: post}, chat.Uncertain, 0},
		"too long":    {practice.Fault{Kind: practice.Failing, Route: post, Status: 400, Code: 50035, Message: "Invalid Form Body"}, chat.Rejected, 0},
		"empty":       {practice.Fault{Kind: practice.Failing, Route: post, Status: 400, Code: 50006, Message: "Cannot send an empty message"}, chat.Rejected, 0},
		"not there":   {practice.Fault{Kind: practice.Failing, Route: post, Status: 403, Code: 50001, Message: "Missing Access"}, chat.Lost, 0},
		"no such one": {practice.Fault{Kind: practice.Failing, Route: post, Status: 404, Code: 10003, Message: "Unknown Channel"}, chat.Lost, 0},
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
	w.d.Play(practice.Fault{Kind: practice.Hang})
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
	if err := w.d.Deny(practice.Status, practice.SendMessages); err != nil {
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
	if err := w.d.DeleteChannel(practice.Operations); err != nil {
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

func TestWhatStandsGetsTheNewestWords(t *testing.T) {
	for _, late := range []time.Duration{0, 30 * time.Minute} {
		w := build(t, options{})
		open := chat.OpenRequest{Room: "operations", Incident: "INC-42", Title: "INC-42", Message: card("INC-42:root")}
		w.d.Play(practice.Fault{Kind: practice.LoseReply, Route: "POST /channels/{channel_id}/messages"})
		if _, err := w.p.OpenThread(t.Context(), open); err == nil {
			t.Fatal("the answer was lost")
		}
		open.Message.Tried = w.clock.now()
		w.clock.move(late)
		open.Message.Lines[1] = chat.L("Users: nobody can pay.")
		open.Message.Buttons = open.Message.Buttons[1:]
		r, err := w.p.OpenThread(t.Context(), open)
		if err != nil {
			t.Fatal(err)
		}
		all := w.d.Messages(practice.Operations)
		if len(all) != 1 || all[0].ID != w.thread(r) || !strings.Contains(string(all[0].Embeds), "nobody can pay") {
			t.Errorf("after %s: got %d messages, %s", late, len(all), all[0].Embeds)
		}
	}
}
