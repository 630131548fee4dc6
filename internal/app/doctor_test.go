package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayday/internal/config"
	discord "mayday/internal/practice/discord"
	slack "mayday/internal/practice/slack"
)

// sick is a doctor's patient: a configuration beside a pretend vendor.
type sick struct {
	t    *testing.T
	text string
	dir  string
}

func newSick(t *testing.T, f front, people string) *sick {
	t.Helper()
	s := &sick{t: t, dir: t.TempDir()}
	sections, _ := f.config(s.dir)
	s.text = "people: " + people + "\nweb: {tokens: [{name: ana, role: admin, token: 'file:" + filepath.Join(s.dir, "token") + "'}]}\nstore: {path: '" + s.dir + "/data'}\n" + sections
	if err := os.WriteFile(filepath.Join(s.dir, "token"), []byte("token-of-ana-0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sick) findings() []Finding {
	s.t.Helper()
	f, err := config.Parse("mayday.yaml", []byte(s.text))
	if err != nil {
		s.t.Fatal(err)
	}
	found, err := Doctor(context.Background(), f, config.Env{})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// green fails on a problem; warnings are told.
func (s *sick) green() {
	s.t.Helper()
	for _, f := range s.findings() {
		if !f.OK && !f.Warn {
			s.t.Errorf("%s: %s (fix: %s)", f.Part, f.Text, f.Fix)
		}
	}
}

// finds looks for a finding that is no tick, and for what its fix says.
func (s *sick) finds(text, fix string) {
	s.t.Helper()
	var all []string
	for _, f := range s.findings() {
		if !f.OK && strings.Contains(f.Text, text) && strings.Contains(f.Fix, fix) {
			return
		}
		if !f.OK {
			all = append(all, f.Text+" | fix: "+f.Fix)
		}
	}
	s.t.Errorf("no finding %q with the fix %q in:\n%s", text, fix, strings.Join(all, "\n"))
}

// TestDoctorForSlack: what set-up ends with is green, and each thing that is
// missing is named with its exact fix (E2, E3).
func TestDoctorForSlack(t *testing.T) {
	f := newSlackFront(t, false)
	s := newSick(t, f, `{responder: ["slack:@sre"]}`)
	s.green()
	f.s.DropScope("files:write")
	s.finds("files:write", "Reinstall")
	f.s.AddScope("files:write")
	if err := f.s.Kick(slack.Status); err != nil {
		t.Fatal(err)
	}
	s.finds("#status", "/invite @mayday")
	if err := f.s.Join(slack.Status); err != nil {
		t.Fatal(err)
	}
	s.green()
	s.text = strings.Replace(s.text, "slack:@sre", "slack:@nobody", 1)
	s.finds("nobody", "")
	s.text = strings.Replace(s.text, "slack:@nobody", "slack:@sre", 1)
	if err := os.WriteFile(filepath.Join(s.dir, "slack_app"), []byte("xapp-wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.finds("socket", "connections:write")
	f.s.RevokeToken()
	s.finds("token", "")
}

// TestDoctorForDiscord is the same there. Commands are registered by serve, so
// that is a warning until then.
func TestDoctorForDiscord(t *testing.T) {
	f := newDiscordFront(t, false)
	s := newSick(t, f, `{responder: ["discord:sre"], approver: ["discord:sre-leads"]}`)
	s.green()
	if err := f.d.Deny(discord.Status, discord.SendMessages); err != nil {
		t.Fatal(err)
	}
	s.finds("Send Messages", "")
	if err := f.d.Allow(discord.Status, discord.SendMessages); err != nil {
		t.Fatal(err)
	}
	if err := f.d.SetMentionable(discord.RoleSRE, false); err != nil {
		t.Fatal(err)
	}
	s.finds("sre", "Allow anyone to @mention this role")
	if err := f.d.SetMentionable(discord.RoleSRE, true); err != nil {
		t.Fatal(err)
	}
	s.green()
	f.d.Kick()
	s.finds("server", "")
	f.d.Invite()
	f.d.RevokeToken()
	s.finds("token", "Reset Token")
}

// TestDoctorForPagerDuty: deliveries that are not signed as they should be are
// told, with the fix (E19), and a test event with a good signature as well.
func TestDoctorForPagerDuty(t *testing.T) {
	k := withPlaces(t)
	k.must(t, "event triggered Q1")
	if err := k.app.desk().Knock(t.Context(), "pagerduty", map[string][]string{"X-Pagerduty-Signature": {"v1=00"}}, []byte(`{"event":{}}`)); err == nil {
		t.Fatal("a forged delivery was taken in")
	}
	found := k.app.clinic.Again(t.Context())
	var said string
	for _, f := range found {
		if strings.Contains(f.Text, "(E19)") {
			said = f.Text + " | " + f.Fix
		}
	}
	if !strings.Contains(said, "I refused 1 PagerDuty webhook in the last hour: the signature does not match") || !strings.Contains(said, "pagerduty.webhook_secret") {
		t.Errorf("doctor says %q", said)
	}
}
