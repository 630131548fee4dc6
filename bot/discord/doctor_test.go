package discord

import (
	"strings"
	"testing"

	practice "mayday/internal/practice/discord"
)

// findings are the lines of doctor, "✓ text", "✗ text | fix".
func findings(w *world) []string {
	var out []string
	for _, f := range w.p.Check(w.t.Context()) {
		mark := "✗ "
		if f.OK {
			mark = "✓ "
		}
		if f.Warn {
			mark = "! "
		}
		line := mark + f.Text
		if f.Fix != "" {
			line += " | " + f.Fix
		}
		out = append(out, line)
	}
	return out
}

func has(t *testing.T, all []string, want ...string) {
	t.Helper()
	text := strings.Join(all, "\n")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("missing %q in:\n%s", w, text)
		}
	}
}

func TestDoctorIsGreen(t *testing.T) {
	for _, http := range []bool{false, true} {
		w := run(t, options{})
		if http {
			w.stop()
			w = hooked(t, options{})
			w.p.start.URL = ""
		}
		before := len(w.d.Messages(practice.Operations))
		all := findings(w)
		for _, l := range all {
			if !strings.HasPrefix(l, "✓") {
				t.Errorf("not green: %s", l)
			}
		}
		has(t, all, "token works", `server "acme ops"`, "commands registered", "#operations: I may do what I need", "#status: I may do what I need")
		if len(w.d.Messages(practice.Operations)) != before || calls(w, "POST", "messages") != 0 {
			t.Error("doctor changed something")
		}
	}
}

func TestDoctorNamesEachTrouble(t *testing.T) {
	for what, c := range map[string]struct {
		spoil func(t *testing.T, w *world)
		want  []string
	}{
		"kicked":       {func(_ *testing.T, w *world) { w.d.Kick() }, []string{"✗ not on the server", "client_id=" + practice.Application}},
		"wrong token":  {func(_ *testing.T, w *world) { w.d.RevokeToken() }, []string{"✗ Discord refused the token | Open https://discord.com/developers/applications, Bot, Reset Token"}},
		"not running":  {func(*testing.T, *world) {}, []string{"! commands are not registered"}},
		"unreachable":  {func(_ *testing.T, w *world) { w.d.Close() }, []string{"✗ token: Discord does not answer"}},
		"no channel":   {func(t *testing.T, w *world) { must(t, w.d.DeleteChannel(practice.Status)) }, []string{"✗ no text channel #status"}},
		"two channels": {func(_ *testing.T, w *world) { w.d.AddChannel("status") }, []string{"✗ several channels are called #status"}},
		"hidden": {func(t *testing.T, w *world) { must(t, w.d.Deny(practice.Status, practice.ViewChannel)) },
			[]string{`✗ #status: View Channel is missing | Edit Channel #status, Permissions, my role: turn on "View Channel".`, "✓ #operations"}},
		"no threads": {func(t *testing.T, w *world) { must(t, w.d.Deny(practice.Operations, practice.CreatePublicThreads)) },
			[]string{"✗ #operations: Create Public Threads is missing"}},
		"no history": {func(t *testing.T, w *world) { must(t, w.d.Deny(practice.Operations, practice.ReadMessageHistory)) },
			[]string{"! #operations: Read Message History is missing"}},
		"not mentionable": {func(t *testing.T, w *world) {
			must(t, w.d.SetMentionable(practice.RoleSRE, false))
			w.p.start.Groups = []string{"@sre", "@sre-leads", practice.Ana}
		}, []string{`! role @sre cannot be mentioned by me | Server Settings → Roles → sre → "Allow anyone to @mention this role"`}},
		"no such role": {func(_ *testing.T, w *world) { w.p.start.Groups = []string{"@nobody"} }, []string{"✗ no role @nobody"}},
	} {
		t.Run(what, func(t *testing.T) {
			w := build(t, options{})
			c.spoil(t, w)
			has(t, findings(w), c.want...)
		})
	}
}

func TestDoctorInModeHTTP(t *testing.T) {
	w := build(t, options{http: true})
	has(t, findings(w), "✗ the portal does not send interactions here", "https://mayday.acme.dev/hooks/discord", "✓ public key matches")
	w.p.own.key = make([]byte, 32)
	has(t, findings(w), "✗ public_key is not the key of this application")
	g := hooked(t, options{})
	g.p.own.Mode = modeGateway
	has(t, findings(g), "✗ the portal has an Interactions Endpoint URL")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
