package slack

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Command types a slash command with its text.
func (s *Slack) Command(ctx context.Context, user, channel, text string) (Seen, error) {
	dl, err := s.command(user, channel, text)
	if err != nil {
		return Seen{}, err
	}
	return s.act(ctx, dl)
}

// CommandInThread types it in a thread, where the vendor does not take it.
func (s *Slack) CommandInThread(_ context.Context, user, channel, threadTS, _ string) (Seen, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, room, err := s.world.present(user, channel)
	if err != nil {
		return Seen{}, err
	}
	if room.message(threadTS) == nil {
		return Seen{}, fmt.Errorf("there is no thread %q", threadTS)
	}
	return Seen{}, errors.New(s.o.Command + " is not supported in threads. Sorry!")
}

func (s *Slack) command(user, channel, text string) (*delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, room, err := s.world.present(user, channel)
	if err != nil {
		return nil, err
	}
	if room.archived {
		return nil, errors.New("nothing can be said in an archived channel")
	}
	if !s.hasScope("commands") {
		return nil, fmt.Errorf("%s is not a valid command", s.o.Command)
	}
	trigger := s.newTrigger(user, "")
	dl := commandDelivery(object{
		"token": verification, "team_id": p.team, "team_domain": s.domain(p), "channel_id": room.id, "channel_name": room.name, "user_id": p.id, "user_name": p.name,
		"command": s.o.Command, "text": s.typed(text), "api_app_id": App, "is_enterprise_install": "false",
		"response_url": s.newResponse(responseURL{user: user, channel: room.id}), "trigger_id": trigger,
	})
	dl.what, dl.user, dl.channel, dl.trigger = strings.TrimSpace(s.o.Command+" "+text), user, room.id, trigger
	return dl, nil
}

func (s *Slack) domain(p *person) string {
	if p.stranger {
		return "other"
	}
	return s.world.domain
}

var typedName = regexp.MustCompile(`(^|\s)([@#])([a-zA-Z0-9_.-]+)|<[@#!][^<>]*>|[&<>]`)

// typed is a text as the vendor hands it on: names become ids, as should_escape
// asks for, and the three special characters are escaped. Marks that stand there
// already are what the client would have made.
func (s *Slack) typed(text string) string {
	return typedName.ReplaceAllStringFunc(text, func(m string) string {
		switch m {
		case "&":
			return "&amp;"
		case "<":
			return "&lt;"
		case ">":
			return "&gt;"
		}
		if m[0] == '<' {
			return m
		}
		at := strings.IndexAny(m, "@#")
		return m[:at] + s.named(m[at:])
	})
}

// named turns @name and #name into the mark of whom or what they name.
func (s *Slack) named(word string) string {
	name := word[1:]
	for _, c := range s.world.channels {
		if word[0] == '#' && c.name == name {
			return "<#" + c.id + "|" + c.name + ">"
		}
	}
	if word[0] == '#' {
		return word
	}
	for _, p := range s.world.people {
		if strings.EqualFold(p.name, name) {
			return "<@" + p.id + "|" + p.name + ">"
		}
	}
	if g := s.world.group(name); g != nil {
		return "<!subteam^" + g.id + "|@" + g.handle + ">"
	}
	if name == "here" || name == "channel" || name == "everyone" {
		return "<!" + name + ">"
	}
	return word
}
