package slack

import (
	"fmt"
	"net/url"
	"strings"

	"mayday/bot/chat"
)

const appsURL = "https://api.slack.com/apps"

// setup prints what to do at Slack, with what is known filled in.
func setup(s chat.Start) string {
	own := usedBy(s)
	steps := []string{
		"Open this link. Slack shows the app filled in; choose your workspace, press Next and\n" +
			"Create. (Or open " + appsURL + ", Create New App, From a manifest, and paste\nwhat `mayday setup slack --manifest` prints.)\n    " + createURL(s),
		"In the app's settings open Install App and press Install to Workspace, then Allow.\n" +
			"A workspace where apps need approval asks an admin first. Copy the Bot User OAuth Token:\n    export SLACK_BOT_TOKEN=xoxb-…",
		proofStep(own.Mode),
		"Write into mayday.yaml:\n" + indent(configLines(own)),
		"Make the channels " + shownRooms(s.Rooms) + ", if they are not there. In each of them type:\n    /invite @" + s.Command,
		"Who may do what: user groups (People, User groups; a paid plan has them) or members\n" +
			"(their profile, ⋮, Copy member ID), in mayday.yaml:\n    people:\n      responder: [\"slack:@sre\"]\n      approver:  [\"slack:@sre-leads\", \"slack:U0123ABCD\"]",
	}
	if own.Mode == modeHTTP {
		steps = append(steps, "Start mayday serve. Slack must reach it from outside. Then open App Manifest in the app's\n"+
			"settings and press \"Click here to verify\" beside the request URL:\n    "+reached(s)+hookEvents)
	}
	steps = append(steps, "Check it:\n    mayday doctor -c mayday.yaml\nThen start mayday serve and type /"+s.Command+" in Slack.")
	var b strings.Builder
	b.WriteString("Slack, step by step\n")
	for n, text := range steps {
		fmt.Fprintf(&b, "\n%d. %s\n", n+1, strings.ReplaceAll(text, "\n", "\n   "))
	}
	if own.History {
		b.WriteString("\nWith history: true the app may read the channels that it is in, to find a message again\nwhose sending was in doubt.\n")
		return b.String()
	}
	b.WriteString("\nMayday asks for no history scope: it cannot read your conversations.\n")
	return b.String()
}

func createURL(s chat.Start) string {
	// A plus is a space in forms only.
	return appsURL + "?new_app=1&manifest_yaml=" + strings.ReplaceAll(url.QueryEscape(manifest(s)), "+", "%20")
}

// proofStep is about what proves who is who: the token of the socket, or the
// secret of the signatures.
func proofStep(mode string) string {
	if mode == modeHTTP {
		return "Open Basic Information, App Credentials, and copy the Signing Secret:\n    export SLACK_SIGNING_SECRET=…"
	}
	return "Open Basic Information, App-Level Tokens, and press Generate Token and Scopes. Name it\n" +
		"socket, add the scope connections:write, press Generate and copy the token:\n    export SLACK_APP_TOKEN=xapp-…"
}

func configLines(own settings) string {
	lines := []string{"chat:", "  slack:"}
	if own.Mode == modeHTTP {
		lines = append(lines, "    mode: http", "    bot_token: env:SLACK_BOT_TOKEN", "    signing_secret: env:SLACK_SIGNING_SECRET")
	} else {
		lines = append(lines, "    bot_token: env:SLACK_BOT_TOKEN", "    app_token: env:SLACK_APP_TOKEN")
	}
	if own.History {
		lines = append(lines, "    history: true")
	}
	return strings.Join(lines, "\n")
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

func shownRooms(all map[string]string) string {
	show := func(room string) string {
		n := all[room]
		if n == "" {
			n = room
		}
		if isChannel(n) {
			return n
		}
		return "#" + strings.TrimPrefix(n, "#")
	}
	return show("operations") + " and " + show("status")
}

func reached(s chat.Start) string {
	if s.URL == "" {
		return "https://<WHERE MAYDAY IS REACHED>"
	}
	return strings.TrimRight(s.URL, "/")
}
