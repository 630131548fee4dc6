package discord

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	practice "mayday/internal/practice/discord"
)

func (w *world) press(r string) error {
	_, err := w.d.Press(w.t.Context(), practice.Ana, practice.Operations, r, "I'm on it")
	return err
}

// presses waits until a press is answered again.
func (w *world) presses(r string) {
	w.t.Helper()
	w.await("a press is answered", func() bool { return w.press(r) == nil })
}

func TestNoIntents(t *testing.T) {
	w := run(t, options{})
	if g := w.d.Gateway(); g.Intents != 0 || g.Identifies != 1 || g.Connections != 1 {
		t.Errorf("got %+v", g)
	}
}

func TestReconnects(t *testing.T) {
	for what, c := range map[string]struct {
		fault              practice.Fault
		resumes, identifys int
	}{
		"cut":                 {practice.Fault{Kind: practice.Cut}, 1, 1},
		"reconnect":           {practice.Fault{Kind: practice.Reconnect}, 1, 1},
		"invalid, resumable":  {practice.Fault{Kind: practice.InvalidSession, Resumable: true}, 1, 1},
		"invalid":             {practice.Fault{Kind: practice.InvalidSession}, 0, 2},
		"4000 unknown":        {practice.Fault{Kind: practice.CloseCode, Code: 4000}, 1, 1},
		"4007 bad sequence":   {practice.Fault{Kind: practice.CloseCode, Code: 4007}, 0, 2},
		"4009 timed out":      {practice.Fault{Kind: practice.CloseCode, Code: 4009}, 0, 2},
		"1001 server restart": {practice.Fault{Kind: practice.CloseCode, Code: 1001}, 1, 1},
	} {
		t.Run(what, func(t *testing.T) {
			w := run(t, options{})
			r := w.open("INC-42:root")
			w.d.Play(c.fault)
			w.await("it is back", func() bool {
				g := w.d.Gateway()
				return g.Resumes >= c.resumes && g.Identifies >= c.identifys && g.Connections == 1
			})
			w.presses(w.thread(r))
			if g := w.d.Gateway(); g.Resumes != c.resumes || g.Identifies != c.identifys {
				t.Errorf("got %+v, want %d resumes and %d identifies", g, c.resumes, c.identifys)
			}
			w.noBreach()
		})
	}
}

func TestResumeGoesWhereItIsTold(t *testing.T) {
	w := run(t, options{})
	w.d.Play(practice.Fault{Kind: practice.Cut})
	w.await("it resumed", func() bool { return w.d.Gateway().Resumes == 1 })
	if at := w.d.Gateway().ResumedAt; len(at) != 1 || !strings.Contains(at[0], "resume") {
		t.Errorf("resumed at %v", at)
	}
}

func TestZombie(t *testing.T) {
	for _, kind := range []practice.FaultKind{practice.Zombie, practice.HalfOpen} {
		t.Run(string(kind), func(t *testing.T) {
			w := run(t, options{options: practice.Options{Heartbeat: 150 * time.Millisecond}})
			r := w.open("INC-42:root")
			w.d.Play(practice.Fault{Kind: kind})
			w.await("it noticed", func() bool { return w.d.Gateway().Resumes >= 1 })
			w.presses(w.thread(r))
			if closed := w.d.Gateway().Closed; slices.Contains(closed, 1000) || slices.Contains(closed, 1001) {
				t.Errorf("closed with %v, which ends the session", closed)
			}
		})
	}
}

func TestFatalCodes(t *testing.T) {
	for code := range fatalCodes {
		w := run(t, options{before: func(p *platform) { p.pace.refused = time.Hour }})
		before := w.d.Gateway().Identifies
		w.d.Play(practice.Fault{Kind: practice.CloseCode, Code: code})
		w.await("it alarms", func() bool { return w.p.Health().State == "degraded" })
		if h := w.p.Health(); h.Text != fatalCodes[code] {
			t.Errorf("%d: health %+v", code, h)
		}
		w.stop()
		if after := w.d.Gateway().Identifies; after != before {
			t.Errorf("%d: it identified again", code)
		}
	}
}

func TestAfterAFatalCodeItTriesAgainMuchLater(t *testing.T) {
	w := run(t, options{})
	w.d.Play(practice.Fault{Kind: practice.CloseCode, Code: 4004})
	w.await("it is back", func() bool { return w.d.Gateway().Identifies == 2 && w.p.Health().State == "ok" })
}

func TestNoSessionsLeft(t *testing.T) {
	w := build(t, options{})
	w.d.SetSessionBudget(0)
	w.begin()
	w.await("it says so", func() bool { return strings.Contains(w.p.Health().Text, "session starts") })
	w.stop()
	if g := w.d.Gateway(); g.Identifies != 0 {
		t.Errorf("it identified all the same: %+v", g)
	}
	if n := calls(w, "GET", "/gateway/bot"); n > 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestATokenThatWasPutRightNeedsNoRestart(t *testing.T) {
	w := build(t, options{})
	if err := os.WriteFile(w.token, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.begin()
	w.await("the token is refused", func() bool { return strings.Contains(w.p.Health().Text, "token") })
	if n := w.d.Invalid(); n > 2 {
		t.Errorf("%d calls with a wrong token", n)
	}
	if err := os.WriteFile(w.token, []byte(pretend+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.await("it is up", func() bool { return w.p.Health().State == "ok" && w.d.Gateway().Connections == 1 })
	w.noBreach()
}

func TestGatewayAddress(t *testing.T) {
	w := build(t, options{})
	for address, want := range map[string]bool{"wss://gateway.discord.gg": true, "ws://127.0.0.1:1/gw": true, "http://x": false, "": false, "ws:///": false} {
		got, err := w.p.gatewayURL(address)
		if (err == nil) != want || err == nil && !strings.Contains(got, "v=9&encoding=json") {
			t.Errorf("%q: got %q %v", address, got, err)
		}
	}
	w.p.own.base.Scheme = "https"
	if _, err := w.p.gatewayURL("ws://gateway.discord.gg"); err == nil {
		t.Error("the token would cross the network unprotected")
	}
}
