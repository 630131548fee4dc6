package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Say posts a message as a person, below a thread's root unless that is "", and
// answers its ts. The bot hears nothing of it.
func (s *Slack) Say(user, channel, threadTS, text string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.say(user, channel, threadTS, s.typed(text))
	if err != nil {
		return "", err
	}
	return m.ts, nil
}

func (s *Slack) say(user, channel, threadTS, text string) (*message, error) {
	_, room, err := s.world.present(user, channel)
	if err != nil {
		return nil, err
	}
	if room.archived {
		return nil, errors.New("nothing can be said in an archived channel")
	}
	m := &message{channel: room.id, user: user, text: text}
	if threadTS != "" {
		root := room.message(threadTS)
		if root == nil {
			return nil, fmt.Errorf("there is no thread %q", threadTS)
		}
		m.thread = room.root(root).ts
	}
	m.ts = s.ts()
	s.add(room, m)
	return m, nil
}

// Mention says something to the bot: "@mayday " and the text, in a thread unless
// threadTS is "".
func (s *Slack) Mention(ctx context.Context, user, channel, threadTS, text string) (Seen, error) {
	dl, err := s.mention(user, channel, threadTS, text)
	if err != nil {
		return Seen{}, err
	}
	return s.event(ctx, dl)
}

func (s *Slack) mention(user, channel, threadTS, text string) (*delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, room, err := s.world.present(user, channel)
	if err != nil {
		return nil, err
	}
	if !room.member {
		return nil, fmt.Errorf("@mayday is not in #%s: invite it?", room.name)
	}
	if !s.hasScope("app_mentions:read") {
		return nil, errors.New("the bot does not hear mentions: its token lacks app_mentions:read")
	}
	m, err := s.say(user, channel, threadTS, strings.TrimSpace("<@"+BotUser+"> "+s.typed(text)))
	if err != nil {
		return nil, err
	}
	event := object{
		"type": "app_mention", "user": user, "text": m.text, "ts": m.ts, "team": p.team, "channel": room.id, "event_ts": m.ts,
		"client_msg_id": s.secret(), "blocks": []any{},
	}
	if p.stranger {
		event["user_team"], event["source_team"] = p.team, p.team
	}
	if m.thread != "" {
		event["thread_ts"], event["parent_user_id"] = m.thread, room.root(m).user
	}
	dl := s.newEvent(event)
	dl.what, dl.user, dl.channel = "@mayday "+text, user, room.id
	return dl, nil
}

// newEvent puts an event into the common wrapper, under mu.
func (s *Slack) newEvent(event object) *delivery {
	return eventDelivery(object{
		"token": verification, "team_id": s.o.Team, "context_team_id": s.o.Team, "context_enterprise_id": nil, "api_app_id": App, "event": event, "type": "event_callback",
		"event_id": s.id("Ev"), "event_time": s.now().Unix(), "is_ext_shared_channel": false, "event_context": "4-" + s.secret(),
		"authorizations": []object{{"enterprise_id": nil, "team_id": s.o.Team, "user_id": BotUser, "is_bot": true, "is_enterprise_install": false}},
	})
}

// OpenHome opens the Home tab of the bot.
func (s *Slack) OpenHome(ctx context.Context, user string) (Seen, error) {
	s.mu.Lock()
	p, err := s.world.mustPerson(user)
	if err != nil {
		s.mu.Unlock()
		return Seen{}, err
	}
	event := object{"type": "app_home_opened", "user": user, "channel": s.world.direct(p).id, "tab": "home", "event_ts": s.ts()}
	if v := s.homes[user]; v != nil {
		event["view"] = s.viewJSON(v)
	}
	dl := s.newEvent(event)
	dl.what, dl.user = "opening the Home tab", user
	s.mu.Unlock()
	return s.event(ctx, dl)
}
