package discord

import (
	"regexp"
	"slices"
	"strings"
)

// calls are whom a text calls.
type called struct {
	users, roles []string
	everyone     bool
}

var mentionMark = regexp.MustCompile(`<@([!&]?)(\d+)>|@(everyone|here)`)

// mentioned finds whom a text calls. A backslash does not help, as it does not
// with the vendor.
func mentioned(text string) called {
	var out called
	for _, m := range mentionMark.FindAllStringSubmatch(text, -1) {
		switch {
		case m[3] != "":
			out.everyone = true
		case m[1] == "&":
			out.roles = append(out.roles, m[2])
		case !slices.Contains(out.users, m[2]):
			out.users = append(out.users, m[2])
		}
	}
	return out
}

// allowedCalls are those of a message's mentions that allowed_mentions and the
// bot's rights let through, under mu.
func (d *Discord) allowedCalls(m *message) called {
	var out called
	all := mentioned(m.content)
	strong := d.strong(m)
	for _, id := range all.users {
		if m.lets("users", id) && d.world.person(id) != nil {
			out.users = append(out.users, id)
		}
	}
	for _, id := range all.roles {
		if r := d.world.role(id); r != nil && m.lets("roles", id) && (r.mentionable || strong) {
			out.roles = append(out.roles, id)
		}
	}
	out.everyone = all.everyone && m.lets("everyone", "") && strong
	return out
}

// strong reports whether the author may call everybody.
func (d *Discord) strong(m *message) bool {
	p := d.world.person(m.author)
	return p != nil && d.world.rights(p, d.world.channel(m.channel)).has(MentionEveryone)
}

// lets reports what allowed_mentions says. Without it a message lets everything
// through, and an answer to an interaction users.
func (m *message) lets(what, id string) bool {
	a := m.mentions
	if a == nil {
		return !m.webhook || what == "users"
	}
	return slices.Contains(a.Parse, what) || (what == "users" && slices.Contains(a.Users, id)) || (what == "roles" && slices.Contains(a.Roles, id))
}

// ring notes whose phones a new message makes ring, under mu.
func (d *Discord) ring(m *message) {
	m.pinged = nil
	if m.flags&(flagSilent|flagEphemeral|flagLoading) != 0 {
		return
	}
	who := d.allowedCalls(m)
	for _, p := range d.world.people {
		inRole := slices.ContainsFunc(p.roles, func(id string) bool { return slices.Contains(who.roles, id) })
		if !p.bot && p.id != m.author && (who.everyone || inRole || slices.Contains(who.users, p.id)) {
			m.pinged = append(m.pinged, p.name)
		}
	}
	slices.SortFunc(m.pinged, strings.Compare)
}
