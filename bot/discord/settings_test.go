package discord

import (
	"encoding/json"
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/config"
)

func section(t *testing.T, text string) config.Section {
	t.Helper()
	f, err := config.Parse("mayday.yaml", []byte("chat:\n  discord: "+text+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return f.Section("chat", "discord")
}

func TestSettings(t *testing.T) {
	t.Setenv("DISCORD_KEY", strings.Repeat("ab", 32))
	t.Setenv("DISCORD_TOKEN", pretend)
	key := strings.Repeat("ab", 32)
	for text, want := range map[string]string{
		`{token: env:DISCORD_TOKEN, server: "118"}`:                                          "",
		`{token: env:DISCORD_TOKEN, server: 118, application_id: 99}`:                        "",
		`{token: env:DISCORD_TOKEN, server: "118", mode: http, public_key: "` + key + `"}`:   "",
		`{token: env:DISCORD_TOKEN, server: "118", mode: http, public_key: env:DISCORD_KEY}`: "",
		`{token: env:DISCORD_TOKEN, server: "118", api_url: "http://127.0.0.1:1"}`:           "",
		`{token: env:DISCORD_TOKEN, server: "118", api_url: "http://127.0.0.1:1/"}`:          "",
		`{server: "118"}`:                                                                   "token` is missing",
		`{token: env:DISCORD_TOKEN}`:                                                        "server` is missing",
		`{token: env:DISCORD_TOKEN, server: acme}`:                                          "is the number of the server",
		`{token: env:DISCORD_TOKEN, server: "118", mode: socket}`:                           "is gateway or http",
		`{token: env:DISCORD_TOKEN, server: "118", mode: http}`:                             "public_key` is missing",
		`{token: env:DISCORD_TOKEN, server: "118", public_key: "abc"}`:                      "is not a public key",
		`{token: env:DISCORD_TOKEN, server: "118", application_id: mayday}`:                 "is a number",
		`{token: env:DISCORD_TOKEN, server: "118", api_url: "https://discord.com/api/v10"}`: "scheme and host only",
		`{token: env:DISCORD_TOKEN, server: "118", api_url: "discord.com"}`:                 "is no address",
		`{token: env:DISCORD_TOKEN, server: env:NO_SUCH_VARIABLE_HERE}`:                     "is not set",
		`{token: env:DISCORD_TOKEN, server: "118", sever: "1"}`:                             "Did you mean `server`",
	} {
		_, err := Platform.New(chat.Start{Section: section(t, text)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestSetup(t *testing.T) {
	rooms := map[string]string{"operations": "#ops", "status": "#status"}
	empty := setup(chat.Start{Command: "mayday", Rooms: rooms})
	for _, want := range []string{"client_id=<APP_ID>", "permissions=309237763072", "#ops and #status", "token: env:DISCORD_TOKEN", "mayday doctor", "server: \"<SERVER_ID>\"", "leave Interactions Endpoint URL empty"} {
		if !strings.Contains(empty, want) {
			t.Errorf("without a configuration %q is missing:\n%s", want, empty)
		}
	}
	full := setup(chat.Start{Command: "mayday", Rooms: rooms, URL: "https://mayday.acme.dev/",
		Section: section(t, `{mode: http, token: env:DISCORD_TOKEN, server: "118", application_id: "99", public_key: "`+strings.Repeat("ab", 32)+`"}`)})
	for _, want := range []string{"client_id=99&", "https://mayday.acme.dev/hooks/discord", "server: \"118\"", "mode: http"} {
		if !strings.Contains(full, want) {
			t.Errorf("with a configuration %q is missing:\n%s", want, full)
		}
	}
	if strings.Contains(full, "<APP_ID>") {
		t.Errorf("what is known is filled in:\n%s", full)
	}
}

func TestRenderIsJSON(t *testing.T) {
	raw, err := Platform.Render(card("k"))
	var any map[string]any
	if err != nil || json.Unmarshal(raw, &any) != nil {
		t.Errorf("got %s %v", raw, err)
	}
}
