package app

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/practice"
)

// rehearsalStage is a configuration with one playbook over a pretend LaunchDarkly.
func rehearsalStage(t *testing.T) (*practice.LaunchDarkly, *config.File) {
	t.Helper()
	dir := t.TempDir()
	flags, err := practice.NewLaunchDarkly(practice.LDOptions{Token: "ld-token"})
	if err != nil {
		t.Fatal(err)
	}
	api, err := flags.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(flags.Close)
	text := "services: {checkout: {}}\nplaybooks: books\nconnect: {launchdarkly: {api_url: '" + api + "', token: 'file:" + dir + "/token', project: web, environment: production}}\n"
	two := "name: two\nsay: Two acts\nask: [flag]\nsteps:\n  - launchdarkly.off: $flag\n  - tell: Look at the graphs\n  - launchdarkly.on: $flag\n"
	for name, content := range map[string]string{"token": "ld-token", "mayday.yaml": text, "books/two.yaml": two} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := config.Load(filepath.Join(dir, "mayday.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return flags, file
}

// TestARehearsalDoesNothing: it looks at the real target and plans, for every
// step of the playbook, and changes nothing there.
func TestARehearsalDoesNothing(t *testing.T) {
	flags, file := rehearsalStage(t)
	for name, c := range map[string]struct {
		do      Rehearsal
		says    []string
		phrase  string
		stopped string
		code    string
	}{
		"a change": {do: Rehearsal{Playbook: "flag-off", With: []string{"theme"}, Choose: []string{"off"}},
			says: []string{"✓ launchdarkly.show: theme: on", "✓ answered: Off", "Dry run · flag-off", "Turn off theme (production)", "from  on, serves \"dark\"", "Undo: yes, back to on", "started by one press"}},
		"danger": {do: Rehearsal{Playbook: "flag-off", With: []string{"flag=new-cart"}, Choose: []string{"Off"}}, phrase: "new-cart",
			says: []string{"Depends on it: checkout-v2", "started by typing new-cart, by a second person"}},
		"an answer that asks": {do: Rehearsal{Playbook: "flag-off", With: []string{"flag=new-cart"}, Choose: []string{"A percentage"}, Set: []string{"percent=10"}}, phrase: "new-cart",
			says: []string{"answered: A percentage", "10% true"}},
		"an answer that asks, and nothing is given": {do: Rehearsal{Playbook: "flag-off", With: []string{"flag=new-cart"}, Choose: []string{"A percentage"}}, stopped: "percent=", code: "E24"},
		"a question without an answer":              {do: Rehearsal{Playbook: "flag-off", With: []string{"flag=theme"}}, stopped: "Answers: Previous value, Off", code: "E24"},
		"several steps":                             {do: Rehearsal{Playbook: "two", With: []string{"theme"}}, says: []string{"step 1 of 3", "a person does: Look at the graphs", "as things are now it would not be done"}},
		"no such flag":                              {do: Rehearsal{Playbook: "two", With: []string{"flag=no-flag"}}, stopped: "no-flag", code: "E17"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := Rehearse(t.Context(), file, config.Env{}, c.do)
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			phrase := ""
			for _, s := range out.Steps {
				all.WriteString(s.Text + "\n")
				phrase += s.Phrase
			}
			for _, want := range c.says {
				if !strings.Contains(all.String(), want) {
					t.Errorf("%q is not in:\n%s", want, all.String())
				}
			}
			if c.stopped == "" && out.Stopped != "" || c.stopped != "" && (!strings.Contains(out.Stopped, c.stopped) || out.Code != c.code) {
				t.Errorf("got stopped %q %s, want %q %s", out.Stopped, out.Code, c.stopped, c.code)
			}
			if phrase != c.phrase {
				t.Errorf("got phrase %q, want %q", phrase, c.phrase)
			}
		})
	}
	for _, r := range flags.Journal() {
		if r.Method != http.MethodGet {
			t.Errorf("it made a %s of %s", r.Method, r.Path)
		}
	}
	if n := flags.Applied(); n != 0 {
		t.Errorf("%d changes were made", n)
	}
	if _, err := Rehearse(t.Context(), file, config.Env{}, Rehearsal{Playbook: "flag-of"}); !fault.HasCode(err, "E23") {
		t.Errorf("no such playbook: %v", err)
	}
	flags.Close()
	out, err := Rehearse(t.Context(), file, config.Env{}, Rehearsal{Playbook: "two", With: []string{"theme"}})
	if err != nil || out.Code != "E5" {
		t.Errorf("out of reach: %v, %q %s", err, out.Stopped, out.Code)
	}
}
