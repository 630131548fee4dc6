package slack

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	responseLife = 30 * time.Minute
	responseUses = 5
)

// responseURL is the right to answer a command or an action.
type responseURL struct {
	user, channel string
	message       *message // that was pressed
	at            time.Time
	used          int
}

// newResponse makes one, under mu, and answers its address.
func (s *Slack) newResponse(r responseURL) string {
	r.at = s.now()
	id := s.o.Team + "/" + s.id("") + "/" + s.secret()
	s.responses[id] = &r
	return s.base + "/response/" + id
}

// answerDraft is what is posted to it.
type answerDraft struct {
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks"`
	Kind     string          `json:"response_type"`
	Replace  bool            `json:"replace_original"`
	Delete   bool            `json:"delete_original"`
	ThreadTS string          `json:"thread_ts"`
	Metadata json.RawMessage `json:"metadata"`
}

func (s *Slack) receiveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	one := &Call{At: s.now(), Method: ToResponse, Body: string(body)}
	if json.Valid(body) {
		one.Form = map[string]string{}
		_ = jsonArguments(body, one.Form) // what is no object is refused below
	}
	s.audit.note(one)
	fault := s.script.take(ToResponse)
	if fault != nil && s.suffer(w, r, one, fault) {
		return
	}
	if err == nil {
		err = s.useResponse(strings.TrimPrefix(r.URL.Path, "/response/"), body)
	}
	if err == nil {
		s.accepted(ToResponse)
	}
	if err != nil {
		bad := asRefusal(err)
		bad.status = max(bad.status, http.StatusBadRequest)
		err = bad
	}
	s.reply(w, one, fault, nil, err)
}

func (s *Slack) useResponse(id string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.responses[id]
	if r == nil {
		return &refusal{name: "no_such_url", status: http.StatusNotFound}
	}
	if s.now().Sub(r.at) > responseLife {
		return &refusal{name: "expired_url", status: http.StatusNotFound}
	}
	if r.used >= responseUses {
		return &refusal{name: "used_url", status: http.StatusNotFound}
	}
	if err := s.respond(r, body); err != nil {
		return err
	}
	r.used++
	return nil
}

// respond shows an answer, under mu.
func (s *Slack) respond(r *responseURL, body []byte) error {
	var d answerDraft
	if json.Unmarshal(body, &d) != nil {
		return refuse("invalid_payload")
	}
	if d.Delete {
		return s.forget(r)
	}
	m := &message{text: d.Text, user: BotUser, channel: r.channel, thread: d.ThreadTS, metadata: d.Metadata}
	if len(d.Blocks) > 0 && string(d.Blocks) != "null" {
		blocks, err := readBlocks(d.Blocks, surfaceMessage)
		if err != nil {
			return err
		}
		m.blocks = blocks
	}
	if strings.TrimSpace(m.text) == "" && len(m.blocks) == 0 {
		return refuse("no_text")
	}
	if d.Replace && r.message != nil {
		return s.replace(r, m)
	}
	return s.respondAnew(r, d, m)
}

func (s *Slack) respondAnew(r *responseURL, d answerDraft, m *message) error {
	room := s.world.channel(r.channel)
	if room == nil {
		return refuse("channel_not_found")
	}
	if m.thread != "" && room.message(m.thread) == nil {
		return refuse("thread_not_found")
	}
	m.ts = s.ts()
	if d.Kind != "in_channel" {
		m.viewer = r.user
		s.addEphemeral(m)
		return nil
	}
	s.add(room, m)
	s.see(sight{user: r.user, posted: m})
	s.publicChange(m)
	return nil
}

// replace changes the message that was pressed.
func (s *Slack) replace(r *responseURL, fresh *message) error {
	m := r.message
	m.text, m.blocks, m.edited = fresh.text, fresh.blocks, true
	if m.viewer != "" {
		s.see(sight{user: r.user, ephemeral: m})
		return nil
	}
	s.see(sight{user: r.user, posted: m})
	s.publicChange(m)
	return nil
}

// forget deletes the message that was pressed.
func (s *Slack) forget(r *responseURL) error {
	m := r.message
	if m == nil {
		return refuse("message_not_found")
	}
	if m.viewer != "" {
		s.ephemerals[m.viewer] = slices.DeleteFunc(s.ephemerals[m.viewer], func(x *message) bool { return x == m })
		s.see(sight{user: r.user, ephemeral: m})
		return nil
	}
	if room := s.world.channel(m.channel); room != nil {
		s.remove(room, m)
		s.publicChange(m)
	}
	return nil
}
