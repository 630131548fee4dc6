package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"mayday/bot/chat"
)

const (
	hookCommands     = "/hooks/slack/commands"
	hookInteractions = "/hooks/slack/interactions"
	hookEvents       = "/hooks/slack/events"
	maxHook          = 1 << 20
	maxAge           = 5 * time.Minute
	giveFor          = 500 * time.Millisecond
	hookLimit        = 2900 * time.Millisecond
)

// Routes are the doors that Slack calls in mode http.
func (p *platform) Routes() []chat.Route {
	if p.own.Mode != modeHTTP {
		return nil
	}
	return []chat.Route{
		{Path: hookCommands, Handler: p.hook(p.readCommand)},
		{Path: hookInteractions, Handler: p.hook(readInteraction)},
		{Path: hookEvents, Handler: p.hook(p.readEvent)},
	}
}

// read takes a delivery out of a body. ok is false when there is none in it, and
// then answer is all there is to say.
type read func(raw []byte) (d delivery, answer any, ok bool, err error)

var errNoPayload = errors.New("there is no payload")

// hook takes one delivery. What is signed and not understood is answered 200: to
// send it again would change nothing.
func (p *platform) hook(read read) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHook))
		if err != nil {
			var long *http.MaxBytesError
			if errors.As(err, &long) {
				http.Error(w, "the body is too long", http.StatusRequestEntityTooLarge)
				return
			}
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		ok, err := p.signed(r.Header, raw)
		if err != nil { // it may be Slack's: an event that is answered 503 is sent again
			http.Error(w, "the signing secret cannot be read", http.StatusServiceUnavailable)
			return
		}
		if !ok {
			http.Error(w, "the signature is not right", http.StatusUnauthorized)
			return
		}
		d, answer, ok, err := read(raw)
		if err != nil {
			p.log.Error("delivery not understood", "path", r.URL.Path, "err", err, "body", forLog(raw))
		}
		if !ok {
			write(w, answer)
			return
		}
		d.retry = r.Header.Get("X-Slack-Retry-Num") != ""
		p.take(w, r, d)
	})
}

// signed checks who calls, and when: without the time an old call could be sent
// again. An error says that nobody can tell.
func (p *platform) signed(h http.Header, raw []byte) (bool, error) {
	stamp := h.Get("X-Slack-Request-Timestamp")
	if !p.fresh(stamp) {
		return false, nil
	}
	secret, err := p.own.SigningSecret.Reveal()
	if err == nil && secret == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		p.log.Error("signing secret not readable: nobody is let in", "err", err)
		return false, fmt.Errorf("check signature: %w", err)
	}
	return hmac.Equal([]byte(signature(secret, stamp, raw)), []byte(h.Get("X-Slack-Signature"))), nil
}

// fresh reports whether a time is now, or nearly.
func (p *platform) fresh(stamp string) bool {
	at, err := strconv.ParseInt(stamp, 10, 64)
	return err == nil && p.now().Sub(time.Unix(at, 0)).Abs() <= maxAge
}

// signature is version 0 of Slack's.
func signature(secret, stamp string, raw []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(raw)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func (p *platform) readCommand(raw []byte) (delivery, any, bool, error) {
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return delivery{}, nil, false, notUnderstood("a command", err)
	}
	if form.Get("ssl_check") == "1" {
		return delivery{}, nil, false, nil
	}
	if form.Get("user_id") == "" {
		return delivery{}, nil, false, notUnderstood("a command", errNoPayload)
	}
	body, err := json.Marshal(commandForm(form))
	if err != nil {
		return delivery{}, nil, false, notUnderstood("a command", err)
	}
	return delivery{kind: kindCommand, raw: body}, nil, true, nil
}

func readInteraction(raw []byte) (delivery, any, bool, error) {
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return delivery{}, nil, false, notUnderstood("an interaction", err)
	}
	payload := form.Get("payload")
	if payload == "" {
		return delivery{}, nil, false, notUnderstood("an interaction", errNoPayload)
	}
	return delivery{kind: kindInteraction, raw: json.RawMessage(payload)}, nil, true, nil
}

func (p *platform) readEvent(raw []byte) (delivery, any, bool, error) {
	var head struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return delivery{}, nil, false, notUnderstood("an event", err)
	}
	switch head.Type {
	case "url_verification":
		return delivery{}, map[string]string{"challenge": head.Challenge}, false, nil
	case "app_rate_limited":
		p.log.Error("Slack does not deliver all events: too many in an hour")
		return delivery{}, nil, false, nil
	}
	return delivery{kind: kindEvent, raw: raw}, nil, true, nil
}

// take hands the delivery to Run and waits for its acknowledgement.
func (p *platform) take(w http.ResponseWriter, r *http.Request, d delivery) {
	said := make(chan any, 1)
	var once sync.Once
	d.ack = func(answer any) { once.Do(func() { said <- answer }) }
	ctx, cancel := context.WithTimeout(r.Context(), giveFor)
	defer cancel()
	if !p.desk.Give(ctx, func(ctx context.Context, h chat.Handler) { p.serve(ctx, h, d) }) {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	timer := time.NewTimer(hookLimit)
	defer timer.Stop()
	select {
	case answer := <-said:
		write(w, answer)
	case <-r.Context().Done():
	case <-timer.C:
		if d.kind == kindEvent {
			http.Error(w, "not handled in time", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK) // it is taken, and answered by other ways
	}
}

// write answers 200, with JSON where there is something to say.
func write(w http.ResponseWriter, answer any) {
	if answer == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw) // who went away needs no answer
}
