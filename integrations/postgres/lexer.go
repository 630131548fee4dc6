package postgres

import (
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	wordToken tokenKind = iota
	numberToken
	literalToken // a quoted string, whatever its quotes
	nameToken    // a "quoted" identifier
	markToken    // any other character, and parameters like $1
)

// token is a piece of a statement. Comments and white space are no tokens.
type token struct {
	kind   tokenKind
	text   string
	spaced bool // something that is no token stood before it
}

func (t token) is(keyword string) bool {
	return t.kind == wordToken && strings.EqualFold(t.text, keyword)
}

// lex cuts a query text into tokens. The server cuts long texts off, so a
// literal or comment may have no end; it then reaches to the end of the text.
func lex(query string) []token {
	var tokens []token
	spaced := false
	for at := 0; at < len(query); {
		if n := blank(query[at:]); n > 0 {
			at, spaced = at+n, true
			continue
		}
		escapes := len(tokens) > 0 && !spaced && tokens[len(tokens)-1].is("e")
		kind, n := next(query[at:], escapes)
		tokens = append(tokens, token{kind: kind, text: query[at : at+n], spaced: spaced})
		at, spaced = at+n, false
	}
	return tokens
}

// blank is the length of white space or of a comment at the start.
func blank(s string) int {
	switch {
	case strings.ContainsRune(" \t\n\r\f\v\x00", rune(s[0])):
		return 1
	case strings.HasPrefix(s, "--"):
		if end := strings.IndexByte(s, '\n'); end >= 0 {
			return end + 1
		}
		return len(s)
	case strings.HasPrefix(s, "/*"):
		return comment(s)
	}
	return 0
}

// comment is the length of a block comment; in SQL they nest.
func comment(s string) int {
	depth := 0
	for at := 0; at < len(s); {
		switch {
		case strings.HasPrefix(s[at:], "/*"):
			depth, at = depth+1, at+2
		case strings.HasPrefix(s[at:], "*/"):
			depth, at = depth-1, at+2
		default:
			at++
		}
		if depth == 0 {
			return at
		}
	}
	return len(s)
}

func next(s string, escapes bool) (tokenKind, int) {
	switch c := s[0]; {
	case c == '\'':
		return literalToken, quoted(s, '\'', escapes)
	case c == '"':
		return nameToken, quoted(s, '"', false)
	case c == '$':
		return dollar(s)
	case digit(c) || (c == '.' && len(s) > 1 && digit(s[1])):
		return numberToken, run(s, func(c byte) bool { return digit(c) || letter(c) || c == '.' })
	case letter(c):
		return wordToken, run(s, func(c byte) bool { return digit(c) || letter(c) || c == '$' })
	}
	_, n := utf8.DecodeRuneInString(s)
	return markToken, n
}

// quoted is the length of a quoted piece; a doubled quote does not end it.
func quoted(s string, quote byte, escapes bool) int {
	for at := 1; at < len(s); at++ {
		switch {
		case escapes && s[at] == '\\':
			at++
		case s[at] == quote && at+1 < len(s) && s[at+1] == quote:
			at++
		case s[at] == quote:
			return at + 1
		}
	}
	return len(s)
}

// dollar is a parameter ($1) or a string in dollar quotes ($$ or $tag$).
func dollar(s string) (tokenKind, int) {
	tag := 1 + run(s[1:], func(c byte) bool { return digit(c) || letter(c) })
	if tag > 1 && digit(s[1]) {
		return markToken, 1 + run(s[1:], digit)
	}
	if tag >= len(s) || s[tag] != '$' {
		return markToken, 1
	}
	quote := s[:tag+1]
	if end := strings.Index(s[len(quote):], quote); end >= 0 {
		return literalToken, len(quote) + end + len(quote)
	}
	return literalToken, len(s)
}

func run(s string, belongs func(byte) bool) int {
	n := 0
	for n < len(s) && belongs(s[n]) {
		n++
	}
	return n
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}
