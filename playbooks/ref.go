package playbooks

import (
	"net/url"
	"regexp"
	"strings"
)

// ref is a reference, `$found.picked`. It is always a whole value; only texts
// for people mix references with words.
type ref struct {
	place
	name string
	path []string
}

func (r ref) String() string { return "$" + strings.Join(append([]string{r.name}, r.path...), ".") }

var (
	wholeRef  = regexp.MustCompile(`^\$([a-z][a-z0-9_]*)((?:\.[a-z][a-z0-9_]*)*)$`)
	insideRef = regexp.MustCompile(`\$\$|\$([a-z][a-z0-9_]*)((?:\.[a-z][a-z0-9_]*)*)`)
	idName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
)

func parseRef(s string, at place) (ref, bool) {
	m := wholeRef.FindStringSubmatch(s)
	if m == nil {
		return ref{}, false
	}
	return newRef(m[1], m[2], at), true
}

func newRef(name, path string, at place) ref {
	r := ref{place: at, name: name}
	if path != "" {
		r.path = strings.Split(path[1:], ".")
	}
	return r
}

// text is a text for people, with references in it.
type text struct {
	place
	parts []part
}

type part struct {
	word string
	ref  *ref
}

// parseText splits a text at its references; `$$` is a plain dollar.
func parseText(s string, at place) text {
	out := text{place: at}
	last := 0
	for _, m := range insideRef.FindAllStringSubmatchIndex(s, -1) {
		out.parts = append(out.parts, part{word: s[last:m[0]]})
		last = m[1]
		if m[2] < 0 {
			out.parts = append(out.parts, part{word: "$"})
			continue
		}
		r := newRef(s[m[2]:m[3]], s[m[4]:m[5]], at)
		out.parts = append(out.parts, part{ref: &r})
	}
	if last < len(s) {
		out.parts = append(out.parts, part{word: s[last:]})
	}
	return out
}

func (t text) empty() bool { return len(t.parts) == 0 }

// shellQuote makes one word of a value for a command that is pasted.
func shellQuote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=][A-Za-z0-9_./:@%+=-]*$`)

// segment makes one segment of a URL of a value. A value of dots would climb.
func segment(s string) string {
	if strings.Trim(s, ".") == "" {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

func asIs(s string) string { return s }
