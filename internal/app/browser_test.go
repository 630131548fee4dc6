package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mayday/internal/browsertest"
)

// TestGuideInABrowser clicks through the demo's guide as a newcomer does, with a
// real browser and the real clock at 120 times the speed: fire, take, tell,
// wait for the reminder and answer it.
func TestGuideInABrowser(t *testing.T) {
	d := startDemo(t, DemoOptions{Listen: "127.0.0.1:0", Speed: 120, Log: &bytes.Buffer{}})
	b := browsertest.New(t)
	b.Navigate(d.App.URL() + "/?k=" + d.Key)
	b.WaitText("0 of 5 done")
	b.Click("Send PagerDuty webhook")
	b.WaitText("checkout: errors 12% (usual 0.3%)")
	b.WaitText("1 of 5 done")
	b.Click("I'm on it")
	b.WaitText("You own INC-1 now")
	b.WaitText("2 of 5 done")
	b.Click("Write update")
	b.Fill("What we are doing", "Rolling back checkout.")
	b.Click("Post update")
	b.WaitText("Doing: Rolling back checkout.")
	b.WaitText("3 of 5 done")
	b.Click("Open INC-1")
	b.WaitText("since the last word in #status")
	b.Click("No change")
	b.WaitText("Posted to #status")
	b.Click("Now")
	b.WaitText("4 of 5 done")
	if got := b.Problems(); len(got) > 0 {
		t.Errorf("the pages did wrong: %q", got)
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
	for _, size := range []struct {
		name          string
		width, height int64
		mobile        bool
	}{{"desk", 1280, 900, false}, {"phone", 390, 844, true}} {
		b.Viewport(size.width, size.height, size.mobile)
		for _, scheme := range []browsertest.Scheme{browsertest.Light, browsertest.Dark} {
			b.ColorScheme(scheme)
			for name, path := range map[string]string{"now": "/", "incident": "/i/INC-1", "incidents": "/incidents", "help": "/help"} {
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
