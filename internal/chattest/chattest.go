// Package chattest is the conformance suite of the chat port: every platform
// passes it, over every transport that it has. It knows no vendor; a World is a
// platform together with the hands that tests have in it.
package chattest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/bot/chat"
)

// World is a platform that runs, and what a test can do at its vendor. Funcs
// that are nil are things that this platform has not.
type World struct {
	Platform chat.Platform
	Handler  *Handler // what the platform hands interactions to

	// Thread answers what stands in the thread of a card, the card first; Room
	// what stands in a room itself.
	Thread func(card chat.Ref) []Seen
	Room   func(room string) []Seen
	// Press presses the newest button with this label as a person with an
	// account, and answers what that person then sees: words, and a form.
	Press func(ctx context.Context, label string) (Answer, error)
	// Fill fills the form that is open and posts it.
	Fill func(ctx context.Context, values map[string]any) (Answer, error)
	// Again delivers the last press once more.
	Again func(ctx context.Context) error
	// Break makes the next call fail in a way, or every call until Mend.
	Break func(how Breakage)
	Mend  func()
	// Breaches are what the vendor complains about.
	Breaches func() []string

	Marks bool   // a repeat cannot be recognised there: it is marked instead
	User  string // the id of the person that presses
}

// Seen is a message as people see it.
type Seen struct {
	Text    string
	Buttons []string // labels, in order, those behind "More..." last
	Pinged  []string // whose phone rings
	Silent  bool
}

// Answer is what somebody sees after a press.
type Answer struct {
	Text   string
	Fields []string // labels of the form that opened
}

// Breakage is a way in which a vendor fails.
type Breakage string

// The ways.
const (
	DropReply Breakage = "takes it and drops the reply" // once
	Limit     Breakage = "limits"                       // once, for a second
	Refuse    Breakage = "refuses connections"          // until Mend
	Fail      Breakage = "answers 500"                  // once
	Garbage   Breakage = "answers a page of HTML"       // once
	CloseRoom Breakage = "closes #status to us"         // until Mend
	Reject    Breakage = "rejects the body"             // once
)

// Handler is the one handler, in the hand of a test.
type Handler struct {
	mu   sync.Mutex
	got  []chat.Interaction
	say  func(chat.Interaction) (chat.Message, error)
	hold chan struct{}
}

// Handle records the interaction and answers what the test wants.
func (h *Handler) Handle(ctx context.Context, in chat.Interaction) (chat.Message, error) {
	h.mu.Lock()
	h.got = append(h.got, in)
	say, hold := h.say, h.hold
	h.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return chat.Message{}, ctx.Err()
		}
	}
	if say == nil {
		return answer("Noted."), nil
	}
	return say(in)
}

// Suggest completes everything with one choice.
func (h *Handler) Suggest(_ context.Context, q chat.Query) ([]chat.Choice, error) {
	return []chat.Choice{{Value: q.Prefix + "-x", Label: q.Command + " " + q.Arg}}, nil
}

// Got answers the interactions so far.
func (h *Handler) Got() []chat.Interaction {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]chat.Interaction(nil), h.got...)
}

// Say sets what is answered from now on.
func (h *Handler) Say(f func(chat.Interaction) (chat.Message, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.say = f
}

// Hold keeps answers back until the returned func is called.
func (h *Handler) Hold() (release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	hold := make(chan struct{})
	h.hold = hold
	return sync.OnceFunc(func() {
		h.mu.Lock()
		h.hold = nil
		h.mu.Unlock()
		close(hold)
	})
}

func answer(words string) chat.Message {
	return chat.Message{Kind: "answer", Key: "answer", Ephemeral: true, Lines: []chat.Line{chat.L(words)}}.Finish()
}

// Run runs the suite over a platform. open makes a fresh World; what it starts
// ends with t.
func Run(t *testing.T, open func(t *testing.T) *World) {
	for name, test := range map[string]func(*testing.T, *World){
		"opens, posts and edits in order":           testOrder,
		"takes a message back":                      testDelete,
		"a key is one message":                      testKey,
		"shows the longest message whole":           testLongest,
		"hostile words are inert":                   testHostile,
		"calls whom it should, and nobody else":     testMentions,
		"a press arrives and is answered":           testPress,
		"a slow desk meets the deadline":            testSlow,
		"a form goes there and back":                testForm,
		"a refusal is read":                         testRefusal,
		"a second delivery is known":                testAgain,
		"an ended context ends the send":            testCancel,
		"a dropped reply is uncertain":              testUncertain,
		"failures are told apart":                   testFailures,
		"a closed room is lost, with what to do":    testLost,
		"a repeat in doubt is recognised or marked": testRepeat,
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			test(t, w)
			if w.Breaches != nil {
				for _, b := range w.Breaches() {
					t.Errorf("the vendor complains: %s", b)
				}
			}
		})
	}
}

// Patience is how long something that goes over a socket may take.
const patience = 10 * time.Second

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(patience)
	defer end.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// settled sends until the platform has room for it: a limit is no failure.
func settled(t *testing.T, send func() error) {
	t.Helper()
	for range 20 {
		err := send()
		var f *chat.Failure
		if errors.As(err, &f) && f.Kind == chat.Limited {
			wait(t, f.After)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("limited twenty times")
}

func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

func card(key, words string, buttons ...chat.Button) chat.Message {
	return chat.Message{Key: key, Kind: "card", Incident: "INC-1", Tone: chat.ToneSEV2, Buttons: buttons,
		Lines: []chat.Line{chat.L(chat.Strong("◆ SEV2"), " ", words), chat.L("Users: paying fails for some.")}}.Finish()
}

func reply(key, words string) chat.Message {
	return chat.Message{Key: key, Kind: "line", Incident: "INC-1", Silent: true, Lines: []chat.Line{chat.L(words)}}.Finish()
}

func button(n int, label string, style chat.Style) chat.Button {
	return chat.Button{ID: strings.Repeat(string(rune('a'+n)), 32), Label: label, Verb: "own", Style: style}
}

// open opens the thread of INC-1.
func (w *World) open(t *testing.T, m chat.Message) chat.Ref {
	t.Helper()
	var ref chat.Ref
	settled(t, func() (err error) {
		ref, err = w.Platform.OpenThread(t.Context(), chat.OpenRequest{Room: "operations", Incident: "INC-1", Title: "INC-1 checkout", Message: m})
		return err
	})
	return ref
}

func (w *World) post(t *testing.T, thread chat.Ref, m chat.Message) chat.Ref {
	t.Helper()
	var ref chat.Ref
	settled(t, func() (err error) {
		ref, err = w.Platform.Post(t.Context(), chat.Place{Room: "operations", Thread: thread, Incident: "INC-1"}, m)
		return err
	})
	return ref
}
