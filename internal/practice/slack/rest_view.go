package slack

import (
	"encoding/json"
	"unicode/utf8"
)

// viewDraft is a view as it is sent.
type viewDraft struct {
	Type          string          `json:"type"`
	Title         object          `json:"title"`
	Submit        object          `json:"submit"`
	Close         object          `json:"close"`
	Blocks        json.RawMessage `json:"blocks"`
	Metadata      string          `json:"private_metadata"`
	CallbackID    string          `json:"callback_id"`
	ExternalID    string          `json:"external_id"`
	ClearOnClose  bool            `json:"clear_on_close"`
	NotifyOnClose bool            `json:"notify_on_close"`

	blocks []object
}

const viewMost = 250 << 10

// readView checks a view for a surface.
func readView(raw string, on surface) (*viewDraft, error) {
	var d viewDraft
	if raw == "" {
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: view")
	}
	if json.Unmarshal([]byte(raw), &d) != nil {
		return nil, refuse("invalid_arguments", "[ERROR] failed to match all allowed schemas [json-pointer:/view]")
	}
	if len(raw) > viewMost {
		return nil, refuse("view_too_large")
	}
	k := &check{surface: on, root: "/view"}
	if d.Type != string(on) {
		k.wrong("/type", "must be a valid enum value")
	}
	if len(d.Blocks) == 0 || string(d.Blocks) == "null" {
		k.wrong("/blocks", "missing required field: blocks")
		return nil, refuse("invalid_arguments", k.messages...)
	}
	blocks, err := readBlocks(d.Blocks, on)
	if err != nil {
		r := asRefusal(err)
		if r.name != "invalid_arguments" {
			r = refuse("invalid_arguments", "[ERROR] failed to match all allowed schemas [json-pointer:/view/blocks]")
		}
		k.messages = append(k.messages, r.messages...)
	}
	d.blocks = blocks
	k.frame(&d, on)
	if len(k.messages) > 0 {
		return nil, refuse("invalid_arguments", k.messages...)
	}
	return &d, nil
}

// frame checks what stands around the blocks.
func (k *check) frame(d *viewDraft, on surface) {
	short := func(at, v string, most int) {
		if utf8.RuneCountInString(v) > most {
			k.wrong(at, "must be less than %d characters", most+1)
		}
	}
	short("/private_metadata", d.Metadata, 3000)
	short("/callback_id", d.CallbackID, 255)
	short("/external_id", d.ExternalID, 255)
	if on != surfaceModal {
		return
	}
	title := func(at string, v object, needed bool) {
		if v == nil && !needed {
			return
		}
		var given any
		if v != nil {
			given = v
		}
		k.text(at, given, 24, needed, "plain_text")
	}
	title("/title", d.Title, true)
	title("/submit", d.Submit, false)
	title("/close", d.Close, false)
	for _, b := range d.blocks {
		if b["type"] == "input" && d.Submit == nil {
			k.wrong("/submit", "missing required field: submit")
			return
		}
	}
}

// fill puts a draft into a view.
func (s *Slack) fill(v *view, d *viewDraft) {
	v.kind, v.title, v.submit, v.close = d.Type, str(d.Title, "text"), str(d.Submit, "text"), str(d.Close, "text")
	v.blocks, v.metadata, v.callback, v.external = d.blocks, d.Metadata, d.CallbackID, d.ExternalID
	v.clears, v.notifies, v.errors = d.ClearOnClose, d.NotifyOnClose, nil
	v.hash = stamp(s.now().UnixMicro())[:10] + "." + s.secret()[:8]
	if v.state == nil {
		v.state, v.offered = map[string]map[string]object{}, map[string][]Option{}
	}
}

// push opens a view on top of the others, under mu.
func (s *Slack) push(user string, d *viewDraft) (*view, error) {
	if d.ExternalID != "" && s.viewByID("", d.ExternalID) != nil {
		return nil, refuse("duplicate_external_id")
	}
	stack := s.views[user]
	if len(stack) >= stackMost {
		return nil, refuse("push_limit_reached")
	}
	v := &view{id: s.id("V"), user: user}
	v.root = v.id
	if len(stack) > 0 {
		v.root, v.previous = stack[0].id, stack[len(stack)-1].id
	}
	s.fill(v, d)
	s.views[user] = append(stack, v)
	s.see(sight{user: user, view: true})
	return v, nil
}

func (s *Slack) viewsOpen(c *call) (object, error) {
	d, err := readView(c.args["view"], surfaceModal)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.spendTrigger(c.args["trigger_id"])
	if err != nil {
		return nil, err
	}
	if t.view == "" {
		delete(s.views, t.user) // a new one takes the place of what is open
	}
	v, err := s.push(t.user, d)
	if err != nil {
		return nil, err
	}
	return object{"view": s.viewJSON(v)}, nil
}

func (s *Slack) viewsPush(c *call) (object, error) {
	d, err := readView(c.args["view"], surfaceModal)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.spendTrigger(c.args["trigger_id"])
	if err != nil {
		return nil, err
	}
	if s.top(t.user) == nil {
		return nil, refuse("not_found")
	}
	v, err := s.push(t.user, d)
	if err != nil {
		return nil, err
	}
	return object{"view": s.viewJSON(v)}, nil
}

func (s *Slack) viewsUpdate(c *call) (object, error) {
	d, err := readView(c.args["view"], surfaceModal)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.viewByID(c.args["view_id"], c.args["external_id"])
	if v == nil || v.kind != "modal" {
		return nil, refuse("not_found")
	}
	if h := c.args["hash"]; h != "" && h != v.hash {
		return nil, refuse("hash_conflict")
	}
	s.fill(v, d)
	s.see(sight{user: v.user, view: true})
	return object{"view": s.viewJSON(v)}, nil
}

func (s *Slack) viewsPublish(c *call) (object, error) {
	d, err := readView(c.args["view"], surfaceHome)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.world.person(c.args["user_id"])
	if p == nil || p.bot {
		return nil, refuse("invalid_arguments", "[ERROR] user_id is no user [json-pointer:/user_id]")
	}
	v := s.homes[p.id]
	if v != nil && c.args["hash"] != "" && c.args["hash"] != v.hash {
		return nil, refuse("hash_conflict")
	}
	if v == nil {
		v = &view{id: s.id("V"), user: p.id}
		v.root = v.id
		s.homes[p.id] = v
	}
	s.fill(v, d)
	s.see(sight{user: p.id, home: true})
	return object{"view": s.viewJSON(v)}, nil
}
