package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// card builds one message: the neutral content, and the buttons with what they
// mean.
type card struct {
	d       *Desk
	inc     *incident.Incident
	msg     chat.Message
	buttons []incident.Button
	only    string // person who alone may press; "" for public messages

	platform string // that a public message is for
}

func (d *Desk) card(inc *incident.Incident, kind, key string) *card {
	c := &card{d: d, inc: inc, msg: chat.Message{Key: key, Kind: kind}}
	if inc != nil {
		c.msg.Incident = inc.ID()
		c.msg.Tone = tone(inc)
	}
	return c
}

func tone(i *incident.Incident) chat.Tone {
	if !i.Open() {
		return chat.ToneOK
	}
	return chat.Tone(strings.ToLower(string(i.Severity)))
}

// line adds a line of spans and strings.
func (c *card) line(parts ...any) { c.msg.Lines = append(c.msg.Lines, chat.L(parts...)) }

// id registers a button and answers its id.
func (c *card) id(verb, step string, arg any) string {
	b := incident.Button{Message: c.msg.Key, Verb: verb, Step: step, Person: c.only}
	if c.inc != nil {
		b.Incident = c.inc.Number
	}
	if arg != nil {
		b.Arg, _ = json.Marshal(arg) // strings and maps of strings only
	}
	b.ID = c.d.buttonID(b)
	c.buttons = append(c.buttons, b)
	return b.ID
}

// button adds a button to the row.
func (c *card) button(style chat.Style, verb, label string, arg any) {
	c.stepButton(style, verb, label, "", arg)
}

func (c *card) stepButton(style chat.Style, verb, label, step string, arg any) {
	c.msg.Buttons = append(c.msg.Buttons, chat.Button{ID: c.id(verb, step, arg), Label: chat.Clamp(chat.Clean(label), chat.Shared.Label),
		Verb: verb, Step: step, Style: style})
}

// more adds a button behind "More...".
func (c *card) more(verb, label string, arg any) {
	c.msg.More = append(c.msg.More, chat.Button{ID: c.id(verb, "", arg), Label: chat.Clamp(chat.Clean(label), chat.Shared.Label),
		Verb: verb, Style: chat.Plain})
}

// form asks for words; posting them presses verb again.
func (c *card) form(title, label, verb string, arg any, fields ...chat.Field) {
	c.msg.Form = &chat.Form{Title: chat.Clamp(title, chat.Shared.Title), Submit: c.id(verb, "", arg), Label: label, Fields: fields}
}

// done finishes the message: a row holds four buttons, one of them the first choice.
func (c *card) done() chat.Message {
	primary := false
	for n := range c.msg.Buttons {
		b := &c.msg.Buttons[n]
		if b.Style == chat.Primary && primary {
			b.Style = chat.Plain
		}
		primary = primary || b.Style == chat.Primary
	}
	if row := chat.Shared.Row; len(c.msg.Buttons) > row {
		c.msg.More = append(slices.Clone(c.msg.Buttons[row:]), c.msg.More...)
		c.msg.Buttons = c.msg.Buttons[:row]
	}
	return c.msg.Finish()
}

// answer is an ephemeral message to one person, its buttons kept so that they
// can be pressed.
func (c *card) answer(ctx context.Context) (chat.Message, error) {
	c.msg.Ephemeral = true
	if len(c.buttons) > 0 {
		if err := c.d.Store.Buttons.KeepButtons(ctx, c.buttons); err != nil {
			return chat.Message{}, err
		}
	}
	return c.done(), nil
}

// said is an ephemeral answer of one sentence.
func said(inc *incident.Incident, format string, args ...any) chat.Message {
	m := chat.Message{Kind: "answer", Ephemeral: true, Lines: []chat.Line{chat.L(chat.Tf(format, args...))}}
	if inc != nil {
		m.Incident = inc.ID()
		m.Key = inc.ID() + ":answer"
	}
	return m.Finish()
}

// marks are shape and word, never colour alone.
var marks = map[incident.Severity]string{incident.SEV1: "▲", incident.SEV2: "◆", incident.SEV3: "●"}

func mark(i *incident.Incident) string {
	if !i.Open() {
		return "✓"
	}
	return marks[i.Severity]
}

// headline is "checkout: errors 12%", the service said once.
func headline(i *incident.Incident) string {
	if i.Service == "" || strings.HasPrefix(strings.ToLower(i.Title), strings.ToLower(i.Service)) {
		return i.Title
	}
	return i.Service + ": " + i.Title
}

// Span says how long something takes, as people do: "30 min".
func Span(d time.Duration) string { return span(d) }

// span says how long something took, in the two largest units.
func span(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return trimZero(fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60), " 0 min")
	}
	return trimZero(fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24), " 0 h")
}

func trimZero(s, zero string) string { return strings.TrimSuffix(s, zero) }

func seqOf(about string) int64 {
	n, err := strconv.ParseInt(about, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// sentence ends words that somebody typed without a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}
