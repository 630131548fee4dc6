package slack

import (
	"context"
	"fmt"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

// ref names a message: channel and ts. The thread below a card has its name.
func ref(channel, ts string) chat.Ref { return chat.Ref(channel + "/" + ts) }

func splitRef(r chat.Ref) (channel, ts string, ok bool) {
	channel, ts, ok = strings.Cut(string(r), "/")
	return channel, ts, ok && isChannel(channel) && isStamp(ts)
}

func parseRef(r chat.Ref, what chat.Target) (channel, ts string, err error) {
	channel, ts, ok := splitRef(r)
	if !ok {
		return "", "", &chat.Failure{Kind: chat.Lost, What: what, Err: fmt.Errorf("%q is no message of Slack", chat.Clamp(string(r), 60))}
	}
	return channel, ts, nil
}

// OpenThread posts the card. Its thread begins with the first reply.
func (p *platform) OpenThread(ctx context.Context, r chat.OpenRequest) (chat.Ref, error) {
	channel, err := p.rooms.channel(ctx, r.Room, r.Message.Weight)
	if err != nil {
		return "", err
	}
	ts, err := p.place(ctx, channel, "", r.Message, p.rooms.dest(r.Room))
	if err != nil {
		return "", err
	}
	p.pin(ctx, channel, ts)
	return ref(channel, ts), nil
}

// Post sends a message to a room, or to the thread below a card.
func (p *platform) Post(ctx context.Context, place chat.Place, m chat.Message) (chat.Ref, error) {
	at := p.rooms.dest(place.Room)
	channel, thread := "", ""
	var err error
	if place.Thread == "" {
		channel, err = p.rooms.channel(ctx, place.Room, m.Weight)
	} else {
		channel, thread, err = parseRef(place.Thread, chat.LostThread)
		at.thread = true
		if now, ok := p.rooms.known(place.Room); ok && now != channel {
			at.moved = true // the room is another channel since
		}
	}
	if err != nil {
		return "", err
	}
	ts, err := p.place(ctx, channel, thread, m, at)
	if err != nil {
		return "", err
	}
	return ref(channel, ts), nil
}

// place posts once. One that may stand already is looked for first.
func (p *platform) place(ctx context.Context, channel, thread string, m chat.Message, at dest) (string, error) {
	if !m.Tried.IsZero() {
		ts, err := p.again(ctx, channel, thread, &m)
		if err != nil || ts != "" {
			return ts, err
		}
	}
	ts, err := p.post(ctx, channel, thread, m)
	if coded(err, "channel_not_found") {
		p.rooms.forget()
	}
	if err != nil {
		return "", failed(err, at)
	}
	p.picture(ctx, channel, thread, ts, m)
	return ts, nil
}

// posted is the answer to a post.
type posted struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Message *struct {
		Thread string `json:"thread_ts"`
	} `json:"message"`
}

func (p *platform) post(ctx context.Context, channel, thread string, m chat.Message) (string, error) {
	b := p.painter().post(m)
	options := append(b.options(), slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl(), slackgo.MsgOptionDisableMarkdown())
	if thread != "" {
		options = append(options, slackgo.MsgOptionTS(thread))
	}
	var out posted
	err := p.api.do(ctx, call{method: methodPost, channel: channel, weight: m.Weight, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, _, err := c.PostMessageContext(ctx, channel, options...)
		return err
	}})
	if err != nil {
		return "", err
	}
	if !isStamp(out.TS) {
		return "", &trouble{sent: true, err: fmt.Errorf("%s: the answer names no message", methodPost)}
	}
	if thread != "" && out.Message != nil && out.Message.Thread == "" {
		// The card is gone, and Slack put the reply into the channel itself.
		if err := p.Delete(ctx, ref(channel, out.TS)); err != nil {
			p.log.Warn("stray reply not taken back", "err", err)
		}
		return "", &trouble{code: "thread_not_found", status: 200, err: fmt.Errorf("%s: the card of the thread is gone", methodPost)}
	}
	return out.TS, nil
}

func (b body) options() []slackgo.MsgOption {
	options := []slackgo.MsgOption{slackgo.MsgOptionText(b.Text, false), slackgo.MsgOptionBlocks(b.Blocks...)}
	if b.Metadata != nil {
		options = append(options, slackgo.MsgOptionMetadata(*b.Metadata))
	}
	return options
}

// Edit replaces what stands at r.
func (p *platform) Edit(ctx context.Context, r chat.Ref, m chat.Message) error {
	channel, ts, err := parseRef(r, chat.LostMessage)
	if err != nil {
		return err
	}
	b := p.painter().edit(m)
	err = p.api.do(ctx, call{method: methodUpdate, weight: m.Weight, with: func(ctx context.Context, c *slackgo.Client) error {
		_, _, _, err := c.UpdateMessageContext(ctx, channel, ts, b.options()...)
		return err
	}})
	if err != nil {
		return failed(err, p.standing(channel))
	}
	if m.Kind == "card" {
		p.repin(ctx, channel, ts, m)
	}
	return nil
}

// standing is where a message stands.
func (p *platform) standing(channel string) dest {
	at := dest{message: true, channel: channel, command: p.start.Command}
	if room := p.rooms.room(channel); room != "" {
		at.channel = p.rooms.shown(room)
		return at
	}
	_, ops := p.rooms.known("operations")
	_, status := p.rooms.known("status")
	at.moved = ops && status
	return at
}

// Delete takes a message back; one that is gone already is done.
func (p *platform) Delete(ctx context.Context, r chat.Ref) error {
	channel, ts, ok := splitRef(r)
	if !ok {
		return nil // it never stood
	}
	err := p.api.do(ctx, call{method: methodDelete, with: func(ctx context.Context, c *slackgo.Client) error {
		_, _, err := c.DeleteMessageContext(ctx, channel, ts)
		return err
	}})
	if err == nil || coded(err, "message_not_found") {
		return nil
	}
	return failed(err, p.standing(channel))
}

// Pace answers how long a message for a place has to wait.
func (p *platform) Pace(place chat.Place, w chat.Weight) time.Duration {
	if w.Edit {
		return p.api.budget.Wait(w, p.api.keys(call{method: methodUpdate})...)
	}
	channel, _ := p.rooms.known(place.Room)
	if place.Thread != "" {
		channel, _, _ = strings.Cut(string(place.Thread), "/")
	}
	return p.api.budget.Wait(w, p.api.keys(call{method: methodPost, channel: channel})...)
}
