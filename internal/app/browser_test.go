package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/internal/browsertest"
)

// TestGuideInABrowser clicks through the demo's guide to its end as a newcomer
// does, on a desk and on a phone, with a real browser and the real clock at 120
// times the speed: deploy a bad version, take, tell, roll back and take that back,
// wait for the reminder and answer it, turn a bad flag off and take that back.
func TestGuideInABrowser(t *testing.T) {
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) {
			t.Parallel()
			d := startDemo(t, DemoOptions{Listen: "127.0.0.1:0", Speed: 120, Log: &bytes.Buffer{}})
			b := browsertest.New(t)
			b.Viewport(size.width, size.height, size.mobile)
			g := &guide{Browser: b, folded: size.mobile}
			b.Navigate(d.App.URL() + "/?k=" + d.Key)
			g.done(0)
			g.unfold("Deploy a bad version")
			b.WaitText("checkout: errors")
			g.done(1)
			b.Click("I'm on it")
			b.WaitText("You own INC-1 now")
			g.done(2)
			g.press("What we are doing", "Write update")
			b.Fill("What we are doing", "Rolling back checkout.")
			b.Click("Post update")
			b.WaitText("Doing: Rolling back checkout.")
			g.done(3)
			g.press("Roll back checkout", "Open INC-1")
			g.rollBack()
			g.keep("room-" + size.name)
			g.Click("Now")
			g.done(4)
			g.press("since the last word in #status", "Open INC-1")
			g.press("Posted to #status", "No change")
			b.Click("Now")
			g.done(5)
			g.flip()
			g.keep("guide-" + size.name)
			if got := b.Problems(); len(got) > 0 {
				t.Errorf("the pages did wrong: %q", got)
			}
		})
	}
}

// sizes are a desk and a phone.
var sizes = []struct {
	name          string
	width, height int64
	mobile        bool
}{{"desk", 1280, 900, false}, {"phone", 390, 844, true}}

// guide is a browser that follows the guide.
type guide struct {
	*browsertest.Browser
	folded bool // on a phone it opens with a tap
}

func (g *guide) done(n int) { g.WaitText(fmt.Sprintf("%d of 6 done", n)) }

// unfold opens the guide so that a step's button can be pressed. A page that
// has just loaded may fold it again, so whoever does not see it taps once more.
func (g *guide) unfold(button string) {
	for range 6 {
		if !g.folded || g.shows(button, time.Second) {
			break
		}
		g.Click("Guide")
	}
	g.Click(button)
}

// press presses one button after the other and waits for what that does. The page moves while news
// come in, as it does under a thumb: who missed the button presses once more.
func (g *guide) press(then string, labels ...string) {
	for try := range 6 {
		for _, l := range labels {
			if try == 0 || g.Has(l) {
				g.Click(l)
			}
		}
		if g.shows(then, 4*time.Second) {
			return
		}
	}
	g.WaitText(then)
}

// name fills in the flag. A late answer to a press that was made twice may bring
// a fresh form while one types: who lost the words types them again.
func (g *guide) name(flag string) {
	const then = "Started flag-off on INC-1"
	for range 4 {
		if strings.Contains(g.words(), "the key of the flag") {
			g.Fill("flag", flag)
			g.Click("Go on")
		}
		if g.shows(then, 4*time.Second) {
			return
		}
	}
	g.WaitText(then)
}

// words are those on the page, none while another one loads.
func (g *guide) words() (text string) {
	g.Eval(`document.body?.innerText ?? ""`, &text)
	return text
}

func (g *guide) shows(text string, within time.Duration) bool {
	tick, end := time.NewTicker(50*time.Millisecond), time.NewTimer(within)
	defer tick.Stop()
	defer end.Stop()
	for !strings.Contains(g.words(), text) {
		select {
		case <-tick.C:
		case <-end.C:
			return false
		}
	}
	return true
}

// flip is the fifth step: a flag gone wrong, flipped, recovered, taken back.
func (g *guide) flip() {
	g.unfold("Turn on a bad flag")
	g.WaitText("+1 alert (2)")
	g.press("Which playbook for INC-1?", "Run playbook")
	g.press("the key of the flag", "flag-off — Turn a flag off", "Go on")
	g.name("checkout-v2")
	g.press("What shall checkout-v2 be?", "Open INC-1")
	g.press("no other flag depends on it", "Off")
	g.press("checkout-v2 is off", "Turn off checkout-v2")
	g.WaitText("Looks recovered")
	g.press("Put checkout-v2 back", "Undo: back to on")
	g.press("✓ Put checkout-v2 back", "Put checkout-v2 back")
	g.Click("Now")
	g.done(6)
}

// rollBack is the fourth step: what changed stands in the first reply, with the
// one act that puts it back; the pods are watched, and undo is beside the result.
func (g *guide) rollBack() {
	g.press("migrations between 40 and 41", "Roll back checkout")
	g.press("rev 42, all serving", "Roll back,")
	g.WaitText("Looks recovered")
	g.press("Roll forward checkout", "Undo: back to cart:2.0.1")
	g.press("↩ undone", "Roll forward,")
	g.press("migrations between 42 and 43", "Undo: back to cart:1.9.8") // and well again
	g.press("rev 44, all serving", "Roll back,")
}

// keep leaves a picture where MAYDAY_SCREENSHOTS says.
func (g *guide) keep(name string) {
	if dir := os.Getenv("MAYDAY_SCREENSHOTS"); dir != "" {
		g.Screenshot(filepath.Join(dir, name+".png"), true)
	}
}

// TestPagesFitEveryone looks at each page on a phone and a desk, in light and
// dark, with and without script: nothing is wider than the window, nothing
// breaks the policy. With MAYDAY_SCREENSHOTS it leaves the pictures there.
func TestPagesFitEveryone(t *testing.T) {
	d := startDemo(t, DemoOptions{Listen: "127.0.0.1:0", Speed: 1, Log: &bytes.Buffer{}})
	b := browsertest.New(t)
	b.Navigate(d.App.URL() + "/?k=" + d.Key)
	b.Click("Send PagerDuty webhook")
	b.WaitText("I'm on it")
	b.Click("I'm on it")
	b.WaitText("You own INC-1 now")
	for _, size := range sizes {
		b.Viewport(size.width, size.height, size.mobile)
		for _, scheme := range []browsertest.Scheme{browsertest.Light, browsertest.Dark} {
			b.ColorScheme(scheme)
			for name, path := range map[string]string{"now": "/", "incident": "/i/INC-1", "incidents": "/incidents", "help": "/help", "setup": "/setup", "playbooks": "/playbooks", "playbook": "/playbooks/flag-off", "changes": "/changes"} {
				b.Navigate(d.App.URL() + path)
				b.WaitText("mayday")
				if px := b.SidewaysScroll(); px > 0 {
					t.Errorf("%s on a %s is %d px too wide", name, size.name, px)
				}
				if dir := os.Getenv("MAYDAY_SCREENSHOTS"); dir != "" {
					b.Screenshot(filepath.Join(dir, name+"-"+size.name+"-"+string(scheme)+".png"), true)
				}
			}
		}
	}
	b.Script(false)
	b.Navigate(d.App.URL() + "/i/INC-1")
	b.WaitText("Write update")
	b.Click("Write update")
	b.WaitText("What users see")
	if got := b.Problems(); len(got) > 0 {
		t.Errorf("the pages did wrong: %q", got)
	}
}

func startDemo(t *testing.T, o DemoOptions) *Demo {
	t.Helper()
	d, err := NewDemo(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	if err := d.Start(ctx); err != nil {
		stop()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.Wait(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the demo did not stop well: %v", err)
			}
		case <-time.After(15 * time.Second):
			t.Error("the demo did not stop within 15 s")
		}
	})
	return d
}
