package discord

import (
	"fmt"
	"strings"

	"mayday/bot/chat"
)

// How much of the structure is shown. What does not fit loses its links first
// and then everything but the words.
const (
	rich = iota
	unlinked
	bare
)

// fit is the richest form of lines that fits.
func (p painter) fit(lines []line, limit int) string {
	for level := rich; level < bare; level++ {
		if s := p.join(lines, level); size(s) <= limit {
			return s
		}
	}
	return clipEscaped(p.join(lines, bare), limit)
}

// clipEscaped cuts without leaving half of an escape.
func clipEscaped(s string, limit int) string {
	if size(s) <= limit {
		return s
	}
	s = strings.TrimSuffix(clip(s, limit), "…")
	if odd := len(s) - len(strings.TrimRight(s, `\`)); odd%2 == 1 {
		s = s[:len(s)-1]
	}
	return s + "…"
}

func (p painter) join(lines []line, level int) string {
	words := make([]string, len(lines))
	for n, l := range lines {
		words[n] = l.string(level)
	}
	return strings.TrimRight(strings.Join(words, "\n"), " \n")
}

func (l line) string(level int) string {
	var b strings.Builder
	if level < bare && l.muted() {
		b.WriteString("-# ")
	}
	atStart := true
	for _, s := range l.spans {
		b.WriteString(span(s, level, atStart))
		atStart = atStart && strings.TrimSpace(s.Text) == ""
	}
	return b.String()
}

// muted reports a line that may be overlooked as a whole.
func (l line) muted() bool {
	for _, s := range l.spans {
		if s.Kind != chat.SpanMuted {
			return false
		}
	}
	return len(l.spans) > 0 && strings.TrimSpace(l.spans[0].Text) != ""
}

func span(s chat.Span, level int, atStart bool) string {
	switch {
	case s.Kind == chat.SpanMention && s.Mention != nil && s.Mention.Role:
		return "<@&" + s.URL + ">"
	case s.Kind == chat.SpanMention && s.Mention != nil:
		return "<@" + s.URL + ">"
	case s.Kind == chat.SpanTime && !s.At.IsZero() && level < bare:
		return fmt.Sprintf("<t:%d:t>", s.At.Unix())
	case s.Kind == chat.SpanTime && s.Text != "":
		return escape(s.Text+" UTC", atStart)
	case level == bare:
		return escape(s.Text, atStart)
	case s.Kind == chat.SpanStrong && strings.TrimSpace(s.Text) != "":
		return "**" + escape(s.Text, false) + "**"
	case s.Kind == chat.SpanCode:
		return code(s.Text, atStart)
	case s.Kind == chat.SpanLink && level == rich:
		return link(s.Text, s.URL, atStart)
	}
	return escape(s.Text, atStart)
}
