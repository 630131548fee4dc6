package discord

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

// health is how Discord fares: the gateway and the REST API, the worse counts.
type health struct {
	now func() time.Time

	mu      sync.Mutex
	gateway string // what is wrong there, "" for nothing
	api     string
	since   time.Time
}

func newHealth(now func() time.Time) *health {
	return &health{now: now, since: now()}
}

// Health tells how the platform fares.
func (p *platform) Health() chat.Health { return p.health.get() }

func (h *health) get() chat.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	// What the API says is more exact: it tells why the gateway is not reached.
	out := chat.Health{State: stateOK, Since: h.since, Text: h.api}
	if out.Text == "" {
		out.Text = h.gateway
	}
	if out.Text != "" {
		out.State = stateDegraded
	}
	return out
}

// listening notes what is wrong with the gateway, "" for nothing.
func (h *health) listening(wrong string) { h.change(func() { h.gateway = wrong }) }

// rest notes how a call went. That one message was refused says nothing about
// Discord.
func (h *health) rest(err error) {
	t := troubleOf(err)
	wrong := ""
	switch {
	case t == nil:
	case t.local:
		return
	case t.banned:
		wrong = "shuts our address out for a while"
	case t.status == http.StatusUnauthorized:
		wrong = "refused the token: put a new one into chat.discord.token"
	case t.status == 0:
		wrong = "does not answer"
		if !t.sent && t.tokenless {
			wrong = "cannot be asked: the token cannot be read"
		}
	case t.status >= 500:
		wrong = "answers with errors"
	}
	h.change(func() { h.api = wrong })
}

func (h *health) change(set func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.gateway == "" && h.api == ""
	set()
	if is := h.gateway == "" && h.api == ""; is != was {
		h.since = h.now()
	}
}
