package playbooks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// Limits of a file. The parser recurses, so what would nest too deeply is refused
// from the tokens, before it is parsed.
const (
	maxBytes  = 256 << 10
	maxDepth  = 24
	maxValues = 20_000
	maxTokens = 40_000
	// maxMarks is how many dashes or colons may follow one another on a line
	// without a value in between.
	maxMarks = 8
)

// readLimited reads a file, but not more than a playbook may have.
func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open playbook: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read playbook: %w", err)
	}
	return text, nil
}

// In YAML a colon ends a key only before a space, a line end or a bracket. The
// scanner of the parser forgets that inside of {}: there it splits http://x. So
// colons that cannot end a key pass through it as a character of the private use
// area, which keeps every column as it is.
const hiddenColon = '\ue03a'

func hideColons(src string) string {
	runes := []rune(src)
	for i, r := range runes {
		if r != ':' || i+1 == len(runes) || strings.ContainsRune(" \t\r\n,[]{}", runes[i+1]) {
			continue
		}
		if i > 0 && (runes[i-1] == '"' || runes[i-1] == '\'') {
			continue // {"a":1} is a key in JSON style
		}
		runes[i] = hiddenColon
	}
	return string(runes)
}

func showColons(text string) string {
	return strings.ReplaceAll(text, string(hiddenColon), ":")
}

// cleanText refuses what is too large or not text, and evens out line ends.
func cleanText(l *lint, src []byte) (string, bool) {
	if len(src) > maxBytes {
		l.fail(place{}, "the file is larger than 256 KiB", "Split it, and `run` one from the other")
		return "", false
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	// The scanner does not see a tag that ends with the file.
	text := strings.TrimRight(strings.ReplaceAll(string(src), "\r\n", "\n"), "\n") + "\n"
	at := place{1, 1}
	for rest := text; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && n == 1:
			l.fail(at, "the file is not UTF-8 text", "")
			return "", false
		case r < ' ' && r != '\n' && r != '\t', r == 0x7f, r == hiddenColon:
			l.fail(at, "the file holds a control character", "")
			return "", false
		case r == '\n':
			at = place{at.line + 1, 0}
		}
		at.col, rest = at.col+1, rest[n:]
	}
	return text, true
}

// checkTokens refuses tags, anchors and everything that could hurt the parser.
func checkTokens(l *lint, src string, tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		l.fail(placeOf(tokens[maxTokens]), "the file has too many words and signs", "")
		return false
	}
	flow, marks, line := 0, 0, 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.TagType, token.DirectiveType, token.MappingKeyType, token.AnchorType, token.AliasType:
			specialSign(l, src, tk)
			return false
		case token.SequenceStartType, token.MappingStartType:
			flow, marks = flow+1, 0
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.CollectEntryType:
			marks = 0
		case token.SequenceEntryType, token.MappingValueType:
			if flow <= 0 && tk.Position.Line != line {
				marks = 0
			}
			marks, line = marks+1, tk.Position.Line
		}
		if flow > maxDepth || marks > maxMarks {
			l.fail(placeOf(tk), "the values nest too deeply", "")
			return false
		}
	}
	return true
}

// specialSign explains a sign that YAML gives a meaning of its own.
func specialSign(l *lint, src string, tk *token.Token) {
	at := placeOf(tk)
	if tk.Type == token.TagType && tagProblem(l, src, at) {
		return
	}
	if tk.Type != token.AnchorType && tk.Type != token.AliasType && quotesMissing(l, src, at) {
		return
	}
	what := map[token.Type]string{
		token.TagType:        "YAML tags (!x)",
		token.DirectiveType:  "YAML directives (%x)",
		token.MappingKeyType: "YAML's complex keys (? x)",
		token.AnchorType:     "YAML anchors (&x)",
		token.AliasType:      "YAML aliases (*x)",
	}[tk.Type]
	l.fail(at, what+" are not part of the language", "Put the text in quotes if it begins with that sign")
}

// keyLine is a line with one key and a value that is plain text.
var keyLine = regexp.MustCompile(`^((?:\s*- +)*\s*)([a-z_.]+):[ \t]+(\S.*?)\s*$`)

// tagProblem explains `when: !x`, which YAML reads as a tag without a value.
func tagProblem(l *lint, src string, at place) bool {
	rest := []rune(lineOf(src, at.line))
	if at.col < 1 || at.col > len(rest) || rest[at.col-1] != '!' {
		return false
	}
	value := strings.TrimSpace(string(rest[at.col-1:]))
	fix := "Put the text in quotes: '" + strings.ReplaceAll(value, "'", "''") + "'"
	if m := plainNegation.FindStringSubmatch(value); m != nil {
		fix = "Write `" + m[1] + " == false`"
	}
	l.fail(at, "`!` begins a YAML tag here, so that the value is empty", fix)
	return true
}

var plainNegation = regexp.MustCompile(`^!([a-z_][a-zA-Z0-9_.]*)\s*[},]?\s*\}*(?:#.*)?$`)

// quotesMissing explains a syntax error by a text that YAML reads as something
// else, and shows it quoted.
func quotesMissing(l *lint, src string, at place) bool {
	line := lineOf(src, at.line)
	m := keyLine.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	value := m[3]
	if i := strings.Index(value, " #"); i >= 0 {
		value = strings.TrimSpace(value[:i])
	}
	signs := strings.Contains(value, ": ") || strings.Contains(value, " ? ") || strings.HasSuffix(value, ":") || strings.ContainsAny(value[:1], "\"'`@%*&!?")
	listed := strings.HasPrefix(value, "[") && !strings.HasSuffix(value, "]")
	if value == "" || !signs && !listed || strings.HasPrefix(value, "{") {
		return false
	}
	col := utf8.RuneCountInString(line[:len(m[1])+len(m[2])+1]) + 1
	col += len(line[len(m[1])+len(m[2])+1:]) - len(strings.TrimLeft(line[len(m[1])+len(m[2])+1:], " \t"))
	l.fail(place{at.line, col}, "this text needs quotes, else YAML reads it as something else", "Write `"+m[2]+": '"+strings.ReplaceAll(value, "'", "''")+"'`")
	return true
}

func lineOf(src string, line int) string {
	for n := 1; ; n++ {
		one, rest, more := strings.Cut(src, "\n")
		if n == line {
			return one
		}
		if !more {
			return ""
		}
		src = rest
	}
}
