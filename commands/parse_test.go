package commands

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/fault"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want typed
	}{
		{"", typed{named: map[string]string{}}},
		{"  Run kill-queries payments-db  ", typed{verb: "run", rest: "kill-queries payments-db", words: []string{"kill-queries", "payments-db"}, named: map[string]string{}}},
		{"run INC-42 flag-off flag=new-cart", typed{verb: "run", rest: "flag-off flag=new-cart", words: []string{"flag-off"}, named: map[string]string{"flag": "new-cart"}, incident: "INC-42"}},
		{"update #7 it's back", typed{verb: "update", rest: "it's back", words: []string{"it's", "back"}, named: map[string]string{}, incident: "#7"}},
		{"open 'the shop is down' sev=1", typed{verb: "open", rest: "'the shop is down' sev=1", words: []string{"the shop is down"}, named: map[string]string{"sev": "1"}}},
		{"note “a b” \"c=d\"", typed{verb: "note", rest: "“a b” \"c=d\"", words: []string{"a b", "c=d"}, named: map[string]string{}}},
		{"run x older_than='5 m' incident=INC-1", typed{verb: "run", rest: "x older_than='5 m' incident=INC-1", words: []string{"x"}, named: map[string]string{"older_than": "5 m"}, incident: "INC-1"}},
		{"run x --force -v", typed{verb: "run", rest: "x --force -v", words: []string{"x", "--force", "-v"}, named: map[string]string{}}},
		{"note \"\"", typed{verb: "note", rest: "\"\"", words: []string{""}, named: map[string]string{}}},
	} {
		got, err := parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(typed{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"note 'a b":                          "A quote is not closed.",
		"note “a b\"":                        "A quote is not closed.",
		strings.Repeat("x", maxText+1):       "That is 8001 characters; a command has at most 8000.",
		"note " + strings.Repeat("x ", 5000): "characters; a command has at most 8000.",
	} {
		_, err := parse(text)
		if !fault.HasCode(err, "E24") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %s", text, err, want)
		}
	}
}

// FuzzParse: no line ends the process, what is refused says why, and nothing is
// made up: every word and value stands in the line.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "run x", "run INC-42 x a=b 'c d' e=\"f g\"", "note don't", "open “x”", "#7", "run #7", "a=b", "run incident=INC-1", "run a='b", "\"", "run „x“ y", "run\u00a0x", "run a=b=c ==", "\xff run \xfe",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parse(text)
		if err != nil {
			if !fault.HasCode(err, "E24") {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		if len(text) > maxText+2*utf8.UTFMax && len(strings.TrimSpace(text)) > maxText {
			t.Fatal("too long, and taken")
		}
		if strings.ContainsFunc(got.verb, unicode.IsSpace) {
			t.Fatalf("verb %q", got.verb)
		}
		seen := unquoted(text)
		for _, w := range got.words {
			if !strings.Contains(seen, unquoted(w)) {
				t.Fatalf("the word %q is not in %q", w, text)
			}
		}
		for k, v := range got.named {
			if !keyValue.MatchString(k+"="+v) && !strings.Contains(v, "\n") {
				t.Fatalf("the key %q", k)
			}
			if !strings.Contains(seen, unquoted(v)) {
				t.Fatalf("the value %q of %s is not in %q", v, k, text)
			}
		}
		if _, ok := got.named["incident"]; ok && got.incident != "" {
			t.Fatal("the incident stands twice")
		}
		again, err := parse(text)
		if diff := cmp.Diff(got, again, cmp.AllowUnexported(typed{})); diff != "" || err != nil {
			t.Fatalf("parsed twice (-first +second):\n%s%v", diff, err)
		}
	})
}

// unquoted is a text without its quotes, and with broken characters as the
// parser writes them.
func unquoted(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("\"'“”„", r) {
			return -1
		}
		return r
	}, s)
}
