package discord

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	practice "mayday/internal/practice/discord"
)

// try opens the card and thread of an incident.
func (w *world) try(incident string) (chat.Ref, error) {
	w.t.Helper()
	return w.p.OpenThread(w.t.Context(), chat.OpenRequest{Room: "operations", Incident: incident, Title: incident + " checkout errors", Message: card(incident + ":root")})
}

func (w *world) mustTry(incident string) chat.Ref {
	w.t.Helper()
	r, err := w.try(incident)
	if err != nil {
		w.t.Fatalf("open %s: %v", incident, err)
	}
	return r
}

// again is the process that follows: it knows nothing but the rows.
func (w *world) again() {
	w.t.Helper()
	after, err := newPlatform(w.p.start)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(after.api.client.CloseIdleConnections)
	w.p = after
}

// at is the message that stands at r, in the room of the cards.
func (w *world) at(r chat.Ref) practice.Message {
	w.t.Helper()
	channel, message, err := parseRef(r)
	if err != nil {
		w.t.Fatal(err)
	}
	m, ok := w.d.Message(channel, message)
	if !ok || channel != practice.Operations {
		w.t.Fatalf("%s does not stand in #operations", r)
	}
	return m
}

func approval(key string) chat.Message {
	return chat.Message{Key: key, Kind: "approval", Tone: chat.ToneAsk,
		Lines:   []chat.Line{chat.L("a second person needed"), chat.L("roll checkout back")},
		Buttons: []chat.Button{{ID: key + "-yes", Label: "Approve and run", Verb: "approve", Style: chat.Primary}}}.Finish()
}

// A server with all the active threads that it may have: the card stands and says
// what to do, and the incident goes on in the room, in a later process as well.
func TestNoRoomForAnotherThread(t *testing.T) {
	w := build(t, options{options: practice.Options{Threads: 1}})
	first := w.mustTry("INC-41")
	second := w.mustTry("INC-42")
	stands := w.at(second)
	if !strings.Contains(stands.Plain(), "checkout: errors 12%") || !strings.Contains(stands.Plain(), "Archive old ones") || stands.ThreadID != "" {
		t.Errorf("the card: %+v", stands)
	}
	opener := w.mustPost(second, note("INC-42:opener", "An alert on checkout."))
	w.again()
	asks := w.mustPost(second, approval("INC-42:step:1"))
	for what, r := range map[string]chat.Ref{"An alert on checkout.": opener, "a second person needed": asks} {
		if m := w.at(r); !strings.Contains(m.Plain(), what) || m.Answers != stands.ID {
			t.Errorf("want %q as an answer to the card, got %+v", what, m)
		}
	}
	done := approval("INC-42:step:1")
	done.Lines, done.Buttons = []chat.Line{chat.L("rolled back")}, nil
	if err := w.p.Edit(t.Context(), asks, done.Finish()); err != nil || !strings.Contains(w.at(asks).Plain(), "rolled back") {
		t.Errorf("the approval is not edited: %v", err)
	}
	changed := card("INC-42:root")
	changed.Lines[2] = chat.L("owner: Ana")
	if err := w.p.Edit(t.Context(), second, changed.Finish()); err != nil {
		t.Fatal(err)
	}
	if m := w.at(second); !strings.Contains(m.Plain(), "owner: Ana") || !strings.Contains(m.Plain(), "Archive old ones") {
		t.Errorf("the edited card: %+v", m)
	}
	if n := calls(w, http.MethodPost, "/threads"); n != 2 {
		t.Errorf("a thread was asked for %d times, want once for each card", n)
	}
	w.mustPost(first, note("INC-41:note:1", "the older one has its thread"))
	if err := w.d.ArchiveThread(w.thread(first)); err != nil {
		t.Fatal(err)
	}
	if r := w.mustTry("INC-43"); alone(r) != "" || w.at(r).ThreadID == "" {
		t.Errorf("after an old one was archived: got %s, want a thread", r)
	}
	w.noBreach()
}

// What stays refused is given up, what may pass or is somebody else's trouble is
// not.
func TestWhichRefusalsOfAThreadAreLasting(t *testing.T) {
	failing := func(status, code int) practice.Fault {
		return practice.Fault{Kind: practice.Failing, Route: "/threads", Status: status, Code: code, Count: -1}
	}
	for name, c := range map[string]struct {
		fault practice.Fault
		says  string // below the card; "" when it is not given up
		calls int
		kind  chat.FailureKind
	}{
		"full":            {failing(400, codeTooManyThreads), "Archive old ones", 1, ""},
		"full, as a 429":  {failing(429, codeTooManyThreads), "Archive old ones", 1, ""},
		"no permission":   {failing(403, codeMissingPermit), "Create Public Threads", 1, ""},
		"any title":       {failing(400, 50035), "Discord refused to open one", 2, ""},
		"another refusal": {failing(405, 0), "Discord refused to open one", 1, ""},
		"not let in":      {failing(403, codeMissingAccess), "", 1, chat.Lost},
		"no card":         {failing(404, codeUnknownMessage), "", 1, chat.Uncertain},
		"no channel":      {failing(404, codeUnknownChannel), "", 1, chat.Lost},
		"limited":         {practice.Fault{Kind: practice.Limited, Route: "/threads", RetryAfter: 1, Count: -1}, "", 1, chat.Uncertain},
		"broken":          {failing(500, 0), "", 1, chat.Uncertain},
		"shut out":        {practice.Fault{Kind: practice.BanPage, Route: "/threads", Count: -1}, "", 1, chat.Uncertain},
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, options{})
			w.d.Play(c.fault)
			r, err := w.try("INC-42")
			if n := calls(w, http.MethodPost, "/threads"); n != c.calls {
				t.Errorf("asked %d times, want %d", n, c.calls)
			}
			if c.says == "" {
				if f := kind(t, err); f.Kind != c.kind {
					t.Errorf("got %+v, want %s", f, c.kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m := w.at(r); !strings.Contains(m.Plain(), c.says) {
				t.Errorf("the card does not say %q: %s", c.says, m.Plain())
			}
			w.at(w.mustPost(r, note("INC-42:opener", "An alert on checkout.")))
		})
	}
}

// The footer comes with the next edit when Discord cannot take it at once.
func TestACardSaysLaterThatItStandsAlone(t *testing.T) {
	w := build(t, options{options: practice.Options{Threads: 1}})
	w.mustTry("INC-41")
	w.d.Play(practice.Fault{Kind: practice.Failing, Route: "PATCH /channels/{channel_id}/messages"})
	r := w.mustTry("INC-42")
	if err := w.p.Edit(t.Context(), r, card("INC-42:root")); err != nil || !strings.Contains(w.at(r).Plain(), "Archive old ones") {
		t.Errorf("got %v and %q", err, w.at(r).Plain())
	}
}

// A thread that was archived cannot come back to a full server: it is gone, so
// that the card is sent anew and stands alone.
func TestAnArchivedThreadThatCannotComeBack(t *testing.T) {
	w := build(t, options{options: practice.Options{Threads: 1}})
	old := w.mustTry("INC-41")
	n := w.mustPost(old, note("INC-41:note:1", "before"))
	if err := w.d.ArchiveThread(w.thread(old)); err != nil {
		t.Fatal(err)
	}
	w.mustTry("INC-42")
	for what, err := range map[string]error{
		"post": second(w.post(old, note("INC-41:note:2", "after"))),
		"edit": w.p.Edit(t.Context(), n, note("INC-41:note:1", "changed")),
	} {
		if f := kind(t, err); f.Kind != chat.Lost || f.What != chat.LostThread {
			t.Errorf("%s: got %+v, want a lost thread", what, f)
		}
	}
	w.clock.move(time.Hour)
	anew := w.mustTry("INC-41")
	if alone(anew) != aloneFull || w.at(anew).ID == w.thread(old) {
		t.Errorf("got %s, want another card", anew)
	}
	w.at(w.mustPost(anew, note("INC-41:note:2", "after")))
}

func TestAnAnswerThatMayNotSayWhatItAnswers(t *testing.T) {
	w := build(t, options{options: practice.Options{Threads: 1}})
	w.mustTry("INC-41")
	r := w.mustTry("INC-42")
	if err := w.d.Deny(practice.Operations, practice.ReadMessageHistory); err != nil {
		t.Fatal(err)
	}
	if m := w.at(w.mustPost(r, note("INC-42:note:1", "it stands all the same"))); m.Answers != "" {
		t.Errorf("got %+v", m)
	}
}

// Two incidents in one room say the same: the words of one are not taken for
// those of the other whose answer was lost.
func TestTheSameWordsOfTwoIncidentsInOneRoom(t *testing.T) {
	w := build(t, options{options: practice.Options{Threads: 1}})
	w.mustTry("INC-41")
	a, b := w.mustTry("INC-42"), w.mustTry("INC-43")
	one := w.mustPost(a, note("INC-42:opener", "An alert on checkout."))
	m := note("INC-43:opener", "An alert on checkout.")
	m.Tried = w.clock.now()
	w.clock.move(30 * time.Minute)
	first := w.mustPost(b, m)
	if first == one {
		t.Fatal("the other incident's words were taken for its own")
	}
	w.clock.move(30 * time.Minute)
	if again := w.mustPost(b, m); again != first {
		t.Errorf("got %s, want %s, which stands", again, first)
	}
}

// What is capped in the room has its panel there.
func TestCappedInTheRoom(t *testing.T) {
	w := build(t, options{options: practice.Options{Threads: 1}})
	w.mustTry("INC-41")
	r := w.mustTry("INC-42")
	step := w.mustPost(r, note("INC-42:step:1", "running"))
	w.clock.move(2 * time.Hour)
	w.d.Play(practice.Fault{Kind: practice.Failing, Route: "PATCH /channels/{channel_id}/messages", Status: 429, Code: codeEditsCapped, Count: 2})
	before := len(w.d.Messages(practice.Operations))
	changed := card("INC-42:root")
	changed.Lines[3] = chat.L("update due 16:00")
	for range 2 {
		if err := w.p.Edit(t.Context(), step, note("INC-42:step:1", "nobody knows whether it worked")); err != nil {
			t.Fatal(err)
		}
		if err := w.p.Edit(t.Context(), r, changed.Finish()); err != nil {
			t.Fatal(err)
		}
	}
	panels := w.d.Messages(practice.Operations)[before:]
	if len(panels) != 2 || !strings.Contains(panels[0].Plain(), "nobody knows") || !strings.Contains(panels[1].Plain(), "16:00") {
		t.Errorf("want two panels, got %d: %+v", len(panels), panels)
	}
}
