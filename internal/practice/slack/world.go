package slack

import (
	"fmt"
	"slices"
	"strings"
)

// The workspace and the bot.
const (
	Team      = "T0ACME"
	OtherTeam = "T0OTHER"
	App       = "A0MAYDAY"
	BotUser   = "U0MAYDAY"
	Bot       = "B0MAYDAY"
)

// People: Gus is a guest, Eve belongs to another workspace.
const (
	Ana  = "U0ANA"
	Li   = "U0LI"
	Sam  = "U0SAM"
	Cleo = "U0CLEO"
	Gus  = "U0GUEST"
	Eve  = "U0EVE"
)

// Channels: the bot is a member of the first two.
const (
	Operations = "C0OPS"
	Status     = "C0STATUS"
	Random     = "C0RANDOM"
)

// Groups of people.
const (
	SRE   = "S0SRE"
	Leads = "S0LEADS"
)

// world is the workspace, under Slack.mu.
type world struct {
	team     string
	domain   string
	people   []*person
	channels []*channel
	groups   []*group
	scopes   []string
	revoked  bool
}

type person struct {
	id, name, real  string
	team            string
	guest, stranger bool
	bot             bool
}

type channel struct {
	id, name string
	im       string // the person of a direct message
	member   bool   // the bot is
	archived bool
	messages []*message
	pins     []string // ts
}

type group struct {
	id, handle, name string
	users            []string
}

func newWorld(team string, scopes []string) world {
	at := func(id, name, home string) *person {
		return &person{id: id, name: strings.ToLower(name), real: name, team: home}
	}
	w := world{team: team, domain: "acme-ops", scopes: slices.Clone(scopes)}
	w.people = []*person{at(Ana, "Ana", team), at(Li, "Li", team), at(Sam, "Sam", team), at(Cleo, "Cleo", team), at(Gus, "Gus", team), at(Eve, "Eve", OtherTeam), at(BotUser, "mayday", team)}
	w.person(Gus).guest, w.person(Eve).stranger, w.person(BotUser).bot = true, true, true
	w.channels = []*channel{{id: Operations, name: "operations", member: true}, {id: Status, name: "status", member: true}, {id: Random, name: "random"}}
	w.groups = []*group{{id: SRE, handle: "sre", name: "SRE", users: []string{Ana, Li}}, {id: Leads, handle: "sre-leads", name: "SRE leads", users: []string{Sam}}}
	return w
}

func defaultScopes() []string {
	return []string{
		"commands", "chat:write", "app_mentions:read", "files:write", "pins:write", "im:write",
		"channels:read", "groups:read", "users:read", "users:read.email", "usergroups:read",
	}
}

func (w *world) person(id string) *person {
	for _, p := range w.people {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (w *world) mustPerson(id string) (*person, error) {
	if p := w.person(id); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("nobody here has the id %q", id)
}

// channel finds a channel; a direct message is there as soon as somebody asks.
func (w *world) channel(id string) *channel {
	for _, c := range w.channels {
		if c.id == id {
			return c
		}
	}
	who := id
	if rest, ok := strings.CutPrefix(id, "D"); ok {
		who = "U" + rest
	}
	if p := w.person(who); p != nil && !p.bot {
		return w.direct(p)
	}
	return nil
}

func (w *world) direct(p *person) *channel {
	id := "D" + strings.TrimPrefix(p.id, "U")
	for _, c := range w.channels {
		if c.id == id {
			return c
		}
	}
	c := &channel{id: id, name: "directmessage", im: p.id, member: true}
	w.channels = append(w.channels, c)
	return c
}

func (w *world) mustChannel(id string) (*channel, error) {
	if c := w.channel(id); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("no channel here has the id %q", id)
}

func (w *world) group(idOrHandle string) *group {
	for _, g := range w.groups {
		if g.id == idOrHandle || g.handle == idOrHandle {
			return g
		}
	}
	return nil
}

// present finds both a person and a place.
func (w *world) present(user, channel string) (*person, *channel, error) {
	p, err := w.mustPerson(user)
	if err != nil {
		return nil, nil, err
	}
	c, err := w.mustChannel(channel)
	return p, c, err
}
