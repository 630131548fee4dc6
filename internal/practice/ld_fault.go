package practice

import (
	"net/http"
	"slices"
	"time"
)

// LDReceived is one request that may change something, and what it did. Effect
// is set when it happens, whatever became of the answer.
type LDReceived struct {
	At             time.Time
	Method, Path   string
	ContentType    string
	Body           string
	Status         int  // 0 while there is no answer, and for ever when it was dropped
	Applied        bool // a flag was changed, or an approval request made
	Version        int  // of the flag in the environment afterwards
	Flag, Comment  string
	IdempotencyKey string // an invitation to repeat; nobody should send one
}

// Journal are all requests that may change something, in the order of arrival.
func (l *LaunchDarkly) Journal() []LDReceived {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []LDReceived
	for _, r := range l.journal {
		out = append(out, *r)
	}
	return out
}

// Applied counts the requests that changed a flag.
func (l *LaunchDarkly) Applied() int {
	n := 0
	for _, r := range l.Journal() {
		if r.Applied && r.Method == http.MethodPatch {
			n++
		}
	}
	return n
}

// receive notes a request that may change something; nil for the others.
func (l *LaunchDarkly) receive(r *http.Request, body []byte) *LDReceived {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	one := &LDReceived{
		At: l.now(), Method: r.Method, Path: r.URL.RequestURI(), ContentType: r.Header.Get("Content-Type"), Body: string(body),
		IdempotencyKey: r.Header.Get("Idempotency-Key") + r.Header.Get("X-Idempotency-Key"),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.journal = append(l.journal, one)
	return one
}

func (l *LaunchDarkly) answered(r *LDReceived, status int) {
	if r == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status = status
}

// LDPoint is a moment in the life of a change.
type LDPoint string

// The moments at which a change can be held or dropped.
const (
	LDBeforeApply LDPoint = "before apply" // it arrived, and nothing happened yet
	LDAfterApply  LDPoint = "after apply"  // it happened, and there was no answer yet
)

// ldFault is trouble for one change, used up by it.
type ldFault struct {
	at      LDPoint
	drop    bool
	status  int // answers with it instead of applying, when set
	reached chan struct{}
	release chan struct{}
}

// LDHeld is a change that waits at a point.
type LDHeld struct {
	l *LaunchDarkly
	f *ldFault
}

// Hold makes the next change wait at a point until it is released. The change
// goes on even when the caller went away, as it would at the vendor.
func (l *LaunchDarkly) Hold(at LDPoint) *LDHeld {
	f := &ldFault{at: at, reached: make(chan struct{}), release: make(chan struct{})}
	l.trouble(f)
	return &LDHeld{l: l, f: f}
}

// Reached is closed when a change waits.
func (h *LDHeld) Reached() <-chan struct{} { return h.f.reached }

// Release lets it go on; more than once is the same as once.
func (h *LDHeld) Release() {
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	select {
	case <-h.f.release:
	default:
		close(h.f.release)
	}
}

// Drop closes the connection of the next change at a point.
func (l *LaunchDarkly) Drop(at LDPoint) { l.trouble(&ldFault{at: at, drop: true}) }

// Answer makes the next changes be answered with these statuses, one each, and
// not happen: 409 for a conflict, 500, 503.
func (l *LaunchDarkly) Answer(statuses ...int) {
	for _, s := range statuses {
		l.trouble(&ldFault{at: LDBeforeApply, status: s})
	}
}

func (l *LaunchDarkly) trouble(f *ldFault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, f)
}

// meet runs into the trouble that waits at a point, if any. It is not under mu.
func (l *LaunchDarkly) meet(at LDPoint) error {
	l.mu.Lock()
	n := slices.IndexFunc(l.faults, func(f *ldFault) bool { return f.at == at })
	if n < 0 {
		l.mu.Unlock()
		return nil
	}
	f := l.faults[n]
	l.faults = slices.Delete(l.faults, n, n+1)
	l.mu.Unlock()
	switch {
	case f.drop:
		return errLDDropped
	case f.status == http.StatusConflict:
		return ldConflict()
	case f.status != 0:
		return &ldRefusal{f.status, "internal_service_error", http.StatusText(f.status)}
	}
	close(f.reached)
	select {
	case <-f.release:
		return nil
	case <-l.done:
		return errLDDropped
	}
}

func ldConflict() *ldRefusal {
	return &ldRefusal{http.StatusConflict, "conflict", "The flag was changed by another request at the same time."}
}
