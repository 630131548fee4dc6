package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"mayday/internal/fault"
)

const (
	doorBody    = 1 << 20 // SURFACE: 413 over 1 MiB
	doorPatient = 10 * time.Second
	doorAnswer  = 4500 * time.Millisecond // P1: an answer in 5 s, always
)

// door takes one body in. What is authentic is never answered 4xx but 429 (P2),
// since senders give up for good on a 4xx.
func (s *Server) door(d Door) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			doorSays(w, http.StatusMethodNotAllowed, "post a delivery here")
			return
		}
		defer s.knocking.Add(-1)
		if s.knocking.Add(1) > int64(s.o.MaxDoors) {
			s.o.Meter.Webhook("overloaded")
			w.Header().Set("Retry-After", "1")
			doorSays(w, http.StatusTooManyRequests, "too many deliveries wait, come back in a second")
			return
		}
		s.knock(w, r, d)
	})
}

func (s *Server) knock(w http.ResponseWriter, r *http.Request, d Door) {
	body, err := readBody(w, r, doorBody, doorPatient)
	if err != nil {
		s.o.Meter.Webhook("unavailable")
		s.o.Log.Warn("delivery was cut off", "door", d.Path, "err", err)
		doorSays(w, http.StatusServiceUnavailable, "the body did not arrive whole, send it again")
		return
	}
	if len(body) > doorBody {
		s.o.Meter.Webhook("too_large")
		doorSays(w, http.StatusRequestEntityTooLarge, "a delivery has at most 1 MiB")
		return
	}
	if err := receive(r.Context(), d, r.Header, body); err != nil {
		s.turnAway(w, d, err)
		return
	}
	doorSays(w, http.StatusAccepted, "accepted")
}

// receive calls the door's own code; a panic there is an error like others,
// since 503 makes the sender come back.
func receive(ctx context.Context, d Door, h http.Header, body []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("receive at %s: panic: %v", d.Path, p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, doorAnswer)
	defer cancel()
	return d.Receive(ctx, h, body)
}

func (s *Server) turnAway(w http.ResponseWriter, d Door, err error) {
	if fault.Is(err, fault.Unsigned) {
		s.o.Log.Warn("delivery was not signed by anybody we know", "door", d.Path, "err", err)
		doorSays(w, http.StatusUnauthorized, "no valid signature")
		return
	}
	s.o.Log.Error("delivery cannot be taken", "door", d.Path, "err", err)
	w.Header().Set("Retry-After", "5")
	doorSays(w, http.StatusServiceUnavailable, "cannot be taken now, send it again")
}

// doorSays answers a machine. The words are constants: what came in is never
// repeated.
func doorSays(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	key := "error"
	if status == http.StatusAccepted {
		key = "status"
	}
	_, _ = fmt.Fprintf(w, "{%q:%q}\n", key, words) // the sender may be gone; nothing depends on it
}
