package commands

import (
	"regexp"
	"strings"
	"unicode"

	"mayday/internal/fault"
)

// maxText is how long a command may be. Chat platforms cut earlier.
const maxText = 8000

var (
	keyValue   = regexp.MustCompile(`^([a-z][a-z0-9_]{0,40})=(.*)$`)
	incidentID = regexp.MustCompile(`(?i)^(inc-|#)[0-9]+$`)
)

// typed is a command line taken apart.
type typed struct {
	verb     string
	rest     string
	words    []string
	named    map[string]string
	incident string // an INC-42 that was written as the first word
}

// parse takes a line apart: verb, words, key=value. Quotes hold words together;
// there are no flags, no escapes and no other syntax.
func parse(text string) (typed, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		return typed{}, fault.Newf(fault.Invalid, "E24", "That is %d characters; a command has at most %d.", len(text), maxText)
	}
	verb, rest := cutSpace(text)
	t := typed{verb: strings.ToLower(verb), rest: strings.TrimSpace(rest), named: map[string]string{}}
	if first, after := cutSpace(t.rest); incidentID.MatchString(first) {
		t.incident, t.rest = first, strings.TrimSpace(after)
	}
	tokens, err := split(t.rest)
	if err != nil {
		return t, err
	}
	for _, tok := range tokens {
		if m := keyValue.FindStringSubmatch(tok.text); m != nil && !tok.quoted {
			t.named[m[1]] = m[2]
			continue
		}
		t.words = append(t.words, tok.text)
	}
	if id := t.named["incident"]; id != "" {
		t.incident = id
		delete(t.named, "incident")
	}
	return t, nil
}

func cutSpace(s string) (first, rest string) {
	n := strings.IndexFunc(s, unicode.IsSpace)
	if n < 0 {
		return s, ""
	}
	return s[:n], s[n:]
}

type token struct {
	text   string
	quoted bool // it began with a quote
}

// split cuts at white space outside of quotes, straight or curly: phones type
// curly ones.
func split(s string) ([]token, error) {
	var out []token
	var cur strings.Builder
	var open rune
	in, quoted := false, false
	for _, r := range s {
		switch {
		case open != 0 && r == open:
			open = 0
		case open == 0 && closing[r] != 0 && !wordly(cur.String()):
			open = closing[r]
			quoted = quoted || !in
			in = true
		case open == 0 && unicode.IsSpace(r):
			if in {
				out = append(out, token{cur.String(), quoted})
			}
			cur.Reset()
			in, quoted = false, false
		default:
			cur.WriteRune(r)
			in = true
		}
	}
	if open != 0 {
		return nil, fault.New(fault.Invalid, "E24", "A quote is not closed.", "Close it, or leave the quotes out.")
	}
	if in {
		out = append(out, token{cur.String(), quoted})
	}
	return out, nil
}

var closing = map[rune]rune{'"': '"', '“': '”', '„': '“', '\'': '\''}

// wordly reports that a quote stands inside a word, as in "don't".
func wordly(before string) bool { return before != "" && !strings.HasSuffix(before, "=") }
