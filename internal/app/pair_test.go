package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/internal/config"
	"mayday/internal/practice"
	discord "mayday/internal/practice/discord"
	slack "mayday/internal/practice/slack"
)

// pair is a Mayday on a Slack and a Discord at once, with a clock of the test.
type pair struct {
	story
	s *slackFront
	d *discordFront
}

func newPair(t *testing.T, before ...func(*pair)) *pair {
	t.Helper()
	p := &pair{s: newSlackFront(t, false), d: newDiscordFront(t, false)}
	for _, f := range before {
		f(p)
	}
	p.t, p.talk = t, talk{dir: t.TempDir(), now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)}
	p.front = p.s
	flags, err := practice.NewLaunchDarkly(practice.LDOptions{Token: "flag-token", Now: p.time})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(flags.Close)
	p.flags = flags
	address, err := flags.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sections, onSlack := p.s.config(p.dir)
	more, onDiscord := p.d.config(p.dir)
	var same []string
	for _, name := range []string{"ana", "li", "sam"} {
		same = append(same, fmt.Sprintf("{name: %s, web: %s, pagerduty: P%s, %s, %s}", strings.ToUpper(name[:1])+name[1:], name, strings.ToUpper(name), onSlack[name], onDiscord[name]))
	}
	text := strings.NewReplacer("DIR", p.dir, "API", address, "PEOPLE", strings.Join(same, ", ")).Replace(storyConfig) + sections + strings.TrimPrefix(more, "chat:\n")
	if err := os.MkdirAll(filepath.Join(p.dir, "books"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"token": "flag-token", "books/flip.yaml": flagBooks["flip.yaml"], "mayday.yaml": text} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TALK_SECRET", talkSecret)
	p.start()
	t.Cleanup(p.close)
	return p
}

// start starts Mayday and waits until it is connected to both.
func (p *pair) start() {
	p.t.Helper()
	f, err := config.Load(filepath.Join(p.dir, "mayday.yaml"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.app, err = New(context.Background(), Options{File: f, Listen: "127.0.0.1:0", Data: filepath.Join(p.dir, "data"), Clock: p.time, Log: &bytes.Buffer{}, Manual: true, Faster: 1000})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.app.Start(context.Background()); err != nil {
		p.t.Fatal(err)
	}
	for _, f := range []front{p.s, p.d} {
		if err := f.begin(p.app); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *pair) must(lines ...string) {
	p.t.Helper()
	for _, l := range lines {
		if err := p.settle(p.talk.line(l)); err != nil {
			p.t.Fatalf("%s: %v", l, err)
		}
	}
}

// do is a press or a command on one of the fronts; its answer is returned.
func (p *pair) do(what string, r reaction, err error) string {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	if err := p.settle(nil); err != nil {
		p.t.Fatal(err)
	}
	return plainly(r.text)
}

func (p *pair) press(f front, who, label string) string {
	p.t.Helper()
	r, err := f.press(p.t.Context(), who, label)
	return p.do(who+" presses "+label, r, err)
}

func (p *pair) fill(f front, who string, values map[string]any) string {
	p.t.Helper()
	r, err := f.fill(p.t.Context(), who, values)
	return p.do(who+" fills in", r, err)
}

func (p *pair) say(f front, who, text string) string {
	p.t.Helper()
	f.look() // where the thread is
	r, err := f.say(p.t.Context(), who, text)
	return p.do(who+" says "+text, r, err)
}

func words(all []shown) string {
	var b strings.Builder
	for _, m := range all {
		fmt.Fprintf(&b, "%s %q\n", plainly(m.text), m.buttons)
	}
	return b.String()
}

func (p *pair) wants(what, text string, parts ...string) {
	p.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			p.t.Errorf("%s: %q is not in:\n%s", what, part, text)
		}
	}
}

// TestOneIncidentOnBoth: one card and one thread on each, the same words, buttons
// that change everywhere at once, and people who are one person wherever they
// press.
func TestOneIncidentOnBoth(t *testing.T) {
	p := newPair(t)
	p.must("event triggered Q1")
	if a, b := words(p.s.look().thread), words(p.d.look().thread); a != b {
		t.Errorf("Slack reads\n%s\nDiscord reads\n%s", a, b)
	}
	p.wants("own on Slack", p.press(p.s, "ana", "I'm on it"), "You own INC-1")
	p.wants("the card on Discord", words(p.d.look().thread[:1]), "owner: Ana", "Write update")
	p.wants("own once more on Discord", p.press(p.d, "ana", "Resolve"), "")
	p.wants("a note on Discord", p.say(p.d, "li", "note seen from here"), "Noted")
	p.wants("the note on Slack", words(p.s.look().thread), "Li, from Discord: seen from here")
	p.wants("the note on Discord", words(p.d.look().thread), "Li: seen from here")

	// Ana asked on Slack: her account on Discord is hers too. Sam may, there.
	p.say(p.s, "ana", "run flip flag=new-cart")
	p.wants("her own approval elsewhere", p.press(p.d, "ana", "Approve and run"), "someone else must approve", "(E11)")
	p.press(p.d, "sam", "Approve and run")
	p.wants("the approval", p.fill(p.d, "sam", map[string]any{"phrase": "new-cart"}), "Started: Turn off new-cart")
	for name, f := range map[string]front{"Slack": p.s, "Discord": p.d} {
		p.wants("the result on "+name, words(f.look().thread), "✓ Turn off new-cart", "Sam, asked by Ana")
	}
	p.wants("a late press on Slack", p.press(p.s, "sam", "Undo: back to on*"), "Preparing the preview")
	p.noBreach()
}

func (p *pair) noBreach() {
	p.t.Helper()
	for _, b := range append(p.s.s.Breaches(), p.d.d.Breaches()...) {
		p.t.Errorf("breach: %s", b)
	}
}

// TestOneIsDown: with one platform away the other goes on, is told, and what
// waits arrives later, in order and once, without a restart (P14).
func TestOneIsDown(t *testing.T) {
	p := newPair(t)
	p.must("event triggered Q1")
	p.press(p.s, "ana", "I'm on it")
	if err := p.s.s.Refuse(true); err != nil {
		t.Fatal(err)
	}
	p.patient("say ana note while it is away", "clock +3m")
	p.wants("Discord goes on", words(p.d.look().thread), "while it is away")
	r, err := p.d.say(t.Context(), "ana", "update Rolling back checkout.")
	if err != nil {
		t.Fatal(err)
	}
	p.wants("an update on Discord", plainly(r.text), "Posted to #status")
	p.patient("clock +7m")
	p.wants("#status on Discord", words(p.d.look().status), "Rolling back checkout")
	if err := p.s.s.Refuse(false); err != nil {
		t.Fatal(err)
	}
	p.must("clock +10m")
	p.wants("Slack has caught up", words(p.s.look().thread), "while it is away")
	p.wants("#status on Slack", words(p.s.look().status), "Rolling back checkout")
	for _, m := range []string{"while it is away"} {
		if n := strings.Count(words(p.s.look().thread), m); n != 1 {
			t.Errorf("%q stands %d times", m, n)
		}
	}
}

// patient runs lines while some messages cannot be sent.
func (p *pair) patient(lines ...string) {
	p.t.Helper()
	for _, l := range lines {
		if err := p.talk.line(l); err != nil {
			p.t.Fatalf("%s: %v", l, err)
		}
	}
}

// TestFiftyPeopleOnOneButton: one owner, fifty visible answers, on both.
func TestFiftyPeopleOnOneButton(t *testing.T) {
	var people [2][]string
	p := newPair(t, func(p *pair) {
		for n := range 25 {
			a, b := fmt.Sprintf("U0P%02d", n), fmt.Sprintf("6666778899001%05d", n)
			p.s.s.AddPerson(a, "Person "+a)
			p.d.d.AddPerson(b, "Person "+b, discord.RoleSRE)
			people[0], people[1] = append(people[0], a), append(people[1], b)
		}
		p.s.s.SetGroup("sre", append(people[0], slack.Ana, slack.Li)...)
	})
	p.must("event triggered Q1")
	card, cardD := p.s.s.Messages(slack.Operations)[0], p.d.d.Messages(discord.Operations)[0]
	press := buttonCalled(card.Buttons(), "I'm on it")
	var mu sync.Mutex
	answers := map[string]int{}
	var wg sync.WaitGroup
	note := func(text string, err error) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			t.Errorf("no answer: %v", err)
		case strings.Contains(text, "You own INC-1"):
			answers["owner"]++
		case strings.Contains(text, "E22"):
			answers["handled"]++
		default:
			answers[text]++
		}
	}
	for n := range 25 {
		wg.Go(func() {
			seen, err := p.s.s.Press(t.Context(), people[0][n], slack.Operations, card.TS, press)
			note(seen.Text, err)
		})
		wg.Go(func() {
			seen, err := p.d.d.Press(t.Context(), people[1][n], discord.Operations, cardD.ID, "I'm on it")
			r, err := p.d.seen(t.Context(), seen, err)
			note(r.text, err)
		})
	}
	wg.Wait()
	if answers["owner"] != 1 || answers["handled"] != 49 {
		t.Errorf("the answers were %v, want one owner and 49 who read that it is handled", answers)
	}
	p.noBreach()
}

func buttonCalled(all []slack.Button, label string) string {
	n := slices.IndexFunc(all, func(b slack.Button) bool { return b.Label == label })
	if n < 0 {
		return ""
	}
	return all[n].Value
}

// TestWhoMayNot: guests, strangers and people without a role read why, and
// nothing happens; a card from before a restart still works.
func TestWhoMayNot(t *testing.T) {
	p := newPair(t)
	p.must("event triggered Q1")
	card := p.s.s.Messages(slack.Operations)[0]
	for name, id := range map[string]string{"a guest": slack.Gus, "somebody of another company": slack.Eve, "somebody without a role": slack.Cleo} {
		seen, err := p.s.s.Press(t.Context(), id, slack.Operations, card.TS, buttonCalled(card.Buttons(), "I'm on it"))
		if err != nil {
			t.Errorf("%s gets no answer: %v", name, err)
		}
		p.wants(name, plainly(seen.Text), "needs responder", "Nothing was done", "(E1)")
	}
	seen, err := p.d.d.Press(t.Context(), discord.Gus, discord.Operations, p.d.d.Messages(discord.Operations)[0].ID, "I'm on it")
	r, err := p.d.seen(t.Context(), seen, err)
	p.wants("somebody without a role on Discord", p.do("press", r, err), "needs responder", "(E1)")
	p.wants("the card", words(p.s.look().thread[:1]), "owner: nobody yet")

	if err := p.stop(nil); err != nil {
		t.Fatal(err)
	}
	p.talk.now = p.talk.now.Add(time.Minute)
	p.start()
	p.wants("a card from before the restart", p.press(p.s, "ana", "I'm on it"), "You own INC-1")
	p.wants("and on Discord", p.press(p.d, "li", "Run playbook"), "")
	p.noBreach()
}

// TestLongAndHostileTitles fit everywhere, call nobody and form nothing.
func TestLongAndHostileTitles(t *testing.T) {
	p := newPair(t)
	title := "@everyone @here <!channel> <!here> <@U0SAM> <@&" + discord.RoleLeads + "> <@" + discord.Sam + "> *bold* [link](https://evil.example) " +
		"\u202eevil\u202c zero\u200bwidth\nApproved by Sam\n" + strings.Repeat("long ", 1000)
	p.must("event triggered Q1 title=" + strings.NewReplacer(" ", "_", "\n", "_").Replace(title))
	for name, f := range map[string]front{"Slack": p.s, "Discord": p.d} {
		seen := f.look()
		if len(seen.thread) < 2 {
			t.Fatalf("%s shows %d messages", name, len(seen.thread))
		}
		p.wants("the card on "+name, plainly(seen.thread[0].text), "@everyone @here <!channel>", "*bold* [link](https://evil.example)", "evil zerowidth")
		for _, m := range seen.thread {
			for _, who := range m.rings {
				if who != "ana" {
					t.Errorf("%s: the phone of %s rang", name, who)
				}
			}
		}
	}
	p.noBreach()
}
