package bot

import (
	"slices"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// calledAtMost is how many people of a role are called one by one.
const calledAtMost = 5

// mention makes a person callable on every platform that knows them. Who is in
// nobody's list of people goes by the account that they acted with.
func (d *Desk) mention(who string) chat.Mention {
	m := chat.Mention{Name: who}
	where, id, account := strings.Cut(who, ":")
	switch l := d.People.named(who); {
	case l != nil:
		m.IDs = l.IDs
	case account && d.platforms[where] != nil:
		m.IDs = map[string]string{where: id}
	}
	return m
}

// call rings somebody on the platform that the card is for: a person, or all that a
// "@role" has there. Its groups do; where it has none, its people are called by
// name. A platform without accounts of its own rings nobody and shows the word.
func (c *card) call(who string) []any {
	role, all := strings.CutPrefix(who, "@")
	if !all {
		return []any{chat.Call(c.d.mention(who))}
	}
	word := chat.Call(chat.Mention{Name: role, Role: true})
	groups, people := c.d.holders(incident.Role(role), c.platform)
	var out []any
	for n, id := range groups {
		if n > 0 {
			out = append(out, " ")
		}
		out = append(out, chat.Call(chat.Mention{Name: role, Role: true, IDs: map[string]string{c.platform: id}}))
	}
	switch _, own := c.d.platforms[c.platform].(chat.Directory); {
	case len(groups) > 0:
		return out
	case !own:
		return []any{word}
	}
	out = append(out, word)
	for n, id := range people {
		if n == calledAtMost {
			break
		}
		name := c.platform + ":" + id
		if l := c.d.People.find(c.platform, id); l != nil {
			name = l.Name
		}
		out = append(out, " ", chat.Call(chat.Mention{Name: name, IDs: map[string]string{c.platform: id}}))
	}
	return out
}

// holders are the groups and the people that have a role on a platform: those that
// the configuration names there, and those whose other account it names.
func (d *Desk) holders(role incident.Role, platform string) (groups, people []string) {
	for _, a := range d.People.Roles[role] {
		where, id, _ := strings.Cut(a, ":")
		group, isGroup := strings.CutPrefix(id, "@")
		if l := d.People.find(where, id); l != nil && l.IDs[platform] != "" {
			where, id = platform, l.IDs[platform]
		}
		switch {
		case where != platform:
		case isGroup:
			groups = append(groups, group)
		case !slices.Contains(people, id):
			people = append(people, id)
		}
	}
	return groups, people
}
