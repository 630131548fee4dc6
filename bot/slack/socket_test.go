package slack

import (
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	practice "mayday/internal/practice/slack"
)

// works presses something and looks that it is answered.
func (w *world) works(t *testing.T) {
	t.Helper()
	seen, err := w.s.Command(t.Context(), practice.Ana, practice.Operations, "help")
	says(t, "a command", seen, err, "heard")
}

// TestANewSocketOpensBeforeTheOldOneGoes.
func TestANewSocketOpensBeforeTheOldOneGoes(t *testing.T) {
	for _, reason := range []string{"warning", "refresh_requested"} {
		t.Run(reason, func(t *testing.T) {
			w := run(t, options{})
			w.s.Play(practice.Fault{Kind: practice.Disconnect, Reason: reason, Delay: 3 * time.Second, Count: 1})
			w.await("both are open", func() bool { return w.s.Sockets() == 2 })
			for range 4 {
				w.works(t) // over either of them
			}
			w.await("the old one is gone", func() bool { return w.s.Sockets() == 1 })
			w.works(t)
			if w.p.Health().State != "ok" {
				t.Errorf("health %+v", w.p.Health())
			}
			w.noBreach()
		})
	}
}

func TestASocketIsReplacedNowAndThen(t *testing.T) {
	w := run(t, options{before: func(p *platform) { p.pace.refresh, p.pace.drain = 200*time.Millisecond, 50*time.Millisecond }})
	w.await("it was replaced", func() bool { return w.calls("apps.connections.open") >= 3 })
	w.works(t)
}

func TestADeafSocketIsReplaced(t *testing.T) {
	w := run(t, options{before: func(p *platform) { p.pace.ping, p.pace.deaf = 50*time.Millisecond, 300*time.Millisecond }})
	opened := w.calls("apps.connections.open")
	w.s.Play(practice.Fault{Kind: practice.HalfOpen, Count: 1})
	w.await("a new one", func() bool { return w.calls("apps.connections.open") > opened })
	w.await("the dead one is gone", func() bool { return w.s.Sockets() == 1 })
	w.works(t)
	w.noBreach()
}

func TestAQuietSocketIsKept(t *testing.T) {
	w := run(t, options{options: practice.Options{Ping: time.Hour}, before: func(p *platform) { p.pace.ping, p.pace.deaf = 20*time.Millisecond, 200*time.Millisecond }})
	opened, began := w.calls("apps.connections.open"), time.Now()
	w.await("time passes", func() bool { return time.Since(began) > time.Second })
	if now := w.calls("apps.connections.open"); now != opened {
		t.Errorf("%d sockets were opened although the old one answers", now-opened)
	}
}

func TestASocketThatBreaks(t *testing.T) {
	w := run(t, options{})
	for range 3 {
		w.s.Play(practice.Fault{Kind: practice.CloseSocket, Count: 1})
		w.await("a new one", func() bool { return w.s.Sockets() == 1 && w.p.Health().State == "ok" })
		w.works(t)
	}
	w.noBreach()
}

// TestSlackIsDownForAWhile: nothing is restarted, and few calls are made.
func TestSlackIsDownForAWhile(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	w.s.Refuse(true)
	w.await("it is noticed", func() bool { return w.p.Health().State == "degraded" })
	if got := failure(t, reply(w, root)); got.Kind != chat.Uncertain && got.Kind != chat.Down {
		t.Errorf("got %+v", got)
	}
	began := time.Now()
	w.await("time passes", func() bool { return time.Since(began) > time.Second })
	w.s.Refuse(false)
	w.await("it is back", func() bool { return w.s.Sockets() == 1 })
	w.works(t)
	if err := reply(w, root); err != nil {
		t.Error(err)
	}
	if w.p.Health().State != "ok" {
		t.Errorf("health %+v", w.p.Health())
	}
}

// TestARefusedSocketIsAnAlarm, and no loop.
func TestARefusedSocketIsAnAlarm(t *testing.T) {
	for name, c := range map[string]struct {
		fault practice.Fault
		want  string
	}{
		"link_disabled": {practice.Fault{Kind: practice.Disconnect, Reason: "link_disabled", Delay: time.Minute}, "turned off"},
		"a bad token":   {practice.Fault{Kind: practice.Error, Method: "apps.connections.open", Error: "invalid_auth"}, "chat.slack.app_token"},
		"no scope":      {practice.Fault{Kind: practice.Error, Method: "apps.connections.open", Error: "missing_scope"}, "connections:write"},
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, options{before: func(p *platform) { p.pace.refused = 400 * time.Millisecond }})
			w.s.Play(c.fault)
			w.begin()
			w.await("the alarm", func() bool { return strings.Contains(w.p.Health().Text, c.want) })
			began := time.Now()
			w.await("time passes", func() bool { return time.Since(began) > time.Second })
			if n := w.calls("apps.connections.open"); n > 5 {
				t.Errorf("%d sockets were asked for", n)
			}
			if !strings.Contains(w.p.Health().Text, c.want) {
				t.Errorf("health %+v", w.p.Health())
			}
			w.s.Mend()
			if name != "a bad token" { // whose budget rests by its own clock
				w.await("it is well again", func() bool { return w.p.Health().State == "ok" })
				return
			}
			w.clock.move(chat.TokenPause + time.Second)
			w.await("it is well again", func() bool { return w.p.Health().State == "ok" })
		})
	}
}

func TestALimitOnSockets(t *testing.T) {
	w := build(t, options{})
	w.s.Play(practice.Fault{Kind: practice.Limited, Method: "apps.connections.open", RetryAfter: 1, Count: 1})
	w.begin()
	w.await("it is connected", func() bool { return w.s.Sockets() == 1 })
	if n := w.calls("apps.connections.open"); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// TestAnAddressIsLookedAt: tokens and words go to Slack only.
func TestAnAddressIsLookedAt(t *testing.T) {
	own, err := readSettings(section(t, `{bot_token: env:B, app_token: env:A}`))
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{own: own}
	for address, want := range map[string]bool{
		"https://hooks.slack.com/commands/T1/2/x": true, "https://slack.com/x": true, "http://hooks.slack.com/x": false, "https://slack.com.evil.example/x": false,
		"https://evilslack.com/x": false, "https://u@hooks.slack.com/": false, "http://169.254.169.254/": false, "": false, "https://wss-primary.slack-gov.com/x": true,
	} {
		if got := p.trusted(address); got != want {
			t.Errorf("trusted(%q) = %t", address, got)
		}
	}
	for address, want := range map[string]bool{"wss://wss-primary.slack.com/link/?ticket=x": true, "ws://wss-primary.slack.com/": false, "https://slack.com": false, "": false} {
		if _, err := p.socketURL(address); (err == nil) != want {
			t.Errorf("socketURL(%q): %v", address, err)
		}
	}
}
