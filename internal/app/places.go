package app

import (
	"slices"
	"strings"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/bot/web"
	"mayday/commands"
	"mayday/internal/config"
	"mayday/internal/incident"
)

// faces are how the platforms are spoken of.
func faces() map[string]bot.Face {
	out := map[string]bot.Face{}
	for _, p := range platforms {
		out[p.Name] = bot.Face{Title: p.Title, Mark: p.Mark}
	}
	return out
}

// makePlaces makes the platforms that are in use. It talks to nobody.
func makePlaces(set *settings, start chat.Start) ([]chat.Platform, error) {
	var places []chat.Platform
	var errs []error
	for _, adapter := range platforms {
		section := set.file.Section("chat", adapter.Name)
		if !adapter.Always && !section.Exists() {
			continue
		}
		p, err := adapter.New(beginning(set, adapter, start))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		places = append(places, p)
	}
	return places, config.Join(errs...)
}

// beginning is what a platform is made of.
func beginning(set *settings, a chat.Adapter, s chat.Start) chat.Start {
	s.Section, s.Rooms, s.URL = set.file.Section("chat", a.Name), set.rooms, set.url
	s.Command, s.Commands = set.command, commands.Described()
	for _, accounts := range set.people.Roles {
		for _, account := range accounts {
			if group, ok := strings.CutPrefix(account, a.Name+":@"); ok && !slices.Contains(s.Groups, group) {
				s.Groups = append(s.Groups, group)
			}
		}
	}
	slices.Sort(s.Groups)
	return s
}

// vouched are the roles that tokens give. A service is nobody's approver.
func vouched(tokens []web.Token) map[string]incident.Role {
	out := map[string]incident.Role{}
	for _, t := range tokens {
		if t.Kind != "service" {
			out[web.Platform.Name+":"+t.Name] = incident.Role(t.Role)
		}
	}
	return out
}
