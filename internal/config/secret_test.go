package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"mayday/internal/config"
)

type creds struct {
	Token  config.Secret  `yaml:"token"`
	Hooks  config.Secrets `yaml:"hooks"`
	hidden config.Secret
}

func decodeCreds(t *testing.T, src string) (creds, *config.File) {
	t.Helper()
	f := mustParse(t, src)
	var c creds
	if err := f.Section("s").Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c, f
}

func reveal(t *testing.T, s config.Secret) string {
	t.Helper()
	v, err := s.Reveal()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSecretFromEnv(t *testing.T) {
	t.Setenv("MAYDAY_TEST_A", "first-value")
	t.Setenv("MAYDAY_TEST_B", "b-value\n")
	c, f := decodeCreds(t, "s: {token: env:MAYDAY_TEST_A, hooks: [env:MAYDAY_TEST_A, env:MAYDAY_TEST_B]}\n")
	var told []string
	f.OnReveal(func(v string) { told = append(told, v) })
	if got := reveal(t, c.Token); got != "first-value" {
		t.Errorf("got %q", got)
	}
	t.Setenv("MAYDAY_TEST_A", "second-value")
	_ = reveal(t, c.Token)
	if got := reveal(t, c.Token); got != "second-value" {
		t.Errorf("after rotation: got %q", got)
	}
	if diff := cmp.Diff([]string{"first-value", "second-value"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	all, err := c.Hooks.Reveal()
	if err != nil || !cmp.Equal(all, []string{"second-value", "b-value"}) {
		t.Errorf("got %q, %v", all, err)
	}
	if got := c.Token.Ref(); got != "env:MAYDAY_TEST_A" {
		t.Errorf("Ref: got %q", got)
	}
}

func TestLoneSecretIsAListOfOne(t *testing.T) {
	c, _ := decodeCreds(t, "s: {hooks: env:A}\n")
	if len(c.Hooks) != 1 || c.Hooks[0].Ref() != "env:A" || !c.Token.IsZero() {
		t.Errorf("got %d hooks", len(c.Hooks))
	}
}

func TestSecretFromFileRotates(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	path := filepath.Join(dir, "token")
	write := func(value string, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	c, _ := decodeCreds(t, "s:\n  token: file:${CREDENTIALS_DIRECTORY}/token\n")
	copied := c.Token
	for i, step := range []struct {
		value string
		age   time.Duration
	}{{"aaaa-1\n", time.Hour}, {"bbbb-22\r\n", time.Hour}, {"cccc-33", time.Minute}, {"dddd-44", 0}, {"eeee-55", 0}} {
		write(step.value, step.age)
		want := strings.TrimRight(step.value, "\r\n")
		if got := reveal(t, c.Token); got != want {
			t.Errorf("step %d: got %q, want %q", i, got, want)
		}
		if got := reveal(t, copied); got != want {
			t.Errorf("step %d, copy: got %q, want %q", i, got, want)
		}
	}
	future := time.Now().Add(time.Hour) // one tick of the file system for two writes
	for _, want := range []string{"ffff-66", "gggg-77"} {
		write(want, 0)
		if err := os.Chtimes(path, future, future); err != nil {
			t.Fatal(err)
		}
		if got := reveal(t, c.Token); got != want {
			t.Errorf("same tick: got %q, want %q", got, want)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Token.Reveal(); err == nil || !strings.Contains(err.Error(), "file:${CREDENTIALS_DIRECTORY}/token") {
		t.Errorf("missing file: got %v, want an error that names the reference", err)
	}
}

func TestSecretNotThere(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAYDAY_TEST_EMPTY", "")
	for _, ref := range []string{"env:MAYDAY_TEST_UNSET", "env:MAYDAY_TEST_EMPTY", "file:/nonexistent/x", "file:" + empty, "file:" + filepath.Dir(empty), "file:${MAYDAY_TEST_UNSET}/x"} {
		c, _ := decodeCreds(t, "s:\n  token: "+ref+"\n")
		if _, err := c.Token.Reveal(); err == nil || !strings.Contains(err.Error(), ref) {
			t.Errorf("%s: got %v, want an error that names it", ref, err)
		}
	}
	var zero config.Secret
	if _, err := zero.Reveal(); err == nil || zero.Ref() != "" {
		t.Errorf("zero secret: got %v", err)
	}
}

var literals = []string{
	"xoxb-123456789012-abcdefCANARY", "xapp-1-A0123-CANARY0", "api-4f5a1c2e-0000-4000-8000-00000000CANA", "sk_live_CANARY0123", "ghp_CANARY0123456789",
	"q8Zk2CANARYx91LmPq77", "hunter2CANARY", "env:has-CANARY", "file:relative/CANARY", "env:ghp_CANARY0123456789", "postgres://u:pCANARY@db/x",
}

func TestLiteralSecretIsRefusedUnseen(t *testing.T) {
	srcs := []string{"s: {token: \"-----BEGIN RSA PRIVATE KEY-----CANARY\"}\n", "s:\n  token: |\n    -----BEGIN PRIVATE KEY-----\n    CANARY\n", "s: {hooks: [env:A, CANARY]}\n", "s: {token: [CANARY]}\n"}
	for _, l := range literals {
		srcs = append(srcs, "s:\n  token: \""+l+"\"\n", "s:\n  hooks: [\""+l+"\"]\n")
	}
	for _, src := range srcs {
		var c creds
		err := mustParse(t, src).Section("s").Decode(&c)
		got := message(t, err)
		if !strings.HasPrefix(got, "mayday.yaml:") || strings.Contains(got, "CANA") || strings.Contains(err.Error(), "CANA") {
			t.Errorf("%q: got %v", src, err)
		}
		if !strings.Contains(err.Error(), "env:NAME") {
			t.Errorf("%q: no hint in %v", src, err)
		}
	}
}

func TestSecretWithoutValue(t *testing.T) {
	var c creds
	got := message(t, mustParse(t, "s:\n  token:\n  hooks:\n").Section("s").Decode(&c))
	if !strings.Contains(got, "`s.token` has no value") || !strings.Contains(got, "`s.hooks` has no value") {
		t.Errorf("got %s", got)
	}
}

func TestLintSecrets(t *testing.T) {
	tests := []struct{ value, want string }{
		{"xoxb-123456789012-abcdefCANARY", "mayday.yaml:3:13: `a.b[1].c` holds a literal secret"},
		{"xapp-1-A0123-CANARY0", "mayday.yaml:3:13"},
		{"api-4f5a1c2e-0000-4000-8000-0000000cafe0", "mayday.yaml:3:13"},
		{"ghp_CANARY0123456789", "mayday.yaml:3:13"},
		{"https://user:CANARY@host/", "mayday.yaml:3:13"},
		{"AKIAIOSFODNN7EXAMPLE", "mayday.yaml:3:13"},
	}
	for _, tt := range tests {
		src := "a:\n  b: [1,\n       {c:  \"" + tt.value + "\"}]\n"
		err := mustParse(t, src).LintSecrets()
		got := message(t, err)
		if !strings.Contains(got, tt.want) || strings.Contains(err.Error(), tt.value) {
			t.Errorf("%s: got %s, want %s", tt.value, got, tt.want)
		}
	}
	if got := message(t, mustParse(t, "xoxb-123456789012-abcdefCANARY: 1\n").LintSecrets()); got != "mayday.yaml:1:1: A key holds a literal secret. Secrets do not stand in this file." {
		t.Errorf("got %s", got)
	}
}

func TestLintSecretsLeavesOrdinaryValues(t *testing.T) {
	f := mustParse(t, `
chat: {slack: {bot_token: env:SLACK_BOT_TOKEN}, discord: {token: env:DISCORD_TOKEN, public_key: e7a2c1f09b2d4e5fa7a2c1f09b2d4e5fe7a2c1f09b2d4e5fa7a2c1f09b2d4e5f}}
people: {responder: [slack:@sre, discord:sre], same: [{name: Ana, slack: U0123, discord: "22155512", pagerduty: PUSER1}]}
services: {api-gateway: {impact: "sk_SK users see errors", pagerduty: PABC123, charts: {e: {prom: 'sum(rate(x{app="checkout"}[1m])) / y'}}}}
web: {listen: 127.0.0.1:7373, url: "https://mayday.acme.dev"}
connect: {rabbitmq: {main: {url: "https://rabbit:15671/a@b"}}, kafka: {k: {brokers: ["a:9092", "b:9092"]}}}
`)
	if err := f.LintSecrets(); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestSecretNeverPrints(t *testing.T) {
	const canary = "canary-3f9a-value"
	c := creds{Token: config.NewSecret(canary), Hooks: config.Secrets{config.NewSecret(canary)}, hidden: config.NewSecret(canary)}
	for _, s := range []config.Secret{c.Token, c.hidden} {
		if got := reveal(t, s); got != canary {
			t.Fatalf("got %q", got)
		}
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", c.Token, &c.Token, c)
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	out.Write(asYAML)
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "token", c.Token, "pointer", &c.Token, "all", c, slog.Group("g", "t", c.Token))
	}
	text, err := c.Token.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret is printed:\n%s", out.String())
		}
	}
	if got := strings.Count(string(asYAML), "[redacted]"); got != 2 {
		t.Errorf("yaml: got %s", asYAML)
	}
	if got := fmt.Sprint(c.Token); got != "[redacted]" {
		t.Errorf("got %s", got)
	}
}
