package discord

import (
	"context"
	"strings"
	"time"

	"mayday/bot/chat"
)

const (
	// cappedFor is how long a message is believed to be capped.
	cappedFor = 24 * time.Hour
	// cappedRest is how long a capped message is left alone after a refusal.
	cappedRest = 10 * time.Minute
	// stateLines are the lines of a card that say how things stand; those below
	// are the clock and what hangs on it.
	stateLines = 3
	kindCard   = "card"
)

// capped is a message older than an hour that Discord lets nobody edit for now.
// It is edited only when its state changes; a panel in the thread has the rest.
type capped struct {
	state string    // what stands there
	tried time.Time // when an edit was last tried
	panel string    // the message that carries the rest; "" before there is one
}

// due reports whether the message itself is worth an edit.
func (c capped) due(m chat.Message, now time.Time) bool {
	return c.state != stateOf(m) && now.Sub(c.tried) >= cappedRest
}

// stateOf is what a card says without its clock.
func stateOf(m chat.Message) string {
	parts := []string{string(m.Tone)}
	for _, l := range m.Lines[:min(len(m.Lines), stateLines)] {
		parts = append(parts, l.String())
	}
	for _, b := range m.Buttons {
		parts = append(parts, b.Verb)
	}
	return strings.Join(parts, "\n")
}

// cap notes that Discord refused an edit and lets the panel say it.
func (p *platform) cap(ctx context.Context, r chat.Ref, m chat.Message) error {
	c, _ := p.capped.Get(string(r))
	c.tried = p.now()
	p.capped.Set(string(r), c, cappedFor)
	p.log.Info("edits are capped, a live panel stands in the thread", "message", string(r))
	return p.panel(ctx, r, m)
}

// panel edits the live panel, or posts it: below the card, or beside a message
// that stands elsewhere. A message of the status room has none: the next update
// says more than an edit of the last.
func (p *platform) panel(ctx context.Context, r chat.Ref, m chat.Message) error {
	channel, message, err := parseRef(r)
	if err != nil {
		return err
	}
	thread := channel
	switch {
	case m.Kind == kindCard && alone(r) == "":
		thread = message
	case p.rooms.room(channel) == "status":
		return nil
	}
	c, _ := p.capped.Get(string(r))
	m.Silent, m.Mentions = true, []chat.Mention{}
	if c.panel == "" {
		c.panel = p.findPanel(ctx, thread, m)
	}
	if c.panel != "" {
		err := p.patch(ctx, thread, c.panel, p.panelBody(m), m.Weight)
		if err == nil || !coded(err, codeUnknownMessage, codeEditsCapped) {
			return p.keepPanel(r, c, failed(err, p.standing(thread)))
		}
	}
	old := c.panel
	id, err := p.postPanel(ctx, thread, m)
	if err == nil {
		c.panel = id
	}
	if err == nil && old != "" && old != id {
		// An old panel is capped too. It is gone, or goes now.
		if err := p.Delete(ctx, ref(thread, old)); err != nil {
			p.log.Info("old panel not taken back", "err", err)
		}
	}
	return p.keepPanel(r, c, err)
}

func (p *platform) keepPanel(r chat.Ref, c capped, err error) error {
	p.capped.Set(string(r), c, cappedFor)
	return err
}
