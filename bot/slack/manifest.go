package slack

import (
	"fmt"
	"strconv"
	"strings"

	"mayday/bot/chat"
)

// scope is a right of the bot, and what is missing without it.
type scope struct{ name, without string }

var scopes = []scope{
	{"commands", "the slash command and the shortcuts do not work"},
	{"chat:write", "I can post nothing"},
	{"app_mentions:read", "I do not hear @mayday in threads"},
	{"files:write", "pictures become text"},
	{"pins:write", "cards are not pinned"},
	{"im:write", "I can write to nobody directly"},
	{"channels:read", "public channels are not found by name"},
	{"groups:read", "private channels are not found by name"},
	{"users:read", "I do not know who is a guest: nobody may act"},
	{"users:read.email", "people are not matched to PagerDuty by e-mail"},
	{"usergroups:read", "user groups give no roles"},
}

// historyScopes come with `history: true` only.
var historyScopes = []scope{
	{"channels:history", "a doubtful message is repeated instead of read back"},
	{"groups:history", "a doubtful message is repeated instead of read back in private channels"},
}

// wanted are the scopes for these settings.
func (own *settings) wanted() []scope {
	if !own.History {
		return scopes
	}
	return append(append([]scope(nil), scopes...), historyScopes...)
}

// usedBy reads what is known of the settings; what cannot be read yet is what the
// steps are for.
func usedBy(s chat.Start) settings {
	own := settings{Mode: modeSocket}
	_ = s.Section.Decode(&own)
	return own
}

// manifest describes the app to Slack, so that nobody has to click it together.
func manifest(s chat.Start) string {
	own := usedBy(s)
	http := func(line, path string) string {
		if own.Mode != modeHTTP {
			return ""
		}
		return line + strconv.Quote(reached(s)+path) + "\n"
	}
	var b strings.Builder
	b.WriteString("_metadata:\n  major_version: 2\n  minor_version: 1\n")
	fmt.Fprintf(&b, "display_information:\n  name: %s\n  description: Incident threads and playbooks\n  background_color: \"#1a1f26\"\n", quoted(s.Command))
	fmt.Fprintf(&b, "features:\n  bot_user:\n    display_name: %s\n    always_online: true\n", quoted(s.Command))
	b.WriteString("  app_home:\n    home_tab_enabled: true\n    messages_tab_enabled: true\n    messages_tab_read_only_enabled: false\n")
	fmt.Fprintf(&b, "  slash_commands:\n    - command: %s\n%s      description: Incidents and playbooks\n      usage_hint: %s\n      should_escape: true\n",
		quoted("/"+s.Command), http("      url: ", hookCommands), quoted(hint(s.Commands)))
	b.WriteString("  shortcuts:\n")
	for _, c := range []struct{ name, kind, id, help string }{
		{"Open an incident", "global", "open", "Start an incident"},
		{"Add to timeline", "message", "note", "Keep this message on the timeline"},
		{"Use as status update", "message", "update", "Post these words to status"},
	} {
		fmt.Fprintf(&b, "    - name: %s\n      type: %s\n      callback_id: %s\n      description: %s\n", c.name, c.kind, c.id, c.help)
	}
	b.WriteString("oauth_config:\n  scopes:\n    bot:\n")
	for _, one := range own.wanted() {
		fmt.Fprintf(&b, "      - %s\n", quoted(one.name))
	}
	fmt.Fprintf(&b, "settings:\n  event_subscriptions:\n%s    bot_events:\n      - app_mention\n      - app_home_opened\n", http("    request_url: ", hookEvents))
	fmt.Fprintf(&b, "  interactivity:\n    is_enabled: true\n%s%s", http("    request_url: ", hookInteractions), http("    message_menu_options_url: ", hookInteractions))
	fmt.Fprintf(&b, "  socket_mode_enabled: %t\n  org_deploy_enabled: false\n  token_rotation_enabled: false\n", own.Mode == modeSocket)
	return b.String()
}

func quoted(s string) string { return strconv.Quote(chat.Clean(s)) }

// hint are the verbs to remember.
func hint(all []chat.Command) string {
	var verbs []string
	for _, c := range all[:min(len(all), 5)] {
		verbs = append(verbs, c.Name)
	}
	return strings.Join(verbs, " | ")
}
