package slack

import (
	"strings"
)

// These are the vendor's objects, as they stand in answers and in payloads.

// icon is where pictures of the bot would stand.
const icon = "https://slack.invalid/mayday-"

func (s *Slack) messageJSON(m *message) object {
	out := object{"type": "message", "user": m.user, "text": m.text, "ts": m.ts, "team": s.o.Team}
	if m.user == BotUser {
		out["bot_id"], out["app_id"] = Bot, App
		out["bot_profile"] = object{"id": Bot, "app_id": App, "name": "mayday", "deleted": false, "updated": 1700000000, "team_id": s.o.Team, "icons": object{
			"image_36": icon + "36.png", "image_48": icon + "48.png", "image_72": icon + "72.png"}}
	}
	if len(m.blocks) > 0 {
		out["blocks"] = m.blocks
	}
	if m.edited {
		out["edited"] = object{"user": Bot, "ts": m.ts}
	}
	if m.metadata != nil {
		out["metadata"] = m.metadata
	}
	if m.deleted {
		out["subtype"], out["hidden"] = "tombstone", true
	}
	s.threadJSON(out, m)
	return out
}

func (s *Slack) threadJSON(out object, m *message) {
	if m.thread == "" {
		return
	}
	out["thread_ts"] = m.thread
	if m.thread != m.ts {
		if c := s.world.channel(m.channel); c != nil {
			if root := c.message(m.thread); root != nil {
				out["parent_user_id"] = root.user
			}
		}
		if m.broadcast {
			out["subtype"] = "thread_broadcast"
		}
		return
	}
	users := map[string]bool{}
	var who []string
	for _, r := range m.replies {
		if !users[r.user] {
			users[r.user], who = true, append(who, r.user)
		}
	}
	out["reply_count"], out["reply_users_count"], out["reply_users"] = len(m.replies), len(who), who
	out["is_locked"], out["subscribed"] = false, false
	if n := len(m.replies); n > 0 {
		out["latest_reply"] = m.replies[n-1].ts
	}
}

const made = 1700000000

func (s *Slack) channelJSON(c *channel) object {
	if c.im != "" {
		return object{"id": c.id, "created": made, "is_archived": false, "is_im": true, "is_org_shared": false, "user": c.im, "is_user_deleted": false, "priority": 0}
	}
	return object{
		"id": c.id, "name": c.name, "name_normalized": c.name, "is_channel": true, "is_group": false, "is_im": false, "is_mpim": false, "is_private": false,
		"created": made, "updated": made * 1000, "is_archived": c.archived, "is_general": false, "unlinked": 0, "is_shared": false, "is_org_shared": false,
		"is_ext_shared": false, "is_pending_ext_shared": false, "pending_shared": []string{}, "pending_connected_team_ids": []string{},
		"shared_team_ids": []string{s.o.Team}, "context_team_id": s.o.Team, "parent_conversation": nil, "creator": Sam, "is_member": c.member,
		"topic": object{"value": "", "creator": "", "last_set": 0}, "purpose": object{"value": "", "creator": "", "last_set": 0}, "previous_names": []string{},
	}
}

func (s *Slack) userJSON(p *person) object {
	email := p.name + "@shop.example"
	profile := object{
		"title": "", "phone": "", "skype": "", "real_name": p.real, "real_name_normalized": p.real, "display_name": p.name, "display_name_normalized": p.name,
		"fields": nil, "status_text": "", "status_emoji": "", "status_emoji_display_info": []any{}, "status_expiration": 0, "avatar_hash": "g" + strings.ToLower(p.id),
		"first_name": p.real, "last_name": "", "team": p.team,
	}
	for _, size := range []string{"24", "32", "48", "72", "192", "512"} {
		profile["image_"+size] = "https://avatars.example/" + p.id + "/" + size + ".png"
	}
	if s.hasScope("users:read.email") && !p.bot {
		profile["email"] = email
	}
	out := object{
		"id": p.id, "team_id": p.team, "name": p.name, "deleted": false, "color": "9f69e7", "real_name": p.real, "tz": "Etc/UTC", "tz_label": "Coordinated Universal Time", "tz_offset": 0,
		"profile": profile, "is_admin": p.id == Sam, "is_owner": false, "is_primary_owner": false, "is_restricted": p.guest, "is_ultra_restricted": false,
		"is_bot": p.bot, "is_app_user": false, "updated": made, "is_email_confirmed": true, "who_can_share_contact_card": "EVERYONE", "has_2fa": false,
	}
	if p.stranger {
		out["is_stranger"] = true
	}
	return out
}

func (s *Slack) groupJSON(g *group, users bool) object {
	out := object{
		"id": g.id, "team_id": s.o.Team, "is_usergroup": true, "is_subteam": true, "name": g.name, "description": "", "handle": g.handle, "is_external": false,
		"date_create": made, "date_update": made, "date_delete": 0, "auto_type": nil, "auto_provision": false, "enterprise_subteam_id": "",
		"created_by": Sam, "updated_by": Sam, "deleted_by": nil, "prefs": object{"channels": []string{}, "groups": []string{}},
	}
	out["user_count"] = len(g.users)
	if users {
		out["users"] = append([]string{}, g.users...)
	}
	return out
}

func plainText(text string) any {
	if text == "" {
		return nil
	}
	return object{"type": "plain_text", "text": text, "emoji": true}
}

func (s *Slack) viewJSON(v *view) object {
	out := object{
		"id": v.id, "team_id": s.o.Team, "type": v.kind, "blocks": v.blocks, "private_metadata": v.metadata, "callback_id": v.callback, "state": object{"values": v.values()},
		"hash": v.hash, "title": object{"type": "plain_text", "text": v.title, "emoji": true}, "clear_on_close": v.clears, "notify_on_close": v.notifies,
		"close": plainText(v.close), "submit": plainText(v.submit), "previous_view_id": nil, "root_view_id": v.root, "app_id": App, "external_id": v.external,
		"app_installed_team_id": s.o.Team, "bot_id": Bot,
	}
	if v.previous != "" {
		out["previous_view_id"] = v.previous
	}
	return out
}
