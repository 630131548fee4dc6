package slack

import (
	"net/http"
	"sync"
	"time"

	"mayday/bot/chat"
)

const (
	stateOK       = "ok"
	stateDegraded = "degraded"
)

// health is how Slack fares: the socket and the API, the worse counts.
type health struct {
	now func() time.Time

	mu     sync.Mutex
	socket string // what is wrong there, "" for nothing
	api    string
	since  time.Time
}

func newHealth(now func() time.Time) *health {
	return &health{now: now, since: now()}
}

// Health tells how the platform fares.
func (p *platform) Health() chat.Health { return p.health.get() }

func (h *health) get() chat.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	// What the API says is more exact: it tells why the socket is not reached.
	out := chat.Health{State: stateOK, Since: h.since, Text: h.api}
	if out.Text == "" {
		out.Text = h.socket
	}
	if out.Text != "" {
		out.State = stateDegraded
	}
	return out
}

// ailing reports that the last call did not go well.
func (h *health) ailing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.api != ""
}

// listening notes what is wrong with the socket, "" for nothing.
func (h *health) listening(wrong string) { h.change(func() { h.socket = wrong }) }

// rest notes how a call went. That one message was refused says nothing about
// Slack.
func (h *health) rest(err error) {
	t := troubleOf(err)
	wrong := ""
	switch {
	case t == nil:
	case t.local:
		return
	case refusedToken[t.code], t.status == http.StatusUnauthorized:
		wrong = "refused the bot token: put a new one into chat.slack.bot_token"
	case t.tokenless:
		wrong = "cannot be asked: the bot token cannot be read"
	case t.status == 0:
		wrong = "does not answer"
	case t.sent:
		wrong = "answers with errors"
	}
	h.change(func() { h.api = wrong })
}

func (h *health) change(set func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.socket == "" && h.api == ""
	set()
	if is := h.socket == "" && h.api == ""; is != was {
		h.since = h.now()
	}
}
