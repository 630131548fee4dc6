package discord

import (
	"fmt"
	"slices"
)

// These methods are what a server's administrator does, and what befalls a bot.

// AddPerson adds somebody to the guild.
func (d *Discord) AddPerson(id, name string, roles ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.world.people = append(d.world.people, &person{id: id, name: name, roles: roles, joined: d.now()})
}

// RemovePerson takes somebody out of the guild.
func (d *Discord) RemovePerson(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.world.people = slices.DeleteFunc(d.world.people, func(p *person) bool { return p.id == id })
}

// SetRoles replaces somebody's roles.
func (d *Discord) SetRoles(user string, roles ...string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err := d.world.mustPerson(user)
	if err != nil {
		return err
	}
	p.roles = roles
	return nil
}

// AddRole adds a role that nobody has.
func (d *Discord) AddRole(id, name string, rights Permission, mentionable bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.world.roles = append(d.world.roles, &role{id: id, name: name, rights: rights, mentionable: mentionable, position: len(d.world.roles)})
}

// AddChannel adds a text channel and answers its id.
func (d *Discord) AddChannel(name string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &channel{id: d.newID(), name: name, position: len(d.world.channels)}
	d.world.channels = append(d.world.channels, c)
	d.event("CHANNEL_CREATE", intentGuilds, d.channelJSON(c))
	return c.id
}

// Deny takes permissions from the bot in a channel.
func (d *Discord) Deny(channel string, rights Permission) error {
	return d.overwrite(channel, func(now Permission) Permission { return now | rights })
}

// Allow gives them back.
func (d *Discord) Allow(channel string, rights Permission) error {
	return d.overwrite(channel, func(now Permission) Permission { return now &^ rights })
}

func (d *Discord) overwrite(id string, change func(Permission) Permission) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, err := d.world.mustChannel(id)
	if err != nil {
		return err
	}
	c.denied = change(c.denied)
	d.event("CHANNEL_UPDATE", intentGuilds, d.channelJSON(c))
	return nil
}

// SetMentionable says whether everybody may mention a role.
func (d *Discord) SetMentionable(id string, on bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.world.role(id)
	if r == nil {
		return fmt.Errorf("no role has the id %q", id)
	}
	r.mentionable = on
	d.event("GUILD_ROLE_UPDATE", intentGuilds, object{"guild_id": d.world.id, "role": roleJSON(r)})
	return nil
}

// Kick takes the bot out of the guild.
func (d *Discord) Kick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.world.member = false
	d.event("GUILD_DELETE", intentGuilds, object{"id": d.world.id, "unavailable": false})
}

// Invite takes it in again.
func (d *Discord) Invite() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.world.member = true
	d.event("GUILD_CREATE", intentGuilds, d.guildCreateJSON())
}

// DeleteChannel deletes a channel with its threads.
func (d *Discord) DeleteChannel(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, err := d.world.mustChannel(id)
	if err != nil {
		return err
	}
	d.removeChannel(c)
	return nil
}

func (d *Discord) removeChannel(c *channel) {
	name := "CHANNEL_DELETE"
	if c.thread() {
		name = "THREAD_DELETE"
	}
	d.world.channels = slices.DeleteFunc(d.world.channels, func(x *channel) bool { return x == c || x.parent == c.id })
	d.event(name, intentGuilds, d.channelJSON(c))
}

// DeleteThread deletes a thread.
func (d *Discord) DeleteThread(id string) error { return d.DeleteChannel(id) }

// ArchiveThread puts a thread away.
func (d *Discord) ArchiveThread(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, err := d.world.mustChannel(id)
	if err != nil || !c.thread() {
		return fmt.Errorf("%q is no thread", id)
	}
	d.setArchived(c, true)
	return nil
}

// LockThread archives a thread and locks it.
func (d *Discord) LockThread(id string) error {
	if err := d.ArchiveThread(id); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.world.channel(id).locked = true
	return nil
}

func (d *Discord) setArchived(c *channel, on bool) {
	if c.archived == on {
		return
	}
	c.archived, c.changed = on, d.now()
	d.event("THREAD_UPDATE", intentGuilds, d.channelJSON(c))
}

// DeleteMessage deletes a message, as a moderator does.
func (d *Discord) DeleteMessage(channel, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, err := d.world.mustChannel(channel)
	if err != nil {
		return err
	}
	if c.message(id) == nil {
		return fmt.Errorf("no message %q in that channel", id)
	}
	d.removeMessage(c, id)
	return nil
}

// RevokeToken makes the bot's token worthless, as a reset in the portal does; the
// gateway closes with 4004.
func (d *Discord) RevokeToken() {
	d.mu.Lock()
	d.revoked = true
	d.mu.Unlock()
	d.gateway.closeAll(4004, "Authentication failed.")
}

// RestoreToken makes it good again.
func (d *Discord) RestoreToken() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.revoked = false
}
