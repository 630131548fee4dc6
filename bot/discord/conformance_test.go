package discord

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/chattest"
	practice "mayday/internal/practice/discord"
)

// TestConformance holds both transports against the promises of the chat port.
func TestConformance(t *testing.T) {
	for _, mode := range []string{modeGateway, modeHTTP} {
		t.Run(mode, func(t *testing.T) {
			chattest.Run(t, func(t *testing.T) *chattest.World { return newConformance(t, mode == modeHTTP) })
		})
	}
}

// conformance is a practice Discord in the hands of the suite.
type conformance struct {
	*world
	gate *chattest.Gate
	open *practice.Modal // the form that is on the phone
}

func newConformance(t *testing.T, overHTTP bool) *chattest.World {
	t.Helper()
	c := &conformance{world: build(t, options{http: overHTTP, options: practice.Options{Faster: 1000}})}
	c.gate = chattest.NewGate(t, c.p.api.base.Host)
	c.p.api.base.Host = c.gate.Address()
	h := &chattest.Handler{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.p.Run(ctx, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if overHTTP {
		mux := http.NewServeMux()
		for _, r := range c.p.Routes() {
			mux.Handle(r.Path, r.Handler)
		}
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		c.await("Discord takes the address", func() bool { return c.d.Aim(server.URL) == nil })
	}
	c.await("the bot is up", func() bool { return c.p.Health().State == "ok" && len(c.d.Commands()) > 0 })
	return &chattest.World{
		Platform: c.p, Handler: h, User: practice.Ana, Breaches: c.d.Breaches,
		Thread: c.thread, Room: c.room, Press: c.press, Fill: c.fill, Again: c.again, Break: c.breaks, Mend: c.mend,
	}
}

func (c *conformance) room(name string) []chattest.Seen {
	return c.seen(map[string]string{"operations": practice.Operations, "status": practice.Status}[name])
}

func (c *conformance) thread(card chat.Ref) []chattest.Seen {
	channel, message, _ := strings.Cut(string(card), "/")
	m, ok := c.d.Message(channel, message)
	if !ok {
		return nil
	}
	return append([]chattest.Seen{one(m)}, c.seen(message)...)
}

func (c *conformance) seen(channel string) []chattest.Seen {
	var out []chattest.Seen
	for _, m := range c.d.Messages(channel) {
		if m.Type == 0 {
			out = append(out, one(m))
		}
	}
	return out
}

func one(m practice.Message) chattest.Seen {
	s := chattest.Seen{Text: m.Plain(), Silent: m.Silent()}
	for _, b := range m.Buttons() {
		s.Buttons = append(s.Buttons, b.Label)
	}
	for _, menu := range m.Menus() {
		for _, o := range menu.Options {
			s.Buttons = append(s.Buttons, o.Name)
		}
	}
	for _, name := range m.Pinged() {
		s.Pinged = append(s.Pinged, map[string]string{"Ana": practice.Ana}[name])
	}
	return s
}

func (c *conformance) press(ctx context.Context, label string) (chattest.Answer, error) {
	for _, m := range slices.Backward(c.d.Messages(practice.Operations)) {
		for _, b := range m.Buttons() {
			if b.Label == label {
				seen, err := c.d.Press(ctx, practice.Ana, m.ChannelID, m.ID, b.CustomID)
				return c.answer(ctx, seen, err)
			}
		}
	}
	return chattest.Answer{}, fmt.Errorf("there is no button %q", label)
}

func (c *conformance) answer(ctx context.Context, seen practice.Seen, err error) (chattest.Answer, error) {
	if err == nil && seen.Deferred {
		seen, err = c.d.Await(ctx, seen)
	}
	if err != nil {
		return chattest.Answer{}, err
	}
	var a chattest.Answer
	for _, m := range seen.Ephemerals {
		a.Text += m.Plain()
	}
	if c.open = seen.Modal; c.open != nil {
		for _, f := range c.open.Fields {
			a.Fields = append(a.Fields, f.Label)
		}
	}
	return a, nil
}

func (c *conformance) fill(ctx context.Context, values map[string]any) (chattest.Answer, error) {
	if c.open == nil {
		return chattest.Answer{}, fmt.Errorf("no form is open")
	}
	byLabel := map[string]any{}
	for _, f := range c.open.Fields {
		if v, ok := values[strings.TrimSuffix(f.CustomID, manySuffix)]; ok {
			byLabel[f.CustomID] = v
		}
	}
	seen, err := c.d.Submit(ctx, practice.Ana, c.open.CustomID, byLabel)
	return c.answer(ctx, seen, err)
}

func (c *conformance) again(ctx context.Context) error {
	_, _, err := c.d.Redeliver(ctx)
	return err
}

func (c *conformance) breaks(how chattest.Breakage) {
	const post = "POST /channels/{channel_id}/messages"
	switch how {
	case chattest.DropReply:
		c.d.Play(practice.Fault{Kind: practice.LoseReply, Route: post})
	case chattest.Limit:
		c.d.Play(practice.Fault{Kind: practice.Limited, Route: post, RetryAfter: 1})
	case chattest.Fail:
		c.d.Play(practice.Fault{Kind: practice.Failing, Route: post})
	case chattest.Garbage:
		c.d.Play(practice.Fault{Kind: practice.Malformed, Route: post})
	case chattest.Reject:
		c.d.Play(practice.Fault{Kind: practice.Failing, Route: post, Status: http.StatusBadRequest, Code: 50035, Message: "Invalid Form Body"})
	case chattest.Refuse:
		c.gate.Shut()
	case chattest.CloseRoom:
		if err := c.d.Deny(practice.Status, practice.ViewChannel|practice.SendMessages); err != nil {
			c.t.Error(err)
		}
	}
}

func (c *conformance) mend() {
	c.d.Calm()
	c.gate.Open()
	if err := c.d.Allow(practice.Status, practice.ViewChannel|practice.SendMessages); err != nil {
		c.t.Error(err)
	}
}
