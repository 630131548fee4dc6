package config

import (
	"strings"
	"testing"
)

// TestKeyPositions compares the place of every key with the source, over the
// forms of YAML that make a scanner lose count.
func TestKeyPositions(t *testing.T) {
	src := `# comment
kappa: |
  literal kappa: x

  more
lambda: >-
  folded
  text
my: "quoted
  over lines"
nü: plain
  over lines

xi: {ömega: "é", pi: [1, {rho: a:b}], # comment
  sigma: 'it''s'}
tau:
  - ypsilon: 1
    phi: "a\nb"

  -   chi: &anchor
        psi: x
      alpha: *anchor
  - - beta: ~
`
	for name, text := range map[string]string{"LF": src, "CRLF": strings.ReplaceAll(src, "\n", "\r\n"), "BOM": "\ufeff" + src} {
		t.Run(name, func(t *testing.T) {
			root, bad := parseTree([]byte(text))
			if bad != nil {
				t.Fatal(bad.render("f"))
			}
			lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
			if got := checkKeys(t, root, lines); got < 16 {
				t.Errorf("got %d keys, want at least 16", got)
			}
		})
	}
}

func checkKeys(t *testing.T, n *node, lines []string) int {
	t.Helper()
	count := 0
	for _, item := range n.items {
		count += checkKeys(t, item, lines)
	}
	for _, e := range n.entries {
		rest := string([]rune(lines[e.line-1])[e.col-1:])
		if !strings.HasPrefix(rest, e.key+":") {
			t.Errorf("key %q is placed at %d:%d, where %q stands", e.key, e.line, e.col, rest)
		}
		count += 1 + checkKeys(t, e.value, lines)
	}
	return count
}
