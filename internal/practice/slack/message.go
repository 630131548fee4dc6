package slack

import (
	"encoding/json"
	"slices"
	"time"
)

type object = map[string]any

// message is a message as it stands, under Slack.mu.
type message struct {
	ts, thread string // thread is the root's ts; the root has its own once there are replies
	channel    string
	user       string
	text       string
	blocks     []object
	metadata   json.RawMessage
	edited     bool
	deleted    bool
	broadcast  bool
	viewer     string // the one person who sees it
	parse      bool   // names in plain words are linked
	plain      bool   // mrkdwn is off
	files      []string
	replies    []*message
}

// Message is a message as it stands.
type Message struct {
	TS, ThreadTS string
	Channel      string
	User         string
	Text         string
	Blocks       json.RawMessage
	Metadata     json.RawMessage
	Edited       bool
	Deleted      bool
	Ephemeral    bool
	Broadcast    bool // a reply that is shown in the channel as well
	Files        []string

	parse, plain bool
	names        map[string]string // of ids
}

// File is a file that was uploaded and shared.
type File struct {
	ID, Name, Title string
	Channel         string
	ThreadTS        string
	Comment         string
	Body            []byte
	At              time.Time
}

// roots come first in a channel; replies hang on them.
func (c *channel) message(ts string) *message {
	for _, m := range c.messages {
		if m.ts == ts {
			return m
		}
		for _, r := range m.replies {
			if r.ts == ts {
				return r
			}
		}
	}
	return nil
}

// root is the message in whose thread a message stands.
func (c *channel) root(m *message) *message {
	if m.thread == "" || m.thread == m.ts {
		return m
	}
	return c.message(m.thread)
}

func (s *Slack) seen(m *message) Message {
	out := Message{
		TS: m.ts, ThreadTS: m.thread, Channel: m.channel, User: m.user, Text: m.text, Metadata: m.metadata, Edited: m.edited, Deleted: m.deleted,
		Ephemeral: m.viewer != "", Broadcast: m.broadcast, Files: slices.Clone(m.files), parse: m.parse, plain: m.plain, names: s.world.names(),
	}
	if m.blocks != nil {
		out.Blocks = encode(m.blocks)
	}
	return out
}

func (s *Slack) seenAll(all []*message) []Message {
	out := make([]Message, 0, len(all))
	for _, m := range all {
		out = append(out, s.seen(m))
	}
	return out
}

// names are what ids are shown as.
func (w *world) names() map[string]string {
	out := map[string]string{}
	for _, p := range w.people {
		out[p.id] = "@" + p.real
	}
	for _, g := range w.groups {
		out[g.id] = "@" + g.handle
	}
	for _, c := range w.channels {
		out[c.id] = "#" + c.name
	}
	return out
}

// Messages are a channel's messages outside threads, oldest first.
func (s *Slack) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.world.channel(channel)
	if c == nil {
		return nil
	}
	return s.seenAll(c.messages)
}

// Thread is a thread: the root, then its replies.
func (s *Slack) Thread(channel, ts string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.world.channel(channel)
	if c == nil {
		return nil
	}
	m := c.message(ts)
	if m == nil {
		return nil
	}
	root := c.root(m)
	return append([]Message{s.seen(root)}, s.seenAll(root.replies)...)
}

// Message finds one message.
func (s *Slack) Message(channel, ts string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.world.channel(channel)
	if c == nil {
		return Message{}, false
	}
	m := c.message(ts)
	if m == nil {
		return Message{}, false
	}
	return s.seen(m), true
}

// Ephemerals are what only this person sees, oldest first.
func (s *Slack) Ephemerals(user string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seenAll(s.ephemerals[user])
}

// Pins are the messages pinned in a channel, in the order they were.
func (s *Slack) Pins(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.world.channel(channel)
	if c == nil {
		return nil
	}
	var out []Message
	for _, ts := range c.pins {
		if m := c.message(ts); m != nil {
			out = append(out, s.seen(m))
		}
	}
	return out
}

// Files are the files that were shared.
func (s *Slack) Files() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.files)
}

// add puts a message into its channel, under mu. A reply goes below its root.
func (s *Slack) add(c *channel, m *message) {
	if m.thread == "" {
		c.messages = append(c.messages, m)
		return
	}
	root := c.message(m.thread)
	root.thread = root.ts
	root.replies = append(root.replies, m)
}

// remove deletes a message. A root with replies leaves a tombstone, as the
// vendor's does.
func (s *Slack) remove(c *channel, m *message) {
	c.pins = slices.DeleteFunc(c.pins, func(ts string) bool { return ts == m.ts })
	same := func(x *message) bool { return x == m }
	root := c.root(m)
	if root != m {
		root.replies = slices.DeleteFunc(root.replies, same)
		return
	}
	if len(m.replies) > 0 {
		m.deleted, m.text, m.blocks, m.metadata, m.user = true, "This message was deleted.", nil, nil, "USLACKBOT"
		return
	}
	c.messages = slices.DeleteFunc(c.messages, same)
}
