package practice

import (
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// ldVersions are the dated versions of the API, and the one that opens what is
// not finished.
var ldVersions = []string{"20160426", "20191212", "20210729", "20220603", "20240415", "beta"}

// ldRefusal is an answer that is no success.
type ldRefusal struct {
	status        int
	code, message string
}

func (r *ldRefusal) Error() string { return strconv.Itoa(r.status) + ": " + r.message }

func ldInvalid(message string) *ldRefusal {
	return &ldRefusal{http.StatusBadRequest, "invalid_request", message}
}

func ldNotFound() *ldRefusal {
	return &ldRefusal{http.StatusNotFound, "not_found", "Invalid resource identifier"}
}

func ldForbidden(message string) *ldRefusal {
	return &ldRefusal{http.StatusForbidden, "forbidden", message}
}

// errLDDropped ends a call without an answer.
var errLDDropped = errors.New("the connection is dropped")

// ldEndpoint answers one call with a JSON value and its status, or an error.
type ldEndpoint func(c *ldCall) (status int, value any, err error)

// ldCall is a request that came through the gate.
type ldCall struct {
	*http.Request
	body     []byte
	version  string
	received *LDReceived // in the journal, for requests that may change something
}

// gate is what stands before every endpoint of the REST API.
func (l *LaunchDarkly) gate(answer ldEndpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestInput))
		c := &ldCall{Request: r, body: body, version: r.Header.Get("LD-API-Version")}
		c.received = l.receive(r, body)
		var status int
		var value any
		if err != nil {
			err = ldInvalid("The body cannot be read")
		}
		if err == nil {
			err = l.admit(w.Header(), c)
		}
		if err == nil {
			status, value, err = answer(c)
		}
		if errors.Is(err, errLDDropped) {
			hangUp(w)
			return
		}
		l.reply(w, c, status, value, err)
	}
}

// hangUp closes the connection in the middle, so that the caller sees a reset.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // a reset, where the system offers one
	}
	_ = conn.Close()
}

func (l *LaunchDarkly) reply(w http.ResponseWriter, c *ldCall, status int, value any, err error) {
	if err != nil {
		var refused *ldRefusal
		if !errors.As(err, &refused) {
			refused = ldInvalid(err.Error())
		}
		status, value = refused.status, object{"code": refused.code, "message": refused.message, "id": newID("LD")}
	}
	raw, err := encode(value)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"code":"internal_service_error","message":"Internal Server Error"}`)
	}
	l.answered(c.received, status)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // who went away needs no answer
}

func (l *LaunchDarkly) admit(h http.Header, c *ldCall) error {
	given := []byte(c.Header.Get("Authorization"))
	if subtle.ConstantTimeCompare(given, []byte(l.token)) != 1 {
		return &ldRefusal{http.StatusUnauthorized, "unauthorized", "Invalid access token"}
	}
	if !l.spend(h) {
		return &ldRefusal{http.StatusTooManyRequests, "rate_limited", "You've exceeded the API rate limit. Try again later."}
	}
	if c.version != "" && !slices.Contains(ldVersions, c.version) {
		return ldInvalid("The API version " + strconv.Quote(c.version) + " does not exist")
	}
	return nil
}

// Limit lets n more requests through, and answers 429 until the wait is over.
func (l *LaunchDarkly) Limit(n int, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.budget = budget{left: n, reset: l.now().Add(wait)}
}

const ldWindow = 10 * time.Second

// spend takes one request off the budget and sets the headers that tell of it.
func (l *LaunchDarkly) spend(h http.Header) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.budget.left >= 0 && !now.Before(l.budget.reset) {
		l.budget = budget{left: -1}
	}
	left, reset := usualBudget, now.Truncate(ldWindow).Add(ldWindow)
	if l.budget.left >= 0 {
		left, reset = max(0, l.budget.left-1), l.budget.reset
	}
	h.Set("X-Ratelimit-Global-Remaining", strconv.Itoa(usualBudget))
	h.Set("X-Ratelimit-Route-Remaining", strconv.Itoa(left))
	h.Set("X-Ratelimit-Reset", strconv.FormatInt(reset.UnixMilli(), 10))
	if l.budget.left == 0 {
		return false
	}
	l.budget.left = max(-1, l.budget.left-1)
	return true
}

// Deny takes actions away from the token: "updateOn", "updateFallthrough",
// "createApprovalRequest". Without names it gives all of them back.
func (l *LaunchDarkly) Deny(actions ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.denied)
	for _, a := range actions {
		l.denied[a] = true
	}
}
