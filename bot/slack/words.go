package slack

import (
	"slices"
	"strings"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

// Lines become a rich_text block. Slack's mrkdwn has no way to write a star or a
// backtick that formats nothing; in rich_text words are words, and what is bold,
// links or calls somebody is said beside them. So nothing that a stranger writes
// can be more than text (P16).

// line is one line of a message.
type line []chat.Span

// painter turns neutral messages into bodies. It is pure but for group, which may
// be nil: it answers the id of a group by its handle.
type painter struct {
	group func(handle string) (id string, ok bool)
}

// lines are the lines of a message, cut to what a message may say. Calls carry the
// id of whom they call in URL, and are words when they call nobody.
func (p painter) lines(m chat.Message) []line {
	left := chat.Shared.Text
	var out []line
	for _, l := range m.Lines {
		one := line(cut(merged(l), &left))
		for n, s := range one {
			if s.Kind != chat.SpanMention {
				continue
			}
			one[n].Text, one[n].URL = chat.Clean(s.Text), p.called(m, s)
			if one[n].URL == "" {
				one[n].Kind = chat.SpanText
			}
		}
		out = append(out, one)
	}
	for len(out) > 0 && len(out[len(out)-1]) == 0 {
		out = out[:len(out)-1] // what did not fit leaves no empty lines
	}
	return out
}

// merged cleans the spans and joins neighbours of one kind.
func merged(l chat.Line) []chat.Span {
	var out []chat.Span
	for _, s := range l {
		s.Text = chat.Clean(s.Text)
		if s.Kind == chat.SpanMuted {
			s.Kind = chat.SpanText
		}
		last := len(out) - 1
		plain := s.Kind == chat.SpanText || s.Kind == chat.SpanStrong || s.Kind == chat.SpanCode
		switch {
		case plain && s.Text == "":
		case plain && last >= 0 && out[last].Kind == s.Kind:
			out[last].Text += s.Text
		default:
			out = append(out, s)
		}
	}
	return out
}

// cut takes the characters of spans from what is left of the message.
func cut(spans []chat.Span, left *int) []chat.Span {
	var out []chat.Span
	for _, s := range spans {
		if *left <= 1 {
			break
		}
		if n := len([]rune(s.Text)); n > *left {
			s.Text = chat.Clamp(s.Text, *left)
		}
		*left -= len([]rune(s.Text))
		out = append(out, s)
	}
	*left-- // the line break
	return out
}

// called is the id of whom a span calls, "" when it calls nobody. Only who stands
// in the message's mentions is called.
func (p painter) called(m chat.Message, s chat.Span) string {
	if s.Mention == nil {
		return ""
	}
	id := p.id(*s.Mention)
	if !slices.ContainsFunc(m.Mentions, func(o chat.Mention) bool { return o.Role == s.Mention.Role && p.id(o) == id }) {
		return ""
	}
	return id
}

// id is Slack's id of whom a mention means, "" when there is none.
func (p painter) id(who chat.Mention) string {
	id := who.IDs[name]
	switch {
	case !who.Role && isUser(id), who.Role && isGroup(id):
		return id
	case who.Role && id != "" && p.group != nil:
		if found, ok := p.group(strings.TrimPrefix(id, "@")); ok && isGroup(found) {
			return found
		}
	}
	return ""
}

// rich is the block of lines, nil when they say nothing.
func rich(lines []line) slackgo.Block {
	var b builder
	for n, l := range lines {
		if n > 0 {
			b.text("\n", chat.SpanText)
		}
		for _, s := range l {
			b.span(s)
		}
	}
	if strings.TrimSpace(b.words.String()) == "" {
		return nil
	}
	return slackgo.NewRichTextBlock("", &slackgo.RichTextSection{Type: slackgo.RTESection, Elements: b.all})
}

// builder collects the elements of a rich_text section.
type builder struct {
	all   []slackgo.RichTextSectionElement
	words strings.Builder
	last  *slackgo.RichTextSectionTextElement
}

func (b *builder) span(s chat.Span) {
	switch {
	case s.Kind == chat.SpanMention && s.Mention.Role:
		b.add(slackgo.NewRichTextSectionUserGroupElement(s.URL), s.Text)
	case s.Kind == chat.SpanMention:
		b.add(slackgo.NewRichTextSectionUserElement(s.URL, nil), s.Text)
	case s.Kind == chat.SpanTime && !s.At.IsZero():
		fallback := orDash(s.Text) + " UTC"
		b.add(slackgo.NewRichTextSectionDateElement(s.At.Unix(), "{time}", nil, &fallback), fallback)
	case s.Kind == chat.SpanLink:
		if safe, ok := safeURL(s.URL); ok && strings.TrimSpace(s.Text) != "" {
			b.add(slackgo.NewRichTextSectionLinkElement(safe, s.Text, nil), s.Text)
			return
		}
		b.text(s.Text, chat.SpanText)
	default:
		b.text(s.Text, s.Kind)
	}
}

func (b *builder) add(e slackgo.RichTextSectionElement, words string) {
	b.all, b.last = append(b.all, e), nil
	b.words.WriteString(words)
}

// text adds words, to the element before when that is plain text too.
func (b *builder) text(s string, kind chat.SpanKind) {
	if s == "" {
		return
	}
	b.words.WriteString(s)
	style := styleOf(kind)
	if style == nil && b.last != nil {
		b.last.Text += s
		return
	}
	e := slackgo.NewRichTextSectionTextElement(s, style)
	b.all, b.last = append(b.all, e), nil
	if style == nil {
		b.last = e
	}
}

func styleOf(kind chat.SpanKind) *slackgo.RichTextSectionTextStyle {
	switch kind {
	case chat.SpanStrong:
		return &slackgo.RichTextSectionTextStyle{Bold: true}
	case chat.SpanCode:
		return &slackgo.RichTextSectionTextStyle{Code: true}
	}
	return nil
}

// plain is the whole message as words, for `text`.
func plain(m chat.Message, lines []line) string {
	if len(lines) == 0 {
		return chat.Clamp(words(m.Text), chat.Shared.Text)
	}
	var b strings.Builder
	for n, l := range lines {
		if n > 0 {
			b.WriteByte('\n')
		}
		for _, s := range l {
			b.WriteString(s.Text)
			if s.Kind == chat.SpanTime {
				b.WriteString(" UTC")
			}
		}
	}
	return b.String()
}
