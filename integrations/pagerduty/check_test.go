package pagerduty

import (
	"strings"
	"testing"
	"time"

	"mayday/internal/fault"
)

func TestDoctorSeesWhatIsMissing(t *testing.T) {
	vendor, address := newVendor(t)
	secret, token := secretFile(t, first), secretFile(t, key)
	tests := []struct {
		name, lines string
		want        []string // "ok ", "warn " or "bad " and words of each finding
	}{
		{"all good", "  webhook_secret: file:" + secret + "\n  token: file:" + token + "\n  api_url: " + address + "\n" + fromBot,
			[]string{"ok webhook secret can be read", "ok token works", "ok acts as mayday@shop.example"}},
		{"two secrets, no token", "  webhook_secret: [file:" + secret + ", file:" + token + "]\n",
			[]string{"ok 2 webhook secrets", "warn no token"}},
		{"nothing", "  mode: webhook\n", []string{"bad no webhook secret", "warn no token"}},
		{"a secret that is not there", "  webhook_secret: [env:MAYDAY_TEST_NOT_SET, file:" + secret + "]\n",
			[]string{"bad read secret env:MAYDAY_TEST_NOT_SET", "warn no token"}},
		{"wrong token", "  webhook_secret: file:" + secret + "\n  token: file:" + secret + "\n  api_url: " + address + "\n" + fromBot,
			[]string{"ok webhook secret", "bad token: PagerDuty said no (401"}},
		{"no from", "  webhook_secret: file:" + secret + "\n  token: file:" + token + "\n  api_url: " + address + "\n",
			[]string{"ok webhook secret", "ok token works", "bad pagerduty.from is not set"}},
		{"unknown from", "  webhook_secret: file:" + secret + "\n  token: file:" + token + "\n  api_url: " + address + "\n  from: ana@shop.exampl\n",
			[]string{"ok webhook secret", "ok token works", "bad from: PagerDuty has no user ana@shop.exampl"}},
		{"events keys", "  webhook_secret: file:" + secret + "\n  events_keys: [env:K]\n",
			[]string{"ok webhook secret", "warn pagerduty.events_keys", "warn no token"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			parts, err := partsOf(t, quiet(), "pagerduty:\n"+tc.lines)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range parts.Checker.Check(t.Context()) {
				grade := "bad "
				if f.OK {
					grade = "ok "
				}
				if f.Warn {
					grade = "warn "
				}
				if !f.OK && f.Fix == "" {
					t.Errorf("%s has no fix", f.Text)
				}
				got = append(got, grade+f.Text)
			}
			if len(got) != len(tc.want) {
				t.Fatalf("got %q, want %q", got, tc.want)
			}
			for i, want := range tc.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got %q, want %q", got[i], want)
				}
			}
		})
	}
	vendor.Limit(0, time.Minute)
	parts, err := partsOf(t, quiet(), "pagerduty:\n"+tests[0].lines)
	if err != nil {
		t.Fatal(err)
	}
	if found := parts.Checker.Check(t.Context()); !found[1].Warn {
		t.Errorf("a limit is no mistake: %+v", found)
	}
	for _, c := range vendor.Journal() {
		if c.Method != "GET" {
			t.Errorf("doctor changed something: %+v", c)
		}
	}
}

func TestConfigurationIsStrict(t *testing.T) {
	tests := []struct{ lines, want string }{
		{"pagerduty:\n  webhok_secret: env:A\n", "webhook_secret"},
		{"pagerduty:\n  api_url: api.pagerduty.com\n", "api_url"},
		{"pagerduty:\n  api_url: ftp://x\n", "api_url"},
		{"pagerduty:\n  api_url: https://x/?a=b\n", "api_url"},
		{"pagerduty:\n  from: Ana\n", "e-mail"},
		{"pagerduty:\n  from: \"Ana <ana@x.example>\"\n", "e-mail"},
		{"pagerduty:\n  mode: pol\n", "webhook or poll"},
		{"pagerduty:\n  mode: poll\n", "not offered"},
		{"pagerduty: [1]\n", "pagerduty"},
	}
	for _, tc := range tests {
		_, err := partsOf(t, quiet(), tc.lines)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "mayday.yaml:") {
			t.Errorf("%q: got %v, want %q", tc.lines, err, tc.want)
		}
	}
}

func TestWithoutASectionThereIsNothing(t *testing.T) {
	parts, err := partsOf(t, quiet(), "web: {}\n")
	if err != nil || parts.Receiver != nil || parts.Mirror != nil || parts.Checker != nil {
		t.Errorf("got %+v, %v", parts, err)
	}
	parts, err = partsOf(t, quiet(), "pagerduty: {webhook_secret: env:A}\n")
	if err != nil || parts.Receiver == nil || parts.Mirror != nil || parts.Receiver.Path() != "/hooks/pagerduty" {
		t.Errorf("without a token: %+v, %v", parts, err)
	}
}
