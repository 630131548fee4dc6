package slack

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

// mayRepeat stands at the end of a message that may have arrived before.
const mayRepeat = "(may repeat)"

// metadataType marks our messages, so that they are found again where history may
// be read.
const metadataType = "mayday_message"

// body is a message as Slack takes it.
type body struct {
	Text     string                 `json:"text"`
	Blocks   []slackgo.Block        `json:"blocks"`
	Metadata *slackgo.SlackMetadata `json:"metadata,omitempty"`
	Mrkdwn   bool                   `json:"mrkdwn"`
	Links    bool                   `json:"unfurl_links"`
	Media    bool                   `json:"unfurl_media"`
}

// render shows the body that a message becomes when it is posted.
func render(m chat.Message) (json.RawMessage, error) {
	raw, err := json.Marshal(painter{}.post(m))
	if err != nil {
		return nil, fmt.Errorf("write message: %w", err)
	}
	return raw, nil
}

// post is a new message of the bot.
func (p painter) post(m chat.Message) body {
	b := p.edit(marked(m))
	if m.Key != "" {
		b.Metadata = &slackgo.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"key": m.Key}}
	}
	return b
}

// marked says that a message may stand twice.
func marked(m chat.Message) chat.Message {
	if m.Tried.IsZero() {
		return m
	}
	if len(m.Lines) == 0 {
		m.Text = chat.Clamp(m.Text, chat.Shared.Text-len(mayRepeat)-1) + " " + mayRepeat
		return m
	}
	lines := append([]chat.Line(nil), m.Lines...)
	left := chat.Shared.Text - len(mayRepeat) - 1 - len(lines)
	for n := range lines {
		lines[n] = cut(lines[n], &left)
	}
	last := len(lines) - 1
	lines[last] = append(append(chat.Line(nil), lines[last]...), chat.T(" "+mayRepeat))
	m.Lines = lines
	return m
}

// edit is a message that replaces another.
func (p painter) edit(m chat.Message) body {
	lines := p.lines(m)
	b := body{Text: aloud(plain(m, lines)), Blocks: p.said(m, lines)}
	b.Blocks = append(b.Blocks, actions(m)...)
	return b
}

// aloud is what a lock screen shows. The mark of a repeat is never cut off.
func aloud(text string) string {
	if before, ok := strings.CutSuffix(text, mayRepeat); ok {
		return escape(before, maxText-len(mayRepeat)) + mayRepeat
	}
	return orDash(escape(text, maxText))
}

// said are the blocks of what a message says.
func (p painter) said(m chat.Message, lines []line) []slackgo.Block {
	var out []slackgo.Block
	if block := rich(lines); block != nil {
		out = append(out, block)
	}
	if len(out) == 0 {
		out = p.plainly(m)
	}
	if m.Image == nil || len(m.Image.Data) > 0 {
		return out
	}
	if safe, ok := safeURL(m.Image.URL); ok && strings.HasPrefix(safe, "https://") {
		out = append(out, slackgo.NewImageBlock(safe, orDash(chat.Clamp(chat.Clean(m.Image.Alt), maxAlt)), "", nil))
	}
	return out
}

// plainly shows a message that has words only, in the simplest block that there
// is. Whoever it calls is called in front of it.
func (p painter) plainly(m chat.Message) []slackgo.Block {
	var calls []string
	for _, who := range m.Mentions {
		switch id := p.id(who); {
		case id == "":
		case who.Role:
			calls = append(calls, "<!subteam^"+id+">")
		default:
			calls = append(calls, "<@"+id+">")
		}
	}
	var out []slackgo.Block
	if len(calls) > 0 {
		out = append(out, slackgo.NewSectionBlock(slackgo.NewTextBlockObject(slackgo.MarkdownType, strings.Join(calls, " "), false, false), nil, nil))
	}
	text := chat.Clamp(words(m.Text), chat.Shared.Text)
	return append(out, slackgo.NewSectionBlock(plainText(text, maxSection), nil, nil))
}

// plainText is a text that formats nothing.
func plainText(s string, limit int) *slackgo.TextBlockObject {
	no := false
	return &slackgo.TextBlockObject{Type: slackgo.PlainTextType, Text: orDash(chat.Clamp(s, limit)), Emoji: &no}
}

// The action ids. What is pressed stands in the value.
const (
	actionButton = "b:"
	actionLink   = "u:"
	actionMore   = "more"
)

const moreLabel = "More…"

// actions are the buttons in their order, the menu after them.
func actions(m chat.Message) []slackgo.Block {
	var all []slackgo.BlockElement
	buttons, more := m.Buttons, m.More
	if len(more) == 1 {
		buttons, more = append(append([]chat.Button(nil), buttons...), more...), nil
	}
	for _, b := range buttons {
		if e := button(b, len(all)); e != nil && len(all) < maxElements-1 {
			all = append(all, e)
		}
	}
	if e := menu(more); e != nil {
		all = append(all, e)
	}
	if len(all) == 0 {
		return nil
	}
	return []slackgo.Block{slackgo.NewActionBlock("", all...)}
}

func button(b chat.Button, n int) slackgo.BlockElement {
	label := plainText(chat.Clean(b.Label), maxButton)
	if b.URL != "" {
		safe, ok := safeURL(b.URL)
		if !ok {
			return nil
		}
		return &slackgo.ButtonBlockElement{Type: slackgo.METButton, ActionID: actionLink + strconv.Itoa(n), Text: label, URL: safe}
	}
	if b.ID == "" || len(b.ID) > maxValue {
		return nil
	}
	e := &slackgo.ButtonBlockElement{Type: slackgo.METButton, ActionID: actionButton + strconv.Itoa(n), Text: label, Value: b.ID}
	switch b.Style {
	case chat.Primary:
		e.Style = slackgo.StylePrimary
	case chat.Harm:
		e.Style = slackgo.StyleDanger
	}
	return e
}

// menu is what stands behind "More…": the small menu while it holds them all, a
// list when not. Choosing presses.
func menu(more []chat.Button) slackgo.BlockElement {
	var options []*slackgo.OptionBlockObject
	for _, b := range more {
		if b.ID == "" || b.URL != "" || len(b.ID) > maxOptionID || len(options) == maxOptions {
			continue
		}
		options = append(options, slackgo.NewOptionBlockObject(b.ID, plainText(chat.Clean(b.Label), maxOption), nil))
	}
	switch {
	case len(options) == 0:
		return nil
	case len(options) <= maxOverflow:
		return &slackgo.OverflowBlockElement{Type: slackgo.METOverflow, ActionID: actionMore, Options: options}
	}
	return &slackgo.SelectBlockElement{Type: slackgo.OptTypeStatic, ActionID: actionMore, Placeholder: plainText(moreLabel, maxButton), Options: options}
}
