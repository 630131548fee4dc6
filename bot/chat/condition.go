package chat

import (
	"sync"
	"time"
)

// The states of a platform.
const (
	StateOK       = "ok"
	StateDegraded = "degraded"
)

// Condition is how a platform fares: the way on which it listens, and its API.
// The worse counts.
type Condition struct {
	now func() time.Time

	mu     sync.Mutex
	socket string // what is wrong there, "" for nothing
	api    string
	since  time.Time
}

// NewCondition begins with nothing wrong.
func NewCondition(now func() time.Time) *Condition { return &Condition{now: now, since: now()} }

// Health tells it.
func (c *Condition) Health() Health {
	c.mu.Lock()
	defer c.mu.Unlock()
	// What the API says is more exact: it tells why nothing is heard.
	out := Health{State: StateOK, Since: c.since, Text: c.api}
	if out.Text == "" {
		out.Text = c.socket
	}
	if out.Text != "" {
		out.State = StateDegraded
	}
	return out
}

// Ailing reports that the last call did not go well.
func (c *Condition) Ailing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.api != ""
}

// Listening notes what is wrong with hearing, "" for nothing.
func (c *Condition) Listening(wrong string) { c.change(func() { c.socket = wrong }) }

// Calling notes what is wrong with calling, "" for nothing.
func (c *Condition) Calling(wrong string) { c.change(func() { c.api = wrong }) }

func (c *Condition) change(set func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.socket == "" && c.api == ""
	set()
	if is := c.socket == "" && c.api == ""; is != was {
		c.since = c.now()
	}
}
