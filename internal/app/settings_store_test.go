package app

import (
	"strings"
	"testing"

	"mayday/internal/config"
)

// TestStoreSettings: a directory or a database, and each mistake with its line.
func TestStoreSettings(t *testing.T) {
	t.Setenv("STORE_ADDRESS", "postgres://mayday@127.0.0.1/mayday")
	t.Setenv("STORE_SEAL", strings.Repeat("k", 32))
	for text, want := range map[string]string{
		"log: {level: info}":                                             "",
		"store: {path: /srv/mayday}":                                     "",
		"store: {postgres: env:STORE_ADDRESS}":                           "",
		"store: {postgres: env:STORE_ADDRESS, seal_key: env:STORE_SEAL}": "",
		"store: {path: /srv/mayday, postgres: env:STORE_ADDRESS}":        "not both",
		"store: {path: /srv/mayday, seal_key: env:STORE_SEAL}":           "belongs to `postgres`",
		"store: {postgres: 'postgres://mayday:hunter2@db/mayday'}":       "literal secret",
		"store: {postgress: env:STORE_ADDRESS}":                          "postgres",
	} {
		f, err := config.Parse("mayday.yaml", []byte(text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		set, err := read(f, config.Env{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: got %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: got %v, want words about %q", text, err, want)
		case err == nil:
			o, err := set.storeOptions()
			database := strings.Contains(text, "env:STORE_ADDRESS")
			if err != nil || database != (o.Postgres != "") || database == (o.Dir != "") || strings.Contains(text, "seal") != (o.SealKey != "") {
				t.Errorf("%s: opens %+v, %v", text, o, err)
			}
		}
	}
}
