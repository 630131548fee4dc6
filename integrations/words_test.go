package integrations

import "testing"

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		" a \t\n b ":              "a b",
		"a\u200bb\u202ec\x00d":    "abcd",
		"a\xffb":                  "ab",
		"caf\u00e9 \u2028 line":   "café line",
		"\x1b[31mred":             "[31mred",
		"\u00a0non\u00a0breaking": "non breaking",
	} {
		if got := OneLine(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"a bcd", 3, "a…"}, {"äöü", 2, "ä…"}, {"abc", 1, "…"}, {"abc", 0, "…"}, {"", 0, ""}} {
		if got := Clip(c.in, c.n); got != c.want {
			t.Errorf("%q in %d becomes %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 pods", 1: "1 pod", 2: "2 pods"} {
		if got := Count(n, "pod", "pods"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
