package slack

import (
	"context"
	"fmt"
	"strings"
)

// Press presses what stands on a message now: a label, an action_id or a value of
// a button, or of a line of a menu.
func (s *Slack) Press(ctx context.Context, user, channel, ts, what string) (Seen, error) {
	dl, err := s.press(user, channel, ts, what)
	if err != nil {
		return Seen{}, err
	}
	return s.act(ctx, dl)
}

func (s *Slack) press(user, channel, ts, what string) (*delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, room, err := s.world.present(user, channel)
	if err != nil {
		return nil, err
	}
	m := room.message(ts)
	for _, own := range s.ephemerals[user] {
		if own.ts == ts {
			m = own
		}
	}
	if m == nil {
		return nil, fmt.Errorf("there is no message %q in #%s", ts, room.name)
	}
	return s.pressOn(p, m, what)
}

// PressSeen presses something in the form that is open on somebody's phone, or on
// the newest message that only they see and that has it.
func (s *Slack) PressSeen(ctx context.Context, user, what string) (Seen, error) {
	dl, err := s.pressSeen(user, what)
	if err != nil {
		return Seen{}, err
	}
	return s.act(ctx, dl)
}

func (s *Slack) pressSeen(user, what string) (*delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.world.mustPerson(user)
	if err != nil {
		return nil, err
	}
	if v := s.top(user); v != nil {
		if c, ok := pick(controls(v.blocks), what); ok {
			return s.pressIn(p, v, c), nil
		}
	}
	own := s.ephemerals[user]
	for n := len(own) - 1; n >= 0; n-- {
		if _, ok := pick(controls(own[n].blocks), what); ok {
			return s.pressOn(p, own[n], what)
		}
	}
	return nil, fmt.Errorf("%s sees no %q to press", p.real, what)
}

// PressHome presses something on somebody's Home tab.
func (s *Slack) PressHome(ctx context.Context, user, what string) (Seen, error) {
	s.mu.Lock()
	p, err := s.world.mustPerson(user)
	v := s.homes[user]
	if err == nil && v == nil {
		err = fmt.Errorf("%s has no Home tab", p.real)
	}
	var dl *delivery
	if err == nil {
		c, ok := pick(controls(v.blocks), what)
		if !ok {
			err = fmt.Errorf("there is no %q on the Home tab", what)
		} else {
			dl = s.pressIn(p, v, c)
		}
	}
	s.mu.Unlock()
	if err != nil {
		return Seen{}, err
	}
	return s.act(ctx, dl)
}

// pressOn presses something on a message, under mu.
func (s *Slack) pressOn(p *person, m *message, what string) (*delivery, error) {
	all := controls(m.blocks)
	c, ok := pick(all, what)
	if !ok {
		var labels []string
		for _, one := range all {
			labels = append(labels, one.Label)
		}
		return nil, fmt.Errorf("there is no %q to press on that message, only %q", what, labels)
	}
	room := s.world.channel(m.channel)
	if room == nil {
		return nil, fmt.Errorf("the channel of that message is gone")
	}
	out := s.interaction("block_actions", p, "")
	container := object{"type": "message", "message_ts": m.ts, "channel_id": m.channel, "is_ephemeral": m.viewer != ""}
	if m.thread != "" {
		container["thread_ts"] = m.thread
	}
	chosen := map[string]map[string]object{}
	if c.Menu {
		chosen[c.BlockID] = map[string]object{c.ActionID: {"type": c.kind, "selected_option": c.option}}
	}
	out["container"], out["channel"] = container, object{"id": room.id, "name": room.name}
	out["state"] = object{"values": stateOf(m.blocks, chosen)}
	if m.viewer == "" {
		out["message"] = s.messageJSON(m) // the vendor does not send what it does not keep
	}
	out["actions"] = []object{c.pressed(s.ts())}
	out["response_url"] = s.newResponse(responseURL{user: p.id, channel: room.id, message: m})
	return s.newAction(out, p, room.id, fmt.Sprintf("a press of %q", what)), nil
}

// pressIn presses something in a form or on a Home tab, under mu.
func (s *Slack) pressIn(p *person, v *view, c control) *delivery {
	if c.Menu && c.kind != "overflow" {
		if v.state[c.BlockID] == nil {
			v.state[c.BlockID] = map[string]object{}
		}
		v.state[c.BlockID][c.ActionID] = object{"type": c.kind, "selected_option": c.option}
	}
	origin := ""
	if v.kind == "modal" {
		origin = v.id
	}
	out := s.interaction("block_actions", p, origin)
	out["container"], out["view"] = object{"type": "view", "view_id": v.id}, s.viewJSON(v)
	out["actions"] = []object{c.pressed(s.ts())}
	return s.newAction(out, p, "", fmt.Sprintf("a press of %q", c.Label))
}

// pressed is the action as it stands in a payload.
func (c control) pressed(at string) object {
	out := object{"type": c.kind, "action_id": c.ActionID, "block_id": c.BlockID, "action_ts": at}
	if c.Menu {
		key := "selected_option"
		if strings.HasPrefix(c.kind, "multi_") || c.kind == "checkboxes" {
			out["selected_options"] = []object{c.option}
			return out
		}
		out[key] = c.option
		if c.element["placeholder"] != nil {
			out["placeholder"] = c.element["placeholder"]
		}
		return out
	}
	out["text"] = c.element["text"]
	for _, key := range []string{"value", "style", "url", "confirm"} {
		if v := c.element[key]; v != nil {
			out[key] = v
		}
	}
	return out
}
