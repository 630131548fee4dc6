package discord

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

const (
	hookPath  = "/hooks/discord"
	maxHook   = 1 << 20
	maxAge    = 5 * time.Minute
	giveFor   = 500 * time.Millisecond
	hookLimit = 3 * time.Second
)

// Routes are the doors that Discord calls in mode http.
func (p *platform) Routes() []chat.Route {
	if p.own.Mode != modeHTTP {
		return nil
	}
	return []chat.Route{{Path: hookPath, Handler: http.HandlerFunc(p.hook)}}
}

// hook takes one interaction. The first response is the answer to the request.
func (p *platform) hook(w http.ResponseWriter, r *http.Request) {
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
	if !p.signed(r.Header, raw) {
		// Discord tries forged signatures on purpose and wants exactly this.
		http.Error(w, "invalid request signature", http.StatusUnauthorized)
		return
	}
	var in interaction
	if err := json.Unmarshal(raw, &in); err != nil {
		p.log.Warn("interaction not understood", "err", err)
		http.Error(w, "not an interaction", http.StatusBadRequest)
		return
	}
	if in.Type == discordgo.InteractionPing {
		write(w, reply{Type: replyPong})
		return
	}
	p.take(w, r, in)
}

// signed checks who calls, and when: without the time an old call could be sent
// again.
func (p *platform) signed(h http.Header, raw []byte) bool {
	stamp := h.Get("X-Signature-Timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || p.now().Sub(time.Unix(at, 0)).Abs() > maxAge {
		return false
	}
	sig, err := hex.DecodeString(h.Get("X-Signature-Ed25519"))
	if err != nil || len(sig) != ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(p.own.key, append([]byte(stamp), raw...), sig)
}

// take hands the interaction to Run and waits for its first response.
func (p *platform) take(w http.ResponseWriter, r *http.Request, in interaction) {
	said := make(chan reply, 1)
	var once sync.Once
	say := func(_ context.Context, r reply) error {
		once.Do(func() { said <- r })
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), giveFor)
	defer cancel()
	if !p.desk.Give(ctx, func(ctx context.Context, h chat.Handler) { p.serve(ctx, h, in, say) }) {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	timer := time.NewTimer(hookLimit)
	defer timer.Stop()
	select {
	case first := <-said:
		write(w, first)
	case <-r.Context().Done():
	case <-timer.C:
		http.Error(w, "too late", http.StatusServiceUnavailable)
	}
}

func write(w http.ResponseWriter, r reply) {
	raw, err := json.Marshal(r)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}
