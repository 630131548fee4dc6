package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mayday/bot/chat"
	"mayday/internal/config"
	practice "mayday/internal/practice/slack"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	pretendBot    = "xoxb-pretend"
	pretendApp    = "xapp-pretend"
	pretendSecret = "pretend-secret"
)

// clock is a clock that tests move; it starts at the real time.
type clock struct {
	mu   sync.Mutex
	skip time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.skip)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skip += d
}

// hands is a handler that remembers what it got.
type hands struct {
	mu      sync.Mutex
	got     []chat.Interaction
	queries []chat.Query
	answer  func(context.Context, chat.Interaction) (chat.Message, error)
	suggest func(context.Context, chat.Query) ([]chat.Choice, error)
}

func (h *hands) Handle(ctx context.Context, in chat.Interaction) (chat.Message, error) {
	h.mu.Lock()
	h.got = append(h.got, in)
	answer := h.answer
	h.mu.Unlock()
	if answer == nil {
		return say("heard"), nil
	}
	return answer(ctx, in)
}

func (h *hands) Suggest(ctx context.Context, q chat.Query) ([]chat.Choice, error) {
	h.mu.Lock()
	h.queries = append(h.queries, q)
	suggest := h.suggest
	h.mu.Unlock()
	if suggest == nil {
		return nil, nil
	}
	return suggest(ctx, q)
}

func (h *hands) will(answer func(context.Context, chat.Interaction) (chat.Message, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

func (h *hands) last(t *testing.T) chat.Interaction {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.got) == 0 {
		t.Fatal("the handler got nothing")
	}
	return h.got[len(h.got)-1]
}

func (h *hands) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.got)
}

// world is a practice Slack and a bot that is aimed at it.
type world struct {
	t     *testing.T
	s     *practice.Slack
	p     *platform
	h     chat.Handler
	hands *hands
	clock *clock
	token string // file
	base  string
	stop  func()
}

type options struct {
	http    bool
	options practice.Options
	before  func(*platform)
	extra   string // configuration
	handler chat.Handler
	groups  []string
}

var commands = []chat.Command{
	{Name: "open", Help: "start an incident"}, {Name: "own", Help: "take it"}, {Name: "update", Help: "the word to readers"},
	{Name: "run", Help: "start a playbook"}, {Name: "resolve", Help: "end it"}, {Name: "help", Help: "the panel"},
}

// build makes a world without running the bot.
func build(t *testing.T, o options) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, hands: &hands{}}
	if w.h = o.handler; w.h == nil {
		w.h = w.hands
	}
	o.options.BotToken, o.options.AppToken, o.options.SigningSecret, o.options.Now = pretendBot, pretendApp, pretendSecret, w.clock.now
	if o.options.Faster == 0 {
		o.options.Faster = 20
	}
	if o.options.Patience == 0 {
		o.options.Patience = 4 * time.Second
	}
	s, err := practice.New(o.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if w.base, err = s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w.s, w.token = s, filepath.Join(t.TempDir(), "token")
	w.setToken(pretendBot)
	text := fmt.Sprintf("chat:\n  slack:\n    api_url: %s/api\n    bot_token: file:%s\n    app_token: env:PRETEND_APP\n", w.base, w.token)
	t.Setenv("PRETEND_APP", pretendApp)
	t.Setenv("PRETEND_SECRET", pretendSecret)
	if o.http {
		text += "    mode: http\n    signing_secret: env:PRETEND_SECRET\n"
	}
	start := w.start(text + o.extra)
	start.Groups, start.Faster = o.groups, o.options.Faster
	p, err := newPlatform(start)
	if err != nil {
		t.Fatal(err)
	}
	p.pace.firstRetry, p.pace.lastRetry, p.pace.greeting = 20*time.Millisecond, 100*time.Millisecond, 2*time.Second
	p.pace.refused, p.pace.drain = 300*time.Millisecond, 500*time.Millisecond
	if o.before != nil {
		o.before(p)
	}
	w.p = p
	t.Cleanup(p.api.client.CloseIdleConnections)
	t.Cleanup(p.app.client.CloseIdleConnections)
	return w
}

func (w *world) setToken(token string) {
	w.t.Helper()
	if err := os.WriteFile(w.token, []byte(token), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start(text string) chat.Start {
	w.t.Helper()
	f, err := config.Parse("mayday.yaml", []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	return chat.Start{
		Section: f.Section("chat", "slack"), Rooms: map[string]string{"operations": "#operations", "status": "#status"},
		Command: "mayday", Commands: commands, Now: w.clock.now, URL: "https://mayday.acme.dev",
	}
}

// run starts the bot and waits until it is connected and knows the workspace.
func run(t *testing.T, o options) *world {
	t.Helper()
	w := build(t, o)
	w.begin()
	w.await("the bot is up", func() bool {
		_, rooms := w.p.rooms.known("status")
		_, age := w.p.people.cached()
		return rooms && age < stale && w.p.Health().State == "ok"
	})
	if o.http {
		w.serve()
	}
	return w
}

// serve gives the doors of the bot an address and tells Slack.
func (w *world) serve() string {
	w.t.Helper()
	mux := http.NewServeMux()
	for _, r := range w.p.Routes() {
		mux.Handle("POST "+r.Path, r.Handler)
	}
	doors := httptest.NewServer(mux)
	w.t.Cleanup(doors.Close)
	if err := w.s.Aim(doors.URL); err != nil {
		w.t.Fatal(err)
	}
	return doors.URL
}

func (w *world) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.p.Run(ctx, w.h) }()
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					w.t.Errorf("Run: %v", err)
				}
			case <-time.After(15 * time.Second):
				w.t.Error("Run does not come back")
			}
		})
	}
	w.t.Cleanup(w.stop)
}

// await polls until something is so.
func (w *world) await(what string, is func() bool) {
	w.t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline.C:
			w.t.Fatalf("not in time: %s (health %+v)", what, w.p.Health())
		case <-tick.C:
		}
	}
}

func (w *world) noBreach() {
	w.t.Helper()
	for _, b := range w.s.Breaches() {
		w.t.Errorf("breach: %s", b)
	}
}

// open posts a card with its thread.
func (w *world) open(key string) chat.Ref {
	w.t.Helper()
	r, err := w.p.OpenThread(w.t.Context(), chat.OpenRequest{Room: "operations", Incident: "INC-42", Title: "INC-42 checkout errors", Message: card(key)})
	if err != nil {
		w.t.Fatalf("open the thread: %v", err)
	}
	return r
}

// ts is the name of a message within its channel.
func ts(r chat.Ref) string {
	_, message, _ := strings.Cut(string(r), "/")
	return message
}

func (w *world) post(r chat.Ref, m chat.Message) (chat.Ref, error) {
	return w.p.Post(w.t.Context(), chat.Place{Room: "operations", Thread: r}, m)
}

func (w *world) mustPost(r chat.Ref, m chat.Message) chat.Ref {
	w.t.Helper()
	for range 20 {
		got, err := w.post(r, m)
		if err == nil {
			return got
		}
		var f *chat.Failure
		if !errors.As(err, &f) || f.Kind != chat.Limited || !pause(w.t.Context(), f.After) {
			w.t.Fatalf("post: %v", err)
		}
	}
	w.t.Fatal("there is never room")
	return ""
}

// thread are the texts of a thread.
func (w *world) thread(r chat.Ref) []string {
	var out []string
	for _, m := range w.s.Thread(practice.Operations, ts(r)) {
		out = append(out, m.Plain())
	}
	return out
}

// calls counts the calls of a method.
func (w *world) calls(method string) int {
	n := 0
	for _, c := range w.s.Journal() {
		if c.Method == method {
			n++
		}
	}
	return n
}
