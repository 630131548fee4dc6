package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Files that try to hurt the parser are refused, and soon.
func TestHostileFiles(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a: &a [x]\n")
	for _, c := range "bcdefghij" {
		bomb.WriteString(string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 9) + "*" + string(c-1) + "]\n")
	}
	var deep strings.Builder
	for i := range 600 {
		deep.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for name, file := range map[string]string{
		"alias bomb":      bomb.String(),
		"too large":       head + "steps:\n" + strings.Repeat("  - tell: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", 5000),
		"brackets":        "a: " + strings.Repeat("[", 100_000),
		"braces":          "a: " + strings.Repeat("{a: ", 50_000),
		"dashes":          strings.Repeat("- ", 100_000) + "x",
		"colons":          strings.Repeat("a: ", 80_000),
		"indents":         deep.String(),
		"many steps":      head + "steps:\n" + strings.Repeat("  - tell: x\n", 15_000),
		"many keys":       strings.Repeat("k: v\n", 40_000),
		"merge key":       head + "steps:\n  - {tell: x, <<: {id: y}}\n",
		"complex key":     "? [a, b]\n: c\n",
		"directive":       "%YAML 1.2\n---\nname: x\n",
		"control":         "name: \x01\n",
		"not utf-8":       "name: \xff\xfe\n",
		"unended quote":   "name: \"x\nsay: s\n",
		"unended bracket": "name: [x\nsay: s\n",
		"tabs":            "name:\tx\n\tsay: s\n",
		"list":            "- a\n- b\n",
		"number":          "5",
		"null":            "~",
		"spaces":          " \n \n",
		"null bytes":      "\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			book, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(file)})
			if len(book.Names()) > 0 || AsFault(problems) == nil {
				t.Errorf("was accepted: %v", problems)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
			if len(problems) > 2000 {
				t.Errorf("%d problems", len(problems))
			}
		})
	}
}

func TestFormsOfTheSameFile(t *testing.T) {
	want := "name: x\nsay: 'a: b'\nsteps:\n  - tell: see http://x/y\n"
	for name, file := range map[string]string{
		"line ends":    strings.ReplaceAll(want, "\n", "\r\n"),
		"mark":         "\ufeff" + want,
		"flow":         "{name: x, say: 'a: b', steps: [{tell: see http://x/y}]}",
		"no last line": strings.TrimSuffix(want, "\n"),
		"document":     "---\n" + want,
		"block":        "name: x\nsay: 'a: b'\nsteps:\n  - tell: |\n      see http://x/y\n",
	} {
		book, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(file)})
		p, ok := book.Get("x")
		if !ok {
			t.Errorf("%s: %v", name, problems)
			continue
		}
		m := next(t, p, nil, nil)
		if diff := cmp.Diff([]string{"a: b", "see http://x/y"}, []string{p.Say, m.Tell}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	secret := "xoxb-1234567890-abcdefghijkl"
	for _, file := range []string{
		head + "who: " + secret + "\nsteps: [{tell: x}]\n",
		head + secret + ": x\nsteps: [{tell: x}]\n",
		steps("  - tell: x\n    when: '" + secret + " == 3'\n"),
		steps("  - web.call: {on: shop, method: " + secret + "}\n"),
		steps("  - web.call: {on: " + secret + "}\n"),
		steps("  - run: " + secret + "\n"),
		steps("  - choose: x\n    options: [{label: " + secret[:24] + "}, {label: B}]\n"),
		head + "ask: [{a: " + secret + "}]\nsteps: [{tell: $a}]\n",
		head + "impact: [{what: a, effect: b, severity: " + secret + "}]\nsteps: [{tell: x}]\n",
	} {
		_, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(file)})
		err := AsFault(problems)
		if err == nil {
			t.Errorf("accepted: %s", file)
			continue
		}
		if strings.Contains(err.Error(), secret[:20]) {
			t.Errorf("shown: %v", err)
		}
	}
}

func TestFromDir(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"b.yaml": "b", "a.yml": "a", ".hidden.yaml": "h", "notes.md": "n", "big.yaml": strings.Repeat("x", maxBytes*2)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "sub.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := FromDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range got {
		names = append(names, s.Name)
		if len(s.Text) > maxBytes+1 {
			t.Errorf("%s: %d bytes were read", s.Name, len(s.Text))
		}
	}
	if diff := cmp.Diff([]string{"a.yml", "b.yaml", "big.yaml"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if _, err := FromDir(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there was read")
	}
}
