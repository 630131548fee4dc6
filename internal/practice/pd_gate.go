package practice

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// PagerDuty's codes in error bodies.
const (
	codeResolved     = 1001
	codeAcknowledged = 1002
	codeNoRequester  = 1008
	codeInvalid      = 2001
	codeUnauthorized = 2006
	codeRateLimit    = 2020
	codeNotFound     = 2100
)

const (
	accepted     = "application/vnd.pagerduty+json"
	usualBudget  = 960
	keptCalls    = 1000
	largestInput = 1 << 20
)

// Received is one call of the REST API and what was answered.
type Received struct {
	At           time.Time
	Method, Path string
	From         string
	Body         string
	Status       int
}

// Journal are the last calls of the REST API, oldest first.
func (p *PagerDuty) Journal() []Received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Received(nil), p.journal...)
}

// budget counts requests; left below zero means no limit is practised.
type budget struct {
	left  int
	reset time.Time
}

// Limit lets n more requests through, and answers 429 until the wait is over.
func (p *PagerDuty) Limit(n int, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.budget = budget{left: n, reset: p.now().Add(wait)}
}

// spend takes one request off the budget and sets the headers that tell of it.
func (p *PagerDuty) spend(h http.Header) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.budget.left >= 0 && !now.Before(p.budget.reset) {
		p.budget = budget{left: -1}
	}
	h.Set("ratelimit-limit", strconv.Itoa(usualBudget))
	if p.budget.left < 0 {
		h.Set("ratelimit-remaining", strconv.Itoa(usualBudget))
		h.Set("ratelimit-reset", "60")
		return true
	}
	h.Set("ratelimit-reset", strconv.Itoa(int(math.Ceil(p.budget.reset.Sub(now).Seconds()))))
	h.Set("ratelimit-remaining", strconv.Itoa(max(0, p.budget.left-1)))
	if p.budget.left == 0 {
		return false
	}
	p.budget.left--
	return true
}

// refusal is an answer that is no success.
type refusal struct {
	status  int
	code    int
	message string
	details []string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s (%d)", r.status, r.message, r.code) }

func invalid(details ...string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: codeInvalid, message: "Invalid Input Provided", details: details}
}

func notFound() *refusal {
	return &refusal{status: http.StatusNotFound, code: codeNotFound, message: "Not Found"}
}

// endpoint answers one call with a JSON value, or a *refusal.
type endpoint func(c *call) (any, error)

// call is a request that came through the gate.
type call struct {
	*http.Request
	body []byte
	from Person // who makes a change
}

// gate is what stands before every endpoint.
func (p *PagerDuty) gate(answer endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestInput))
		c := &call{Request: r, body: body}
		if err != nil {
			err = invalid("The body is too large")
		}
		var value any
		if err == nil {
			value, err = p.passed(w.Header(), c, answer)
		}
		status, raw := answerOf(value, err)
		p.note(Received{At: p.now(), Method: r.Method, Path: r.URL.RequestURI(), From: r.Header.Get("From"), Body: string(body), Status: status})
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write(raw) // who went away needs no answer
	}
}

func (p *PagerDuty) note(r Received) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.journal = append(p.journal, r)
	p.journal = p.journal[max(0, len(p.journal)-keptCalls):]
}

func (p *PagerDuty) passed(h http.Header, c *call, answer endpoint) (any, error) {
	given := []byte(c.Header.Get("Authorization"))
	if subtle.ConstantTimeCompare(given, []byte("Token token="+p.token)) != 1 {
		return nil, &refusal{status: http.StatusUnauthorized, code: codeUnauthorized, message: "Unauthorized"}
	}
	if !p.spend(h) {
		return nil, &refusal{status: http.StatusTooManyRequests, code: codeRateLimit, message: "Rate Limit Exceeded"}
	}
	if kind, params, err := mime.ParseMediaType(c.Header.Get("Accept")); err != nil || kind != accepted || params["version"] != "2" {
		return nil, invalid("The Accept header must be " + accepted + ";version=2")
	}
	if kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); len(c.body) > 0 && (err != nil || kind != "application/json") {
		return nil, invalid("The Content-Type header must be application/json")
	}
	return answer(c)
}

// asUser insists on a From header with the address of a user.
func (p *PagerDuty) asUser(answer endpoint) endpoint {
	return func(c *call) (any, error) {
		from := strings.TrimSpace(c.Header.Get("From"))
		if from == "" {
			return nil, invalid("The From header is required")
		}
		who, ok := p.shop.byEmail(from)
		if !ok {
			return nil, &refusal{status: http.StatusBadRequest, code: codeNoRequester, message: "Requester User Not Found"}
		}
		c.from = who
		return answer(c)
	}
}

func answerOf(value any, err error) (status int, body []byte) {
	status = http.StatusOK
	if one, ok := value.(created); ok {
		status, value = http.StatusCreated, one.value
	}
	if err != nil {
		status, value = errorBody(err)
	}
	raw, err := encode(value)
	if err != nil {
		return http.StatusInternalServerError, []byte(`{"error":{"message":"Internal Server Error","code":2000}}`)
	}
	return status, raw
}

func errorBody(err error) (int, any) {
	var r *refusal
	if !errors.As(err, &r) {
		r = invalid(err.Error())
	}
	e := object{"message": r.message, "code": r.code}
	if len(r.details) > 0 {
		e["errors"] = r.details
	}
	return r.status, object{"error": e}
}
