package app

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"mayday/internal/config"
)

func configSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := ConfigSchema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheSchemaKnowsWhatTheDecodersKnow: what one refuses for its keys and
// types, the other does too.
func TestTheSchemaKnowsWhatTheDecodersKnow(t *testing.T) {
	s := configSchema(t)
	for text, good := range map[string]bool{
		"web: {listen: '127.0.0.1:1', trust_proxy: 10.0.0.0/8, tls: {cert: a, key: b}}":     true,
		"web: {trust_proxy: [10.0.0.0/8], tokens: [{name: a, role: viewer, token: env:A}]}": true,
		"web: {tokens: [{name: a, role: viewer, token: hunter2}]}":                          false,
		"web: {listn: x}":                            false,
		"web:":                                       true,
		"safety: {break_glass: false}":               true,
		"safety: {break_glass: 60s}":                 true,
		"safety: {break_glass: sometimes}":           false,
		"safety: {undo_for: 24}":                     false,
		"updates: {every: 1h30m, SEV1: {first: 5m}}": true,
		"updates: {SEV4: {first: 5m}}":               false,
		"services: {checkout: {pagerduty: P, links: {A: b}, do_not: one, k8s: {cluster: a}}}": true,
		"services: {checkout: {impct: x}}":                                               false,
		"people: {responder: web:ana, same: [{name: Ana, email: a@b.c}]}":                true,
		"people: {respnder: web:ana}":                                                    false,
		"connect: {postgres: {db: {dsn: env:D}}}":                                        true,
		"connect: {postgres: {db: {dsn: D}}}":                                            false,
		"connect: {postgres: {db: {dns: env:D}}}":                                        false,
		"connect: {launchdarkly: {token: env:T, project: web, environment: production}}": true,
		"connect: {mongo: {}}":                                                           false,
		"chat: {slack: {bot_token: env:B, app_token: env:A}, command: m}":                true,
		"chat: {slack: {bot_tokn: env:B}}":                                               false,
		"pagerduty: {webhook_secret: [env:A, env:B], token: env:T}":                      true,
		"pagerduty: {webhook_secret: env:A}":                                             true,
		"shutdown: 10s":                                                                  true,
		"shutdown: 10":                                                                   false,
		"playbooks: books":                                                               true,
		"nonsense: 1":                                                                    false,
	} {
		f, err := config.Parse("x.yaml", []byte(text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(any(f.Tree())); (err == nil) != good {
			t.Errorf("%s: got %v, want it taken %t", text, err, good)
		}
	}
}
