package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

const (
	personFresh = 10 * time.Minute
	groupsFresh = 5 * time.Minute
	// stale is how long something is used when Slack cannot be asked.
	stale = 15 * time.Minute
	// groupsNow is how old groups may be where rights are looked at again.
	groupsNow   = 3 * time.Second
	whoTimeout  = 2 * time.Second
	lookTimeout = time.Second
)

// people are the members of the workspace and the groups that they are in.
type people struct {
	api  *api
	own  *settings
	self *self
	now  func() time.Time
	log  *slog.Logger

	members chat.Keep[member]
	older   chat.Keep[member]

	mu     sync.Mutex
	groups []group
	at     time.Time
	asking sync.Mutex // one asks, the others wait for it
}

// member is one person.
type member struct {
	id, name string
	guest    bool
	bot      bool
}

// group is a user group with its people.
type group struct {
	ID     string   `json:"id"`
	Handle string   `json:"handle"`
	Users  []string `json:"users"`
}

func newPeople(p *platform) *people {
	out := &people{api: p.api, own: &p.own, self: &p.self, now: p.now, log: p.log}
	out.members.Now, out.older.Now = p.now, p.now
	return out
}

// look asks who somebody is; what is a few minutes old will do.
func (p *people) look(ctx context.Context, id string) (member, error) {
	if m, ok := p.members.Get(id); ok {
		return m, nil
	}
	m, err := p.ask(ctx, id)
	if err != nil {
		if old, ok := p.older.Get(id); ok && !coded(err, "user_not_found") {
			return old, nil
		}
	}
	return m, err
}

// ask asks who somebody is now.
func (p *people) ask(ctx context.Context, id string) (member, error) {
	var out struct {
		User struct {
			ID         string `json:"id"`
			TeamID     string `json:"team_id"`
			Name       string `json:"name"`
			RealName   string `json:"real_name"`
			Deleted    bool   `json:"deleted"`
			Bot        bool   `json:"is_bot"`
			Restricted bool   `json:"is_restricted"`
			Ultra      bool   `json:"is_ultra_restricted"`
			Stranger   bool   `json:"is_stranger"`
			Profile    struct {
				Display string `json:"display_name"`
				Real    string `json:"real_name"`
			} `json:"profile"`
		} `json:"user"`
	}
	err := p.api.do(ctx, call{method: methodUser, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.GetUserInfoContext(ctx, id)
		return err
	}})
	if err != nil {
		return member{}, fmt.Errorf("ask who %s is: %w", id, err)
	}
	u := out.User
	if u.ID != id {
		return member{}, fmt.Errorf("ask who %s is: the answer is about somebody else", id)
	}
	home, err := p.self.get(ctx)
	if err != nil {
		return member{}, err
	}
	m := member{id: id, bot: u.Bot, guest: u.Deleted || u.Bot || u.Restricted || u.Ultra || u.Stranger || !p.own.allowed(u.TeamID, home.TeamID)}
	m.name = firstName(u.Profile.Display, u.Profile.Real, u.RealName, u.Name, id)
	p.members.Set(id, m, personFresh)
	p.older.Set(id, m, stale)
	return m, nil
}

func firstName(names ...string) string {
	for _, n := range names {
		if n = chat.Clean(n); n != "" {
			return n
		}
	}
	return ""
}

// warm asks in advance who the members of groups are that give roles: when they
// all press at once there is no time to ask.
func (p *people) warm(ctx context.Context, handles []string) {
	all, _ := p.cached()
	for _, g := range all {
		if !slices.Contains(handles, g.Handle) && !slices.Contains(handles, g.ID) {
			continue
		}
		for _, id := range g.Users {
			if _, err := p.look(ctx, id); err != nil && !coded(err, "user_not_found") {
				p.log.Debug("members not known in advance", "err", err)
				return // they are asked for when they act
			}
		}
	}
}

// groupsWithin answers the groups, not older than that.
func (p *people) groupsWithin(ctx context.Context, age time.Duration) ([]group, error) {
	if all, old := p.cached(); old < age {
		return all, nil
	}
	p.asking.Lock()
	defer p.asking.Unlock()
	if all, old := p.cached(); old < age {
		return all, nil
	}
	err := p.refreshGroups(ctx)
	all, old := p.cached()
	if err != nil && (age != groupsFresh || old >= stale) {
		return nil, err // nobody has rights from what was true long ago
	}
	return all, nil
}

func (p *people) refreshGroups(ctx context.Context) error {
	var out struct {
		Groups []group `json:"usergroups"`
	}
	err := p.api.do(ctx, call{method: methodGroups, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.GetUserGroupsContext(ctx, slackgo.GetUserGroupsOptionIncludeUsers(true))
		return err
	}})
	if err != nil {
		return fmt.Errorf("ask for the user groups: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.groups, p.at = out.Groups, p.now()
	return nil
}

func (p *people) cached() ([]group, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() {
		return nil, stale
	}
	return p.groups, p.now().Sub(p.at)
}

// groupID is the group of a handle, for mentions, as far as it is known.
func (p *people) groupID(handle string) (string, bool) {
	all, _ := p.cached()
	for _, g := range all {
		if g.Handle == handle || g.ID == handle {
			return g.ID, true
		}
	}
	return "", false
}

// user is a member with their groups.
func user(m member, all []group) chat.User {
	u := chat.User{ID: m.id, Name: m.name, Guest: m.guest}
	for _, g := range all {
		if !slices.Contains(g.Users, m.id) {
			continue
		}
		u.Groups = append(u.Groups, g.ID)
		if handles(all, g.Handle) == 1 && !isGroup(g.Handle) && !isUser(g.Handle) {
			u.Named = append(u.Named, g.Handle)
		}
	}
	return u
}

func handles(all []group, handle string) int {
	n := 0
	for _, g := range all {
		if g.Handle == handle {
			n++
		}
	}
	return n
}

// who is who somebody is that did something just now. What cannot be found out in
// a second counts against them: then they may look and not act.
func (p *people) who(ctx context.Context, id, team, shown string) chat.User {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var groups []group
	var wait sync.WaitGroup
	wait.Go(func() {
		var err error
		if groups, err = p.groupsWithin(ctx, groupsFresh); err != nil {
			p.log.Warn("user groups not known", "err", err)
		}
	})
	m, err := p.look(ctx, id)
	if err != nil {
		p.log.Warn("not known who somebody is: no acts", "user", id, "err", err)
		m = member{id: id, name: firstName(shown, id), guest: true}
	}
	wait.Wait()
	if home := p.self.now(); team != "" && !p.own.allowed(team, home.TeamID) {
		m.guest = true
	}
	return user(m, groups)
}

var errNoPerson = errors.New("a bot is no person")

// Who asks who somebody is now.
func (p *platform) Who(ctx context.Context, id string) (chat.User, error) {
	if !isUser(id) {
		return chat.User{}, fmt.Errorf("ask who %q is: that is no account", chat.Clamp(id, 40))
	}
	ctx, cancel := context.WithTimeout(ctx, whoTimeout)
	defer cancel()
	m, err := p.people.ask(ctx, id)
	if coded(err, "user_not_found") {
		return chat.User{ID: id, Name: id, Guest: true}, nil
	}
	if err != nil {
		return chat.User{}, err
	}
	if m.bot {
		return chat.User{}, fmt.Errorf("ask who %s is: %w", id, errNoPerson)
	}
	groups, err := p.people.groupsWithin(ctx, groupsNow)
	if err != nil {
		return chat.User{}, err
	}
	return user(m, groups), nil
}
