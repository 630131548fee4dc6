package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mayday/internal/config"
)

func TestFromEnv(t *testing.T) {
	set := map[string]string{
		"MAYDAY_CONFIG": "/etc/m.yaml", "MAYDAY_LISTEN": ":1", "MAYDAY_DATA": "/d", "MAYDAY_LOG": "json",
		"MAYDAY_LOG_LEVEL": "debug", "MAYDAY_URL": "http://x", "MAYDAY_TOKEN": "canary-token", "MAYDAY_READ_ONLY": "1",
	}
	lookup := func(k string) (string, bool) { v, ok := set[k]; return v, ok }
	got := config.FromEnv(lookup)
	want := config.Env{
		Config: "/etc/m.yaml", Listen: ":1", Data: "/d", LogFormat: "json", LogLevel: "debug",
		URL: "http://x", Token: "canary-token", ReadOnly: true,
	}
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if all := fmt.Sprintf("%v %+v %#v %s", got, got, got, raw); strings.Contains(all, "canary") {
		t.Errorf("the token is printed: %s", all)
	}
}

func TestReadOnlyFailsSafe(t *testing.T) {
	for value, want := range map[string]bool{"": false, "0": false, "false": false, "No": false, "1": true, "true": true, "ture": true} {
		got := config.FromEnv(func(string) (string, bool) { return value, true }).ReadOnly
		if got != want {
			t.Errorf("MAYDAY_READ_ONLY=%q: got %t, want %t", value, got, want)
		}
	}
}
