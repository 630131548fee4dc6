package app

import (
	"testing"

	"mayday/internal/config"
)

// configSection is an absent section, for adapters without settings.
func configSection(t *testing.T) config.Section {
	t.Helper()
	f, err := config.Parse("none.yaml", []byte("log: {level: error}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return f.Section("nothing")
}
