package slack

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const (
	textCut      = 40000
	updateMost   = 4000
	metadataMost = 8000
)

// content reads what a message says.
func (s *Slack) content(c *call, textMost int) (*message, error) {
	m := &message{text: c.args["text"], parse: c.args["parse"] == "full" || yes(c.args["link_names"]), plain: c.args["mrkdwn"] == "false" || c.args["mrkdwn"] == "0"}
	for _, name := range []string{"attachments", "markdown_text"} {
		if v := c.args[name]; v != "" && v != "[]" {
			s.audit.breach("%s was called with %s, which the practice range does not show", c.name, name)
		}
	}
	if raw := c.args["blocks"]; raw != "" {
		blocks, err := readBlocks(json.RawMessage(raw), surfaceMessage)
		if err != nil {
			return nil, err
		}
		m.blocks = blocks
	}
	if strings.TrimSpace(m.text) == "" && len(m.blocks) == 0 {
		return nil, refuse("no_text")
	}
	if n := utf8.RuneCountInString(m.text); n > textMost {
		if textMost != textCut || c.name != "chat.postMessage" {
			return nil, refuse("msg_too_long")
		}
		m.text = string([]rune(m.text)[:textCut])
	}
	if len(m.blocks) > 0 && strings.TrimSpace(m.text) == "" {
		s.audit.breach("%s was called with blocks and without text, so that notifications are empty", c.name)
	}
	return m, m.readMetadata(c.args["metadata"])
}

func (m *message) readMetadata(raw string) error {
	if raw == "" {
		return nil
	}
	var v struct {
		Type    string          `json:"event_type"`
		Payload json.RawMessage `json:"event_payload"`
	}
	if json.Unmarshal([]byte(raw), &v) != nil {
		return refuse("invalid_metadata_format")
	}
	if v.Type == "" || len(v.Payload) == 0 {
		return refuse("invalid_metadata_schema")
	}
	if len(raw) > metadataMost {
		return refuse("metadata_too_large")
	}
	m.metadata = json.RawMessage(raw)
	return nil
}

func yes(v string) bool { return v == "1" || v == "true" }

// place finds the channel that a bot may post to.
func (s *Slack) place(id string) (*channel, error) {
	if id == "" {
		return nil, refuse("channel_not_found")
	}
	c := s.world.channel(id)
	for _, one := range s.world.channels {
		if c == nil && one.name == strings.TrimPrefix(id, "#") && one.im == "" {
			c = one
		}
	}
	switch {
	case c == nil:
		return nil, refuse("channel_not_found")
	case c.archived:
		return nil, refuse("is_archived")
	case !c.member && !s.hasScope("chat:write.public"):
		return nil, refuse("not_in_channel")
	}
	return c, nil
}

func (s *Slack) postMessage(c *call) (object, error) {
	m, err := s.content(c, textCut)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	room, err := s.place(c.args["channel"])
	if err != nil {
		return nil, err
	}
	if wait := s.limits.spend("chat.postMessage "+room.id, perRoom); wait > 0 {
		return nil, limited(wait)
	}
	if at := c.args["thread_ts"]; at != "" {
		root := room.message(at)
		if root == nil {
			return nil, refuse("thread_not_found")
		}
		if room.root(root) != root {
			s.audit.breach("a reply was posted with the ts of a reply, not of its parent")
			return nil, refuse("cannot_reply_to_message")
		}
		m.thread, m.broadcast = at, yes(c.args["reply_broadcast"])
	}
	m.ts, m.channel, m.user = s.ts(), room.id, BotUser
	s.add(room, m)
	s.publicChange(m)
	return object{"channel": room.id, "ts": m.ts, "message": s.messageJSON(m)}, nil
}

func (s *Slack) postEphemeral(c *call) (object, error) {
	m, err := s.content(c, textCut)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	room, err := s.place(c.args["channel"])
	if err != nil {
		return nil, err
	}
	p := s.world.person(c.args["user"])
	if p == nil || p.bot {
		return nil, refuse("user_not_in_channel")
	}
	if at := c.args["thread_ts"]; at != "" {
		if room.message(at) == nil {
			return nil, refuse("thread_not_found")
		}
		m.thread = at
	}
	m.ts, m.channel, m.user, m.viewer = s.ts(), room.id, BotUser, p.id
	s.addEphemeral(m)
	return object{"message_ts": m.ts}, nil
}

const keptEphemerals = 100

// addEphemeral shows a message to one person, under mu.
func (s *Slack) addEphemeral(m *message) {
	all := append(s.ephemerals[m.viewer], m)
	s.ephemerals[m.viewer] = all[max(0, len(all)-keptEphemerals):]
	s.see(sight{user: m.viewer, ephemeral: m})
}

// own finds a message that the bot may change. What only one person sees is not
// found, as with the vendor.
func (s *Slack) own(c *call, cannot string) (*channel, *message, error) {
	room := s.world.channel(c.args["channel"])
	if room == nil {
		return nil, nil, refuse("channel_not_found")
	}
	if room.archived {
		return nil, nil, refuse("is_archived")
	}
	m := room.message(c.args["ts"])
	if m == nil || m.deleted {
		return nil, nil, refuse("message_not_found")
	}
	if m.user != BotUser {
		return nil, nil, refuse(cannot)
	}
	return room, m, nil
}

func (s *Slack) updateMessage(c *call) (object, error) {
	fresh, err := s.content(c, updateMost)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	room, m, err := s.own(c, "cant_update_message")
	if err != nil {
		return nil, err
	}
	m.text, m.parse, m.plain, m.edited = fresh.text, fresh.parse, fresh.plain, true
	if c.args["blocks"] != "" {
		m.blocks = fresh.blocks
	}
	if c.args["blocks"] == "" && c.args["text"] != "" {
		m.blocks = nil // text alone takes the place of the blocks
	}
	if fresh.metadata != nil {
		m.metadata = fresh.metadata
	}
	s.publicChange(m)
	return object{"channel": room.id, "ts": m.ts, "text": m.text, "message": s.messageJSON(m)}, nil
}

func (s *Slack) deleteMessage(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, m, err := s.own(c, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	s.remove(room, m)
	s.publicChange(m)
	return object{"channel": room.id, "ts": m.ts}, nil
}

func (s *Slack) getPermalink(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.world.channel(c.args["channel"])
	if room == nil {
		return nil, refuse("channel_not_found")
	}
	m := room.message(c.args["message_ts"])
	if m == nil {
		return nil, refuse("message_not_found")
	}
	return object{"channel": room.id, "permalink": s.permalink(room, m)}, nil
}

func (s *Slack) permalink(room *channel, m *message) string {
	link := "https://" + s.world.domain + ".slack.com/archives/" + room.id + "/p" + strings.ReplaceAll(m.ts, ".", "")
	if m.thread != "" && m.thread != m.ts {
		link += "?thread_ts=" + m.thread + "&cid=" + room.id
	}
	return link
}
