package slack

import (
	"fmt"
	"strings"
	"testing"

	"mayday/bot/chat"
	practice "mayday/internal/practice/slack"
)

func findings(all []chat.Finding) string {
	var b strings.Builder
	for _, f := range all {
		mark := "✗"
		if f.OK {
			mark = "✓"
		} else if f.Warn {
			mark = "!"
		}
		fmt.Fprintf(&b, "%s %s → %s\n", mark, f.Text, f.Fix)
	}
	return b.String()
}

func TestDoctor(t *testing.T) {
	for name, c := range map[string]struct {
		o    options
		act  func(*world)
		want []string
		bad  int
	}{
		"all is well": {options{groups: []string{"sre", "sre-leads"}}, nil,
			[]string{`✓ token works: team "`, "bot @", "✓ scopes are all there", "✓ socket can be opened", "✓ in #operations", "✓ in #status", "✓ user groups are all there"}, 0},
		"over HTTP": {options{http: true}, nil, []string{"✓ signing secret is there"}, 0},
		"missing scopes": {options{}, func(w *world) { w.s.DropScope("files:write"); w.s.DropScope("pins:write") },
			[]string{"✗ scope files:write missing: pictures become text → api.slack.com/apps", "✗ scope pins:write missing", "mayday setup slack --manifest"}, 2},
		"history without its scopes": {options{extra: "    history: true\n"}, nil, []string{"✗ scope channels:history missing", "✗ scope groups:history missing"}, 2},
		"not in a channel":           {options{}, func(w *world) { _ = w.s.Kick(practice.Status) }, []string{"✗ not in #status → in Slack, open #status and type  /invite @mayday"}, 1},
		"archived":                   {options{}, func(w *world) { _ = w.s.Archive(practice.Status) }, []string{"✗ no channel #status that I can see"}, 1},
		"no channel":                 {options{}, func(w *world) { w.s.RemoveChannel(practice.Operations) }, []string{"✗ no channel #operations that I can see → Make it"}, 1},
		"no group":                   {options{groups: []string{"nobody", "sre"}}, nil, []string{"✗ no user group @nobody"}, 1},
		"another team":               {options{extra: "    team: T0ELSE\n"}, nil, []string{"✗ team does not name this workspace", "T0ACME"}, 1},
		"revoked":                    {options{}, func(w *world) { w.s.RevokeToken() }, []string{"✗ Slack refused the bot token (token_revoked)"}, 1},
		"no bot token":               {options{}, func(w *world) { w.setToken("") }, []string{"✗ ", "Bot User OAuth Token"}, 1},
		"bad app token": {options{}, func(w *world) {
			w.s.Play(practice.Fault{Kind: practice.Error, Method: "apps.connections.open", Error: "invalid_auth"})
		}, []string{"✗ socket: Slack refused the app token"}, 1},
		"app token without its scope": {options{}, func(w *world) {
			w.s.Play(practice.Fault{Kind: practice.Error, Method: "apps.connections.open", Error: "missing_scope"})
		}, []string{"✗ socket: Slack refused the app token: it lacks connections:write"}, 1},
		"no groups may be read": {options{groups: []string{"sre"}}, func(w *world) { w.s.DropScope("usergroups:read") }, []string{"✗ scope usergroups:read missing: user groups give no roles", "✗ user groups: scope usergroups:read missing"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, c.o)
			if c.act != nil {
				c.act(w)
			}
			all := w.p.Check(t.Context())
			got, bad := findings(all), 0
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
			for _, f := range all {
				if !f.OK && !f.Warn {
					bad++
					if f.Fix == "" {
						t.Errorf("%q has no fix", f.Text)
					}
				}
			}
			if bad != c.bad {
				t.Errorf("%d problems, want %d:\n%s", bad, c.bad, got)
			}
			for _, m := range []string{"chat.postMessage", "views.open", practice.ToSocket} {
				if w.calls(m) != 0 {
					t.Errorf("doctor called %s", m)
				}
			}
		})
	}
}

func TestDoctorWhenSlackDoesNotAnswer(t *testing.T) {
	w := build(t, options{})
	w.s.Close()
	if got := findings(w.p.Check(t.Context())); !strings.Contains(got, "Slack does not answer") || strings.Contains(got, "xoxb") {
		t.Errorf("got %s", got)
	}
}
