package processtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	const literal = "r+TYAN6fE91yuUbhXHO9xmvSkzqsGuuu"
	edit := func(old, text string) string { return strings.Replace(tenLines, old, text, 1) }
	for _, c := range []struct {
		name, config string
		code         int
		says         []string
	}{
		{"the ten lines", tenLines, 0, []string{"valid: "}},
		{"an unknown key", edit("impact: Paying", "impakt: Paying"), 3, []string{":8:", "impakt", "impact"}},
		{"an unknown section", tenLines + "pagerdutty: {}\n", 3, []string{":11:1:", "pagerdutty", "pagerduty"}},
		{"a literal token", edit("env:ANA_TOKEN", literal), 3, []string{":3:", "token"}},
		{"a literal secret", edit("env:PD_FIRST", literal), 3, []string{":4:"}},
		{"a wrong type", edit("[{name: ana, role: commander, token: env:ANA_TOKEN}]", "7"), 3, []string{":3:"}},
		{"a wrong role", edit("role: commander", "role: king"), 3, []string{":3:", "king"}},
		{"a wrong duration", tenLines + "updates: {every: soon}\n", 3, []string{":11:", "every"}},
		{"two mistakes", edit("impact: Paying", "impakt: Paying") + "updates: {evry: 30m}\n", 3, []string{":8:", "impakt", ":11:", "evry"}},
		{"no YAML", "web: [", 3, []string{"mayday.yaml:1:"}},
		{"no file", "", 3, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t, c.config)
			if c.config == "" {
				if err := os.Remove(h.file); err != nil {
					t.Fatal(err)
				}
			}
			p := run(t, secrets, "validate", "-c", h.file)
			if p.code != c.code || p.printed() != "" {
				t.Errorf("it ended with %d, want %d, and printed %q", p.code, c.code, p.printed())
			}
			if c.code == 3 && !strings.Contains(p.said(), h.file) {
				t.Errorf("it does not name the file: %s", p.said())
			}
			for _, want := range c.says {
				if !strings.Contains(p.said(), want) {
					t.Errorf("it does not say %q: %s", want, p.said())
				}
			}
			if strings.Contains(p.said(), literal) {
				t.Errorf("it repeats the secret: %s", p.said())
			}
		})
	}
}

// TestServeRefusesWhatValidateRefuses, with the same code.
func TestServeRefusesWhatValidateRefuses(t *testing.T) {
	h := newHome(t, tenLines+"pagerdutty: {}\n")
	p := run(t, secrets, "serve", "-c", h.file)
	if p.code != 3 || p.printed() != "" || !strings.Contains(p.said(), "pagerdutty") {
		t.Errorf("serve ended with %d, printed %q and said:\n%s", p.code, p.printed(), p.said())
	}
}

const (
	goodBook = `name: look-good
say: Look at it together
steps:
  - tell: Look at the board, then say what you see.
`
	brokenBook = `name: look-broken
say: This one has a mistake
steps:
  - tel: Nobody knows this word.
`
)

// TestBrokenPlaybook: validate says where it breaks; serve goes on without it.
func TestBrokenPlaybook(t *testing.T) {
	h := newHome(t, tenLines+"playbooks: books\n")
	books := filepath.Join(h.dir, "books")
	if err := os.Mkdir(books, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(books, "look-good.yaml"), goodBook)
	if p := run(t, secrets, "validate", "-c", h.file); p.code != 0 {
		t.Fatalf("the good one is refused with %d: %s", p.code, p.said())
	}

	write(t, filepath.Join(books, "look-broken.yaml"), brokenBook)
	p := run(t, secrets, "validate", "-c", h.file)
	if p.code != 3 || !strings.Contains(p.said(), "look-broken.yaml:4:") || strings.Contains(p.said(), "look-good.yaml") {
		t.Errorf("validate ended with %d and said:\n%s", p.code, p.said())
	}
	h.serve()
	id := h.declare(1)[0]
	h.say(id, "run look-good")
	body := map[string]string{"text": "run look-broken", "incident": id}
	if status, reply := h.post("commands", body); status == 200 && reply.Reply.Code == "" {
		t.Errorf("the broken playbook runs: %+v", reply)
	}
}
