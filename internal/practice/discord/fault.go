package discord

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// FaultKind is a kind of trouble.
type FaultKind string

// Trouble of the REST API.
const (
	Limited   FaultKind = "limited"    // 429; Scope, RetryAfter
	Failing   FaultKind = "failing"    // Status, 500 unless set; the call has no effect
	Hang      FaultKind = "hang"       // no answer until the caller goes away; no effect
	Drop      FaultKind = "drop"       // the connection is closed; no effect
	LoseReply FaultKind = "lose reply" // the call has its effect, and the answer is lost
	HoldReply FaultKind = "hold reply" // the call has its effect, and the answer waits until the caller goes away
	Malformed FaultKind = "malformed"  // the call has its effect, and the answer is no JSON
	BanPage   FaultKind = "ban page"   // 429 with HTML, as Cloudflare's error 1015
	Late      FaultKind = "late"       // answers after Delay
)

// Trouble of the gateway. It befalls the open connections at once, or the next
// one when Route says when: IDENTIFY, RESUME.
const (
	CloseCode      FaultKind = "close"           // with Code
	Cut            FaultKind = "cut"             // the connection ends without a word
	InvalidSession FaultKind = "invalid session" // op 9; Resumable
	Reconnect      FaultKind = "reconnect"       // op 7
	Zombie         FaultKind = "zombie"          // heartbeats have no ACK from now on
	HalfOpen       FaultKind = "half-open"       // open, and deaf and dumb
	Slow           FaultKind = "slow"            // everything sent waits for Delay
)

// Fault is one piece of trouble. Route chooses the calls: a part of "METHOD
// route", as in Call.Route, or of the method and the path; "" is every call.
type Fault struct {
	Kind       FaultKind
	Route      string
	Count      int // calls, one unless set; below zero for ever
	Status     int
	RetryAfter float64
	Scope      string // user unless set, global, shared
	Code       int    // of the body or of the close frame
	Message    string
	Resumable  bool
	Delay      time.Duration
}

var gatewayKinds = []FaultKind{CloseCode, Cut, InvalidSession, Reconnect, Zombie, HalfOpen, Slow}

// script are the faults that wait.
type script struct {
	mu     sync.Mutex
	faults []*Fault
}

// Play adds trouble to the script. What is for the same calls comes one after
// the other.
func (d *Discord) Play(faults ...Fault) {
	for _, f := range faults {
		f.Count = cmp.Or(f.Count, 1)
		if slices.Contains(gatewayKinds, f.Kind) && f.Route == "" {
			d.gateway.befall(f)
			continue
		}
		d.script.mu.Lock()
		d.script.faults = append(d.script.faults, &f)
		d.script.mu.Unlock()
	}
}

// Calm forgets the script.
func (d *Discord) Calm() {
	d.script.mu.Lock()
	defer d.script.mu.Unlock()
	d.script.faults = nil
}

// take answers the first fault for a call and uses it up.
func (s *script) take(method, path, name string) *Fault {
	return s.first(func(f *Fault) bool {
		return !slices.Contains(gatewayKinds, f.Kind) && (strings.Contains(name, f.Route) || strings.Contains(method+" "+path, f.Route))
	})
}

// takeGateway is the same for a moment of the gateway.
func (s *script) takeGateway(moment string) *Fault {
	return s.first(func(f *Fault) bool {
		return slices.Contains(gatewayKinds, f.Kind) && (f.Route == moment || f.Route == "")
	})
}

func (s *script) first(fits func(*Fault) bool) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := slices.IndexFunc(s.faults, fits)
	if n < 0 {
		return nil
	}
	f := s.faults[n]
	out := *f
	if f.Count > 0 {
		f.Count--
	}
	if f.Count == 0 {
		s.faults = slices.Delete(s.faults, n, n+1)
	}
	return &out
}

// suffer answers a call as the fault has it; false lets the call go on.
func (d *Discord) suffer(w http.ResponseWriter, c *call, one *Call, f *Fault) bool {
	d.audit.mark(one, f.Kind)
	d.excuse(c.args["token"])
	switch f.Kind {
	case Limited:
		scope := cmp.Or(f.Scope, userScope)
		r := limited(time.Duration(cmp.Or(f.RetryAfter, 1)*float64(time.Second)), scope, scope == "global")
		r.code = f.Code
		d.answer(w, one, 0, nil, r)
	case Failing:
		status := cmp.Or(f.Status, http.StatusInternalServerError)
		d.answer(w, one, 0, nil, refuse(status, f.Code, cmp.Or(f.Message, fmt.Sprintf("%d: %s", status, http.StatusText(status)))))
	case Drop:
		cut(w)
	case BanPage:
		d.banPage(w, one)
	case Hang:
		d.pause(c, 0)
		cut(w)
	case Late:
		d.pause(c, f.Delay)
		return false
	default:
		return false
	}
	return true
}

// excuse keeps a late response from being the bot's fault.
func (d *Discord) excuse(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if in := d.interactions[token]; in != nil {
		in.troubled = true
	}
}

func (a *audit) mark(c *Call, kind FaultKind) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.Fault = kind
}

// pause waits until the caller is gone, or for a time when one is given.
func (d *Discord) pause(c *call, wait time.Duration) {
	var over <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-over:
	case <-c.Context().Done():
	case <-d.done:
	}
}

// cut ends the connection of a request without a word.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_ = conn.Close()
}

func (d *Discord) malformed(w http.ResponseWriter, one *Call) {
	const body = `{"id": "1", "content": `
	d.audit.finish(one, http.StatusOK, body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(body)) // who went away needs no answer
}

// banPage is what Cloudflare sends of an address that called too often.
func (d *Discord) banPage(w http.ResponseWriter, one *Call) {
	const body = "<!DOCTYPE html>\n<html><head><title>Access denied</title></head><body><h1>Error 1015</h1><p>You are being rate limited.</p></body></html>\n"
	d.audit.finish(one, http.StatusTooManyRequests, body)
	d.audit.invalid(refuse(http.StatusTooManyRequests, 0, ""))
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.Header().Set("Retry-After", "3600")
	w.Header().Set("Server", "cloudflare")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte(body)) // who went away needs no answer
}
