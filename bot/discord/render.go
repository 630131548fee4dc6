package discord

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mayday/bot/chat"
)

// accents are colours of the Okabe-Ito set; what has no severity gets a neutral
// one.
var accents = map[chat.Tone]int{
	chat.ToneSEV1: 0xD55E00,
	chat.ToneSEV2: 0xE69F00,
	chat.ToneSEV3: 0x56B4E9,
	chat.ToneOK:   0x009E73,
}

const neutral = 0x8A94A6

// render shows the body that a message becomes when it is posted.
func render(m chat.Message) (json.RawMessage, error) {
	raw, err := json.Marshal(painter{}.post(m))
	if err != nil {
		return nil, fmt.Errorf("write message: %w", err)
	}
	return raw, nil
}

// painter turns neutral messages into bodies. It is pure but for role, which may
// be nil: it answers the id of a role by its name.
type painter struct {
	role func(name string) (id string, ok bool)
}

// post is a new message of the bot.
func (p painter) post(m chat.Message) body {
	b := p.body(m)
	if m.Silent {
		b.Flags |= flagSilent
	}
	b.Nonce, b.EnforceNonce = nonce(m.Key), true
	return b
}

// edit replaces a message. How loud it was and its nonce are history.
func (p painter) edit(m chat.Message) body { return p.body(m) }

// answer is seen only by the person who asked.
func (p painter) answer(m chat.Message) body {
	b := p.body(m)
	b.Flags |= flagEphemeral
	return b
}

// body shares the words between content, which phones show and which alone can
// call somebody, and the embed, which has the accent. They appear once.
func (p painter) body(m chat.Message) body {
	b := body{Embeds: []embed{}, Components: rows(m), Attachments: []attachment{}, Mentions: p.allowed(m)}
	lines := p.lines(m)
	first := len(lines)
	if m.Tone != "" {
		first = 1
		for n, l := range lines {
			if l.calls {
				first = n + 1
			}
		}
	}
	for first > 1 && size(p.join(lines[:first], rich)) > maxContent {
		first--
	}
	first = min(first, len(lines))
	b.Content = p.fit(lines[:first], maxContent)
	e := embed{Color: accent(m.Tone), Description: p.fit(p.after(lines, first), maxDescription)}
	e.Image = picture(m.Image, &b)
	if e.Description != "" || e.Image != nil {
		b.Embeds = append(b.Embeds, e)
	} else {
		b.Flags |= flagNoPreviews
	}
	if b.Content == "" && len(b.Embeds) == 0 {
		b.Content = "–" // an empty message would be refused
	}
	return b
}

// after is what the content did not take: all of it when even its one line had to
// be cut.
func (p painter) after(lines []line, first int) []line {
	if first == 1 && size(p.join(lines[:1], rich)) > maxContent {
		return lines
	}
	return lines[first:]
}

func accent(t chat.Tone) int {
	if c, ok := accents[t]; ok {
		return c
	}
	return neutral
}

// picture adds the file, or the address of one that stands elsewhere.
func picture(i *chat.Image, b *body) *image {
	if i == nil {
		return nil
	}
	if len(i.Data) > 0 {
		b.picture = i.Data
		b.Attachments = append(b.Attachments, attachment{ID: "0", Filename: "picture.png", Description: clip(chat.Clean(i.Alt), maxAlt)})
		return &image{URL: "attachment://picture.png"}
	}
	if safe, ok := safeURL(i.URL); ok {
		return &image{URL: safe}
	}
	return nil
}

// line is one line of a message, and whether it calls somebody.
type line struct {
	spans []chat.Span
	calls bool
}

// lines are the lines of a message, cut to what a message may say.
func (p painter) lines(m chat.Message) []line {
	var out []line
	left := chat.Shared.Text
	for _, l := range m.Lines {
		spans := merged(l)
		one := line{spans: cut(spans, &left)}
		one.calls = slices.ContainsFunc(one.spans, func(s chat.Span) bool { return p.called(m, s) != "" })
		for n, s := range one.spans {
			if id := p.called(m, s); id != "" {
				one.spans[n].URL = id // only ids of mentions stand here
			} else if s.Kind == chat.SpanMention {
				one.spans[n].Kind = chat.SpanText
			}
		}
		out = append(out, one)
	}
	if len(out) > 0 {
		return out
	}
	return p.plain(m)
}

// plain are the lines of a message that has words only. Whoever it calls is
// called where the words name them.
func (p painter) plain(m chat.Message) []line {
	text := chat.Clamp(m.Text, chat.Shared.Text)
	spans := []chat.Span{{Kind: chat.SpanText, Text: text}}
	for _, who := range m.Mentions {
		if id := p.id(who); id != "" {
			spans = callIn(spans, chat.Span{Kind: chat.SpanMention, Text: "@" + chat.Clean(who.Name), Mention: &who, URL: id})
		}
	}
	out := []line{{}}
	for _, s := range spans {
		if s.Kind == chat.SpanMention {
			last := &out[len(out)-1]
			last.spans, last.calls = append(last.spans, s), true
			continue
		}
		for n, part := range strings.Split(s.Text, "\n") {
			if n > 0 {
				out = append(out, line{})
			}
			s.Text = part
			out[len(out)-1].spans = append(out[len(out)-1].spans, s)
		}
	}
	return out
}

// callIn puts a call where its words first stand, or before everything.
func callIn(spans []chat.Span, call chat.Span) []chat.Span {
	for n, s := range spans {
		if s.Kind != chat.SpanText {
			continue
		}
		if before, after, ok := strings.Cut(s.Text, call.Text); ok {
			parts := []chat.Span{{Kind: chat.SpanText, Text: before}, call, {Kind: chat.SpanText, Text: after}}
			return slices.Replace(spans, n, n+1, parts...)
		}
	}
	return append([]chat.Span{call, {Kind: chat.SpanText, Text: " "}}, spans...)
}

// merged joins neighbours of one kind: two strong ones would close each other.
func merged(l chat.Line) []chat.Span {
	var out []chat.Span
	for _, s := range l {
		if s.Text == "" && s.Kind != chat.SpanTime && s.Kind != chat.SpanMention {
			continue
		}
		last := len(out) - 1
		plain := s.Kind != chat.SpanTime && s.Kind != chat.SpanMention && s.Kind != chat.SpanLink
		if plain && last >= 0 && out[last].Kind == s.Kind {
			out[last].Text += s.Text
			continue
		}
		out = append(out, s)
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

// called is the id of whom a span calls, "" when it calls nobody.
func (p painter) called(m chat.Message, s chat.Span) string {
	if s.Kind != chat.SpanMention || s.Mention == nil {
		return ""
	}
	id := p.id(*s.Mention)
	if !slices.ContainsFunc(m.Mentions, func(o chat.Mention) bool { return o.Role == s.Mention.Role && p.id(o) == id }) {
		return ""
	}
	return id
}

// id is Discord's id of whom a mention means, "" when there is none.
func (p painter) id(who chat.Mention) string {
	id := who.IDs[name]
	if isID(id) {
		return id
	}
	if who.Role && id != "" && p.role != nil {
		if found, ok := p.role(strings.TrimPrefix(id, "@")); ok {
			return found
		}
	}
	return ""
}

func (p painter) allowed(m chat.Message) allowed {
	a := allowed{Parse: []string{}, Users: []string{}, Roles: []string{}}
	for _, who := range m.Mentions {
		list := &a.Users
		if who.Role {
			list = &a.Roles
		}
		if id := p.id(who); id != "" && !slices.Contains(*list, id) && len(*list) < maxCalled {
			*list = append(*list, id)
		}
	}
	return a
}

// isID reports whether a word is an id of Discord: a number.
func isID(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil && s[0] != '+'
}
