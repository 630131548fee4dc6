package app

import (
	"strings"
	"testing"

	"mayday/internal/config"
)

// The platforms that tests of the port bring along.
var _ = func() bool { beside = append(beside, "phone", "tablet"); return true }()

// TestMistakesStandWhereTheyAre: each mistake is told at its own place, with what
// was probably meant, and all of them at once.
func TestMistakesStandWhereTheyAre(t *testing.T) {
	t.Setenv("SETTINGS_TOKEN", "a-token-of-tests")
	for text, want := range map[string][]string{
		"people: {responder: [web:ana, '@sre', 'slak:U0123']}":                    {"1:31: \"@sre\" is no account", "as in web:ana", "1:39: \"slak:U0123\": there is no platform \"slak\". Did you mean `slack`?"},
		"people:\n  approver: ana":                                                {"2:13: \"ana\" is no account"},
		"people: {admin: [teams:U1]}":                                             {"1:18: ", "Known: web, slack, discord, pagerduty, alertmanager, changes"},
		"people: {commander: ['web:']}":                                           {"1:22: \"web:\" is no account"},
		"people: {same: [{name: Ana, slak: U0123ABCD}]}":                          {"1:29: unknown key `slak`", "Did you mean `slack`?"},
		"people:\n  same:\n    - {name: Ana}\n    - {name: Li, zone: Mars/Base}":  {"4:24: Li: there is no time zone"},
		"people:\n  same:\n    - {name: Ana}\n    - {web: li}\n    - {nam: Sam}":  {"4:7: everybody in `same` needs a name", "5:8: unknown key `nam`"},
		"people: {responder: ['xoxb-1234567890-1234567890-abcdefghijklmnopqrs']}": {"not shown"},
		"web:\n  tokens:\n    - {name: a, role: admin, token: env:SETTINGS_TOKEN}\n    - {name: b, role: viewr, token: env:SETTINGS_TOKEN}\n    - {name: c, role: admin, kind: robot, token: env:SETTINGS_TOKEN}\n    - {name: d, role: admin}": {
			"4:23: token b: ", "5:36: token c: `kind`", "6:7: token d: `token` is missing"},
		"web: {url: mayday.example.com}":             {"1:12: `url` is an http or https address, like https://mayday.example.com, not \"mayday.example.com\""},
		"web: {url: 'ftp://mayday.example.com'}":     {"1:12: `url` is"},
		"web: {url: 'https://'}":                     {"1:12: `url` is"},
		"web: {url: 'https://mayday.exämple.com'}":   {"1:12: `url` has no host name"},
		"web: {listen: '127.0.0.1:99999'}":           {"1:15: `listen` has a port from 0 to 65535, like 127.0.0.1:7373, not \"127.0.0.1:99999\""},
		"web: {listen: 127.0.0.1}":                   {"1:15: `listen` is an address and a port, like 127.0.0.1:7373, not \"127.0.0.1\""},
		"web: {listen: '127.0.0.1:'}":                {"1:15: `listen` is an address and a port"},
		"web: {listen: '::1:7373'}":                  {"1:15: `listen` is an address and a port"},
		"web: {listen: 127.0.0.1, url: example.com}": {"`listen`", "`url`"},
	} {
		f, err := config.Parse("mayday.yaml", []byte(text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = read(f, config.Env{}); err == nil {
			t.Errorf("%s: it was taken", text)
			continue
		}
		for _, words := range want {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%s: got %v, want words about %q", text, err, words)
			}
		}
		if strings.Contains(err.Error(), "xoxb-1234567890") || strings.Contains(err.Error(), "others can reach") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestWhatPeopleMayWrite(t *testing.T) {
	for _, text := range []string{
		"people: {responder: web:ana, approver: ['slack:@sre', 'discord:2215', 'pagerduty:PUSER1']}",
		"people: {same: [{name: Ana, web: ana, slack: U1, discord: '22', pagerduty: P1, email: a@b.c, oidc: sub, zone: Europe/Berlin}]}",
		"people: {responder: [], same: []}\nweb: {tokens: []}",
		"web: {url: 'https://mayday.example.com:8443/', listen: '127.0.0.1:0'}",
		"web: {url: 'http://[::1]:7373', listen: '[::1]:7373'}",
		"web: {url: 'https://xn--mnchen-3ya.example', listen: 'localhost:7373'}",
	} {
		f, err := config.Parse("mayday.yaml", []byte(text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read(f, config.Env{}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	f, err := config.Parse("mayday.yaml", []byte("log: {level: info}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(f, config.Env{Listen: "127.0.0.1:99999"}); err == nil || !strings.Contains(err.Error(), "MAYDAY_LISTEN") {
		t.Errorf("an address of the environment: %v", err)
	}
}
