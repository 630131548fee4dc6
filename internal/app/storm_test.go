package app

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
	discord "mayday/internal/practice/discord"
	slack "mayday/internal/practice/slack"
)

// stormy is a platform whose vendor has a bad day.
type stormy struct {
	front
	storm   func() // everything that a vendor does wrong, one after the other
	invalid func() int
	rooms   func() []string // texts of every message, those of a thread in order
}

func stormySlack(t *testing.T) *stormy {
	f := newSlackFront(t, false)
	return &stormy{front: f, invalid: func() int { return f.s.Invalid(10 * time.Minute) },
		storm: func() {
			f.s.Play(
				slack.Fault{Kind: slack.Limited, RetryAfter: 1, Count: 3}, slack.Fault{Kind: slack.Failing, Count: 2}, slack.Fault{Kind: slack.HTMLPage, Count: 1},
				slack.Fault{Kind: slack.Error, Error: "internal_error", Count: 1}, slack.Fault{Kind: slack.Drop, Count: 1},
				slack.Fault{Kind: slack.LoseReply, Method: "chat.postMessage", Count: 1}, slack.Fault{Kind: slack.Hang, Method: "chat.postMessage", Count: 1},
				slack.Fault{Kind: slack.HalfOpen, Count: 1}, slack.Fault{Kind: slack.CloseSocket, Count: 1})
		},
		rooms: func() []string {
			var out []string
			for _, root := range f.s.Messages(slack.Operations) {
				for _, m := range f.s.Thread(slack.Operations, root.TS) {
					out = append(out, m.Plain())
				}
			}
			return out
		}}
}

func stormyDiscord(t *testing.T) *stormy {
	f := newDiscordFront(t, false)
	return &stormy{front: f, invalid: f.d.Invalid,
		storm: func() {
			f.d.Play(
				discord.Fault{Kind: discord.Limited, RetryAfter: .7, Count: 3}, discord.Fault{Kind: discord.Limited, Scope: "global", RetryAfter: .5, Count: 1},
				discord.Fault{Kind: discord.Failing, Count: 2}, discord.Fault{Kind: discord.Failing, Status: 502, Count: 1}, discord.Fault{Kind: discord.Drop, Count: 1},
				discord.Fault{Kind: discord.LoseReply, Count: 1}, discord.Fault{Kind: discord.Malformed, Count: 1},
				discord.Fault{Kind: discord.Hang, Route: "/messages", Count: 1}, discord.Fault{Kind: discord.Zombie}, discord.Fault{Kind: discord.CloseCode, Code: 4000})
		},
		rooms: func() []string {
			var out []string
			for _, th := range f.d.Threads() {
				for _, m := range f.d.Messages(th.ID) {
					out = append(out, m.Plain())
				}
			}
			return out
		}}
}

// TestStorm is P13: through limits, errors, hangs, garbage, ban pages and dead
// sockets nothing is lost, threads stay in order, the vendor is not provoked, and
// it ends well without a restart.
func TestStorm(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *stormy{"slack": stormySlack, "discord": stormyDiscord} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			app := startFront(t, s.front)
			say := func(text string) {
				t.Helper()
				if _, err := app.handler.Handle(t.Context(), chat.Interaction{Platform: "web", User: chat.User{ID: "ana", Name: "ana"}, At: time.Now(), Text: text}); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
			for n := range 3 {
				say(fmt.Sprintf("open trouble number %d", n+1))
			}
			eventuallyAll(t, "the cards stand", func() string {
				if got := strings.Count(strings.Join(s.rooms(), "\n"), "I cannot see deploys"); got < 3 {
					return fmt.Sprintf("%d openers stand", got)
				}
				return ""
			})
			s.storm()
			for n := range 12 {
				for inc := range 3 {
					say(fmt.Sprintf("note INC-%d word %d of incident %d", inc+1, n, inc+1))
				}
			}
			eventuallyAll(t, "every word arrives", func() string { return inOrder(s.rooms()) })
			if n := s.invalid(); n >= 500 {
				t.Errorf("%d invalid requests", n)
			}
			eventuallyAll(t, "all is well", func() string {
				if _, parts := app.ready(t.Context()); parts[name] != "ok" {
					return "the platform is " + parts[name]
				}
				return ""
			})
		})
	}
}

// inOrder looks for every word, each thread's in its order. One may stand twice
// where a vendor cannot tell, if it says so.
func inOrder(all []string) string {
	for inc := 1; inc <= 3; inc++ {
		last := -1
		for n := range 12 {
			word := fmt.Sprintf("word %d of incident %d", n, inc)
			at := slices.IndexFunc(all, func(m string) bool {
				return strings.HasSuffix(strings.TrimSuffix(strings.TrimSpace(m), " (may repeat)"), word)
			})
			if at < 0 {
				return word + " is missing"
			}
			if at < last {
				return word + " stands before the one that came first"
			}
			last = at
		}
	}
	return ""
}

// startFront starts a Mayday with one platform beside the war room, with the real
// clock and the real loop.
func startFront(t *testing.T, f front) *App {
	t.Helper()
	dir := t.TempDir()
	sections, _ := f.config(dir)
	file, err := config.Parse("mayday.yaml", []byte("people: {responder: [web:ana]}\nshutdown: 2s\n"+sections))
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(context.Background(), Options{File: file, Listen: "127.0.0.1:0", Data: dir, Log: &bytes.Buffer{}, Faster: 100})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	if err := f.begin(app); err != nil {
		t.Fatal(err)
	}
	return app
}

// eventuallyAll polls for a minute; holds answers what is missing.
func eventuallyAll(t *testing.T, what string, holds func() string) {
	t.Helper()
	tick, end := time.NewTicker(100*time.Millisecond), time.NewTimer(90*time.Second)
	defer tick.Stop()
	defer end.Stop()
	for {
		missing := holds()
		if missing == "" {
			return
		}
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("%s: %s", what, missing)
		}
	}
}
