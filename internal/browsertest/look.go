package browsertest

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Scheme is what the person prefers: prefers-color-scheme.
type Scheme string

// The schemes.
const (
	Light Scheme = "light"
	Dark  Scheme = "dark"
)

// Viewport sets the size of the window in CSS pixels. A mobile one has touch,
// obeys the page's viewport tag and reports a phone's user agent.
func (b *Browser) Viewport(width, height int64, mobile bool) {
	b.tb.Helper()
	scale := 1.0
	agent := ""
	if mobile {
		scale = 2
		agent = "Mozilla/5.0 (Linux; Android 14; Mobile) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36"
	}
	b.Run(
		emulation.SetDeviceMetricsOverride(width, height, scale, mobile),
		emulation.SetTouchEmulationEnabled(mobile),
		emulation.SetUserAgentOverride(agent),
	)
}

// ColorScheme sets what the person prefers.
func (b *Browser) ColorScheme(s Scheme) {
	b.tb.Helper()
	b.Run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: string(s)},
	}))
}

// Script turns the page's own scripts off or on, from the next page load.
func (b *Browser) Script(on bool) {
	b.tb.Helper()
	b.Run(emulation.SetScriptExecutionDisabled(!on))
}

// Screenshot writes the window, or the whole page, as a PNG file.
func (b *Browser) Screenshot(path string, wholePage bool) {
	b.tb.Helper()
	var png []byte
	action := chromedp.CaptureScreenshot(&png)
	if wholePage {
		action = chromedp.FullScreenshot(&png, 100)
	}
	b.await(func() string {
		err := b.try(action)
		if err != nil && !left(err) {
			b.tb.Fatalf("drive browser: %v", err)
		}
		return words(err)
	})
	if err := save(path, png); err != nil {
		b.tb.Fatal(err)
	}
}

func save(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder for screenshot: %w", err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("write screenshot: %w", err)
	}
	return nil
}

// SidewaysScroll tells by how many pixels the page is wider than the window. A
// page made for phones answers 0 at every width.
func (b *Browser) SidewaysScroll() int {
	b.tb.Helper()
	var pixels int
	b.Eval("Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)", &pixels)
	return pixels
}
