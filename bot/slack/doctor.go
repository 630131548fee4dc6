package slack

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

func good(text string) chat.Finding      { return chat.Finding{OK: true, Text: text} }
func warn(text, fix string) chat.Finding { return chat.Finding{Warn: true, Text: text, Fix: fix} }
func bad(text, fix string) chat.Finding  { return chat.Finding{Text: text, Fix: fix} }

// Check asks what is missing. It only reads.
func (p *platform) Check(ctx context.Context) []chat.Finding {
	if _, err := p.own.BotToken.Reveal(); err != nil {
		return []chat.Finding{bad(err.Error(), "Give "+p.own.BotToken.Ref()+" a value: the Bot User OAuth Token of "+appsURL+", Install App")}
	}
	var have string
	me, err := p.self.ask(ctx, &have)
	if err != nil {
		return []chat.Finding{unasked("token", err)}
	}
	found := []chat.Finding{good(fmt.Sprintf("token works: team %q, bot @%s", clean(me.Team), clean(me.User)))}
	if len(p.own.Team) > 0 && !slices.Contains(p.own.Team, me.TeamID) {
		found = append(found, bad("team does not name this workspace: nobody in it may act", "Write team: "+me.TeamID+" into chat.slack, or leave it out."))
	}
	missing := p.checkScopes(have)
	if len(missing) == 0 {
		missing = []chat.Finding{good("scopes are all there")}
	}
	found = append(found, missing...)
	found = append(found, p.checkDelivery(ctx)...)
	found = append(found, p.checkChannels(ctx)...)
	return append(found, p.checkGroups(ctx)...)
}

func clean(s string) string { return chat.Clamp(chat.Clean(s), 60) }

// unasked is a check that could not be made.
func unasked(what string, err error) chat.Finding {
	t := troubleOf(err)
	switch {
	case t == nil:
	case refusedToken[t.code], t.status == http.StatusUnauthorized:
		return bad(fmt.Sprintf("Slack refused the bot token (%s)", clean(t.code)), "Open "+appsURL+", the app, Install App, Reinstall, and put the Bot User OAuth Token into chat.slack.bot_token.")
	case t.local, t.limited():
		return warn(what+": Slack wants to be asked later", "Run doctor again in a few minutes.")
	case t.status == 0:
		return bad(what+": Slack does not answer ("+t.Error()+")", "Check the network, and chat.slack.api_url.")
	case t.code == "missing_scope":
		return bad(what+": scope "+clean(t.needed)+" missing", reinstall)
	}
	return bad(what+": "+err.Error(), "Check chat.slack.")
}

const reinstall = "api.slack.com/apps → the app → App Manifest → paste `mayday setup slack --manifest` → Reinstall"

func (p *platform) checkScopes(have string) []chat.Finding {
	if have == "" {
		return []chat.Finding{warn("scopes not known: Slack did not say", "Run doctor again.")}
	}
	got := set(strings.FieldsFunc(have, func(r rune) bool { return r == ',' || r == ' ' })...)
	var found []chat.Finding
	for _, s := range p.own.wanted() {
		if !got[s.name] {
			found = append(found, bad("scope "+s.name+" missing: "+s.without, reinstall))
		}
	}
	return found
}

// checkDelivery looks at what Slack's words come by.
func (p *platform) checkDelivery(ctx context.Context) []chat.Finding {
	if p.own.Mode == modeHTTP {
		return p.checkHooks()
	}
	if _, err := p.own.AppToken.Reveal(); err != nil {
		return []chat.Finding{bad(err.Error(), "Give "+p.own.AppToken.Ref()+" a value: "+appsURL+", Basic Information, App-Level Tokens, with connections:write")}
	}
	// The address is asked for and not used: that opens nothing.
	_, err := p.socketAddress(ctx)
	if err == nil {
		return []chat.Finding{good("socket can be opened")}
	}
	if t := troubleOf(err); t != nil {
		if t.local || t.limited() {
			return []chat.Finding{warn("socket: Slack wants to be asked later", "Run doctor again in a few minutes.")}
		}
		return []chat.Finding{bad("socket: "+t.Error(), "Check the network.")}
	}
	return []chat.Finding{bad("socket: Slack "+err.Error(), appsURL+", the app: Basic Information, App-Level Tokens (connections:write), and Socket Mode on")}
}

func (p *platform) checkHooks() []chat.Finding {
	secret, err := p.own.SigningSecret.Reveal()
	if err != nil || secret == "" {
		return []chat.Finding{bad("the signing secret cannot be read: every delivery would be refused",
			"Give "+p.own.SigningSecret.Ref()+" a value: "+appsURL+", Basic Information, App Credentials, Signing Secret")}
	}
	found := []chat.Finding{good("signing secret is there")}
	if p.start.URL == "" {
		found = append(found, warn("web.url is not set: I cannot tell where Slack should call", "Set web.url to the address that Slack reaches from outside, https://…"))
	}
	return found
}

func (p *platform) checkChannels(ctx context.Context) []chat.Finding {
	var names []string
	for room := range p.start.Rooms {
		names = append(names, room)
	}
	slices.Sort(names)
	var found []chat.Finding
	for _, room := range names {
		found = append(found, p.checkChannel(ctx, room))
	}
	return found
}

func (p *platform) checkChannel(ctx context.Context, room string) chat.Finding {
	shown := p.rooms.shown(room)
	id, ok := p.rooms.known(room)
	if !ok {
		if err := p.rooms.look(ctx, chat.Weight{}); err != nil {
			return unasked("channels", err)
		}
		if id, ok = p.rooms.known(room); !ok {
			return bad("no channel "+shown+" that I can see", "Make it, or, where it is private, open it and type  /invite @"+p.start.Command)
		}
	}
	var out struct {
		Channel channel `json:"channel"`
	}
	err := p.api.do(ctx, call{method: methodInfo, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.GetConversationInfoContext(ctx, &slackgo.GetConversationInfoInput{ChannelID: id})
		return err
	}})
	if out.Channel.Name != "" {
		shown = "#" + clean(out.Channel.Name)
	}
	switch {
	case coded(err, "channel_not_found"):
		return bad("no channel "+shown+" that I can see", "Change chat.channels, or, where it is private, open it and type  /invite @"+p.start.Command)
	case err != nil:
		return unasked(shown, err)
	case out.Channel.IsArchived:
		return bad(shown+" is archived", "Unarchive it, or change chat.channels.")
	case !out.Channel.IsMember:
		return bad("not in "+shown, "in Slack, open "+shown+" and type  /invite @"+p.start.Command)
	}
	return good("in " + shown)
}

// checkGroups looks for the groups that give roles.
func (p *platform) checkGroups(ctx context.Context) []chat.Finding {
	if len(p.start.Groups) == 0 {
		return nil
	}
	if err := p.people.refreshGroups(ctx); err != nil {
		return []chat.Finding{unasked("user groups", err)}
	}
	var found []chat.Finding
	for _, want := range p.start.Groups {
		if _, ok := p.people.groupID(strings.TrimPrefix(want, "@")); !ok {
			found = append(found, bad("no user group @"+clean(strings.TrimPrefix(want, "@")), "In Slack open People, User groups, and make it, or correct people in mayday.yaml."))
		}
	}
	if len(found) == 0 {
		found = append(found, good("user groups are all there"))
	}
	return found
}
