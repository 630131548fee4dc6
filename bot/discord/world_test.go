package discord

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mayday/bot/chat"
	"mayday/internal/config"
	practice "mayday/internal/practice/discord"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const pretend = "pretend-token"

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

func say(lines ...any) chat.Message {
	m := chat.Message{Key: "answer", Kind: "note", Ephemeral: true}
	for _, l := range lines {
		m.Lines = append(m.Lines, chat.L(l))
	}
	return m.Finish()
}

// world is a practice Discord and a bot that is aimed at it.
type world struct {
	t     *testing.T
	d     *practice.Discord
	p     *platform
	h     *hands
	clock *clock
	token string // file
	stop  func()
}

type options struct {
	http    bool
	options practice.Options
	before  func(*platform)
	extra   string // configuration
}

var commands = []chat.Command{
	{Name: "help", Help: "the panel", Args: []chat.Arg{{Name: "topic", Help: "a command"}}},
	{Name: "note", Help: "put a fact on the timeline", Args: []chat.Arg{{Name: "text", Help: "the fact", Required: true, Rest: true}}},
	{Name: "update", Help: "the word to readers", Args: []chat.Arg{{Name: "text", Help: "what to say", Rest: true}}},
	{Name: "run", Help: "start a playbook", Args: []chat.Arg{
		{Name: "playbook", Help: "which one", Required: true, Suggest: true}, {Name: "with", Help: "inputs", Rest: true}}},
	{Name: "freeze", Help: "stop all steps", Args: []chat.Arg{{Name: "on", Required: true, Choices: []chat.Choice{{Value: "on", Label: "on"}, {Value: "off", Label: "off"}}}}},
}

// build makes a world without running the bot.
func build(t *testing.T, o options) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, h: &hands{}}
	o.options.Token, o.options.Now = pretend, w.clock.now
	if o.options.Faster == 0 {
		o.options.Faster = 20
	}
	d, err := practice.New(o.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	base, err := d.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.d, w.token = d, filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(w.token, []byte(pretend), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("chat:\n  discord:\n    api_url: %s\n    token: file:%s\n    server: %q\n", base, w.token, practice.Guild)
	if o.http {
		text += fmt.Sprintf("    mode: http\n    public_key: %q\n", d.PublicKeyHex())
	}
	p, err := newPlatform(w.start(text + o.extra))
	if err != nil {
		t.Fatal(err)
	}
	p.pace.firstRetry, p.pace.lastRetry, p.pace.identify, p.pace.greeting = 20*time.Millisecond, 100*time.Millisecond, 50*time.Millisecond, 2*time.Second
	p.pace.refused = 300 * time.Millisecond
	if o.before != nil {
		o.before(p)
	}
	w.p = p
	t.Cleanup(p.api.client.CloseIdleConnections)
	return w
}

func (w *world) start(text string) chat.Start {
	w.t.Helper()
	f, err := config.Parse("mayday.yaml", []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	return chat.Start{
		Section: f.Section("chat", "discord"), Rooms: map[string]string{"operations": "#operations", "status": "#status"},
		Command: "mayday", Commands: commands, Now: w.clock.now, URL: "https://mayday.acme.dev",
	}
}

// run starts the bot and waits until it is connected and its commands are there.
func run(t *testing.T, o options) *world {
	t.Helper()
	w := build(t, o)
	w.begin()
	w.await("the bot is up", func() bool { return w.p.Health().State == "ok" && len(w.d.Commands()) > 0 })
	return w
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
			case <-time.After(10 * time.Second):
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
	for _, b := range w.d.Breaches() {
		w.t.Errorf("breach: %s", b)
	}
}

// card is a root card of an incident.
func card(key string) chat.Message {
	m := chat.Message{Key: key, Kind: "card", Incident: "INC-42", Tone: chat.ToneSEV2, Silent: true,
		Buttons: []chat.Button{
			{ID: key + "-own", Label: "I'm on it", Verb: "own", Style: chat.Primary},
			{ID: key + "-post", Label: "Post first status", Verb: "update", Style: chat.Plain},
			{ID: key + "-run", Label: "Run playbook", Verb: "run", Style: chat.Plain},
		},
		More: []chat.Button{{ID: key + "-sev", Label: "Change SEV", Verb: "severity"}, {ID: key + "-page", Label: "Page someone", Verb: "page"}},
	}
	m.Lines = []chat.Line{
		chat.L(chat.Strong("◆ SEV2"), " ", chat.Strong("checkout: errors 12% (usual 0.3%)"), " · INC-42"),
		chat.L("Users: paying fails for some; browsing works."),
		chat.L("investigating · owner: nobody yet · since ", chat.At(time.Unix(1700000000, 0))),
		chat.L("first update due ", chat.At(time.Unix(1700000600, 0))),
	}
	return m.Finish()
}

func note(key, text string) chat.Message {
	return chat.Message{Key: key, Kind: "note", Lines: []chat.Line{chat.L(text)}}.Finish()
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

func (w *world) thread(r chat.Ref) string {
	_, message, _ := strings.Cut(string(r), "/")
	return message
}

func (w *world) post(r chat.Ref, m chat.Message) (chat.Ref, error) {
	return w.p.Post(w.t.Context(), chat.Place{Room: "operations", Thread: r}, m)
}

func (w *world) mustPost(r chat.Ref, m chat.Message) chat.Ref {
	w.t.Helper()
	got, err := w.post(r, m)
	if err != nil {
		w.t.Fatalf("post: %v", err)
	}
	return got
}
