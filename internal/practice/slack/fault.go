package slack

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// FaultKind is a kind of trouble.
type FaultKind string

// Trouble of the Web API.
const (
	Limited   FaultKind = "limited"    // 429 with RetryAfter; no effect
	Failing   FaultKind = "failing"    // Status, 500 unless set; no effect
	Hang      FaultKind = "hang"       // no answer until the caller goes away; no effect
	Drop      FaultKind = "drop"       // the connection is cut; no effect
	LoseReply FaultKind = "lose reply" // the call has its effect, and the connection is cut
	Malformed FaultKind = "malformed"  // the call has its effect, and the answer is no JSON
	HTMLPage  FaultKind = "html page"  // 200 with a page of HTML, as of a proxy; no effect
	Error     FaultKind = "error"      // ok:false with Error; no effect
	Late      FaultKind = "late"       // answers after Delay
)

// Trouble of the sockets. It befalls the open ones at once, and with a Count of
// zero every new one until Mend.
const (
	CloseSocket FaultKind = "close"      // the connection ends without a word
	Disconnect  FaultKind = "disconnect" // an envelope with Reason; it is closed after Delay
	HalfOpen    FaultKind = "half-open"  // open, and deaf and dumb
)

// Names that faults and the journal have for what is no method of the Web API.
const (
	ToUpload   = "upload"       // the upload URL
	ToResponse = "response_url" // an answer to a command or an action
	ToSocket   = "socket"       // opening a socket
)

// Fault is one piece of trouble.
type Fault struct {
	Kind   FaultKind
	Method string // that it is for; "" is every call
	// Count is how many calls it befalls; 0 is all until Mend.
	Count      int
	Status     int
	RetryAfter int    // seconds; 1 unless set
	Error      string // the name in the answer
	Reason     string // warning, refresh_requested, link_disabled
	Delay      time.Duration
}

var socketKinds = []FaultKind{CloseSocket, Disconnect, HalfOpen}

// script are the faults that wait.
type script struct {
	mu     sync.Mutex
	faults []*Fault
}

// Play adds trouble to the script. What is for the same calls comes one after the
// other.
func (s *Slack) Play(faults ...Fault) {
	for _, f := range faults {
		if slices.Contains(socketKinds, f.Kind) {
			s.sockets.befall(f)
			if f.Count > 0 {
				continue
			}
		}
		s.script.mu.Lock()
		s.script.faults = append(s.script.faults, &f)
		s.script.mu.Unlock()
	}
}

// Mend forgets the script. Sockets that are half-open stay so until their owner
// opens new ones.
func (s *Slack) Mend() {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	s.script.faults = nil
}

// take answers the first fault for a call and uses it up.
func (s *script) take(name string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := slices.IndexFunc(s.faults, func(f *Fault) bool {
		return !slices.Contains(socketKinds, f.Kind) && (f.Method == name || (f.Method == "" && name != ToSocket))
	})
	if n < 0 {
		return nil
	}
	f := s.faults[n]
	out := *f
	if f.Count == 1 {
		s.faults = slices.Delete(s.faults, n, n+1)
	}
	f.Count--
	if f.Count < 0 {
		f.Count = 0
	}
	return &out
}

// socketFaults befall every new socket.
func (s *script) socketFaults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Fault
	for _, f := range s.faults {
		if slices.Contains(socketKinds, f.Kind) {
			out = append(out, *f)
		}
	}
	return out
}

// suffer answers a call as the fault has it; false lets the call go on.
func (s *Slack) suffer(w http.ResponseWriter, r *http.Request, one *Call, f *Fault) bool {
	s.audit.mark(one, f.Kind)
	switch f.Kind {
	case Limited:
		w.Header().Set("Retry-After", strconv.Itoa(cmp.Or(f.RetryAfter, 1)))
		s.write(w, one, http.StatusTooManyRequests, "application/json", []byte(`{"ok":false,"error":"ratelimited"}`))
	case Failing:
		status := cmp.Or(f.Status, http.StatusInternalServerError)
		s.write(w, one, status, "text/html; charset=utf-8", []byte("<html><body><h1>"+strconv.Itoa(status)+" "+http.StatusText(status)+"</h1></body></html>"))
	case HTMLPage:
		s.write(w, one, http.StatusOK, "text/html; charset=utf-8", []byte("<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body>Welcome.</body></html>"))
	case Error:
		s.answer(w, one, nil, refuse(cmp.Or(f.Error, "internal_error")))
	case Drop:
		cut(w)
	case Hang:
		s.pause(r, 0)
		cut(w)
	case Late:
		s.pause(r, f.Delay)
		return false
	default:
		return false
	}
	return true
}

// pause waits until the caller is gone, or for a time when one is given.
func (s *Slack) pause(r *http.Request, wait time.Duration) {
	var over <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-over:
	case <-r.Context().Done():
	case <-s.done:
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
