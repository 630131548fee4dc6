package slack

import "slices"

func (s *Slack) pinnable(c *call) (*channel, *message, error) {
	room := s.world.channel(c.args["channel"])
	if room == nil {
		return nil, nil, refuse("channel_not_found")
	}
	if !room.member {
		return nil, nil, refuse("not_in_channel")
	}
	if room.archived {
		return nil, nil, refuse("is_archived")
	}
	if c.args["timestamp"] == "" {
		return nil, nil, refuse("no_item_specified")
	}
	m := room.message(c.args["timestamp"])
	if m == nil || m.deleted {
		return nil, nil, refuse("message_not_found")
	}
	return room, m, nil
}

const pinsMost = 100

func (s *Slack) pinsAdd(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, m, err := s.pinnable(c)
	if err != nil {
		return nil, err
	}
	if slices.Contains(room.pins, m.ts) {
		return nil, refuse("already_pinned")
	}
	if len(room.pins) >= pinsMost {
		return nil, refuse("too_many_pins")
	}
	room.pins = append(room.pins, m.ts)
	return object{}, nil
}

func (s *Slack) pinsRemove(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, m, err := s.pinnable(c)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(room.pins, m.ts) {
		return nil, refuse("no_pin")
	}
	room.pins = slices.DeleteFunc(room.pins, func(ts string) bool { return ts == m.ts })
	return object{}, nil
}

func (s *Slack) pinsList(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.world.channel(c.args["channel"])
	if room == nil {
		return nil, refuse("channel_not_found")
	}
	items := []object{}
	for _, ts := range room.pins {
		if m := room.message(ts); m != nil {
			one := s.messageJSON(m)
			one["pinned_to"], one["permalink"] = []string{room.id}, s.permalink(room, m)
			items = append(items, object{"type": "message", "created": made, "created_by": BotUser, "channel": room.id, "message": one})
		}
	}
	return object{"items": items}, nil
}
