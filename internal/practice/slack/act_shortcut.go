package slack

import (
	"context"
	"fmt"
)

// Shortcut uses a global shortcut.
func (s *Slack) Shortcut(ctx context.Context, user, callbackID string) (Seen, error) {
	s.mu.Lock()
	p, err := s.world.mustPerson(user)
	if err != nil {
		s.mu.Unlock()
		return Seen{}, err
	}
	out := s.interaction("shortcut", p, "")
	out["callback_id"], out["action_ts"] = callbackID, s.ts()
	dl := s.newAction(out, p, "", "the shortcut "+callbackID)
	s.mu.Unlock()
	return s.act(ctx, dl)
}

// MessageShortcut uses a shortcut of a message's menu.
func (s *Slack) MessageShortcut(ctx context.Context, user, callbackID, channel, ts string) (Seen, error) {
	dl, err := s.messageShortcut(user, callbackID, channel, ts)
	if err != nil {
		return Seen{}, err
	}
	return s.act(ctx, dl)
}

func (s *Slack) messageShortcut(user, callbackID, channel, ts string) (*delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, room, err := s.world.present(user, channel)
	if err != nil {
		return nil, err
	}
	m := room.message(ts)
	if m == nil {
		return nil, fmt.Errorf("there is no message %q in #%s", ts, room.name)
	}
	out := s.interaction("message_action", p, "")
	out["callback_id"], out["action_ts"], out["message_ts"], out["message"] = callbackID, s.ts(), ts, s.messageJSON(m)
	out["channel"] = object{"id": room.id, "name": room.name}
	out["response_url"] = s.newResponse(responseURL{user: user, channel: room.id})
	return s.newAction(out, p, room.id, "the message shortcut "+callbackID), nil
}

// interaction is what all interactions have, with a trigger, under mu.
func (s *Slack) interaction(kind string, p *person, view string) object {
	return object{
		"type": kind, "token": verification, "team": object{"id": s.o.Team, "domain": s.world.domain},
		"user": object{"id": p.id, "username": p.name, "name": p.name, "team_id": p.team}, "api_app_id": App, "enterprise": nil, "is_enterprise_install": false,
		"trigger_id": s.newTrigger(p.id, view),
	}
}

func (s *Slack) newAction(fields object, p *person, channel, what string) *delivery {
	dl := actionDelivery(fields)
	dl.what, dl.user, dl.channel, dl.trigger = what, p.id, channel, str(fields, "trigger_id")
	return dl
}
