package app

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mayday/internal/config"
)

// chats measures what somebody in chat waits for after a press that opens a form
// and writes an entry, while 500 webhooks come in every second. The pretend
// vendors have the real ones' limits; a press that is answered after three
// seconds is a breach there, and fails the run.
func (g *goals) chats(b *testing.B) {
	for _, one := range []struct {
		name string
		open func(b *testing.B) front
	}{
		{"Slack socket", func(b *testing.B) front { return newSlackFront(b, false) }},
		{"Slack HTTP", func(b *testing.B) front { return newSlackFront(b, true) }},
		{"Discord gateway", func(b *testing.B) front { return newDiscordFront(b, false) }},
		{"Discord HTTP", func(b *testing.B) front { return newDiscordFront(b, true) }},
	} {
		b.Run(one.name, func(b *testing.B) { g.inChat(b, one.name, one.open(b)) })
	}
}

func (g *goals) inChat(b *testing.B, name string, f front) {
	const (
		span  = 8 * time.Second
		storm = 500
	)
	r := newChatRig(b, f)
	defer r.stop()
	var next atomic.Int64
	u := burst{address: r.app.listener.Addr().String(), mail: r.mail, next: &next, conns: 16, most: 1}
	if _, _, err := u.run(); err != nil {
		b.Fatal(err)
	}
	r.opened(1)
	r.told(2 * time.Millisecond)
	press := f.(presser).presser("I'm on it")
	if _, err := press(b.Context(), "li"); err != nil { // she takes it; further presses are refused in words
		b.Fatal(err)
	}
	r.told(2 * time.Millisecond)
	press = f.(presser).presser("Write update")
	ended := make(chan error, 1)
	u.most, u.span, u.pause = 0, span, time.Second/storm
	var sent float64
	go func() {
		n, took, err := u.run()
		sent = float64(n) / took.Seconds()
		ended <- err
	}()
	var all []time.Duration
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatal(err)
			}
			g.latency(b, fmt.Sprintf("%s: press to answer while %.0f webhooks/s come in", name, sent), all)
			for _, breach := range f.look().breaches {
				b.Errorf("%s: %s", name, breach)
			}
			return
		default:
		}
		took, err := press(b.Context(), "li")
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, took)
	}
}

// presser makes presses of one button that are not slowed by looking for it.
type presser interface {
	presser(label string) func(ctx context.Context, who string) (time.Duration, error)
}

func newChatRig(b *testing.B, f front) *rig {
	b.Helper()
	b.Setenv("BENCH_SECRET", benchSecret)
	b.Setenv("BENCH_TOKEN", benchToken)
	mail := newLetter(b)
	r := &rig{b: b, dir: b.TempDir(), mail: mail}
	sections, ids := f.config(r.dir)
	people := "people: {responder: [web:ana, web:li], same: [{name: Li, web: li, " + ids["li"] + "}]}"
	text := strings.Replace(fmt.Sprintf(benchConfig, mail.service), "people: {responder: [web:ana]}", people, 1) + sections
	file, err := config.Parse("bench.yaml", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	r.app, err = New(b.Context(), Options{File: file, Listen: "127.0.0.1:0", Data: r.dir, Log: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	if err := r.app.Start(context.WithoutCancel(b.Context())); err != nil {
		b.Fatal(err)
	}
	if err := f.begin(r.app); err != nil {
		b.Fatal(err)
	}
	return r
}
