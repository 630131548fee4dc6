package discord

import (
	"net/http"
	"time"
)

// inGuild is for calls that name the guild; the lock is held.
func (d *Discord) inGuild(next endpoint) endpoint {
	return func(c *call) (int, any, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		app, ofApp := c.args["application_id"]
		if ofApp && app != d.o.ApplicationID {
			return 0, nil, refuse(http.StatusForbidden, 20012, "You are not authorized to perform this action on this application")
		}
		if c.args["guild_id"] != d.world.id || !d.world.member {
			if ofApp {
				return 0, nil, missingAccess()
			}
			return 0, nil, unknownGuild()
		}
		return next(c)
	}
}

func (d *Discord) getGuild(c *call) (int, any, error) {
	out := d.guildJSON()
	if c.URL.Query().Get("with_counts") == "true" {
		out["approximate_member_count"], out["approximate_presence_count"] = len(d.world.people), len(d.world.people)
	}
	return http.StatusOK, out, nil
}

func (d *Discord) getChannels(*call) (int, any, error) {
	out := []any{}
	for _, c := range d.world.channels {
		if !c.thread() {
			out = append(out, d.channelJSON(c))
		}
	}
	return http.StatusOK, out, nil
}

func (d *Discord) getRoles(*call) (int, any, error) {
	out := []any{}
	for _, r := range d.world.roles {
		out = append(out, roleJSON(r))
	}
	return http.StatusOK, out, nil
}

func (d *Discord) getActiveThreads(*call) (int, any, error) {
	threads := []any{}
	for _, c := range d.world.channels {
		if c.thread() && !c.archived {
			threads = append(threads, d.channelJSON(c))
		}
	}
	return http.StatusOK, object{"threads": threads, "members": []any{}, "has_more": false}, nil
}

func (d *Discord) getMember(c *call) (int, any, error) {
	if c.args["user_id"] == "@me" {
		return 0, nil, refuse(http.StatusMethodNotAllowed, 0, "405: Method Not Allowed")
	}
	p := d.world.person(c.args["user_id"])
	if p == nil {
		return 0, nil, refuse(http.StatusNotFound, 10007, "Unknown Member")
	}
	return http.StatusOK, d.memberJSON(p), nil
}

func (d *Discord) getMe(*call) (int, any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := userJSON(d.world.person(d.world.bot))
	out["mfa_enabled"], out["locale"], out["verified"], out["email"], out["bio"] = true, "en-US", true, nil, ""
	return http.StatusOK, out, nil
}

func (d *Discord) getMyGuilds(*call) (int, any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []any{}
	if d.world.member {
		rights := d.world.rights(d.world.person(d.world.bot), nil)
		out = append(out, object{"id": d.world.id, "name": "acme ops", "icon": nil, "banner": nil, "owner": false, "permissions": rights.String(), "features": []any{}})
	}
	return http.StatusOK, out, nil
}

func (d *Discord) getApplication(*call) (int, any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	guilds := 0
	if d.world.member {
		guilds = 1
	}
	out := object{
		"id": d.o.ApplicationID, "name": "Mayday", "icon": nil, "description": "", "type": nil, "verify_key": d.PublicKeyHex(), "flags": 0, "flags_new": "0", "bot_public": false,
		"bot_require_code_grant": false, "redirect_uris": []any{}, "interactions_endpoint_url": nil, "role_connections_verification_url": nil,
		"owner": userJSON(d.author(Sam)), "approximate_guild_count": guilds, "approximate_user_install_count": 0, "approximate_user_authorization_count": 0,
		"explicit_content_filter": 0, "team": nil, "eligible_oauth2_scopes": []any{}, "summary": "", "bot": userJSON(d.world.person(d.world.bot)),
	}
	if d.target != "" {
		out["interactions_endpoint_url"] = d.target
	}
	if d.o.Privileged&intentContent != 0 {
		out["flags"] = 1 << 19 // GATEWAY_MESSAGE_CONTENT_LIMITED
	}
	return http.StatusOK, out, nil
}

func (d *Discord) getGateway(*call) (int, any, error) {
	return http.StatusOK, object{"url": d.gateway.address("")}, nil
}

func (d *Discord) getGatewayBot(*call) (int, any, error) {
	left, reset := d.gateway.budgetLeft()
	return http.StatusOK, object{
		"url": d.gateway.address(""), "shards": 1,
		"session_start_limit": object{"total": sessionsPerDay, "remaining": left, "reset_after": reset / time.Millisecond, "max_concurrency": 1},
	}, nil
}
