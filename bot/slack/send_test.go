package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	practice "mayday/internal/practice/slack"
)

// failure answers the classification of an error.
func failure(t *testing.T, err error) *chat.Failure {
	t.Helper()
	var f *chat.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a classified failure", err)
	}
	return f
}

func TestACardItsThreadAndItsPin(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	if pins := w.s.Pins(practice.Operations); len(pins) != 1 || pins[0].TS != ts(root) {
		t.Errorf("pinned %+v", pins)
	}
	w.mustPost(root, note("INC-42:line:1", "a line"))
	all := w.s.Thread(practice.Operations, ts(root))
	if len(all) != 2 || all[1].ThreadTS != ts(root) || all[1].Broadcast {
		t.Errorf("the thread has %+v", all)
	}
	if !strings.Contains(string(all[1].Metadata), `"key":"INC-42:line:1"`) {
		t.Errorf("it is not found again by %s", all[1].Metadata)
	}
	over := card("INC-42:card")
	over.Tone = chat.ToneOK
	for _, c := range []struct {
		m    chat.Message
		want int
	}{{over, 0}, {over, 0}, {card("INC-42:card"), 1}} {
		if err := w.p.Edit(t.Context(), root, c.m); err != nil {
			t.Fatal(err)
		}
		if pins := w.s.Pins(practice.Operations); len(pins) != c.want {
			t.Errorf("tone %q: pinned %+v", c.m.Tone, pins)
		}
	}
	w.noBreach()
}

func TestACardWithoutPins(t *testing.T) {
	w := run(t, options{})
	w.s.DropScope("pins:write")
	w.open("INC-42:card")
	w.open("INC-43:card")
	if n := w.calls("pins.add"); n != 1 {
		t.Errorf("what is not allowed was tried %d times", n)
	}
}

func TestAPicture(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	m := note("INC-42:chart", "errors 12.1%")
	m.Image = &chat.Image{Alt: "errors rose from 0.3% to 12.1%", Data: []byte("\x89PNG pretend")}
	w.mustPost(root, m)
	files := w.s.Files()
	if len(files) != 1 || files[0].ThreadTS != ts(root) || files[0].Channel != practice.Operations || string(files[0].Body) != "\x89PNG pretend" || !strings.Contains(files[0].Title, "errors rose") {
		t.Errorf("shared %+v", files)
	}
	w.noBreach()
	w.s.DropScope("files:write")
	for n := range 2 {
		m.Key = fmt.Sprintf("INC-42:chart:%d", n)
		w.mustPost(root, m)
	}
	if n := w.calls("files.getUploadURLExternal"); n != 2 {
		t.Errorf("pictures were tried %d times", n)
	}
	if got := w.s.Files(); len(got) != 1 {
		t.Errorf("shared %d", len(got))
	}
}

// TestLostDestinations: each is told from the others, with what to do.
func TestLostDestinations(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(*world)
		send func(*world, chat.Ref) error
		what chat.Target
		fix  string
	}{
		"kicked":   {func(w *world) { _ = w.s.Kick(practice.Status) }, status, chat.LostRoom, "Type `/invite @mayday` in #status."},
		"archived": {func(w *world) { _ = w.s.Archive(practice.Status) }, status, chat.LostRoom, "Unarchive #status"},
		"deleted":  {func(w *world) { w.s.RemoveChannel(practice.Status) }, status, chat.LostRoom, "/invite @mayday"},
		"no scope": {func(w *world) { w.s.DropScope("chat:write") }, status, chat.LostRoom, "Scope `chat:write` is missing"},
		"not allowed": {func(w *world) {
			w.s.Play(practice.Fault{Kind: practice.Error, Method: "chat.postMessage", Error: "restricted_action"})
		}, status, chat.LostRoom, "Posting permissions"},
		"the card is gone": {func(w *world) {
			for _, m := range w.s.Messages(practice.Operations) {
				_ = w.s.DeleteMessage(practice.Operations, m.TS)
			}
		}, reply, chat.LostThread, ""},
		"the message is gone": {func(w *world) {
			for _, m := range w.s.Messages(practice.Operations) {
				_ = w.s.DeleteMessage(practice.Operations, m.TS)
			}
		}, edit, chat.LostMessage, ""},
		"too old to edit": {func(w *world) {
			w.s.Play(practice.Fault{Kind: practice.Error, Method: "chat.update", Error: "edit_window_closed"})
		}, edit, chat.LostMessage, ""},
		"no message of ours": {func(*world) {}, func(w *world, _ chat.Ref) error { return w.p.Edit(w.t.Context(), "discord/123", note("k", "x")) }, chat.LostMessage, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := run(t, options{})
			root := w.open("INC-42:card")
			c.act(w)
			f := failure(t, c.send(w, root))
			if f.Kind != chat.Lost || f.What != c.what || !strings.Contains(f.Fix, c.fix) {
				t.Errorf("%s of a %s, fix %q: %v", f.Kind, f.What, f.Fix, f)
			}
		})
	}
}

func status(w *world, _ chat.Ref) error {
	_, err := w.p.Post(w.t.Context(), chat.Place{Room: "status"}, note("INC-42:update:1", "a word"))
	return err
}

func reply(w *world, root chat.Ref) error {
	_, err := w.post(root, note("INC-42:line:1", "a line"))
	return err
}

func edit(w *world, root chat.Ref) error { return w.p.Edit(w.t.Context(), root, card("INC-42:card")) }

func TestARoomThatIsNotThere(t *testing.T) {
	w := build(t, options{})
	w.p.rooms.names["status"] = "#nowhere"
	f := failure(t, status(w, ""))
	if f.Kind != chat.Lost || f.What != chat.LostRoom || f.Fix != "Type `/invite @mayday` in #nowhere." {
		t.Errorf("got %+v", f)
	}
	w.s.AddChannel("C0NOWHERE", "nowhere")
	if err := w.s.Join("C0NOWHERE"); err != nil {
		t.Fatal(err)
	}
	w.p.rooms.forget()
	if err := status(w, ""); err != nil {
		t.Errorf("once it is there: %v", err)
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		fault practice.Fault
		want  chat.FailureKind
	}{
		"bad blocks":     {practice.Fault{Kind: practice.Error, Error: "invalid_blocks"}, chat.Rejected},
		"too long":       {practice.Fault{Kind: practice.Error, Error: "msg_blocks_too_long"}, chat.Rejected},
		"no text":        {practice.Fault{Kind: practice.Error, Error: "no_text"}, chat.Rejected},
		"ratelimited":    {practice.Fault{Kind: practice.Error, Error: "ratelimited"}, chat.Limited},
		"429":            {practice.Fault{Kind: practice.Limited, RetryAfter: 7}, chat.Limited},
		"internal error": {practice.Fault{Kind: practice.Error, Error: "internal_error"}, chat.Uncertain},
		"503":            {practice.Fault{Kind: practice.Failing, Status: 503}, chat.Uncertain},
		"lost reply":     {practice.Fault{Kind: practice.LoseReply}, chat.Uncertain},
		"torn answer":    {practice.Fault{Kind: practice.Malformed}, chat.Uncertain},
		"hang":           {practice.Fault{Kind: practice.Hang}, chat.Uncertain},
		"revoked":        {practice.Fault{Kind: practice.Error, Error: "token_revoked"}, chat.Down},
		"something new":  {practice.Fault{Kind: practice.Error, Error: "team_access_not_granted"}, chat.Down},
	} {
		t.Run(name, func(t *testing.T) {
			w := run(t, options{before: func(p *platform) { p.api.within = 300 * time.Millisecond }})
			root := w.open("INC-42:card")
			c.fault.Method, c.fault.Count = "chat.postMessage", 1
			w.s.Play(c.fault)
			f := failure(t, reply(w, root))
			if f.Kind != c.want {
				t.Errorf("got %s, want %s: %v", f.Kind, c.want, f)
			}
			if f.Kind == chat.Limited && f.After < time.Second {
				t.Errorf("limited for %s", f.After)
			}
		})
	}
}

func TestALimitIsObeyedAndNotAskedAgain(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	w.s.Play(practice.Fault{Kind: practice.Limited, Method: "chat.postMessage", RetryAfter: 30, Count: 1})
	before := w.calls("chat.postMessage")
	for range 5 {
		if f := failure(t, reply(w, root)); f.Kind != chat.Limited || f.After < 29*time.Second {
			t.Errorf("got %+v", f)
		}
	}
	if n := w.calls("chat.postMessage") - before; n != 1 {
		t.Errorf("Slack was asked %d times", n)
	}
	if wait := w.p.Pace(chat.Place{Room: "operations", Thread: root}, chat.Weight{}); wait < 29*time.Second {
		t.Errorf("the next waits %s", wait)
	}
	if err := status(w, ""); err != nil {
		t.Errorf("another channel: %v", err)
	}
	w.clock.move(31 * time.Second)
	if err := reply(w, root); err != nil {
		t.Errorf("when it is over: %v", err)
	}
}

func TestChannelsHaveTheirOwnPace(t *testing.T) {
	w := run(t, options{options: practice.Options{Faster: 1}})
	root := w.open("INC-42:card")
	var f *chat.Failure
	for n := range 10 {
		if _, err := w.post(root, note(fmt.Sprintf("INC-42:line:%d", n), "x")); err != nil {
			f = failure(t, err)
			break
		}
	}
	if f == nil || f.Kind != chat.Limited || f.After <= 0 || f.After > 2*time.Second {
		t.Fatalf("got %+v", f)
	}
	urgent := w.p.Pace(chat.Place{Room: "operations", Thread: root}, chat.Weight{Priority: 0})
	if lazy := w.p.Pace(chat.Place{Room: "operations", Thread: root}, chat.Weight{Priority: 2}); lazy <= urgent {
		t.Errorf("a reminder waits %s, an approval %s", lazy, urgent)
	}
	for _, c := range w.s.Journal() {
		if c.Status == http.StatusTooManyRequests {
			t.Errorf("Slack had to say it: %s", c.Method)
		}
	}
}

func TestARevokedTokenIsLeftAlone(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	w.s.RevokeToken()
	if f := failure(t, reply(w, root)); f.Kind != chat.Down || f.After < chat.TokenPause-time.Second {
		t.Errorf("got %+v", f)
	}
	before := len(w.s.Journal())
	for range 20 {
		_ = reply(w, root)
	}
	if n := len(w.s.Journal()) - before; n != 0 {
		t.Errorf("Slack was asked %d times", n)
	}
	if h := w.p.Health(); h.State != "degraded" || !strings.Contains(h.Text, "bot token") {
		t.Errorf("health %+v", h)
	}
	w.s.RestoreToken()
	w.clock.move(chat.TokenPause + time.Second)
	if err := reply(w, root); err != nil || w.p.Health().State != "ok" {
		t.Errorf("put right: %v, %+v", err, w.p.Health())
	}
}

func TestAnEndedContextEndsASend(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	w.s.Play(practice.Fault{Kind: practice.Hang, Method: "chat.postMessage"})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := w.p.Post(ctx, chat.Place{Room: "operations", Thread: root}, note("k", "x"))
	if took := time.Since(began); failure(t, err).Kind != chat.Uncertain || took > time.Second {
		t.Errorf("%v after %s", err, took)
	}
	if w.p.Health().State != "ok" {
		t.Errorf("it says nothing about Slack: %+v", w.p.Health())
	}
}

// TestAReplyThatSlackPutsIntoTheChannel: where the card is gone Slack may post the
// reply into the channel itself; that is taken back.
func TestAReplyThatSlackPutsIntoTheChannel(t *testing.T) {
	var deleted string
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if strings.HasSuffix(r.URL.Path, "chat.delete") {
			deleted = r.Form.Get("ts")
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "channel": "C0OPS", "ts": "1700000000.000200", "message": map[string]any{"text": "x"}})
	}))
	defer fake.Close()
	w := build(t, options{})
	base := *w.p.own.base
	base.Host = strings.TrimPrefix(fake.URL, "http://")
	w.p.api.base = &base
	f := failure(t, reply(w, "C0OPS/1700000000.000100"))
	if f.Kind != chat.Lost || f.What != chat.LostThread || deleted != "1700000000.000200" {
		t.Errorf("got %+v, deleted %q", f, deleted)
	}
}
