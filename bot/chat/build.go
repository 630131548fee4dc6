package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// T is a piece of plain text. Like every builder it cleans what it gets: the
// words may come from an alert, and alerts are written by strangers.
func T(text string) Span { return Span{Kind: SpanText, Text: Clean(text)} }

// Tf is T with a format.
func Tf(format string, args ...any) Span { return T(fmt.Sprintf(format, args...)) }

// Strong is text that stands out.
func Strong(text string) Span { return Span{Kind: SpanStrong, Text: Clean(text)} }

// Muted is text that may be overlooked.
func Muted(text string) Span { return Span{Kind: SpanMuted, Text: Clean(text)} }

// Code is text to be copied.
func Code(text string) Span { return Span{Kind: SpanCode, Text: Clean(text)} }

// A is a link; one that is not http or https is shown as words.
func A(text, url string) Span {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return T(text)
	}
	return Span{Kind: SpanLink, Text: Clean(text) + " ↗", URL: url}
}

// At is a time of day, in the reader's zone where the platform can.
func At(t time.Time) Span {
	return Span{Kind: SpanTime, Text: t.UTC().Format("15:04"), At: t}
}

// Call mentions somebody so that a phone rings.
func Call(m Mention) Span {
	return Span{Kind: SpanMention, Text: "@" + Clean(m.Name), Mention: &m}
}

// L makes a line of spans and strings.
func L(parts ...any) Line {
	line := make(Line, 0, len(parts))
	for _, p := range parts {
		switch x := p.(type) {
		case Span:
			line = append(line, x)
		case Line:
			line = append(line, x...)
		case string:
			line = append(line, T(x))
		default:
			line = append(line, Tf("%v", x))
		}
	}
	return line
}

// Clean makes untrusted words inert: control characters, bidirectional
// overrides, zero-width and other invisible characters go, line breaks become
// spaces. What remains is shown as it is by renderers that escape.
func Clean(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		case r == unicode.ReplacementChar, unicode.IsControl(r), unicode.Is(unicode.Cf, r), isFiller(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isFiller reports letters that show nothing, which forgers use for blank names.
func isFiller(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u034f':
		return true
	}
	return false
}

// Clamp cuts to n characters, with an ellipsis.
func Clamp(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimRight(string(r[:n-1]), " ") + "…"
}

// Finish derives what follows from the lines: the plain text, the mentions, and
// lists that are empty rather than missing. It clamps to the shared limits, so
// that no platform ever refuses a message for its size.
func (m Message) Finish() Message {
	if len(m.Lines) > Shared.Lines {
		more := len(m.Lines) - Shared.Lines + 1
		m.Lines = append(m.Lines[:Shared.Lines-1:Shared.Lines-1], L(Muted(fmt.Sprintf("… %d more lines in the war room", more))))
	}
	words := make([]string, len(m.Lines))
	for i, l := range m.Lines {
		words[i] = l.String()
	}
	if len(words) > 0 {
		m.Text = Clamp(strings.Join(words, "\n"), Shared.Text)
	}
	m.Mentions = []Mention{}
	for _, l := range m.Lines {
		for _, s := range l {
			if s.Mention != nil {
				m.Mentions = append(m.Mentions, *s.Mention)
			}
		}
	}
	if m.Buttons == nil {
		m.Buttons = []Button{}
	}
	if m.Fields == nil {
		m.Fields = []Field{}
	}
	return m
}

// Check answers what is wrong with a message, by the limits that every platform
// can meet; tests run it over every message that exists.
func (m Message) Check() error {
	switch {
	case strings.TrimSpace(m.Text) == "":
		return fmt.Errorf("message %s has no text", m.Key)
	case len([]rune(m.Text)) > Shared.Text:
		return fmt.Errorf("message %s: %d characters, %d fit", m.Key, len([]rune(m.Text)), Shared.Text)
	case len(m.Lines) > Shared.Lines:
		return fmt.Errorf("message %s: %d lines, %d fit", m.Key, len(m.Lines), Shared.Lines)
	case len(m.Buttons) > Shared.Row:
		return fmt.Errorf("message %s: %d buttons, %d fit", m.Key, len(m.Buttons), Shared.Row)
	}
	primary := 0
	for _, b := range append(append([]Button(nil), m.Buttons...), m.More...) {
		if n := len([]rune(b.Label)); n == 0 || n > Shared.Label {
			return fmt.Errorf("message %s: button %q has %d characters, %d fit", m.Key, b.Label, n, Shared.Label)
		}
		if b.Style == Primary {
			primary++
		}
	}
	if primary > 1 {
		return fmt.Errorf("message %s: %d primary buttons, one is enough", m.Key, primary)
	}
	return m.Form.check(m.Key)
}

func (f *Form) check(key string) error {
	if f == nil {
		return nil
	}
	if len(f.Fields) == 0 || len(f.Fields) > Shared.Fields {
		return fmt.Errorf("message %s: form of %d fields, 1 to %d fit", key, len(f.Fields), Shared.Fields)
	}
	if len([]rune(f.Title)) > Shared.Title || len([]rune(f.Label)) > Shared.Label {
		return fmt.Errorf("message %s: form title %q or label %q is too long", key, f.Title, f.Label)
	}
	return nil
}
