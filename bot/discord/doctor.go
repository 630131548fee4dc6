package discord

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

func good(text string) chat.Finding      { return chat.Finding{OK: true, Text: text} }
func warn(text, fix string) chat.Finding { return chat.Finding{Warn: true, Text: text, Fix: fix} }
func bad(text, fix string) chat.Finding  { return chat.Finding{Text: text, Fix: fix} }

// Check asks what is missing. It only reads.
func (p *platform) Check(ctx context.Context) []chat.Finding {
	if _, err := p.own.Token.Reveal(); err != nil {
		return []chat.Finding{bad(err.Error(), "Give "+p.own.Token.Ref()+" a value: the token of the Bot page in "+portalURL)}
	}
	app, err := p.askApplication(ctx)
	if err != nil {
		return []chat.Finding{unasked("token", err)}
	}
	found := []chat.Finding{good("token works: application " + quotedName(app.Name))}
	found = append(found, p.checkApplication(app)...)
	server, fine := p.checkServer(ctx, app.ID)
	found = append(found, server)
	if !fine {
		return found
	}
	found = append(found, p.checkCommands(ctx))
	return append(found, p.checkChannels(ctx)...)
}

func quotedName(s string) string { return `"` + chat.Clamp(chat.Clean(s), 60) + `"` }

// unasked is a check that could not be made.
func unasked(what string, err error) chat.Finding {
	t := troubleOf(err)
	switch {
	case t == nil:
	case t.status == http.StatusUnauthorized:
		return bad("Discord refused the token", "Open "+portalURL+", Bot, Reset Token, and put the new one into chat.discord.token.")
	case t.local || t.status == http.StatusTooManyRequests || t.banned:
		return warn(what+": Discord wants to be asked later", "Run doctor again in a few minutes.")
	case t.status == 0:
		return bad(what+": Discord does not answer ("+t.Error()+")", "Check the network, and chat.discord.api_url.")
	}
	return bad(what+": "+err.Error(), "Check chat.discord.")
}

// checkApplication holds the settings against what the portal says.
func (p *platform) checkApplication(app application) []chat.Finding {
	var found []chat.Finding
	if want := p.own.ApplicationID.text; want != "" && want != app.ID {
		found = append(found, bad("application_id is not the application of this token", "Write application_id: \""+app.ID+"\", or leave it out."))
	}
	if p.own.Mode == modeGateway && app.Endpoint != "" {
		found = append(found, bad("the portal has an Interactions Endpoint URL: nothing comes over the gateway",
			"Open "+portalURL+", General Information, and empty it; or set chat.discord.mode to http."))
	}
	if p.own.Mode != modeHTTP {
		return found
	}
	if app.VerifyKey != "" && !strings.EqualFold(app.VerifyKey, hex.EncodeToString(p.own.key)) {
		found = append(found, bad("public_key is not the key of this application: every press would be refused", "Copy the Public Key from "+portalURL+", General Information."))
	} else {
		found = append(found, good("public key matches"))
	}
	if want := endpoint(p.start.URL); app.Endpoint == "" || p.start.URL != "" && app.Endpoint != want {
		found = append(found, bad("the portal does not send interactions here", "Start mayday serve, then set Interactions Endpoint URL to "+want+" in "+portalURL+"."))
	}
	return found
}

func (p *platform) checkServer(ctx context.Context, app string) (chat.Finding, bool) {
	var g struct {
		Name string `json:"name"`
	}
	err := p.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointGuild(p.own.Server.text), route: "GET guilds/" + p.own.Server.text, out: &g})
	t := troubleOf(err)
	switch {
	case err == nil:
		return good("server " + quotedName(g.Name)), true
	case t != nil && (t.status == http.StatusForbidden || t.status == http.StatusNotFound) && !t.banned:
		return bad("not on the server "+p.own.Server.text, "Invite me: "+inviteURL(app)+" (or correct chat.discord.server)"), false
	}
	return unasked("server", err), false
}

func (p *platform) checkCommands(ctx context.Context) chat.Finding {
	id, err := p.applicationID(ctx)
	if err != nil {
		return unasked("commands", err)
	}
	same, err := p.sameCommands(ctx, id, wanted(p.start.Command, p.start.Commands))
	t := troubleOf(err)
	switch {
	case err == nil && same:
		return good("commands registered")
	case err == nil:
		return warn("commands are not registered yet, or from another version", "Start mayday serve: it registers them.")
	case t != nil && t.status == http.StatusForbidden && !t.banned:
		return bad("may not register commands", "Invite me again with the scope applications.commands: "+inviteURL(id))
	}
	return unasked("commands", err)
}

// checkChannels looks at what I may do in both channels, and whom I may call.
func (p *platform) checkChannels(ctx context.Context) []chat.Finding {
	channels, err := p.rooms.list(ctx, chat.Weight{})
	if err != nil {
		return []chat.Finding{unasked("channels", err)}
	}
	roles, err := p.guild.refresh(ctx)
	if err != nil {
		return []chat.Finding{unasked("roles", err)}
	}
	me, err := p.botID(ctx)
	if err != nil {
		return []chat.Finding{unasked("my account", err)}
	}
	var m discordgo.Member
	err = p.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointGuildMember(p.own.Server.text, me),
		route: "GET guilds/" + p.own.Server.text + "/members/*", out: &m})
	if err != nil {
		return []chat.Finding{unasked("my roles", err)}
	}
	var found []chat.Finding
	for _, room := range p.roomNames() {
		found = append(found, p.checkChannel(room, channels, roles, me, m.Roles)...)
	}
	return append(found, p.checkMentions(channels, roles, me, m.Roles)...)
}

func (p *platform) roomNames() []string {
	var out []string
	for room := range p.start.Rooms {
		out = append(out, room)
	}
	slices.Sort(out)
	return out
}

func (p *platform) checkChannel(room string, channels []discordgo.Channel, roles []discordgo.Role, me string, has []string) []chat.Finding {
	shown := p.rooms.shown(room)
	m := match(channels, p.start.Rooms[room])
	switch {
	case len(m) == 0:
		return []chat.Finding{bad("no text channel "+shown, "Make it, or change chat.channels.")}
	case len(m) > 1:
		return []chat.Finding{bad("several channels are called "+shown, "Put the id of one into chat.channels: right-click it, Copy Channel ID.")}
	}
	shown = "#" + chat.Clean(m[0].Name)
	may := effective(p.own.Server.text, me, has, roles, m[0])
	wants := needed
	if room == "operations" {
		wants = append(slices.Clone(needed), neededInOperations...)
	}
	var found []chat.Finding
	for _, w := range wants {
		if may&w.bit != 0 {
			continue
		}
		fix := fmt.Sprintf("Edit Channel %s, Permissions, my role: turn on %q.", shown, w.name)
		if w.what != "" {
			found = append(found, warn(fmt.Sprintf("%s: %s is missing, %s", shown, w.name, w.what), fix))
			continue
		}
		found = append(found, bad(fmt.Sprintf("%s: %s is missing", shown, w.name), fix))
	}
	if len(found) == 0 {
		return []chat.Finding{good(shown + ": I may do what I need")}
	}
	return found
}

// checkMentions warns about roles that were to be called and cannot be.
func (p *platform) checkMentions(channels []discordgo.Channel, roles []discordgo.Role, me string, has []string) []chat.Finding {
	var may int64
	if m := match(channels, p.start.Rooms["operations"]); len(m) == 1 {
		may = effective(p.own.Server.text, me, has, roles, m[0])
	}
	var found []chat.Finding
	for _, want := range p.start.Groups {
		r, ok := find(roles, strings.TrimPrefix(want, "@"))
		switch {
		case !ok && isID(want): // a person
		case !ok:
			found = append(found, bad("no role "+chat.Clamp(chat.Clean(want), 60)+", or several of this name", "Server Settings, Roles: make it, or give it a name of its own."))
		case !r.Mentionable && may&bitMention == 0:
			found = append(found, warn("role @"+chat.Clean(r.Name)+" cannot be mentioned by me",
				"Server Settings → Roles → "+chat.Clean(r.Name)+" → \"Allow anyone to @mention this role\""))
		}
	}
	return found
}

// find is the role of an id, or of a name that only one role has.
func find(roles []discordgo.Role, want string) (discordgo.Role, bool) {
	var found []discordgo.Role
	for _, r := range roles {
		if r.ID == want || r.Name == want {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		return discordgo.Role{}, false
	}
	return found[0], true
}
