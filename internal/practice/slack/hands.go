package slack

import (
	"fmt"
	"slices"
	"strings"
)

// These methods are what a workspace's administrator does, and what befalls a bot.

// AddPerson adds a member of the workspace.
func (s *Slack) AddPerson(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.people = append(s.world.people, &person{id: id, name: strings.ToLower(name), real: name, team: s.o.Team})
}

// AddChannel adds a channel that the bot is not in.
func (s *Slack) AddChannel(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.channels = append(s.world.channels, &channel{id: id, name: name})
}

// RemoveChannel deletes a channel with everything in it.
func (s *Slack) RemoveChannel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.channels = slices.DeleteFunc(s.world.channels, func(c *channel) bool { return c.id == id })
}

// Kick takes the bot out of a channel.
func (s *Slack) Kick(room string) error { return s.change(room, func(c *channel) { c.member = false }) }

// Join invites it.
func (s *Slack) Join(room string) error { return s.change(room, func(c *channel) { c.member = true }) }

// Archive puts a channel away.
func (s *Slack) Archive(room string) error {
	return s.change(room, func(c *channel) { c.archived = true })
}

// Unarchive takes it out again.
func (s *Slack) Unarchive(room string) error {
	return s.change(room, func(c *channel) { c.archived = false })
}

func (s *Slack) change(id string, change func(*channel)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.world.mustChannel(id)
	if err != nil {
		return err
	}
	change(c)
	return nil
}

// DeleteMessage deletes a message, as an administrator does.
func (s *Slack) DeleteMessage(channel, ts string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.world.mustChannel(channel)
	if err != nil {
		return err
	}
	m := c.message(ts)
	if m == nil {
		return fmt.Errorf("no message %q in that channel", ts)
	}
	s.remove(c, m)
	return nil
}

// RevokeToken makes the bot's token worthless.
func (s *Slack) RevokeToken() { s.setRevoked(true) }

// RestoreToken makes it good again.
func (s *Slack) RestoreToken() { s.setRevoked(false) }

func (s *Slack) setRevoked(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.revoked = on
}

// DropScope takes a scope from the bot's token.
func (s *Slack) DropScope(scope string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.scopes = slices.DeleteFunc(s.world.scopes, func(have string) bool { return have == scope })
}

// AddScope gives the bot's token a scope.
func (s *Slack) AddScope(scope string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.world.scopes, scope) {
		s.world.scopes = append(s.world.scopes, scope)
	}
}

// SetGroup says who is in a group, and makes it when there is none.
func (s *Slack) SetGroup(handle string, users ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.world.group(handle); g != nil {
		g.users = users
		return
	}
	id := "S0" + strings.ToUpper(strings.ReplaceAll(handle, "-", ""))
	s.world.groups = append(s.world.groups, &group{id: id, handle: handle, name: handle, users: users})
}

// Reload forgets what only one person sees, as reloading the client does.
func (s *Slack) Reload(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ephemerals, user)
}
