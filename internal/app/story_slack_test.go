package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	slack "mayday/internal/practice/slack"
)

// slackFront is a pretend Slack, over sockets or over HTTP.
type slackFront struct {
	t    testing.TB
	s    *slack.Slack
	base string
	http bool
	root string
	view string // the form that is open, by its id
}

var slackPeople = map[string]string{"ana": slack.Ana, "li": slack.Li, "sam": slack.Sam, "gus": slack.Cleo}

const slackSecret = "slack-signing-secret"

func newSlackFront(t testing.TB, overHTTP bool) *slackFront {
	t.Helper()
	s, err := slack.New(slack.Options{BotToken: "xoxb-pretend", AppToken: "xapp-pretend", SigningSecret: slackSecret, Faster: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	base, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &slackFront{t: t, s: s, base: base, http: overHTTP}
}

func (f *slackFront) config(dir string) (string, map[string]string) {
	for name, secret := range map[string]string{"slack_bot": "xoxb-pretend", "slack_app": "xapp-pretend", "slack_signing": slackSecret} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
	mode := "socket"
	if f.http {
		mode = "http"
	}
	ids := map[string]string{}
	for name, id := range slackPeople {
		ids[name] = "slack: " + id
	}
	return fmt.Sprintf("chat:\n  slack: {mode: %s, api_url: '%s/api/', bot_token: 'file:%s/slack_bot', app_token: 'file:%s/slack_app', signing_secret: 'file:%s/slack_signing'}\n",
		mode, f.base, dir, dir, dir), ids
}

func (f *slackFront) begin(app *App) error {
	if f.http {
		return f.s.Aim(app.URL())
	}
	end := time.NewTimer(20 * time.Second)
	defer end.Stop()
	for f.s.Sockets() == 0 {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-end.C:
			return fmt.Errorf("it did not connect")
		}
	}
	return nil
}

func (f *slackFront) seen(s slack.Seen, err error) (reaction, error) {
	if err != nil {
		return reaction{}, err
	}
	a := reaction{text: s.Text}
	if s.View != nil {
		for _, x := range s.View.Inputs() {
			a.fields = append(a.fields, x.Label)
		}
		f.view = s.View.ID
		a.text = strings.TrimPrefix(strings.TrimSpace(s.View.Plain()), s.View.Title) // a window needs a title
	}
	return a, nil
}

// say types in the thread, where a mention is what Slack lets through.
func (f *slackFront) say(ctx context.Context, who, text string) (reaction, error) {
	s, err := f.s.Mention(ctx, slackPeople[who], slack.Operations, f.root, text)
	return f.seen(s, err)
}

func (f *slackFront) press(ctx context.Context, who, label string) (reaction, error) {
	var all []slack.Message
	for _, root := range f.s.Messages(slack.Operations) {
		all = append(all, f.s.Thread(slack.Operations, root.TS)...)
	}
	for _, m := range slices.Backward(all) {
		for _, b := range m.Buttons() {
			if means(label, b.Label) {
				s, err := f.s.Press(ctx, slackPeople[who], slack.Operations, m.TS, b.Value)
				return f.seen(s, err)
			}
		}
	}
	return reaction{}, fmt.Errorf("there is no button %q", label)
}

func (f *slackFront) fill(ctx context.Context, who string, values map[string]any) (reaction, error) {
	s, err := f.s.Submit(ctx, slackPeople[who], f.view, values)
	return f.seen(s, err)
}

func (f *slackFront) look() seenThread {
	out := seenThread{breaches: f.s.Breaches()}
	for _, m := range f.s.Messages(slack.Operations) {
		if m.User != slack.BotUser && m.User != "" {
			continue // what people typed
		}
		f.root = m.TS
		for _, one := range f.s.Thread(slack.Operations, m.TS) {
			if one.User != slack.BotUser && one.User != "" {
				continue // what people typed
			}
			out.thread = append(out.thread, shownOnSlack(one))
		}
	}
	for _, m := range f.s.Messages(slack.Status) {
		out.status = append(out.status, shownOnSlack(m))
	}
	return out
}

func shownOnSlack(m slack.Message) shown {
	s := shown{text: m.Plain()}
	for _, b := range m.Buttons() {
		s.buttons = append(s.buttons, b.Label)
	}
	for _, id := range m.Pinged() {
		for name, known := range slackPeople {
			if known == id {
				s.rings = append(s.rings, name)
			}
		}
	}
	return s
}

func (f *slackFront) presser(label string) func(ctx context.Context, who string) (time.Duration, error) {
	for _, m := range f.s.Messages(slack.Operations) {
		for _, b := range m.Buttons() {
			if b.Label != label {
				continue
			}
			return func(ctx context.Context, who string) (time.Duration, error) {
				began := time.Now() // the acknowledgement comes first; this is until the form is there
				_, err := f.s.Press(ctx, slackPeople[who], slack.Operations, m.TS, b.Value)
				return time.Since(began), err
			}
		}
	}
	f.t.Fatalf("there is no button %q", label)
	return nil
}
