package discord

import (
	"encoding/json"
	"slices"
	"time"
)

type object = map[string]any

// Flags of messages.
const (
	flagSuppressEmbeds = 1 << 2
	flagEphemeral      = 1 << 6
	flagLoading        = 1 << 7
	flagSilent         = 1 << 12
	flagComponentsV2   = 1 << 15
)

// message is a message as it stands, under Discord.mu.
type message struct {
	id, channel string
	author      string
	kind        int // 0 default, 18 thread created, 20 command response, 19 reply
	content     string
	embeds      []json.RawMessage
	components  []json.RawMessage
	files       []file
	flags       int
	nonce       any
	mentions    *allowed
	at          time.Time
	edited      time.Time
	edits       int
	webhook     bool // came through an interaction
	viewer      string
	thread      bool   // a thread hangs on it
	answers     string // the message that it is a reply to
	by          *interaction
	pinged      []string
}

type file struct {
	id, name, description, kind string
	size                        int
}

// allowed is what allowed_mentions lets through.
type allowed struct {
	Parse       []string `json:"parse"`
	Users       []string `json:"users,omitempty"`
	Roles       []string `json:"roles,omitempty"`
	RepliedUser bool     `json:"replied_user,omitempty"`
}

func (m *message) v2() bool { return m.flags&flagComponentsV2 != 0 }

func (c *channel) message(id string) *message {
	n := slices.IndexFunc(c.messages, func(m *message) bool { return m.id == id })
	if n < 0 {
		return nil
	}
	return c.messages[n]
}

// add puts a message into its channel and tells the gateway, under mu.
func (d *Discord) add(c *channel, m *message) {
	c.messages = append(c.messages, m)
	c.sent++
	d.ring(m)
	if c.thread() {
		d.setArchived(c, false)
		if !slices.Contains(c.members, m.author) {
			c.members = append(c.members, m.author)
		}
	}
	d.messageEvent("MESSAGE_CREATE", m)
}

func (d *Discord) messageEvent(name string, m *message) {
	out := d.messageJSON(m)
	out["guild_id"] = d.world.id
	d.gateway.broadcast(name, intentMessages, func(intents int) any {
		if m.author == d.world.bot || intents&intentContent != 0 || slices.Contains(mentioned(m.content).users, d.world.bot) {
			return out
		}
		bare := object{}
		for k, v := range out {
			bare[k] = v
		}
		bare["content"], bare["embeds"], bare["attachments"], bare["components"] = "", []any{}, []any{}, []any{}
		return bare
	})
}

func (d *Discord) removeMessage(c *channel, id string) {
	c.messages = slices.DeleteFunc(c.messages, func(m *message) bool { return m.id == id })
	c.pins = slices.DeleteFunc(c.pins, func(p pin) bool { return p.message == id })
	d.event("MESSAGE_DELETE", intentMessages, object{"id": id, "channel_id": c.id, "guild_id": d.world.id})
}

// event tells every connection that has the intent, under mu.
func (d *Discord) event(name string, intent int, data any) {
	d.gateway.broadcast(name, intent, func(int) any { return data })
}
