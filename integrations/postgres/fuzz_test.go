package postgres

import (
	"strings"
	"testing"
)

// FuzzStatement: a query that somebody else wrote is taken apart without a loss
// and without a panic, and its literals are masked.
func FuzzStatement(f *testing.F) {
	for _, s := range []string{"", "select 1", "select 'it''s'", "select $$a$$", "select $x$ $y$ $x$", "/* /* */ */ select", "-- x", "E'\\''", "\"a\"\"b\"", "'open", "$1", "explain analyze delete from t", "copy t from stdin", "\x00", "select 'secret-value-77'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var whole strings.Builder
		for _, tok := range lex(s) {
			whole.WriteString(tok.text)
		}
		if strings.Contains(s, whole.String()) == false && whole.Len() > len(s) {
			t.Errorf("the pieces of %q are %q", s, whole.String())
		}
		_ = unwanted(s)
		if out := masked("select '" + strings.ReplaceAll(s, "'", "''") + "'"); len(s) > 12 && !strings.ContainsAny(s, "\\'") && strings.Contains(out, s) {
			t.Errorf("the literal %q stands in %q", s, out)
		}
	})
}

// FuzzPID: a session is a positive number or nothing.
func FuzzPID(f *testing.F) {
	for _, s := range []string{"", "1", "0", "-1", "2147483647", "2147483648", "1.0", "0x1", " 1", "1;drop"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if pid, err := parsePID(s); err == nil && pid <= 0 {
			t.Errorf("%q is session %d", s, pid)
		}
	})
}
