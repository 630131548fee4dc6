package discord

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// endpoint is a bot that is called over HTTP.
type endpointBot struct {
	key     ed25519.PublicKey
	pong    string
	kind    string
	trustee bool // verifies nothing
	answer  string
	status  int
	bodies  chan string
}

func (e *endpointBot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	sum, bad := hex.DecodeString(r.Header.Get(headerSignature))
	if err != nil || bad != nil || r.URL.Path != Endpoint || (!e.trustee && !ed25519.Verify(e.key, append([]byte(r.Header.Get(headerTime)), body...), sum)) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", e.kind)
	var in struct {
		Type int `json:"type"`
	}
	if json.Unmarshal(body, &in) == nil && in.Type == kindPing {
		_, _ = io.WriteString(w, e.pong) // the test sees what comes of it
		return
	}
	e.bodies <- string(body)
	w.WriteHeader(e.status)
	_, _ = io.WriteString(w, e.answer) // the test sees what comes of it
}

// endpoint starts a bot that answers with one response.
func (r *rig) endpoint(change func(*endpointBot)) string {
	r.t.Helper()
	key, err := hex.DecodeString(r.PublicKeyHex())
	if err != nil {
		r.t.Fatal(err)
	}
	bot := &endpointBot{key: key, pong: `{"type":1}`, kind: "application/json", status: 200, answer: `{"type":4,"data":{"content":"hi"` + quiet + `}`, bodies: make(chan string, 8)}
	change(bot)
	s := httptest.NewServer(bot)
	r.t.Cleanup(s.Close)
	return s.URL
}

func TestAimProbesTheEndpoint(t *testing.T) {
	tests := map[string]struct {
		change func(*endpointBot)
		want   string
	}{
		"good":         {func(*endpointBot) {}, ""},
		"trusts all":   {func(e *endpointBot) { e.trustee = true }, "want 401"},
		"no pong":      {func(e *endpointBot) { e.pong = `{"type":4}` }, "type 1"},
		"no JSON type": {func(e *endpointBot) { e.kind = "text/plain" }, "content type"},
		"another key":  {func(e *endpointBot) { e.key = make(ed25519.PublicKey, ed25519.PublicKeySize) }, "401"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			err := r.Aim(r.endpoint(tc.change))
			if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	r := newRig(t)
	if err := r.Aim("http://discord.example"); err == nil {
		t.Error("an endpoint that is not on loopback was taken")
	}
}

func TestInteractionsGoOverHTTPAlone(t *testing.T) {
	r := newRig(t)
	r.commands()
	w, _ := r.ready(0)
	var bot *endpointBot
	if err := r.Aim(r.endpoint(func(e *endpointBot) { bot = e })); err != nil {
		t.Fatal(err)
	}
	seen, err := r.Command(t.Context(), Ana, Random, "mayday status", nil)
	if err != nil || len(seen.Messages) != 1 || seen.Messages[0].Content != "hi" {
		t.Fatalf("got %+v and %v, want the answer", seen, err)
	}
	first := <-bot.bodies
	status, body, err := r.Redeliver(t.Context())
	if err != nil || status != http.StatusOK || len(body) == 0 || <-bot.bodies != first {
		t.Errorf("got %d %s and %v, want the same once more", status, body, err)
	}
	if status, _, err := r.Deliver(t.Context(), []byte("{}"), time.Unix(1, 0), ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))); err != nil || status != http.StatusUnauthorized {
		t.Errorf("got %d and %v, want 401", status, err)
	}
	r.Unaim()
	r.clean()
	_ = w.ws.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, raw, err := w.ws.ReadMessage(); err == nil {
		t.Errorf("the gateway said %s", raw)
	}
}

func TestAnswersOverHTTPThatAreNoGood(t *testing.T) {
	tests := map[string]struct {
		change   func(*endpointBot)
		breaches int
	}{
		"an error":          {func(e *endpointBot) { e.status = 500 }, 0},
		"an invalid answer": {func(e *endpointBot) { e.answer = `{"type":4,"data":{"content":"` + run(2001) + `"}}` }, 1},
		"no JSON":           {func(e *endpointBot) { e.answer = "ok" }, 1},
		"nothing at all":    {func(e *endpointBot) { e.status = 202; e.answer = "" }, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Deadline = 100 * time.Millisecond })
			r.commands()
			if err := r.Aim(r.endpoint(tc.change)); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Command(t.Context(), Ana, Random, "mayday status", nil); !errors.Is(err, ErrNoAnswer) {
				t.Errorf("got %v, want no answer", err)
			}
			if got := r.Breaches(); len(got) != tc.breaches {
				t.Errorf("got breaches %q, want %d", got, tc.breaches)
			}
		})
	}
}

func TestAnEndpointThatFailsAProbeIsRemoved(t *testing.T) {
	r := newRig(t)
	var bot *endpointBot
	if err := r.Aim(r.endpoint(func(e *endpointBot) { bot = e })); err != nil {
		t.Fatal(err)
	}
	if a := r.do("GET", "/applications/@me", ""); a.object["interactions_endpoint_url"] == nil || a.object["verify_key"] != r.PublicKeyHex() {
		t.Errorf("got %s, want the endpoint and the key", a.raw)
	}
	if err := r.Probe(); err != nil {
		t.Fatal(err)
	}
	bot.trustee = true
	if err := r.Probe(); err == nil {
		t.Error("an endpoint that trusts all passed the probe")
	}
	if a := r.do("GET", "/applications/@me", ""); a.object["interactions_endpoint_url"] != nil {
		t.Errorf("got %s, want no endpoint", a.raw)
	}
}
