package config_test

import (
	"testing"

	"mayday/internal/config"
)

// FuzzParse looks for panics, hangs and errors without a code.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"s: {every: 30m, second_call: 5m}\n", "s:\n  links: {A: b}\n  k8s: [{cluster: a}]\n", "a: &a [1]\ns: *a\n",
		"s: |\n  text\n  more\n", "s: [[[{}]]]\n", "? a\n: b\n", "s: {token: env:A}\n", "s:\n- - - a\n", "\"s\": 'x''y'\n", "s: ~\r\n", "--- \ns: 1\n...\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := config.Parse("f.yaml", src)
		if err != nil {
			_ = message(t, err)
			return
		}
		var u updates
		var s service
		var c creds
		var free any
		sec := file.Section("s")
		for _, err := range []error{sec.Decode(&u), sec.Decode(&s), sec.Decode(&c), sec.Decode(&free), file.LintSecrets(), file.CheckTopLevel("s")} {
			if err != nil {
				_ = message(t, err)
			}
		}
	})
}
