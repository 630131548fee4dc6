package discord

import (
	"encoding/json"
	"slices"
	"time"
)

// Message is a message as somebody sees it at a moment.
type Message struct {
	ID, ChannelID   string
	Author          string // id
	AuthorName      string
	Type            int
	Content         string
	Embeds          json.RawMessage // an array
	Components      json.RawMessage // an array
	Flags           int
	Nonce           string
	AllowedMentions json.RawMessage // as it was sent last; nil when it was not
	At, EditedAt    time.Time
	Files           []string
	Pinned          bool
	ThreadID        string // of the thread on it
	Answers         string // the message that it is a reply to
	Edits           int
	Raw             json.RawMessage // as the API sends it

	pinged []string
	names  map[string]string // mention markup to what is shown
}

// Button of a message.
type Button struct {
	Label, CustomID, URL string
	Style                int // 1 primary, 2 secondary, 3 success, 4 danger, 5 link
	Disabled             bool
}

// Choice is one value of a menu or one suggestion.
type Choice struct{ Name, Value, Description string }

// Menu is a select of strings.
type Menu struct {
	CustomID, Placeholder string
	Options               []Choice
	Min, Max              int
	Disabled              bool
}

// Ephemeral reports whether only one person sees it.
func (m Message) Ephemeral() bool { return m.Flags&flagEphemeral != 0 }

// Silent reports whether it makes no phone ring.
func (m Message) Silent() bool { return m.Flags&flagSilent != 0 }

// Loading reports whether it still says that the bot is thinking.
func (m Message) Loading() bool { return m.Flags&flagLoading != 0 }

// Pinged are the names of the people whose phones rang when it was posted.
func (m Message) Pinged() []string { return slices.Clone(m.pinged) }

func (m Message) walk(visit func(component)) {
	var all []component
	_ = json.Unmarshal(m.Components, &all) // it was read before
	walkComponents(all, visit)
}

func walkComponents(all []component, visit func(component)) {
	for _, c := range all {
		visit(c)
		walkComponents(c.Components, visit)
		for _, inner := range []*component{c.Component, c.Accessory} {
			if inner != nil {
				walkComponents([]component{*inner}, visit)
			}
		}
	}
}

// Buttons in the order they are shown.
func (m Message) Buttons() []Button {
	var out []Button
	m.walk(func(c component) {
		if c.Type == compButton {
			out = append(out, Button{Label: c.Label, CustomID: c.CustomID, Style: c.Style, URL: c.URL, Disabled: c.Disabled})
		}
	})
	return out
}

// Menus in the order they are shown.
func (m Message) Menus() []Menu {
	var out []Menu
	m.walk(func(c component) {
		if c.Type == compSelect {
			out = append(out, c.menu())
		}
	})
	return out
}

func (c component) menu() Menu {
	one := Menu{CustomID: c.CustomID, Placeholder: c.Placeholder, Disabled: c.Disabled, Min: orElse(c.MinValues, 1), Max: orElse(c.MaxValues, 1)}
	for _, o := range c.Options {
		one.Options = append(one.Options, Choice{Name: o.Label, Value: o.Value, Description: o.Description})
	}
	return one
}

// seen is a message as it stands now, under mu.
func (d *Discord) seen(m *message) Message {
	raw, err := encode(d.messageJSON(m))
	if err != nil {
		d.log.Error("a message of the practice Discord cannot be written", "error", err)
	}
	out := Message{
		ID: m.id, ChannelID: m.channel, Author: m.author, AuthorName: d.author(m.author).name, Type: m.kind, Content: m.content, Flags: m.flags,
		At: m.at, EditedAt: m.edited, Pinned: d.pinned(m), Edits: m.edits, Raw: raw, pinged: m.pinged, names: d.names(),
		Embeds: array(m.embeds), Components: array(m.components), Answers: m.answers,
	}
	if n, ok := m.nonce.(string); ok {
		out.Nonce = n
	}
	if m.mentions != nil {
		out.AllowedMentions, _ = encode(m.mentions)
	}
	if m.thread {
		out.ThreadID = m.id
	}
	for _, f := range m.files {
		out.Files = append(out.Files, f.name)
	}
	return out
}

func array(in []json.RawMessage) json.RawMessage {
	raw, err := encode(list(in))
	if err != nil {
		return json.RawMessage("[]")
	}
	return raw
}

// names are what mentions show.
func (d *Discord) names() map[string]string {
	out := map[string]string{}
	for _, p := range d.world.people {
		out["@"+p.id], out["@!"+p.id] = "@"+p.name, "@"+p.name
	}
	for _, r := range d.world.roles {
		out["@&"+r.id] = "@" + r.name
	}
	for _, c := range d.world.channels {
		out["#"+c.id] = "#" + c.name
	}
	for _, k := range d.commands {
		out["/"+k.Name+":"+k.id] = "/" + k.Name
	}
	return out
}

// Messages of a channel or thread, oldest first.
func (d *Discord) Messages(channel string) []Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Message
	if c := d.world.channel(channel); c != nil {
		for _, m := range c.messages {
			out = append(out, d.seen(m))
		}
	}
	return out
}

// Message of a channel or thread.
func (d *Discord) Message(channel, id string) (Message, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.world.channel(channel)
	if c == nil || c.message(id) == nil {
		return Message{}, false
	}
	return d.seen(c.message(id)), true
}

// Ephemerals are what only this person sees, oldest first.
func (d *Discord) Ephemerals(user string) []Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Message
	for _, m := range d.ephemerals[user] {
		out = append(out, d.seen(m))
	}
	return out
}

// Pins of a channel, newest first.
func (d *Discord) Pins(channel string) []Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Message
	c := d.world.channel(channel)
	if c == nil {
		return nil
	}
	for _, p := range slices.Backward(c.pins) {
		if m := c.message(p.message); m != nil {
			out = append(out, d.seen(m))
		}
	}
	return out
}

// Thread is a thread as it stands.
type Thread struct {
	ID, Name, Parent string
	Archived, Locked bool
	Public           bool
	AutoArchive      time.Duration
}

// Threads are all threads, oldest first.
func (d *Discord) Threads() []Thread {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Thread
	for _, c := range d.world.channels {
		if c.thread() {
			out = append(out, c.view())
		}
	}
	return out
}

// Thread by its id.
func (d *Discord) Thread(id string) (Thread, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.world.channel(id)
	if c == nil || !c.thread() {
		return Thread{}, false
	}
	return c.view(), true
}

func (c *channel) view() Thread {
	return Thread{
		ID: c.id, Name: c.name, Parent: c.parent, Archived: c.archived, Locked: c.locked,
		Public: c.kind == typePublicThread, AutoArchive: time.Duration(c.archive) * time.Minute,
	}
}
