package discord

import (
	"crypto/ed25519"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	practice "mayday/internal/practice/discord"
)

// hooked is a world in which Discord calls us.
func hooked(t *testing.T, o options) *world {
	t.Helper()
	o.http = true
	w := run(t, o)
	routes := w.p.Routes()
	if len(routes) != 1 || routes[0].Path != "/hooks/discord" {
		t.Fatalf("routes: got %+v", routes)
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+routes[0].Path, routes[0].Handler)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	if err := w.d.Aim(server.URL); err != nil {
		t.Fatalf("Discord does not take the address: %v", err)
	}
	return w
}

func TestProbes(t *testing.T) {
	w := hooked(t, options{})
	if err := w.d.Probe(); err != nil {
		t.Fatalf("the address would be removed: %v", err)
	}
	_, forger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"id":"1","type":1,"application_id":"` + practice.Application + `","token":"t"}`)
	for what, c := range map[string]struct {
		at   time.Duration
		key  ed25519.PrivateKey
		want int
	}{
		"right":   {0, w.d.PrivateKey(), 200},
		"forged":  {0, forger, 401},
		"old":     {-maxAge - time.Minute, w.d.PrivateKey(), 401},
		"future":  {maxAge + time.Minute, w.d.PrivateKey(), 401},
		"a bit":   {-maxAge + time.Minute, w.d.PrivateKey(), 200},
		"too old": {-24 * time.Hour, w.d.PrivateKey(), 401},
	} {
		status, _, err := w.d.Deliver(t.Context(), body, w.clock.now().Add(c.at), c.key)
		if err != nil || status != c.want {
			t.Errorf("%s: got %d %v, want %d", what, status, err, c.want)
		}
	}
}

func TestHookIsStrict(t *testing.T) {
	w := build(t, options{http: true})
	sign := func(r *http.Request, stamp, text string) {
		r.Header.Set("X-Signature-Timestamp", stamp)
		r.Header.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(w.d.PrivateKey(), []byte(stamp+text))))
	}
	ask := func(text string, change func(*http.Request)) int {
		r := httptest.NewRequest(http.MethodPost, hookPath, strings.NewReader(text))
		sign(r, strconv.FormatInt(w.clock.now().Unix(), 10), text)
		if change != nil {
			change(r)
		}
		rec := httptest.NewRecorder()
		w.p.hook(rec, r)
		return rec.Code
	}
	for what, c := range map[string]struct {
		body   string
		change func(*http.Request)
		want   int
	}{
		"ping":         {`{"type":1}`, nil, 200},
		"no signature": {`{"type":1}`, func(r *http.Request) { r.Header.Del("X-Signature-Ed25519") }, 401},
		"no time":      {`{"type":1}`, func(r *http.Request) { r.Header.Del("X-Signature-Timestamp") }, 401},
		"no hex":       {`{"type":1}`, func(r *http.Request) { r.Header.Set("X-Signature-Ed25519", "zz") }, 401},
		"short":        {`{"type":1}`, func(r *http.Request) { r.Header.Set("X-Signature-Ed25519", "00") }, 401},
		"other time": {`{"type":1}`, func(r *http.Request) {
			r.Header.Set("X-Signature-Timestamp", strconv.FormatInt(w.clock.now().Unix()+1, 10))
		}, 401},
		"no time at all": {`{"type":1}`, func(r *http.Request) { sign(r, "now", `{"type":1}`) }, 401},
		"no JSON":        {`{`, nil, 400},
		"too long":       {strings.Repeat(" ", maxHook+1), nil, 413},
		"not running":    {`{"type":3,"id":"1"}`, nil, 503},
	} {
		if got := ask(c.body, c.change); got != c.want {
			t.Errorf("%s: got %d, want %d", what, got, c.want)
		}
	}
	if build(t, options{}).p.Routes() != nil {
		t.Error("mode gateway has no door")
	}
}

func TestASecondDeliveryIsTheSameInteraction(t *testing.T) {
	w := hooked(t, options{})
	r := w.open("INC-42:root")
	if _, err := w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it"); err != nil {
		t.Fatal(err)
	}
	first := w.h.last(t).ID
	if status, _, err := w.d.Redeliver(t.Context()); err != nil || status != 200 {
		t.Fatalf("got %d %v", status, err)
	}
	if again := w.h.last(t).ID; w.h.count() != 2 || first == "" || again != first {
		t.Errorf("got ids %q and %q: the handler cannot tell that it is the same", first, again)
	}
}

func member(id string, bot bool) *discordgo.Member {
	return &discordgo.Member{User: &discordgo.User{ID: id, Bot: bot}}
}
