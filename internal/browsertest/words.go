package browsertest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed find.js
var findJS string

// spot is where an element was found, in pixels of the viewport.
type spot struct {
	X       float64 `json:"x"`
	Y       float64 `json:"y"`
	Missing string  `json:"missing"` // why it cannot be used, "" when it can
}

// WaitText waits until a person can read the text on the page. Line breaks and
// runs of blanks count as one blank.
func (b *Browser) WaitText(text string) {
	b.tb.Helper()
	b.await(func() string {
		if b.shows(text) {
			return ""
		}
		return fmt.Sprintf("the page does not show %q", text)
	})
}

// WaitGone waits until the text is no longer on the page.
func (b *Browser) WaitGone(text string) {
	b.tb.Helper()
	b.await(func() string {
		if !b.shows(text) {
			return ""
		}
		return fmt.Sprintf("the page still shows %q", text)
	})
}

func (b *Browser) shows(text string) bool {
	var page string
	if b.try(chromedp.Evaluate("document.body.innerText", &page)) != nil {
		return false // between two pages; the deadline of await decides
	}
	return strings.Contains(oneLine(page), oneLine(text))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Click presses the button, link or control that carries the text, with the
// mouse and where it can be seen. An exact match goes before a partial one, and
// the first on the page before later ones.
func (b *Browser) Click(text string) {
	b.tb.Helper()
	b.ClickIn("", text)
}

// ClickIn is Click inside the first element that a CSS selector matches and
// that holds the control: one of many cards.
func (b *Browser) ClickIn(selector, text string) {
	b.tb.Helper()
	at := b.locate("control", selector, text)
	b.press(chromedp.MouseClickXY(at.X, at.Y))
}

// Fill replaces what stands in the field with that label, by typing. The label
// is its <label>, aria-label, placeholder or name. In a list of choices, the
// choice with that text is selected.
//
// A page that moves while one types puts the words elsewhere or drops the
// selection, so the field is found by its name each time and read back.
func (b *Browser) Fill(label, value string) {
	b.tb.Helper()
	at := b.locate("field", "", label)
	var selected bool
	b.Eval(call("choose", at.X, at.Y, value), &selected)
	if selected {
		return
	}
	b.await(func() string {
		var ready bool
		if err := b.try(chromedp.Evaluate(call("focus", label), &ready)); err != nil || !ready {
			return fmt.Sprintf("field %q cannot be typed into", label)
		}
		if err := b.try(chromedp.KeyEvent(kb.Backspace), input.InsertText(value)); err != nil {
			return fmt.Sprintf("field %q: %v", label, err)
		}
		var same bool
		if err := b.try(chromedp.Evaluate(call("holds", label, value), &same)); err != nil || !same {
			return fmt.Sprintf("field %q does not hold %q", label, value)
		}
		return ""
	})
}

// Press types keys into whatever has the focus: kb.Enter, kb.Escape, "abc".
func (b *Browser) Press(keys string) {
	b.tb.Helper()
	b.press(chromedp.KeyEvent(keys))
}

// Has reports whether a control with these words can be pressed at this moment.
func (b *Browser) Has(text string) bool {
	var found spot
	err := b.try(chromedp.Evaluate(call("locate", "control", "", text), &found))
	return err == nil && found.Missing == ""
}

func (b *Browser) locate(kind, selector, text string) spot {
	b.tb.Helper()
	var found spot
	b.await(func() string {
		found = spot{}
		if err := b.try(chromedp.Evaluate(call("locate", kind, selector, text), &found)); err != nil {
			return fmt.Sprintf("%s %q: %v", kind, text, err)
		}
		return found.Missing
	})
	return found
}

// call words the call of a function of find.js. Strings go in as JSON, which
// is also how JavaScript writes them.
func call(function string, args ...any) string {
	words := make([]string, 0, len(args))
	for _, arg := range args {
		word, err := json.Marshal(arg)
		if err != nil {
			word = []byte("null") // strings and numbers always marshal
		}
		words = append(words, string(word))
	}
	return fmt.Sprintf("(() => { %s\nreturn %s(%s); })()", findJS, function, strings.Join(words, ", "))
}
