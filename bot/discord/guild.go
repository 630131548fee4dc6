package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

const (
	rolesFresh = 5 * time.Minute
	// rolesStale is how long roles are used when Discord cannot be asked.
	rolesStale = 15 * time.Minute
	whoTimeout = 2 * time.Second
	// nameTimeout is what an interaction may spend on the names of roles: its
	// deadline is near.
	nameTimeout = 700 * time.Millisecond
)

// guild is the server: its roles, and who has them.
type guild struct {
	api    *api
	server string
	now    func() time.Time

	mu     sync.Mutex
	listed []discordgo.Role
	at     time.Time
	asking sync.Mutex // one asks, the others wait for it
}

// roles answers the roles, asked for at most every few minutes.
func (g *guild) roles(ctx context.Context) ([]discordgo.Role, error) {
	if all, age := g.cached(); age < rolesFresh {
		return all, nil
	}
	g.asking.Lock()
	defer g.asking.Unlock()
	if all, age := g.cached(); age < rolesFresh {
		return all, nil
	}
	return g.refresh(ctx)
}

func (g *guild) refresh(ctx context.Context) ([]discordgo.Role, error) {
	var all []discordgo.Role
	err := g.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointGuildRoles(g.server),
		route: "GET guilds/" + g.server + "/roles", out: &all})
	if err != nil {
		if old, age := g.cached(); age < rolesStale {
			return old, nil
		}
		return nil, fmt.Errorf("ask for the roles: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listed, g.at = all, g.now()
	return all, nil
}

func (g *guild) cached() ([]discordgo.Role, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.at.IsZero() {
		return nil, rolesStale
	}
	return g.listed, g.now().Sub(g.at)
}

// roleID is the role of a name, for mentions, as far as it is known and no other
// role has the name.
func (g *guild) roleID(role string) (string, bool) {
	all, _ := g.cached()
	var found []string
	for _, r := range all {
		if r.Name == role && r.ID != g.server {
			found = append(found, r.ID)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// named are the names of roles that mean one role only. One that looks like an id
// could stand for somebody's account.
func named(all []discordgo.Role, has []string, server string) []string {
	count := map[string]int{}
	for _, r := range all {
		count[r.Name]++
	}
	var out []string
	for _, r := range all {
		if slices.Contains(has, r.ID) && r.ID != server && count[r.Name] == 1 && !isID(r.Name) {
			out = append(out, r.Name)
		}
	}
	return out
}

// member is who somebody is by what Discord vouches for.
func (g *guild) member(ctx context.Context, m *discordgo.Member) chat.User {
	u := chat.User{ID: m.User.ID, Name: display(m), Groups: m.Roles}
	if len(m.Roles) == 0 {
		return u
	}
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	// Without the names of roles only their ids count: somebody has fewer rights
	// for a moment, never more.
	if all, err := g.roles(ctx); err == nil {
		u.Named = named(all, m.Roles, g.server)
	}
	return u
}

// display is the name that people see.
func display(m *discordgo.Member) string {
	for _, n := range []string{m.Nick, m.User.GlobalName, m.User.Username} {
		if n = chat.Clean(n); n != "" {
			return n
		}
	}
	return m.User.ID
}

var errNoPerson = errors.New("a bot is no person")

// Who asks who somebody is now.
func (p *platform) Who(ctx context.Context, id string) (chat.User, error) {
	if !isID(id) {
		return chat.User{}, fmt.Errorf("ask who %q is: that is no account", chat.Clamp(id, 40))
	}
	ctx, cancel := context.WithTimeout(ctx, whoTimeout)
	defer cancel()
	var m discordgo.Member
	err := p.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointGuildMember(p.own.Server.text, id),
		route: "GET guilds/" + p.own.Server.text + "/members/*", out: &m})
	if coded(err, codeUnknownMember, codeUnknownUser) {
		return chat.User{ID: id, Name: id, Guest: true}, nil
	}
	if err != nil {
		return chat.User{}, fmt.Errorf("ask who %s is: %w", id, err)
	}
	if m.User == nil || m.User.ID != id {
		return chat.User{}, fmt.Errorf("ask who %s is: the answer is about somebody else", id)
	}
	if m.User.Bot {
		return chat.User{}, fmt.Errorf("ask who %s is: %w", id, errNoPerson)
	}
	all, err := p.guild.roles(ctx)
	if err != nil {
		return chat.User{}, err
	}
	u := chat.User{ID: id, Name: display(&m), Groups: m.Roles, Named: named(all, m.Roles, p.own.Server.text)}
	return u, nil
}
