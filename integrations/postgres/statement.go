package postgres

import (
	"slices"
	"strings"

	"mayday/integrations"
)

// masked is a query on one line in which nothing personal is left: literals and
// long numbers become …, comments are dropped. Query text ends up in chat rooms.
func masked(query string) string {
	var b strings.Builder
	for _, t := range lex(query) {
		if t.spaced && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(hide(t))
	}
	return integrations.OneLine(b.String())
}

func hide(t token) string {
	switch {
	case t.kind == literalToken:
		return "'…'"
	case t.kind == numberToken && digits(t.text) > 6:
		return "…"
	}
	return t.text
}

func digits(text string) int {
	if strings.HasPrefix(strings.ToLower(text), "0x") {
		return len(text) - 2
	}
	n := 0
	for i := range len(text) {
		if digit(text[i]) {
			n++
		}
	}
	return n
}

var (
	schemaWords = []string{
		"CREATE", "ALTER", "DROP", "TRUNCATE", "REINDEX", "CLUSTER", "REPACK", "REFRESH",
		"COMMENT", "GRANT", "REVOKE", "REASSIGN", "SECURITY", "IMPORT",
	}
	upkeepWords = []string{"VACUUM", "ANALYZE", "ANALYSE", "CHECKPOINT"}
)

// unwanted says what a query text does that is never ended from here, "" when
// it does no such thing. A text may hold several statements.
func unwanted(query string) string {
	tokens := lex(query)
	for len(tokens) > 0 {
		end := slices.IndexFunc(tokens, func(t token) bool { return t.kind == markToken && t.text == ";" })
		if end < 0 {
			end = len(tokens)
		}
		if found := unwantedStatement(tokens[:end]); found != "" {
			return found
		}
		tokens = tokens[min(end+1, len(tokens)):]
	}
	return ""
}

func unwantedStatement(tokens []token) string {
	tokens = explained(skipMarks(tokens))
	if len(tokens) == 0 || tokens[0].kind != wordToken {
		return ""
	}
	first := strings.ToUpper(tokens[0].text)
	switch {
	case slices.Contains(schemaWords, first):
		return "a schema change (" + opening(tokens) + ")"
	case slices.Contains(upkeepWords, first):
		return "maintenance (" + first + ")"
	case first == "COPY" && !copiesIn(tokens):
		return "a dump (COPY … TO)"
	}
	return ""
}

// explained goes past EXPLAIN and its options: EXPLAIN ANALYZE runs what follows.
func explained(tokens []token) []token {
	if len(tokens) == 0 || !tokens[0].is("explain") {
		return tokens
	}
	rest := tokens[1:]
	if len(rest) > 0 && rest[0].text == "(" {
		end := slices.IndexFunc(rest, func(t token) bool { return t.kind == markToken && t.text == ")" })
		return skipMarks(rest[max(end, 0):])
	}
	for len(rest) > 0 && (rest[0].is("analyze") || rest[0].is("analyse") || rest[0].is("verbose")) {
		rest = rest[1:]
	}
	return rest
}

func skipMarks(tokens []token) []token {
	for len(tokens) > 0 && tokens[0].kind == markToken {
		tokens = tokens[1:]
	}
	return tokens
}

// opening is the first two words, "ALTER TABLE".
func opening(tokens []token) string {
	text := strings.ToUpper(tokens[0].text)
	if len(tokens) > 1 && tokens[1].kind == wordToken {
		text += " " + strings.ToUpper(tokens[1].text)
	}
	return integrations.Clip(integrations.OneLine(text), 40)
}

// copiesIn reports a COPY whose FROM is there to be seen. Where the text was cut
// off before FROM or TO, a dump is the careful guess.
func copiesIn(tokens []token) bool {
	depth := 0
	for _, t := range tokens {
		switch {
		case t.kind == markToken && t.text == "(":
			depth++
		case t.kind == markToken && t.text == ")":
			depth--
		case depth == 0 && t.is("to"):
			return false
		case depth == 0 && t.is("from"):
			return true
		}
	}
	return false
}
