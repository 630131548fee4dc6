package discord

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Call is one call of the REST API and what was answered.
type Call struct {
	At           time.Time
	Method, Path string
	Route        string // "POST /channels/{channel_id}/messages"; "" for an unknown path
	ContentType  string
	Body         string
	Status       int // 0 while there is no answer, and for ever when it was lost
	Reply        string
	UserAgent    string
	AuditReason  string
	Fault        FaultKind // what the script did to it
}

const (
	keptCalls     = 20000
	invalidMost   = 500
	banMost       = 10000
	invalidWindow = 10 * time.Minute
	tokenGrace    = time.Second
	tokenPause    = 4 * time.Minute
)

var errBanned = errors.New("banned by address")

// audit keeps every call and every breach of what a bot must do.
type audit struct {
	now func() time.Time

	mu       sync.Mutex
	calls    []*Call
	breaches []string
	invalids []time.Time
	told     bool // that there are too many
	refused  map[string]refusedToken
}

// refusedToken is when a token was refused, by the real clock first and by ours
// last: calls under way at the first are no breach, nor is another try later.
type refusedToken struct {
	first time.Time
	last  time.Time
}

func newAudit(now func() time.Time) *audit {
	return &audit{now: now, refused: map[string]refusedToken{}}
}

func (a *audit) note(c *Call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, c)
	a.calls = a.calls[max(0, len(a.calls)-keptCalls):]
}

func (a *audit) finish(c *Call, status int, reply string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.Status, c.Reply = status, reply
}

func (a *audit) breach(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.breachLocked(format, args...)
}

func (a *audit) breachLocked(format string, args ...any) {
	a.breaches = append(a.breaches, fmt.Sprintf(format, args...))
}

// invalid counts answers 401, 403 and 429, except shared ones.
func (a *audit) invalid(r *refusal) {
	counted := r.status == http.StatusUnauthorized || r.status == http.StatusForbidden || r.status == http.StatusTooManyRequests
	if !counted || r.scope == "shared" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.invalids = append(a.invalids, a.now())
	if n := a.recent(); n > invalidMost && !a.told {
		a.told = true
		a.breachLocked("more than %d invalid answers (401, 403, 429) in ten minutes", invalidMost)
	}
}

func (a *audit) recent() int {
	since := a.now().Add(-invalidWindow)
	a.invalids = slices.DeleteFunc(a.invalids, func(t time.Time) bool { return t.Before(since) })
	return len(a.invalids)
}

// banned reports whether the address is shut out for its invalid calls.
func (a *audit) banned() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.recent() >= banMost
}

func (a *audit) tokenGood(header string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.refused, header)
}

// tokenBad notes a 401, and whether the caller should have known.
func (a *audit) tokenBad(header string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, known := a.refused[header]
	now := a.now()
	if !known {
		a.refused[header] = refusedToken{first: time.Now(), last: now}
		return
	}
	if time.Since(before.first) > tokenGrace && now.Sub(before.last) < tokenPause {
		a.breachLocked("another call with a token that was answered 401 before")
	}
	before.last = now
	a.refused[header] = before
}

// Journal are the calls of the REST API, oldest first.
func (d *Discord) Journal() []Call {
	d.audit.mu.Lock()
	defer d.audit.mu.Unlock()
	out := make([]Call, 0, len(d.audit.calls))
	for _, c := range d.audit.calls {
		out = append(out, *c)
	}
	return out
}

// Breaches are what the bot did that it must not do, in words.
func (d *Discord) Breaches() []string {
	d.audit.mu.Lock()
	defer d.audit.mu.Unlock()
	return slices.Clone(d.audit.breaches)
}

// Invalid counts the answers 401, 403 and 429 of the last ten minutes.
func (d *Discord) Invalid() int {
	d.audit.mu.Lock()
	defer d.audit.mu.Unlock()
	return d.audit.recent()
}
