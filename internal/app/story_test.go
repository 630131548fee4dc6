package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/practice"
)

// front is a place where people talk, as they see it: a story is the same story
// on every one.
type front interface {
	// config is the section of the platform and the ids of people there.
	config(dir string) (sections string, ids map[string]string)
	begin(app *App) error
	// say types a command, press presses a button, fill posts the open form.
	say(ctx context.Context, who, text string) (reaction, error)
	press(ctx context.Context, who, label string) (reaction, error)
	fill(ctx context.Context, who string, values map[string]any) (reaction, error)
	look() seenThread
}

// reaction is what somebody sees after they did something.
type reaction struct {
	text   string
	fields []string
}

// seenThread is what stands.
type seenThread struct {
	thread, status []shown // the card first
	breaches       []string
}

// shown is a message as people read it.
type shown struct {
	text    string
	buttons []string
	rings   []string // whose phone rang when it came
}

var fronts = map[string]func(t *testing.T) front{
	"war room":        func(*testing.T) front { return &webFront{} },
	"discord gateway": func(t *testing.T) front { return newDiscordFront(t, false) },
	"discord http":    func(t *testing.T) front { return newDiscordFront(t, true) },
	"slack socket":    func(t *testing.T) front { return newSlackFront(t, false) },
	"slack http":      func(t *testing.T) front { return newSlackFront(t, true) },
}

// transcripts are what every front showed, for the comparison word by word.
type transcripts struct {
	mu  sync.Mutex
	all map[string]map[string]string // story -> front -> transcript
}

// TestStory runs every story on every front, and compares what was shown.
func TestStory(t *testing.T) {
	seen := &transcripts{all: map[string]map[string]string{}}
	t.Run("on", func(t *testing.T) {
		for name, open := range fronts {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				testscript.Run(t, testscript.Params{Dir: "testdata/story", Setup: func(e *testscript.Env) error {
					s := &story{t: t, front: open(t), talk: talk{dir: e.WorkDir, now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)}}
					e.Values[storyKey{}] = s
					script := filepath.Base(e.WorkDir)
					e.Defer(func() { seen.keep(script, name, s.transcript()); s.talk.close() })
					return nil
				}, Cmds: storyCommands()})
			})
		}
	})
	for script, by := range seen.all {
		want := by["war room"]
		for name, got := range by {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s in %s does not read as in the war room (-war room +%s):\n%s", script, name, name, diff)
			}
		}
	}
}

func (s *transcripts) keep(script, front, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[script] == nil {
		s.all[script] = map[string]string{}
	}
	s.all[script][front] = text
}

type storyKey struct{}

// story is one script on one front.
type story struct {
	t     *testing.T
	front front
	talk
	flags *practice.LaunchDarkly
	last  reaction
	said  []string // every answer, in order
}

func storyCommands() map[string]func(*testscript.TestScript, bool, []string) {
	on := func(f func(*story, []string) error) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, neg bool, args []string) {
			s := ts.Value(storyKey{}).(*story)
			if err := f(s, args); (err != nil) != neg {
				ts.Fatalf("%v\n\nthe thread:\n%s", err, s.transcript())
			}
		}
	}
	return map[string]func(*testscript.TestScript, bool, []string){
		"start": on((*story).begin), "event": on((*story).event), "clock": on((*story).clock), "say": on((*story).say), "press": on((*story).press),
		"fill": on((*story).fill), "sees": on((*story).sees), "form": on((*story).form), "card": on((*story).card), "thread": on((*story).inThread),
		"status": on((*story).inStatus), "buttons": on((*story).buttons), "rings": on((*story).rings), "posts": on((*story).posts), "calls": on((*story).calls),
	}
}

const storyConfig = `
pagerduty: {webhook_secret: env:TALK_SECRET}
people:
  responder: ["web:ana", "web:li", "slack:@sre", "discord:sre"]
  approver: ["web:sam", "slack:@sre-leads", "discord:sre-leads"]
  same: [PEOPLE]
services:
  checkout: {pagerduty: PCHECK, impact: "Paying fails. Browsing works."}
connect:
  launchdarkly: {api_url: 'API', token: 'file:DIR/token', project: web, environment: production}
playbooks: DIR/books
`

// begin starts Mayday beside a pretend LaunchDarkly and the front's platform.
func (s *story) begin([]string) error {
	flags, err := practice.NewLaunchDarkly(practice.LDOptions{Token: "flag-token", Now: s.time})
	if err != nil {
		return err
	}
	s.t.Cleanup(flags.Close)
	s.flags = flags
	address, err := flags.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	sections, ids := s.front.config(s.dir)
	var same []string
	for _, name := range []string{"Ana", "Li", "Sam"} {
		entry := fmt.Sprintf("{name: %s, web: %s, pagerduty: P%s", name, strings.ToLower(name), strings.ToUpper(name))
		if id := ids[strings.ToLower(name)]; id != "" {
			entry += ", " + id
		}
		same = append(same, entry+"}")
	}
	text := strings.NewReplacer("DIR", s.dir, "API", address, "PEOPLE", strings.Join(same, ", ")).Replace(storyConfig) + sections
	if err := os.MkdirAll(filepath.Join(s.dir, "books"), 0o700); err != nil {
		return err
	}
	for name, content := range map[string]string{"token": "flag-token", "books/flip.yaml": flagBooks["flip.yaml"]} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	if err := os.Setenv("TALK_SECRET", talkSecret); err != nil {
		return err
	}
	f, err := config.Parse("mayday.yaml", []byte(text))
	if err != nil {
		return err
	}
	s.app, err = New(context.Background(), Options{File: f, Listen: "127.0.0.1:0", Data: filepath.Join(s.dir, "data"), Clock: s.time, Log: &bytes.Buffer{}, Manual: true, Faster: 1000})
	if err != nil {
		return err
	}
	if err := s.app.Start(context.Background()); err != nil {
		return err
	}
	if f, ok := s.front.(*webFront); ok {
		f.k = &s.talk
	}
	return s.front.begin(s.app)
}

func (s *story) event(args []string) error { return s.settle(s.talk.event(args)) }
func (s *story) clock(args []string) error { return s.settle(s.talk.clock(args)) }

// settle sends what waits: a platform's limits are in real time, the clock of
// the story stands.
func (s *story) settle(err error) error {
	if err != nil {
		return err
	}
	for range 100 {
		if err := s.app.Drain(context.Background()); err != nil {
			return err
		}
		n, _, err := s.app.store.Depth(context.Background())
		if err != nil || n == 0 {
			return err
		}
		s.mu.Lock()
		s.now = s.now.Add(50 * time.Millisecond) // a lane that was told to wait is due again
		s.mu.Unlock()
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.t.Context().Done():
			return s.t.Context().Err()
		}
	}
	return fmt.Errorf("some messages are never sent")
}

func (s *story) act(a reaction, err error) error {
	if err != nil {
		return err
	}
	s.last = a
	if len(a.fields) == 0 { // what stands above a form differs with the room that it has
		s.said = append(s.said, plainly(a.text))
	}
	return s.settle(nil)
}

func (s *story) say(args []string) error {
	return s.act(s.front.say(s.t.Context(), args[0], strings.Join(args[1:], " ")))
}
func (s *story) press(args []string) error {
	return s.act(s.front.press(s.t.Context(), args[0], args[1]))
}

func (s *story) fill(args []string) error {
	values := map[string]any{}
	for _, a := range args[1:] {
		name, value, _ := strings.Cut(a, "=")
		values[name] = value
	}
	return s.act(s.front.fill(s.t.Context(), args[0], values))
}

func (s *story) sees(args []string) error { return match(args[0], plainly(s.last.text)) }

func (s *story) form(args []string) error {
	if !slices.Equal(s.last.fields, args) {
		return fmt.Errorf("the form asks for %q", s.last.fields)
	}
	return nil
}

func (s *story) card(args []string) error {
	all := s.front.look().thread
	if len(all) == 0 {
		return fmt.Errorf("there is no card")
	}
	return match(args[0], plainly(all[0].text))
}

func (s *story) inThread(args []string) error { return any1(args[0], s.front.look().thread) }
func (s *story) inStatus(args []string) error { return any1(args[0], s.front.look().status) }

// any1 looks for a message that matches.
func any1(pattern string, all []shown) error {
	var err error
	for _, m := range slices.Backward(all) {
		if err = match(pattern, plainly(m.text)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("no message has %q", pattern)
}

func (s *story) buttons(args []string) error {
	if got := s.front.look().thread[0].buttons; !slices.Equal(got, args) {
		return fmt.Errorf("the card has %q", got)
	}
	return nil
}

// rings checks whose phones rang so far, in order. The war room rings none.
func (s *story) rings(args []string) error {
	if _, ok := s.front.(*webFront); ok {
		return nil
	}
	var got []string
	for _, m := range s.front.look().thread {
		got = append(got, m.rings...)
	}
	if !slices.Equal(got, args) {
		return fmt.Errorf("the phones of %q rang, want %q", got, args)
	}
	return nil
}

// means reports whether a label is the one that was asked for; a star at the end
// stands for anything.
func means(wanted, label string) bool {
	head, some := strings.CutSuffix(wanted, "*")
	return label == wanted || some && strings.HasPrefix(label, head)
}

// posts checks how many messages stand below the card.
func (s *story) posts(args []string) error {
	most, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if got := len(s.front.look().thread) - 1; got > most {
		return fmt.Errorf("%d posts stand in the thread, %d is the most", got, most)
	}
	return nil
}

// calls checks that one phone rang at most so often, and no other at all.
func (s *story) calls(args []string) error {
	most, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	seen, rang := s.front.look(), 0
	for _, m := range append(seen.thread, seen.status...) {
		for _, who := range m.rings {
			if who != args[0] {
				return fmt.Errorf("the phone of %s rang", who)
			}
			rang++
		}
	}
	if rang > most {
		return fmt.Errorf("the phone of %s rang %d times, %s is the most", args[0], rang, args[1])
	}
	return nil
}

var (
	zone   = regexp.MustCompile(`(\d\d:\d\d) UTC`)
	blanks = regexp.MustCompile(`\s+`)
	hexes  = regexp.MustCompile(`\bv?[0-9a-f]{8}\b`)
	typing = regexp.MustCompile(`“[@/]mayday update …”`)
)

// plainly is a text without what may differ between platforms: layout, the zone
// beside a time, the mark before a command, random codes.
func plainly(text string) string {
	text = zone.ReplaceAllString(text, "$1")
	text = typing.ReplaceAllString(text, "“mayday update …”")
	text = places.ReplaceAllString(hexes.ReplaceAllString(text, "********"), "127.0.0.1:0")
	return strings.TrimSpace(blanks.ReplaceAllString(text, " "))
}

// transcript is everything that was reaction, and everything that stands.
func (s *story) transcript() string {
	var b strings.Builder
	for _, a := range s.said {
		fmt.Fprintf(&b, "answer: %s\n", a)
	}
	if s.app == nil {
		return b.String()
	}
	seen := s.front.look()
	for _, m := range seen.thread {
		fmt.Fprintf(&b, "thread: %s %q\n", plainly(m.text), m.buttons)
	}
	for _, m := range seen.status {
		fmt.Fprintf(&b, "status: %s %q\n", plainly(m.text), m.buttons)
	}
	for _, breach := range seen.breaches {
		fmt.Fprintf(&b, "breach: %s\n", breach)
	}
	return b.String()
}

// webFront is the war room.
type webFront struct{ k *talk }

func (*webFront) config(string) (string, map[string]string) { return "", map[string]string{} }
func (*webFront) begin(*App) error                          { return nil }

func (f *webFront) done(err error) (reaction, error) {
	if err != nil {
		return reaction{}, err
	}
	m := f.k.answer
	if f.k.err != nil {
		m = chat.Refusal(f.k.err)
	}
	a := reaction{text: m.Text}
	if m.Form != nil {
		for _, x := range m.Form.Fields {
			a.fields = append(a.fields, x.Label)
		}
	}
	return a, nil
}

func (f *webFront) say(_ context.Context, who, text string) (reaction, error) {
	in := chat.Interaction{User: chat.User{ID: who, Name: who}, Text: text}
	if len(f.k.messages()) > 0 {
		in.Incident = "INC-1" // typed on its page
	}
	return f.done(f.k.handle(in))
}

func (f *webFront) press(_ context.Context, who, label string) (reaction, error) {
	for _, m := range slices.Backward(f.k.messages()) {
		for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
			if means(label, b.Label) {
				return f.done(f.k.handle(chat.Interaction{User: chat.User{ID: who, Name: who}, Button: b.ID}))
			}
		}
	}
	return f.done(f.k.press([]string{who, label}))
}

func (f *webFront) fill(_ context.Context, who string, values map[string]any) (reaction, error) {
	if f.k.answer.Form == nil {
		return reaction{}, fmt.Errorf("no form is open")
	}
	return f.done(f.k.handle(chat.Interaction{User: chat.User{ID: who, Name: who}, Button: f.k.answer.Form.Submit, Input: values}))
}

func (f *webFront) look() seenThread {
	var out seenThread
	for _, m := range f.k.messages() {
		if strings.HasPrefix(m.Text, "– replaced") {
			continue // elsewhere it is taken away
		}
		out.thread = append(out.thread, shownOf(m))
	}
	for _, m := range f.k.posted("status", "") {
		out.status = append(out.status, shownOf(m))
	}
	return out
}

func shownOf(m chat.Message) shown {
	s := shown{text: m.Text}
	for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
		s.buttons = append(s.buttons, b.Label)
	}
	return s
}
