package browsertest

import (
	_ "embed"
	"image"
	_ "image/png" // decodes screenshots
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/page.html
var page string

func open(t *testing.T) *Browser {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	})
	mux.HandleFunc("POST /said", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("The server read: " + r.FormValue("note") + " at " + r.FormValue("severity")))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	b := New(t)
	b.Navigate(srv.URL)
	return b
}

func TestWordsOnThePage(t *testing.T) {
	b := open(t)
	b.WaitText("Checkout is slow for everybody")
	b.Click("Show later") // its text comes by a timer
	b.WaitText("Here it is")
	b.Click("Hide it")
	b.WaitGone("Here it is")
	if got := b.Problems(); len(got) != 0 {
		t.Errorf("got problems %q, want none", got)
	}
}

func TestClickPrefersTheExactName(t *testing.T) {
	b := open(t)
	b.Click("Own")
	b.WaitText("pressed: Own.")
	b.ClickIn("#second", "Resolve")
	b.WaitText("pressed: second Resolve.")
}

func TestClickWaitsUntilTheButtonCanBeUsed(t *testing.T) {
	b := open(t)
	b.Click("Approve") // enabled by a timer
	b.WaitText("pressed: Approve.")
}

func TestWhatCannotBePressedSaysWhy(t *testing.T) {
	b := open(t)
	for text, want := range map[string]string{
		"Nowhere":  `no visible control "Nowhere"`,
		"Secret":   `no visible control "Secret"`,
		"Forever":  `control "Forever" is disabled`,
		"Shadowed": `control "Shadowed" is covered by <div id="cover"`,
	} {
		var got spot
		if err := b.try(chromedp.Evaluate(call("locate", "control", "", text), &got)); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got.Missing, want) {
			t.Errorf("%s: got %q, want %q", text, got.Missing, want)
		}
	}
}

func TestFormWithAndWithoutScript(t *testing.T) {
	for _, script := range []bool{true, false} {
		b := open(t)
		b.Script(script)
		b.Run(chromedp.Reload())
		b.Fill("Note", "it's \"fixed\" ☎")
		b.Fill("Severity", "SEV1")
		b.Click("Send")
		b.WaitText(`The server read: it's "fixed" ☎ at SEV1`)
	}
}

func TestFillReplacesAndEnterSends(t *testing.T) {
	b := open(t)
	b.Fill("note", "first")
	b.Fill("note", "second")
	b.Press(kb.Enter)
	b.WaitText("The server read: second at SEV3")
}

// A page that is left while it is read is no failure: the next one is read.
func TestReadingWhileThePageIsLeft(t *testing.T) {
	b := open(t)
	for range 40 {
		b.Eval(`setTimeout(() => location.reload(), 1)`, nil)
		var title string
		b.Eval(`new Promise(done => setTimeout(() => done(document.title), 3))`, &title)
	}
	b.WaitText("Checkout is slow for everybody")
}

func TestPhoneAndColours(t *testing.T) {
	b := open(t)
	b.WaitText("scheme light")
	b.ColorScheme(Dark)
	b.WaitText("scheme dark")
	b.WaitText("wide window")
	b.Viewport(390, 844, true)
	b.WaitText("narrow window")
	if got := b.SidewaysScroll(); got != 0 {
		t.Errorf("got %d pixels of sideways scroll, want 0", got)
	}
	b.Eval(`document.body.insertAdjacentHTML("beforeend", "<p style='width:500px'>x</p>")`, nil)
	if got := b.SidewaysScroll(); got < 100 {
		t.Errorf("got %d pixels of sideways scroll with a wide element, want more than 100", got)
	}
}

func TestScreenshot(t *testing.T) {
	b := open(t)
	dir := t.TempDir()
	b.Viewport(390, 300, true)
	b.Screenshot(filepath.Join(dir, "new", "window.png"), false)
	b.Screenshot(filepath.Join(dir, "new", "page.png"), true)
	if got, want := size(t, filepath.Join(dir, "new", "window.png")), image.Pt(780, 600); got != want {
		t.Errorf("window: got %v, want %v", got, want)
	}
	if got := size(t, filepath.Join(dir, "new", "page.png")); got.Y <= 600 {
		t.Errorf("whole page: got height %d, want more than the window", got.Y)
	}
}

func size(t *testing.T, path string) image.Point {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cfg, _, err := image.DecodeConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	return image.Pt(cfg.Width, cfg.Height)
}

func TestProblemsAreSeen(t *testing.T) {
	b := open(t)
	b.Eval(`console.error("red", "line")`, nil)
	b.Eval(`setTimeout(() => { throw new Error("uncaught") })`, nil)
	b.Eval(`document.body.insertAdjacentHTML("beforeend", "<img src='/missing.png'>")`, nil)
	b.await(func() string {
		all := strings.Join(b.Problems(), "\n")
		for _, want := range []string{"console: red line", "uncaught", "/missing.png"} {
			if !strings.Contains(all, want) {
				return "no problem mentions " + want
			}
		}
		return ""
	})
}

func TestNothingButLoopbackIsReached(t *testing.T) {
	b := open(t)
	err := b.try(chromedp.Navigate("http://example.com/"))
	if err == nil || !strings.Contains(err.Error(), "ERR_NAME_NOT_RESOLVED") {
		t.Errorf("got %v, want ERR_NAME_NOT_RESOLVED", err)
	}
}

func TestBrowserIsGoneAfterTheTest(t *testing.T) {
	t.Setenv("TMPDIR", shortDir(t))
	var during []string
	t.Run("inner", func(t *testing.T) {
		open(t)
		during = entries(t)
	})
	if len(during) == 0 {
		t.Error("got no profile while the browser runs, want one")
	}
	if diff := cmp.Diff([]string{}, entries(t)); diff != "" {
		t.Errorf("left behind (-want +got):\n%s", diff)
	}
	// Chromium's crash handlers end when they notice that it has.
	tick, end := time.NewTicker(20*time.Millisecond), time.After(10*time.Second)
	defer tick.Stop()
	for {
		got := processesWith(t, os.Getenv("TMPDIR"))
		if len(got) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("got processes left %q, want none", got)
		}
	}
}

// shortDir is not t.TempDir, whose paths are too long for Chromium's sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gone-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func entries(t *testing.T) []string {
	t.Helper()
	found, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, entry := range found {
		names = append(names, entry.Name())
	}
	return names
}

// processesWith lists the running commands whose arguments hold a word.
func processesWith(t *testing.T, word string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), word) { // else it has just ended
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
