package slack

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/config"
)

func section(t *testing.T, text string) config.Section {
	t.Helper()
	f, err := config.Parse("mayday.yaml", []byte("chat:\n  slack: "+text+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return f.Section("chat", "slack")
}

func TestSettings(t *testing.T) {
	for text, want := range map[string]string{
		`{bot_token: env:B, app_token: env:A}`:                                        "",
		`{bot_token: env:B, app_token: env:A, mode: socket, history: true}`:           "",
		`{bot_token: env:B, app_token: env:A, team: T0ACME}`:                          "",
		`{bot_token: env:B, app_token: env:A, team: [T0ACME, T0OTHER]}`:               "",
		`{bot_token: env:B, app_token: env:A, api_url: "http://127.0.0.1:1/api"}`:     "",
		`{bot_token: env:B, app_token: env:A, api_url: "https://slack-gov.com/api/"}`: "",
		`{bot_token: env:B, mode: http, signing_secret: env:S}`:                       "",
		`{app_token: env:A}`: "`chat.slack.bot_token` is missing",
		`{bot_token: env:B}`: "`chat.slack.app_token` is missing",
		`{bot_token: env:B, app_token: env:A, mode: http}`:                       "`chat.slack.signing_secret` is missing",
		`{bot_token: env:B, app_token: env:A, mode: gateway}`:                    "socket or http",
		`{bot_token: env:B, app_token: env:A, team: acme}`:                       "id of a workspace",
		`{bot_token: env:B, app_token: env:A, api_url: slack.com}`:               "is no address",
		`{bot_token: env:B, app_token: env:A, api_url: "https://u:p@slack.com"}`: "is no address",
		`{bot_token: env:B, app_token: env:A, api_url: "https://slack.com/?a"}`:  "is no address",
		`{bot_token: env:B, app_token: env:A, histroy: true}`:                    "Did you mean `history`",
		`{bot_token: xoxb-123456789012-abcdefghijkl, app_token: env:A}`:          "secret",
	} {
		_, err := Platform.New(chat.Start{Section: section(t, text)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestTheAddressEndsWithASlash(t *testing.T) {
	for in, want := range map[string]string{"https://slack.com/api": "https://slack.com/api/", "https://slack.com/api/": "https://slack.com/api/", "http://127.0.0.1:8080": "http://127.0.0.1:8080/"} {
		own, err := readSettings(section(t, `{bot_token: env:B, app_token: env:A, api_url: "`+in+`"}`))
		if err != nil || own.base.String() != want {
			t.Errorf("%s: got %v, %v", in, own.base, err)
		}
	}
}

func TestWhoIsAllowed(t *testing.T) {
	for _, c := range []struct {
		team, home string
		list       []string
		want       bool
	}{
		{"T1", "T1", nil, true}, {"T2", "T1", nil, false}, {"T1", "", nil, false}, {"", "", nil, false},
		{"T2", "T1", []string{"T2"}, true}, {"T1", "T1", []string{"T2"}, false},
	} {
		own := settings{Team: c.list}
		if got := own.allowed(c.team, c.home); got != c.want {
			t.Errorf("%+v: got %t", c, got)
		}
	}
}

// theManifest is what Slack reads out of it.
type theManifest struct {
	Metadata map[string]int    `yaml:"_metadata"`
	Display  map[string]string `yaml:"display_information"`
	Features struct {
		Bot      map[string]any      `yaml:"bot_user"`
		Home     map[string]bool     `yaml:"app_home"`
		Commands []map[string]any    `yaml:"slash_commands"`
		Short    []map[string]string `yaml:"shortcuts"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `yaml:"bot"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			URL string   `yaml:"request_url"`
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Inter struct {
			On      bool   `yaml:"is_enabled"`
			URL     string `yaml:"request_url"`
			Options string `yaml:"message_menu_options_url"`
		} `yaml:"interactivity"`
		Socket bool `yaml:"socket_mode_enabled"`
		Org    bool `yaml:"org_deploy_enabled"`
		Rotate bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

func readManifest(t *testing.T, s chat.Start) theManifest {
	t.Helper()
	text := Platform.Manifest(s)
	f, err := config.Parse("manifest.yaml", []byte("manifest:\n  "+strings.ReplaceAll(text, "\n", "\n  ")))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var m theManifest
	if err := f.Section("manifest").Decode(&m); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

func TestManifest(t *testing.T) {
	m := readManifest(t, chat.Start{Command: "mayday", Commands: commands, Section: section(t, `{bot_token: env:B, app_token: env:A}`)})
	c := m.Features.Commands[0]
	if c["command"] != "/mayday" || c["usage_hint"] != "open | own | update | run | resolve" || c["should_escape"] != true || c["url"] != nil {
		t.Errorf("the command is %v", c)
	}
	var ids []string
	for _, s := range m.Features.Short {
		ids = append(ids, s["callback_id"])
		if shortcuts[s["callback_id"]] == "" {
			t.Errorf("the shortcut %v means nothing", s)
		}
	}
	if len(ids) != len(shortcuts) {
		t.Errorf("shortcuts %q of %v", ids, shortcuts)
	}
	for _, s := range m.OAuth.Scopes.Bot {
		if strings.HasSuffix(s, ":history") {
			t.Errorf("it asks for %s", s)
		}
	}
	if len(m.OAuth.Scopes.Bot) != 11 || !m.Settings.Socket || m.Settings.Org || m.Settings.Events.URL != "" || !slices.Equal(m.Settings.Events.Bot, []string{"app_mention", "app_home_opened"}) {
		t.Errorf("settings %+v, scopes %q", m.Settings, m.OAuth.Scopes.Bot)
	}
}

func TestManifestOverHTTP(t *testing.T) {
	m := readManifest(t, chat.Start{Command: "oops", Commands: commands, URL: "https://mayday.acme.dev/", Section: section(t, `{bot_token: env:B, signing_secret: env:S, mode: http, history: true}`)})
	if m.Settings.Socket || m.Settings.Events.URL != "https://mayday.acme.dev/hooks/slack/events" || m.Settings.Inter.URL != "https://mayday.acme.dev/hooks/slack/interactions" ||
		m.Settings.Inter.Options != m.Settings.Inter.URL || m.Features.Commands[0]["url"] != "https://mayday.acme.dev/hooks/slack/commands" || m.Features.Commands[0]["command"] != "/oops" {
		t.Errorf("got %+v", m)
	}
	if !slices.Contains(m.OAuth.Scopes.Bot, "channels:history") || !slices.Contains(m.OAuth.Scopes.Bot, "groups:history") {
		t.Errorf("history: true asks for %q", m.OAuth.Scopes.Bot)
	}
}

func TestSetup(t *testing.T) {
	rooms := map[string]string{"operations": "#ops", "status": "status"}
	start := chat.Start{Command: "mayday", Commands: commands, Rooms: rooms}
	got := Platform.Setup(start)
	for _, want := range []string{"xoxb-", "xapp-", "connections:write", "app_token: env:SLACK_APP_TOKEN", "/invite @mayday", "#ops and #status", "mayday doctor", "no history scope"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	_, link, _ := strings.Cut(got, appsURL+"?")
	link, _, _ = strings.Cut(link, "\n")
	q, err := url.ParseQuery(link)
	if err != nil || q.Get("new_app") != "1" || q.Get("manifest_yaml") != Platform.Manifest(start) {
		t.Errorf("the link carries %q, %v", q.Get("manifest_yaml"), err)
	}
	start.Section, start.URL = section(t, `{bot_token: env:B, mode: http, signing_secret: env:S}`), "https://mayday.acme.dev"
	got = Platform.Setup(start)
	for _, want := range []string{"Signing Secret", "mode: http", "signing_secret: env:SLACK_SIGNING_SECRET", "https://mayday.acme.dev/hooks/slack/events"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "xapp-") {
		t.Errorf("mode http needs no app token:\n%s", got)
	}
}
