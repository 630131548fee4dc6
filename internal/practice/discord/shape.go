package discord

import (
	"encoding/json"
	"strings"
	"time"
)

// The shapes of objects as the REST API and the gateway send them, under mu.

const isoTime = "2006-01-02T15:04:05.000000-07:00"

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(isoTime)
}

func userJSON(p *person) object {
	out := object{
		"id": p.id, "username": strings.ToLower(p.name), "global_name": p.name, "discriminator": "0", "avatar": nil,
		"avatar_decoration_data": nil, "collectibles": nil, "banner": nil, "accent_color": nil, "public_flags": 0, "flags": 0, "primary_guild": nil,
	}
	if p.bot {
		out["bot"], out["username"], out["global_name"], out["discriminator"] = true, p.name, nil, "0001"
	}
	return out
}

func (d *Discord) memberJSON(p *person) object {
	return object{
		"user": userJSON(p), "nick": nil, "avatar": nil, "banner": nil, "roles": list(p.roles), "joined_at": stamp(p.joined),
		"premium_since": nil, "communication_disabled_until": nil, "flags": 0, "pending": false, "mute": false, "deaf": false,
	}
}

// list is never null in JSON.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func roleJSON(r *role) object {
	out := object{
		"id": r.id, "name": r.name, "permissions": r.rights.String(), "position": r.position, "color": 0,
		"colors": object{"primary_color": 0, "secondary_color": nil, "tertiary_color": nil},
		"hoist":  false, "managed": r.managed, "mentionable": r.mentionable, "icon": nil, "unicode_emoji": nil, "flags": 0, "description": nil,
	}
	if r.managed {
		out["tags"] = object{"bot_id": Application}
	}
	return out
}

func (d *Discord) channelJSON(c *channel) object {
	out := object{
		"id": c.id, "type": c.kind, "guild_id": d.world.id, "name": c.name, "flags": 0, "rate_limit_per_user": 0, "last_message_id": nil,
	}
	if n := len(c.messages); n > 0 {
		out["last_message_id"] = c.messages[n-1].id
	}
	if c.thread() {
		d.threadJSON(c, out)
		return out
	}
	out["parent_id"], out["topic"], out["position"], out["nsfw"] = nil, c.topic, c.position, false
	overwrites := []any{}
	if c.denied != 0 {
		overwrites = append(overwrites, object{"id": d.world.bot, "type": 1, "allow": "0", "deny": c.denied.String()})
	}
	out["permission_overwrites"] = overwrites
	return out
}

func (d *Discord) threadJSON(c *channel, out object) {
	out["parent_id"], out["owner_id"] = c.parent, c.owner
	out["message_count"], out["total_message_sent"], out["member_count"] = len(c.messages), c.sent, len(c.members)
	out["thread_metadata"] = object{
		"archived": c.archived, "auto_archive_duration": c.archive, "archive_timestamp": stamp(c.changed), "locked": c.locked, "create_timestamp": stamp(c.made),
	}
}

func (d *Discord) messageJSON(m *message) object {
	who := d.allowedCalls(m)
	users := []any{}
	for _, id := range who.users {
		users = append(users, userJSON(d.world.person(id)))
	}
	out := object{
		"id": m.id, "channel_id": m.channel, "type": m.kind, "content": m.content, "author": userJSON(d.author(m.author)),
		"timestamp": stamp(m.at), "edited_timestamp": stamp(m.edited), "tts": false, "mention_everyone": who.everyone, "mentions": users,
		"mention_roles": list(who.roles), "attachments": d.filesJSON(m), "embeds": filledIn(m.embeds), "components": numbered(m.components), "pinned": d.pinned(m), "flags": m.flags,
	}
	if m.nonce != nil {
		out["nonce"] = m.nonce
	}
	if m.answers != "" {
		out["message_reference"] = object{"type": 0, "message_id": m.answers, "channel_id": m.channel, "guild_id": d.world.id}
	}
	if m.webhook {
		out["webhook_id"], out["application_id"] = d.o.ApplicationID, d.o.ApplicationID
		if m.by != nil {
			out["interaction_metadata"] = object{"id": m.by.id, "type": m.by.kind, "user": userJSON(d.author(m.by.user)), "authorizing_integration_owners": object{"0": d.world.id}}
			if m.by.source != nil {
				out["interaction_metadata"].(object)["interacted_message_id"] = m.by.source.id
			}
		}
	}
	if c := d.world.channel(m.id); c != nil && m.thread {
		out["thread"] = d.channelJSON(c)
	}
	return out
}

func (d *Discord) author(id string) *person {
	if p := d.world.person(id); p != nil {
		return p
	}
	return &person{id: id, name: "Deleted User"}
}

func (d *Discord) pinned(m *message) bool {
	c := d.world.channel(m.channel)
	if c == nil {
		return false
	}
	for _, p := range c.pins {
		if p.message == m.id {
			return true
		}
	}
	return false
}

func (d *Discord) filesJSON(m *message) []any {
	out := []any{}
	for _, f := range m.files {
		address := "https://cdn.discordapp.com/attachments/" + m.channel + "/" + f.id + "/" + f.name
		one := object{"id": f.id, "filename": f.name, "size": f.size, "url": address, "proxy_url": address, "content_type": f.kind}
		if f.description != "" {
			one["description"] = f.description
		}
		out = append(out, one)
	}
	return out
}

// defaults are what the vendor fills in, by the type of a component.
var defaults = map[any]object{
	float64(compSelect): {"min_values": 1, "max_values": 1},
	float64(17):         {"accent_color": nil, "spoiler": false},
}

// filledIn are embeds with what the vendor fills in.
func filledIn(in []json.RawMessage) []any {
	out := []any{}
	for _, raw := range in {
		var one object
		if json.Unmarshal(raw, &one) != nil {
			continue
		}
		if _, ok := one["type"]; !ok {
			one["type"] = "rich"
		}
		fields, _ := one["fields"].([]any)
		for _, f := range fields {
			if o, ok := f.(object); ok && o["inline"] == nil {
				o["inline"] = false
			}
		}
		out = append(out, one)
	}
	return out
}

// numbered gives every component the id that the vendor fills in.
func numbered(in []json.RawMessage) []any {
	out, next := []any{}, 0
	for _, raw := range in {
		var one object
		if json.Unmarshal(raw, &one) != nil {
			continue
		}
		number(one, &next)
		out = append(out, one)
	}
	return out
}

func number(one object, next *int) {
	*next++
	if _, ok := one["id"]; !ok {
		one["id"] = *next
	}
	for name, value := range defaults[one["type"]] {
		if _, ok := one[name]; !ok {
			one[name] = value
		}
	}
	below, _ := one["components"].([]any)
	for _, c := range below {
		if o, ok := c.(object); ok {
			number(o, next)
		}
	}
}

func (d *Discord) guildJSON() object {
	roles := []any{}
	for _, r := range d.world.roles {
		roles = append(roles, roleJSON(r))
	}
	out := object{
		"id": d.world.id, "name": "acme ops", "owner_id": Sam, "roles": roles, "emojis": []any{}, "stickers": []any{}, "features": []any{},
		"region": "deprecated", "afk_timeout": 300, "system_channel_flags": 0, "widget_enabled": false, "verification_level": 0,
		"default_message_notifications": 1, "mfa_level": 0, "explicit_content_filter": 0, "max_members": 500000, "max_stage_video_channel_users": 50,
		"max_video_channel_users": 25, "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US", "premium_progress_bar_enabled": false,
		"nsfw": false, "nsfw_level": 0,
	}
	for _, name := range []string{
		"icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id", "afk_channel_id", "system_channel_id", "widget_channel_id",
		"max_presences", "vanity_url_code", "rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data",
	} {
		out[name] = nil
	}
	return out
}

// guildCreateJSON is what the gateway sends of a guild.
func (d *Discord) guildCreateJSON() object {
	out := d.guildJSON()
	channels, threads := []any{}, []any{}
	for _, c := range d.world.channels {
		if c.thread() && !c.archived {
			threads = append(threads, d.channelJSON(c))
		}
		if !c.thread() {
			channels = append(channels, d.channelJSON(c))
		}
	}
	robot := d.world.person(d.world.bot)
	out["channels"], out["threads"], out["members"] = channels, threads, []any{d.memberJSON(robot)}
	out["joined_at"], out["large"], out["unavailable"], out["member_count"] = stamp(robot.joined), false, false, len(d.world.people)
	for _, name := range []string{"voice_states", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"} {
		out[name] = []any{}
	}
	return out
}
