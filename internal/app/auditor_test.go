package app

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
)

// heart is what waits for the heartbeat.
type heart struct {
	*httptest.Server
	beats atomic.Int64
}

func newHeart(t *testing.T) *heart {
	h := &heart{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h.beats.Add(1)
		_, _ = io.WriteString(w, "OK")
	}))
	t.Cleanup(h.Close)
	return h
}

func watched(t *testing.T, h *heart, manual bool) (*App, *syncBuffer) {
	t.Helper()
	file, err := config.Parse("mayday.yaml", []byte("people: {responder: [web:ana]}\nshutdown: 2s\nwatch: {heartbeat_url: '"+h.URL+"/ping/abc', every: 1s}\n"))
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	app, err := New(t.Context(), Options{File: file, Listen: "127.0.0.1:0", Data: t.TempDir(), Log: log, Manual: manual})
	if err != nil {
		t.Fatal(err)
	}
	app.auditor.watch.every, app.auditor.late = 20*time.Millisecond, 300*time.Millisecond
	if err := app.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return app, log
}

func TestHeartbeatWhileAllIsWell(t *testing.T) {
	h := newHeart(t)
	app, log := watched(t, h, false)
	if _, err := app.handler.Handle(t.Context(), chat.Interaction{Platform: "web", User: chat.User{ID: "ana", Name: "ana"}, At: time.Now(), Text: "open checkout is slow"}); err != nil {
		t.Fatal(err)
	}
	eventuallyAll(t, "the heart beats", func() string {
		if h.beats.Load() < 5 {
			return "it does not"
		}
		return ""
	})
	if strings.Contains(log.String(), "auditor objects") {
		t.Errorf("the auditor objects to a healthy store:\n%s", log.String())
	}
	if found := app.auditor.findings(t.Context()); len(found) != 1 || !found[0].OK || found[0].Part != "Heartbeat" {
		t.Errorf("got %+v, want one good line", found)
	}
}

// TestStallStopsTheHeartbeat: the wake loop does not run, so a body that came in
// is taken up by nobody. All intervals are 1/150 of the real ones, and the two
// minutes of P21 with them.
func TestStallStopsTheHeartbeat(t *testing.T) {
	h := newHeart(t)
	app, log := watched(t, h, true)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { app.auditor.run(ctx); close(done) }()
	defer func() { stop(); <-done }()
	eventuallyAll(t, "the heart beats", func() string {
		if h.beats.Load() < 3 {
			return "it does not"
		}
		return ""
	})
	if _, err := app.store.Receive(t.Context(), "pagerduty", "E1", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	stalled := time.Now()
	eventuallyAll(t, "the auditor objects", func() string {
		if len(app.auditor.troubles()) == 0 {
			return "it does not"
		}
		return ""
	})
	// The limit is 120 s / 150; a busy machine gets the same again.
	if took := time.Since(stalled); took > 1600*time.Millisecond {
		t.Errorf("noticed after %s", took)
	}
	beats := h.beats.Load()
	for range 5 {
		app.auditor.round(ctx)
	}
	if got := h.beats.Load(); got != beats && got != beats+1 { // one may have been on its way
		t.Errorf("the heart beat %d times after the loop had stalled", got-beats)
	}
	found := app.auditor.findings(t.Context())
	if len(found) < 1 || found[0].OK || !strings.Contains(found[0].Text, "loop: 1 rows of inbox") {
		t.Errorf("doctor says %+v", found)
	}
	if text := strings.Join(app.troubles(t.Context()), "\n"); !strings.Contains(text, "Mayday found a fault in itself (loop)") {
		t.Errorf("the banner says %q", text)
	}
	if !strings.Contains(log.String(), "the auditor objects") {
		t.Errorf("the log does not say it:\n%s", log.String())
	}
	// It goes on by itself when the loop does.
	if err := app.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventuallyAll(t, "the heart beats again", func() string {
		if h.beats.Load() < beats+3 {
			return "it does not"
		}
		return ""
	})
}

func TestWatchSettings(t *testing.T) {
	tests := map[string]string{
		"watch: {heartbeat_url: 'ftp://x'}":                             "is an address like",
		"watch: {every: 2m}":                                            "at most 1m0s",
		"watch: {heartbeat: 'https://hc.example/ping'}":                 "heartbeat_url",
		"watch: {heartbeat_url: 'https://hc.example/ping', every: 30s}": "",
		"watch: {heartbeat_url: env:HEARTBEAT_URL}":                     "",
	}
	for text, want := range tests {
		file, err := config.Parse("mayday.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = read(file, config.Env{})
		if (want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
