package slack

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Call is one call to the server and what was answered.
type Call struct {
	At     time.Time
	Method string            // of the Web API; or ToUpload, ToResponse
	Form   map[string]string // the arguments; values that are no strings are JSON
	Body   string
	Status int // 0 while there is no answer, and for ever when it was lost
	OK     bool
	Error  string
	Reply  string
	Fault  FaultKind // what the script did to it
}

const (
	keptCalls     = 20000
	invalidMost   = 500
	invalidWindow = 10 * time.Minute
)

// audit keeps every call and every breach of what a bot must do.
type audit struct {
	now func() time.Time

	mu       sync.Mutex
	calls    []*Call
	breaches []string
	invalids []time.Time
	told     bool // that there are too many
}

func newAudit(now func() time.Time) *audit { return &audit{now: now} }

func (a *audit) note(c *Call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, c)
	a.calls = a.calls[max(0, len(a.calls)-keptCalls):]
}

func (a *audit) mark(c *Call, kind FaultKind) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.Fault = kind
}

func (a *audit) finish(c *Call, status int, ok bool, name, reply string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.Status, c.OK, c.Error, c.Reply = status, ok, name, reply
	if status == 401 || status == 403 || status == 429 || slices.Contains([]string{"invalid_auth", "not_authed", "token_revoked", "ratelimited"}, name) {
		a.invalid()
	}
}

// invalid counts an answer that a bot should not provoke again and again.
func (a *audit) invalid() {
	a.invalids = append(a.invalids, a.now())
	since := a.now().Add(-invalidWindow)
	a.invalids = slices.DeleteFunc(a.invalids, func(t time.Time) bool { return t.Before(since) })
	if len(a.invalids) >= invalidMost && !a.told {
		a.told = true
		a.breaches = append(a.breaches, fmt.Sprintf("%d invalid answers or more in ten minutes", invalidMost))
	}
}

func (a *audit) breach(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.breaches = append(a.breaches, fmt.Sprintf(format, args...))
}

// Journal are the calls, oldest first.
func (s *Slack) Journal() []Call {
	s.audit.mu.Lock()
	defer s.audit.mu.Unlock()
	out := make([]Call, 0, len(s.audit.calls))
	for _, c := range s.audit.calls {
		out = append(out, *c)
	}
	return out
}

// Breaches are what the bot did that it must not do, in words.
func (s *Slack) Breaches() []string {
	s.audit.mu.Lock()
	defer s.audit.mu.Unlock()
	return slices.Clone(s.audit.breaches)
}

// Invalid counts the invalid answers within a time until now, at most ten minutes.
func (s *Slack) Invalid(window time.Duration) int {
	s.audit.mu.Lock()
	defer s.audit.mu.Unlock()
	since, n := s.audit.now().Add(-window), 0
	for _, t := range s.audit.invalids {
		if !t.Before(since) {
			n++
		}
	}
	return n
}
