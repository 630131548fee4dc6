package slack

import (
	"context"
	"strings"
	"time"

	"mayday/bot/chat"
)

// handleFor is the longest that an answer is waited for; a response_url lives half
// an hour.
const handleFor = 5 * time.Minute

// talk is one interaction on its way to an answer that is seen.
type talk struct {
	p  *platform
	h  chat.Handler
	in chat.Interaction
	// team and shown are what the delivery says about the person; text and quoted
	// are what was written, with its marks.
	team, shown, text, quoted string

	trigger  string // opens a window, once and soon
	response string // an address for answers that only this person sees
	channel  string
	thread   string // ts
	where    memo
	shot     *shot // a window that can be replaced

	ownSight bool // what was pressed is a message that only this person sees
	windows  bool // answers belong into a window
	asks     bool // refusals and questions do
	aloud    bool // an answer may be posted for all where nothing else works
	retry    bool // it was delivered before
	inAck    bool // an answer may go with the acknowledgement

	patience time.Duration // before something is shown meanwhile
	ack      func(answer any)
}

// shot is a window on somebody's screen.
type shot struct{ id, hash string }

// answer asks the handler and shows what it says. When that takes long something
// is shown before.
func (t *talk) answer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, handleFor)
	defer cancel()
	m := t.await(ctx, t.patience, func() {
		t.take(nil)
		t.wait(ctx)
	})
	t.show(ctx, m)
}

// await asks the handler, and does something meanwhile when it takes long.
func (t *talk) await(ctx context.Context, patience time.Duration, meanwhile func()) chat.Message {
	done := make(chan chat.Message, 1)
	go func() { done <- t.ask(ctx) }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case m := <-done:
		return spoken(m)
	case <-timer.C:
		meanwhile()
		return spoken(<-done)
	}
}

// take acknowledges a delivery that was not acknowledged yet.
func (t *talk) take(answer any) {
	if t.ack != nil {
		t.ack(answer)
		t.ack = nil
	}
}

// ask puts it to the handler. An error becomes words.
func (t *talk) ask(ctx context.Context) chat.Message {
	in := t.in
	in.Platform, in.At = name, t.p.now()
	in.User = t.p.people.who(ctx, in.User.ID, t.team, t.shown)
	if t.text != "" {
		in.Text = t.p.heard(ctx, t.text)
	}
	if t.quoted != "" {
		in.Quote = t.p.heard(ctx, t.quoted)
	}
	in.Room = t.p.rooms.room(t.channel)
	m, err := t.h.Handle(ctx, in)
	if err != nil {
		t.p.log.Info("interaction refused", "err", err)
		return chat.Refusal(err)
	}
	return m
}

// wait shows that it will take a while.
func (t *talk) wait(ctx context.Context) {
	if t.shot == nil && t.trigger == "" {
		return
	}
	t.window(ctx, loading(t.where))
}

// show finds the best place for an answer; where one does not work the next is
// taken, so that something is seen.
func (t *talk) show(ctx context.Context, m chat.Message) {
	form := m.Form != nil && len(m.Form.Fields) > 0
	if t.ack != nil && t.inAck && !form && t.shot == nil {
		if b := t.p.painter().whispered(m); b.fits() {
			t.take(b)
			return
		}
	}
	t.take(nil)
	if t.retry && m.Code == codeTwice {
		return // what came of it was said when it came first
	}
	switch {
	case form:
		if t.window(ctx, t.p.painter().form(m, t.where)) {
			return
		}
		m = instead(m)
	case t.shot != nil, t.windows, t.asks && (refuses(m) || len(m.Buttons)+len(m.More) > 0):
		if t.window(ctx, t.p.painter().answer(m, t.where)) {
			return
		}
	}
	t.whisper(ctx, m)
}

// codeTwice is the refusal of a second delivery.
const codeTwice = "E22"

// refuses reports an answer that says that nothing was done.
func refuses(m chat.Message) bool { return m.Code != "" || m.Kind == "error" }

// spoken makes sure that an answer says something, and says what its picture
// shows: in an answer there are only words.
func spoken(m chat.Message) chat.Message {
	if m.Image != nil && len(m.Image.Data) > 0 && !strings.Contains(m.Text, m.Image.Alt) {
		if len(m.Lines) == 0 {
			m.Lines = []chat.Line{chat.L(m.Text)}
		}
		m.Lines = append(m.Lines[:len(m.Lines):len(m.Lines)], chat.L(m.Image.Alt))
	}
	if m.Text != "" || len(m.Lines) > 0 {
		return m
	}
	switch {
	case m.Form != nil && m.Form.Note != "":
		m.Text = m.Form.Title + ": " + m.Form.Note
	case m.Form != nil:
		m.Text = m.Form.Title
	default:
		m.Text = "✓"
	}
	return m
}

// instead is a form that cannot be opened now: pressing its button, which brings
// a fresh trigger, asks for it again.
func instead(m chat.Message) chat.Message {
	label := m.Form.Label
	if label == "" {
		label = m.Form.Title
	}
	m.Buttons = []chat.Button{{ID: m.Form.Submit, Label: chat.Clamp(label, chat.Shared.Label), Verb: "form", Style: chat.Primary}}
	m.More, m.Form = nil, nil
	return m
}
