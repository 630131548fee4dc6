// Package browsertest drives a real headless Chromium in tests, the way a
// person does: by the words on the page.
//
// Where Chromium is not installed the test fails and says what to do. Every
// browser has a profile of its own, reaches nothing but loopback, and is gone
// after the test. Each call waits until what it needs is there, or fails the
// test with what the page shows instead.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds every single call: a page on loopback that needs longer under
// a parallel test run on two cores is broken.
const patience = 20 * time.Second

// Browser is one Chromium with one tab.
type Browser struct {
	tb       testing.TB
	ctx      context.Context //nolint:containedctx // chromedp keeps the tab itself in the context
	problems *problems
}

// New starts a browser at 1280 by 800 and ends it after the test.
func New(tb testing.TB) *Browser {
	tb.Helper()
	path, err := executable()
	if err != nil {
		tb.Fatal(err)
	}
	home, err := os.MkdirTemp("", "browsertest-") //nolint:usetesting // TempDir is too long for Chromium's sockets
	if err != nil {
		tb.Fatalf("make browser profile: %v", err)
	}
	proc := &process{home: home}
	// The test's own context has ended before clean-up runs, and a browser that
	// lost its context cannot be closed in an orderly way.
	ctx, closeAllocator := chromedp.NewExecAllocator(context.Background(), proc.options(path)...)
	ctx, closeTab := chromedp.NewContext(ctx)
	tb.Cleanup(func() {
		closeTab()
		closeAllocator()
		if err := proc.clean(); err != nil {
			tb.Errorf("end browser: %v", err)
		}
	})
	b := &Browser{tb: tb, ctx: ctx, problems: watch(ctx)}
	if err := chromedp.Run(ctx); err != nil { // without a deadline, because this context owns the process
		tb.Fatalf("start browser: %v", err)
	}
	b.Viewport(1280, 800, false)
	return b
}

// Run performs chromedp actions for what the other methods do not cover.
func (b *Browser) Run(actions ...chromedp.Action) {
	b.tb.Helper()
	if err := b.try(actions...); err != nil {
		b.tb.Fatalf("drive browser: %v", err)
	}
}

// Navigate opens an address and waits for the page to load.
func (b *Browser) Navigate(url string) {
	b.tb.Helper()
	if err := b.try(chromedp.Navigate(url)); err != nil {
		b.tb.Fatalf("open %s: %v", url, err)
	}
}

// Eval stores the value of a JavaScript expression in result, of a promise what it
// comes to. A page that is left
// meanwhile takes the expression with it; then the next one is asked.
func (b *Browser) Eval(expression string, result any) {
	b.tb.Helper()
	b.await(func() string {
		err := b.try(chromedp.Evaluate(expression, result, awaited))
		if err != nil && !left(err) {
			b.tb.Fatalf("drive browser: %v", err)
		}
		return words(err)
	})
}

func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// left reports whether an action had no answer because its page was left. Chromium
// has no code of its own for that.
func left(err error) bool {
	var e *cdproto.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, says := range []string{"navigated or closed", "context was destroyed", "Cannot find context", "Cannot find execution context"} {
		if strings.Contains(e.Message, says) {
			return true
		}
	}
	return false
}

// words are those of an error, "" for none.
func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// press does what may make the browser leave the page; that it left before it could
// answer is no failure.
func (b *Browser) press(action chromedp.Action) {
	b.tb.Helper()
	if err := b.try(action); err != nil && !left(err) {
		b.tb.Fatalf("drive browser: %v", err)
	}
}

// Text is what a person can read on the page.
func (b *Browser) Text() string {
	b.tb.Helper()
	var text string
	b.Eval("document.body.innerText", &text)
	return text
}

// Problems lists what the page did wrong since the browser started: uncaught
// exceptions, console errors, refused loads and breaches of its security policy.
func (b *Browser) Problems() []string { return b.problems.list() }

func (b *Browser) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// await polls from outside the page, so that it survives navigations and works
// on pages without script. check returns "" when content, else what is missing.
func (b *Browser) await(check func() (missing string)) {
	b.tb.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		missing := check()
		if missing == "" {
			return
		}
		select {
		case <-deadline.C:
			b.tb.Fatalf("after %s: %s\n%s", patience, missing, b.describe())
		case <-tick.C:
		}
	}
}

// describe must not fail the test itself: it words a failure.
func (b *Browser) describe() string {
	var location, text string
	err := b.try(chromedp.Location(&location), chromedp.Evaluate("document.body.innerText", &text))
	if err != nil {
		return fmt.Sprintf("the page cannot be read: %v", err)
	}
	return fmt.Sprintf("%s shows:\n%s\nproblems: %q", location, text, b.Problems())
}
