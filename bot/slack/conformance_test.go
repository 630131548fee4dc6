package slack

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/chattest"
	practice "mayday/internal/practice/slack"
)

// TestConformance holds Slack against the promises of the chat port, over both of
// its transports.
func TestConformance(t *testing.T) {
	for name, overHTTP := range map[string]bool{"socket": false, "http": true} {
		t.Run(name, func(t *testing.T) {
			chattest.Run(t, func(t *testing.T) *chattest.World { return conformance(t, overHTTP) })
		})
	}
}

func conformance(t *testing.T, overHTTP bool) *chattest.World {
	h := &chattest.Handler{}
	gate := &gate{}
	w := run(t, options{http: overHTTP, handler: h, options: practice.Options{Faster: 4}, before: func(p *platform) {
		gate.next = p.api.client.Transport
		p.api.client.Transport = gate
	}})
	return &chattest.World{
		Platform: w.p, Handler: h, Marks: true, User: practice.Ana,
		Thread: func(card chat.Ref) []chattest.Seen { return seenAll(w.s.Thread(practice.Operations, ts(card))) },
		Room: func(room string) []chattest.Seen {
			return seenAll(w.s.Messages(map[string]string{"operations": practice.Operations, "status": practice.Status}[room]))
		},
		Press: func(ctx context.Context, label string) (chattest.Answer, error) {
			for _, m := range newest(w.s.Messages(practice.Operations)) {
				for _, b := range m.Buttons() {
					if b.Label == label {
						seen, err := w.s.Press(ctx, practice.Ana, practice.Operations, m.TS, label)
						return answer(seen), err
					}
				}
			}
			return chattest.Answer{}, errors.New("no such button")
		},
		Fill: func(ctx context.Context, values map[string]any) (chattest.Answer, error) {
			seen, err := w.s.Submit(ctx, practice.Ana, "", values)
			return answer(seen), err
		},
		Again:    w.s.Redeliver,
		Break:    func(how chattest.Breakage) { w.breakage(how, gate) },
		Mend:     func() { w.mend(gate) },
		Breaches: w.s.Breaches,
	}
}

// gate is a network that refuses connections. The practice Slack cannot: it has to
// accept one to cut it, and what was written before that is in doubt.
type gate struct {
	next http.RoundTripper
	shut atomic.Bool
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.shut.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return g.next.RoundTrip(r)
}

// CloseIdleConnections is asked for by the client.
func (g *gate) CloseIdleConnections() {
	if c, ok := g.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func newest(all []practice.Message) []practice.Message {
	var out []practice.Message
	for n := range all {
		out = append(out, all[len(all)-1-n])
	}
	return out
}

func seenAll(all []practice.Message) []chattest.Seen {
	var out []chattest.Seen
	for _, m := range all {
		one := chattest.Seen{Text: m.Plain(), Pinged: m.Pinged()}
		for _, b := range m.Buttons() {
			one.Buttons = append(one.Buttons, b.Label)
		}
		out = append(out, one)
	}
	return out
}

func answer(seen practice.Seen) chattest.Answer {
	out := chattest.Answer{Text: seen.Text}
	if seen.View != nil {
		for _, in := range seen.View.Inputs() {
			out.Fields = append(out.Fields, in.Label)
		}
	}
	return out
}

func (w *world) breakage(how chattest.Breakage, gate *gate) {
	one := map[chattest.Breakage]practice.Fault{
		chattest.DropReply: {Kind: practice.LoseReply}, chattest.Limit: {Kind: practice.Limited, RetryAfter: 1}, chattest.Fail: {Kind: practice.Failing},
		chattest.Garbage: {Kind: practice.HTMLPage}, chattest.Reject: {Kind: practice.Error, Error: "invalid_blocks"},
	}
	switch how {
	case chattest.Refuse:
		gate.shut.Store(true)
	case chattest.CloseRoom:
		if err := w.s.Kick(practice.Status); err != nil {
			w.t.Error(err)
		}
	default:
		f := one[how]
		f.Method, f.Count = "chat.postMessage", 1
		w.s.Play(f)
	}
}

func (w *world) mend(gate *gate) {
	w.s.Mend()
	gate.shut.Store(false)
	if err := w.s.Join(practice.Status); err != nil {
		w.t.Error(err)
	}
}
