package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"mayday/bot/chat"
)

// serve answers one delivery, whatever the handler does.
func (p *platform) serve(ctx context.Context, h chat.Handler, d delivery) {
	err := p.sort(ctx, h, d)
	if d.kind != kindEvent || ctx.Err() == nil {
		d.ack(nil) // where it was not yet
	}
	if err != nil {
		// It is authentic, so it is kept in the log: nothing else has it.
		p.log.Error("delivery not understood", "kind", d.kind, "err", err, "body", forLog(d.raw))
	}
}

// sort gives a delivery to who knows its kind. Its error is for the log.
func (p *platform) sort(ctx context.Context, h chat.Handler, d delivery) error {
	switch d.kind {
	case kindCommand:
		var c command
		if err := json.Unmarshal(d.raw, &c); err != nil {
			return notUnderstood("a command", err)
		}
		p.command(ctx, h, c, d)
	case kindInteraction:
		var in interaction
		if err := json.Unmarshal(d.raw, &in); err != nil {
			return notUnderstood("an interaction", err)
		}
		return p.interaction(ctx, h, in, d)
	case kindEvent:
		var e event
		if err := json.Unmarshal(d.raw, &e); err != nil {
			return notUnderstood("an event", err)
		}
		p.event(ctx, h, e, d)
	default:
		return fmt.Errorf("there is no delivery of the kind %q", chat.Clamp(chat.Clean(d.kind), 40))
	}
	return nil
}

const logMost = 2000

var proof = regexp.MustCompile(`("?(?:token|response_url|trigger_id)"?\s*[=:]\s*"?)[^"&]*`)

// forLog is a body without what opens doors.
func forLog(raw []byte) string {
	return chat.Clamp(chat.Clean(proof.ReplaceAllString(strings.ToValidUTF8(string(raw), "?"), "${1}…")), logMost)
}

// command answers a slash command. It is never typed in a thread: Slack does not
// let people.
func (p *platform) command(ctx context.Context, h chat.Handler, c command, d delivery) {
	t := &talk{
		p: p, h: h, in: chat.Interaction{ID: idOf(c.Trigger, d.raw), User: chat.User{ID: c.User}},
		team: c.Team, shown: c.UserName, text: strings.TrimSpace(c.Text), trigger: c.Trigger, response: c.Response, channel: c.Channel,
		where: memo{Channel: c.Channel}, patience: p.pace.answerWithin, ack: d.ack, inAck: true,
	}
	t.answer(ctx)
}

func (p *platform) interaction(ctx context.Context, h chat.Handler, in interaction, d delivery) error {
	t := &talk{
		p: p, h: h, in: chat.Interaction{ID: idOf(in.Trigger, d.raw), User: chat.User{ID: in.User.ID}},
		team: in.User.Team, shown: firstName(in.User.Name, in.User.Username), trigger: in.Trigger, response: in.Response, channel: in.Channel.ID,
		patience: p.pace.answerWithin, where: memo{Channel: in.Channel.ID},
	}
	if t.team == "" {
		t.team = in.Team.ID
	}
	switch in.Type {
	case onPress:
		d.ack(nil)
		return t.press(ctx, in)
	case onSubmit:
		t.ack = d.ack
		return t.submit(ctx, in)
	case onSuggest:
		t.ack = d.ack
		return t.suggest(ctx, in)
	case onShortcut, onMessage:
		d.ack(nil)
		t.shortcut(ctx, in)
	case onClose:
	default:
		return fmt.Errorf("there is no interaction of the type %q", chat.Clamp(chat.Clean(in.Type), 40))
	}
	return nil
}

// press is a button, or a line of a menu, which are the same.
func (t *talk) press(ctx context.Context, in interaction) error {
	if len(in.Actions) == 0 {
		return fmt.Errorf("a press has no action")
	}
	a := in.Actions[0]
	if a.URL != "" || strings.HasPrefix(a.ID, actionLink) {
		return nil // it only opens a page
	}
	if t.in.Button = a.pressed(); t.in.Button == "" {
		return fmt.Errorf("a press has no value")
	}
	if in.View != nil {
		t.inView(*in.View)
		t.answer(ctx)
		return nil
	}
	t.asks = true
	t.ownSight = in.Container.Ephemeral
	if t.channel == "" {
		t.channel = in.Container.Channel
	}
	ts, thread := in.Container.TS, in.Container.Thread
	if in.Message != nil && thread == "" {
		thread = in.Message.Thread
	}
	t.thread = thread
	if t.ownSight && thread == "" {
		ts = "" // it stands in no thread
	}
	t.in.Thread = threadOf(t.channel, thread, ts)
	t.where = memo{Channel: t.channel, Thread: string(t.in.Thread)}
	t.answer(ctx)
	return nil
}

// inView is where a press or a submit in a window comes from: the window
// remembers.
func (t *talk) inView(v view) {
	t.windows = true
	t.where = readMemo(v.Private)
	t.in.Thread, t.in.Incident = chat.Ref(t.where.Thread), t.where.Incident
	t.channel = t.where.Channel
	if _, ts, ok := splitRef(t.in.Thread); ok {
		t.thread = ts
	}
	if v.Type == "modal" {
		t.shot = &shot{id: v.ID, hash: v.Hash}
	}
}

// The shortcuts of the manifest, and what they stand for.
var shortcuts = map[string]string{"open": "open", "note": "note", "update": "update"}

// shortcut is one of them. Its address for answers cannot answer in a thread, so
// they come in a window.
func (t *talk) shortcut(ctx context.Context, in interaction) {
	t.windows = true
	t.in.Text = shortcuts[in.CallbackID]
	if t.in.Text == "" {
		t.in.Text = chat.Clean(in.CallbackID) // the handler says what it may have meant
	}
	if in.Type == onMessage && in.Message != nil {
		t.quoted, t.thread = in.Message.Text, in.Message.Thread
		t.in.Thread = threadOf(t.channel, in.Message.Thread, in.Message.TS)
		t.where.Thread = string(t.in.Thread)
		t.response = ""
	}
	t.answer(ctx)
}
