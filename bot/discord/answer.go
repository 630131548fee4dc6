package discord

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

// Kinds of first responses.
const (
	replyPong     = 1
	replyMessage  = 4
	replyDeferred = 5
	replyChoices  = 8
	replyModal    = 9
)

const (
	// lastCall is when a first response must have left, counted from when the
	// interaction arrived: Discord waits three seconds.
	lastCall = 2700 * time.Millisecond
	// handleFor is the longest that an answer is waited for. The interaction's
	// token lives a quarter of an hour.
	handleFor    = 5 * time.Minute
	suggestFor   = 1500 * time.Millisecond
	finishTries  = 4
	finishPause  = time.Second
	finishLonger = 10 * time.Second
)

// reply is a first response.
type reply struct {
	Type int `json:"type"`
	Data any `json:"data,omitempty"`
}

// first sends the first response: over REST, or as the answer to Discord's own
// request.
type first func(ctx context.Context, r reply) error

// serve answers one interaction, whatever the handler does.
func (p *platform) serve(ctx context.Context, h chat.Handler, in interaction, say first) {
	arrived := time.Now()
	if in.Type == discordgo.InteractionApplicationCommandAutocomplete {
		p.suggest(ctx, h, in, say)
		return
	}
	if err := p.admit(in); err != nil {
		p.say(ctx, say, reply{Type: replyMessage, Data: p.painter().answer(chat.Refusal(err))}, arrived)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, handleFor)
	defer cancel()
	done := make(chan chat.Message, 1)
	go func() { done <- p.ask(ctx, h, in) }()
	timer := time.NewTimer(p.pace.answerWithin)
	defer timer.Stop()
	select {
	case m := <-done:
		if m.Image == nil || len(m.Image.Data) == 0 {
			p.say(ctx, say, p.reply(in, m), arrived)
			return
		}
		p.say(ctx, say, deferred(), arrived)
		p.finish(ctx, in, m)
	case <-timer.C:
		p.say(ctx, say, deferred(), arrived)
		p.finish(ctx, in, <-done)
	}
}

// ask puts it to the handler. An error becomes words.
func (p *platform) ask(ctx context.Context, h chat.Handler, in interaction) chat.Message {
	neutral, err := p.understood(ctx, in)
	if err != nil {
		return chat.Refusal(err)
	}
	m, err := h.Handle(ctx, neutral)
	if err != nil {
		p.log.Info("interaction refused", "err", err)
		return chat.Refusal(err)
	}
	return m
}

func deferred() reply {
	return reply{Type: replyDeferred, Data: map[string]int{"flags": flagEphemeral}}
}

// reply is the answer that fits: a window where one may open.
func (p *platform) reply(in interaction, m chat.Message) reply {
	if m.Form != nil && len(m.Form.Fields) > 0 && in.Type != discordgo.InteractionModalSubmit {
		return reply{Type: replyModal, Data: newModal(m.Explained())}
	}
	return reply{Type: replyMessage, Data: p.painter().answer(spoken(m))}
}

// spoken makes sure that an answer says something: a form that cannot open has
// its words.
func spoken(m chat.Message) chat.Message {
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

// say sends the first response, and once more when it may not have arrived and
// there is time.
func (p *platform) say(ctx context.Context, say first, r reply, arrived time.Time) {
	within, cancel := context.WithDeadline(ctx, arrived.Add(lastCall))
	defer cancel()
	for try := 1; ; try++ {
		err := p.sayOnce(within, say, r, try)
		if err == nil || coded(err, codeAlreadyAnswered) {
			return
		}
		t := troubleOf(err)
		if t == nil || t.status >= 400 && t.status < 500 || within.Err() != nil {
			p.log.Warn("interaction not answered", "err", err)
			return
		}
		if !pause(within, 100*time.Millisecond) {
			p.log.Warn("interaction not answered", "err", err)
			return
		}
	}
}

// sayOnce leaves time for a second try.
func (p *platform) sayOnce(ctx context.Context, say first, r reply, try int) error {
	if end, ok := ctx.Deadline(); ok && try == 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(time.Until(end)*2/3, 300*time.Millisecond))
		defer cancel()
	}
	return say(ctx, r)
}

// pause waits; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// callback is the first response over REST.
func (p *platform) callback(in interaction) first {
	return func(ctx context.Context, r reply) error {
		return p.api.do(ctx, call{method: http.MethodPost, url: discordgo.EndpointInteractionResponse(in.ID, in.Token),
			route: "POST interactions/*/callback", in: r, answer: true})
	}
}

// finish replaces the deferred answer. Somebody waits, so it is tried a few times.
func (p *platform) finish(ctx context.Context, in interaction, m chat.Message) {
	b := p.painter().edit(spoken(m))
	c := call{method: http.MethodPatch, url: discordgo.EndpointInteractionResponseActions(in.ApplicationID, in.Token),
		route: "PATCH webhooks/*/messages/@original", answer: true}
	c.setBody(b)
	var err error
	for try := 1; try <= finishTries; try++ {
		if err = p.api.do(ctx, c); err == nil {
			return
		}
		var t *trouble
		if !errors.As(err, &t) || t.status == http.StatusBadRequest || t.status == http.StatusUnauthorized {
			break
		}
		if !pause(ctx, min(max(t.after, time.Duration(try)*finishPause), finishLonger)) {
			break
		}
	}
	p.log.Warn("late answer not delivered", "err", err)
}

// suggest completes an argument. Somebody who may not ask gets no suggestions.
func (p *platform) suggest(ctx context.Context, h chat.Handler, in interaction, say first) {
	arrived := time.Now()
	choices := []choiceOf{}
	if p.admit(in) == nil && len(in.Data.Options) > 0 {
		within, cancel := context.WithTimeout(ctx, suggestFor)
		defer cancel()
		got := make(chan []choiceOf, 1)
		go func() { got <- p.choices(within, h, in) }()
		select {
		case choices = <-got:
		case <-within.Done():
			// An empty list in time is better than a full one too late.
			defer func() { <-got }()
		}
	}
	p.say(ctx, say, reply{Type: replyChoices, Data: map[string]any{"choices": choices}}, arrived)
}
