package discord

import (
	"fmt"
	"strings"

	"mayday/bot/chat"
)

// The permissions of the invite link: View Channels, Send Messages, Embed Links,
// Attach Files, Read Message History, Create Public Threads, Send Messages in
// Threads.
const invited = 309237763072

func inviteURL(app string) string {
	return fmt.Sprintf("https://discord.com/oauth2/authorize?client_id=%s&scope=bot%%20applications.commands&permissions=%d", app, invited)
}

const portalURL = "https://discord.com/developers/applications"

// setup prints what to do at Discord, with what is known filled in.
func setup(s chat.Start) string {
	own := settings{Mode: modeGateway}
	_ = s.Section.Decode(&own) // what cannot be read yet is what the steps are for
	app, server := own.ApplicationID.text, own.Server.text
	if !isID(app) {
		app = "<APP_ID>"
	}
	if !isID(server) {
		server = "<SERVER_ID>"
	}
	steps := []string{
		"Open " + portalURL + " and press New Application. Name it mayday.\nOn General Information copy the Application ID" + copyKey(own.Mode) + ".",
		"On Bot press Reset Token and copy it. It is shown once:\n    export DISCORD_TOKEN=…\nLeave all three Privileged Gateway Intents off. Mayday needs none.",
		"Invite it to your server (you need Manage Server there):\n    " + inviteURL(app) +
			"\nPut your Application ID there" + filled01(app) + ". It asks for: View Channels, Send Messages,\nEmbed Links, Attach Files, Read Message History, Create Public Threads,\nSend Messages in Threads.",
		"In Discord open User Settings, Advanced, and turn Developer Mode on. Right-click your\nserver, Copy Server ID, and write into mayday.yaml:\n" + indent(configLines(own.Mode, app, server)),
		"Make the channels " + shownRooms(s.Rooms) + ", if they are not there. In a private channel\n" +
			"add the role mayday (Edit Channel, Permissions): View Channel, Send Messages, Embed Links,\nCreate Public Threads, Send Messages in Threads, Read Message History.",
		"Roles that Mayday is to call, such as your approvers: Server Settings, Roles, the role,\nturn on \"Allow anyone to @mention this role\".",
	}
	if own.Mode == modeHTTP {
		steps = append(steps, "Start mayday serve. Then, on General Information in the portal, set\n    Interactions Endpoint URL: "+endpoint(s.URL)+
			"\nand press Save Changes. Discord calls it at once, with right and with forged signatures;\nsaving fails unless Mayday runs and can be reached from outside.")
	} else {
		steps = append(steps, "On General Information in the portal leave Interactions Endpoint URL empty: with one,\nDiscord sends nothing over the gateway.")
	}
	steps = append(steps, "Check it:\n    mayday doctor -c mayday.yaml\nThen start mayday serve and type /"+s.Command+" help in Discord.")
	var b strings.Builder
	b.WriteString("Discord, step by step\n")
	for n, text := range steps {
		fmt.Fprintf(&b, "\n%d. %s\n", n+1, strings.ReplaceAll(text, "\n", "\n   "))
	}
	return b.String()
}

func copyKey(mode string) string {
	if mode == modeHTTP {
		return " and the Public Key"
	}
	return ""
}

func filled01(app string) string {
	if isID(app) {
		return " (it is there already)"
	}
	return " for <APP_ID>"
}

func configLines(mode, app, server string) string {
	lines := []string{"chat:", "  discord:"}
	if mode == modeHTTP {
		lines = append(lines, "    mode: http", "    public_key: \"<PUBLIC_KEY>\"")
	}
	lines = append(lines, "    token: env:DISCORD_TOKEN")
	if isID(app) {
		lines = append(lines, "    application_id: \""+app+"\"")
	}
	return strings.Join(append(lines, "    server: \""+server+"\""), "\n")
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

func shownRooms(rooms map[string]string) string {
	show := func(room string) string {
		n := rooms[room]
		if n == "" {
			return "#" + room
		}
		if isID(n) {
			return n
		}
		return "#" + strings.TrimPrefix(n, "#")
	}
	return show("operations") + " and " + show("status")
}

func endpoint(base string) string {
	if base == "" {
		base = "https://<WHERE MAYDAY IS REACHED>"
	}
	return strings.TrimRight(base, "/") + hookPath
}
