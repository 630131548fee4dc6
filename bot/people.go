package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Linked is one person with accounts in several places: `people.same`.
type Linked struct {
	Name string
	Zone string            // IANA, "Europe/Berlin"
	IDs  map[string]string // by platform or source: "web" -> "ana"

	// How a proxy or a provider names this person; never shown.
	Email   string
	Subject string
}

// People says who has which role and which accounts are one person. Rights come
// from immutable ids alone (P17).
type People struct {
	Roles map[incident.Role][]string // "web:ana", "platform:@group", "platform:id"
	Same  []Linked
}

// Person is who an interaction comes from, with the role as of now. Unknown
// people are viewers.
func (d *Desk) Person(platform string, u chat.User) incident.Person {
	via := d.via(platform)
	if u.Home != "" {
		platform = u.Home
	}
	p := incident.Person{ID: platform + ":" + u.ID, Role: incident.Viewer, Service: u.Service, Name: platform + ":" + u.ID, Via: via}
	accounts := []string{p.ID}
	if l := d.People.find(platform, u.ID); l != nil {
		p.Name, p.Linked = l.Name, true
		for where, id := range l.IDs {
			accounts = append(accounts, where+":"+id)
		}
	} else if u.Role != "" {
		p.Name = u.Name // a token names its person itself
	}
	for _, g := range u.Groups {
		accounts = append(accounts, platform+":@"+g, platform+":"+g)
	}
	for _, g := range u.Named {
		accounts = append(accounts, platform+":@"+g)
	}
	if r := incident.Role(u.Role); r.Valid() {
		p.Role = r
	} else if r, ok := d.Vouched[p.ID]; ok {
		p.Role = r // somebody is looked up who does not press now
	}
	for _, role := range incident.Roles {
		if !p.Role.AtLeast(role) && slices.ContainsFunc(d.People.Roles[role], func(a string) bool { return slices.Contains(accounts, a) }) {
			p.Role = role
		}
	}
	if u.Guest {
		p.Role, p.Outside = incident.Viewer, true // somebody from outside may look
	}
	d.seen.Store(p.ID, p.Role)
	return p
}

// roleNow is the role of an account as it is now: its platform is asked where it
// can tell, else it is as the platform last vouched for it, else by the
// configuration. Somebody unknown is a viewer. An error means that it could not
// be found out, and then nobody acts (PROMISES rule 16).
func (d *Desk) roleNow(ctx context.Context, id string) (incident.Role, error) {
	where, account, _ := strings.Cut(id, ":")
	if dir, ok := d.platforms[where].(chat.Directory); ok {
		u, err := dir.Who(ctx, account)
		if err != nil {
			return incident.Viewer, fmt.Errorf("ask %s who %s is: %w", d.title(where), account, err)
		}
		return d.Person(where, u).Role, nil
	}
	if v, ok := d.seen.Load(id); ok {
		return v.(incident.Role), nil
	}
	return d.Person(where, chat.User{ID: account}).Role, nil
}

// via names the place for the timeline where that is worth saying.
func (d *Desk) via(platform string) string {
	if len(d.Platforms) < 2 {
		return ""
	}
	return platform
}

// find answers the person whose account this is, or nil.
func (p People) find(where, id string) *Linked {
	for n := range p.Same {
		if got, ok := p.Same[n].IDs[where]; ok && got == id {
			return &p.Same[n]
		}
	}
	return nil
}

// named answers the person of this name, or nil.
func (p People) named(name string) *Linked {
	name = strings.TrimPrefix(strings.TrimSpace(name), "@")
	for n := range p.Same {
		if strings.EqualFold(p.Same[n].Name, name) {
			return &p.Same[n]
		}
	}
	return nil
}

func (p People) zone(name string) string {
	if l := p.named(name); l != nil {
		return l.Zone
	}
	return ""
}

// someone resolves a name that a person typed: somebody known, or a plain name
// of letters.
func (d *Desk) someone(name string) (string, error) {
	if l := d.People.named(name); l != nil {
		return l.Name, nil
	}
	clean := strings.TrimPrefix(strings.TrimSpace(chat.Clean(name)), "@")
	if clean == "" || strings.ContainsAny(clean, " \t<>|") || len(clean) > 64 {
		var known []string
		for _, l := range d.People.Same {
			known = append(known, l.Name)
		}
		return "", fault.Newf(fault.Invalid, "E24", "I know nobody called %q.%s", chat.Clamp(clean, 40), fault.DidYouMean(clean, known)).
			WithHint("Name one person, as in: own Ana")
	}
	return clean, nil
}

// approvers reports whether somebody else could approve a step.
func (d *Desk) approvers(s incident.Step) bool {
	for role, accounts := range d.People.Roles {
		if !role.AtLeast(incident.Approver) {
			continue
		}
		for _, a := range accounts {
			where, id, _ := strings.Cut(a, ":")
			if strings.HasPrefix(id, "@") {
				return true // a group has others in it
			}
			name := a
			if l := d.People.find(where, id); l != nil {
				name = l.Name
			}
			if !s.AskedBy(name) {
				return true
			}
		}
	}
	for id, role := range d.Vouched {
		where, account, _ := strings.Cut(id, ":")
		if role.AtLeast(incident.Approver) && !s.AskedBy(d.Person(where, chat.User{ID: account}).Name) {
			return true
		}
	}
	return false
}
