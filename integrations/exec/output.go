package exec

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxOutput = 64 << 10
	maxLines  = 4
	maxLine   = 200
)

// tail keeps the end of what a program writes.
type tail struct{ kept []byte }

// Write never fails, so that a program that says much is not stopped for it.
func (t *tail) Write(b []byte) (int, error) {
	n := len(b)
	if len(b) > maxOutput {
		b = b[len(b)-maxOutput:]
	}
	t.kept = append(t.kept, b...)
	if len(t.kept) > 2*maxOutput {
		t.kept = append([]byte(nil), t.kept[len(t.kept)-maxOutput:]...)
	}
	return n, nil
}

// text is what was kept, without anything that a terminal or a chat would obey.
func (t *tail) text() string {
	b := t.kept
	if len(b) > maxOutput {
		b = b[len(b)-maxOutput:]
	}
	return clean(string(b))
}

var escapes = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?)")

func clean(s string) string {
	s = escapes.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), "")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Cf):
			return -1
		}
		return r
	}, s)
}

// lastLines gives the last lines that say something.
func lastLines(s string, n int) []string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, clip(line, maxLine))
		}
	}
	if len(out) > n {
		out = out[len(out)-n:]
	}
	return out
}

func clip(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

func joined(names []string) string { return strings.Join(names, ", ") }

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

// command is what a person would type to do the same.
func command(path string, args []string) string {
	out := []string{path}
	for _, a := range args {
		if !plainWord.MatchString(a) {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		out = append(out, a)
	}
	return strings.Join(out, " ")
}
