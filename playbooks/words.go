package playbooks

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// prepared is an expression as CEL takes it, with where its columns came from.
type prepared struct {
	cel    string
	shifts []shift
}

// shift says that from column on (counted in runes of the CEL text) the original
// stands delta runes further left.
type shift struct{ column, delta int }

// original maps a column of the CEL text back to the file.
func (p prepared) original(column int) int {
	delta := 0
	for _, s := range p.shifts {
		if column >= s.column {
			delta = s.delta
		}
	}
	return column - delta
}

// slip is a mistake that people who know other languages make, with its column.
type slip struct {
	column    int
	what, fix string
}

// prepare rewrites percentages, `1%` to 0.01, and finds the signs and words that
// other languages have and CEL has not.
func prepare(src string) (prepared, *slip) {
	s := scanner{in: []rune(src)}
	for s.at < len(s.in) {
		if bad := s.next(); bad != nil {
			return prepared{}, bad
		}
	}
	return prepared{cel: string(s.out), shifts: s.shifts}, nil
}

type scanner struct {
	in, out []rune
	at      int
	shifts  []shift
}

func (s *scanner) peek(i int) rune {
	if s.at+i < 0 || s.at+i >= len(s.in) {
		return 0
	}
	return s.in[s.at+i]
}

func (s *scanner) take(n int) {
	n = min(n, len(s.in)-s.at)
	s.out = append(s.out, s.in[s.at:s.at+n]...)
	s.at += n
}

func (s *scanner) next() *slip {
	switch r := s.peek(0); {
	case r == '"' || r == '\'':
		s.str(r)
	case unicode.IsDigit(r):
		s.number()
	case r == '_' || unicode.IsLetter(r):
		return s.word()
	case r == '=' || r == '<' || r == '>' || r == '!':
		return s.sign(r)
	case (r == '&' || r == '|') && s.peek(1) != r:
		return &slip{s.at, fmt.Sprintf("`%c` is not part of expressions", r), fmt.Sprintf("Write `%c%c`", r, r)}
	case r == '&' || r == '|':
		s.take(2)
	case r == '$':
		return &slip{s.at, "expressions use names without a dollar sign", "Leave the `$` out"}
	default:
		s.take(1)
	}
	return nil
}

// str skips a string; one that does not end is left to CEL.
func (s *scanner) str(quote rune) {
	raw := s.at > 0 && (s.peek(-1) == 'r' || s.peek(-1) == 'R')
	long := s.peek(1) == quote && s.peek(2) == quote
	open := 1
	if long {
		open = 3
	}
	s.take(open)
	for s.at < len(s.in) {
		if s.peek(0) == '\\' && !raw {
			s.take(2)
			continue
		}
		if s.peek(0) == quote && (!long || s.peek(1) == quote && s.peek(2) == quote) {
			s.take(open)
			return
		}
		s.take(1)
	}
}

// number copies a number, and makes 0.01 of 1% when nothing follows that a
// remainder could be taken by.
func (s *scanner) number() {
	start := s.at
	for s.at < len(s.in) && (unicode.IsDigit(s.peek(0)) || unicode.IsLetter(s.peek(0)) || s.peek(0) == '.' && unicode.IsDigit(s.peek(1))) {
		s.take(1)
	}
	value, err := strconv.ParseFloat(string(s.in[start:s.at]), 64)
	if err != nil || s.peek(0) != '%' || s.operandAt(s.at+1) {
		return
	}
	whole := strconv.FormatFloat(value/100, 'f', -1, 64)
	if !strings.Contains(whole, ".") {
		whole += ".0"
	}
	s.out = append(s.out[:len(s.out)-(s.at-start)], []rune(whole)...)
	s.at++
	s.shifts = append(s.shifts, shift{len(s.out), len(s.out) - s.at})
}

// operandAt reports whether a value begins at or after i.
func (s *scanner) operandAt(i int) bool {
	for i < len(s.in) && unicode.IsSpace(s.in[i]) {
		i++
	}
	if i >= len(s.in) {
		return false
	}
	if strings.HasPrefix(string(s.in[i:min(i+3, len(s.in))]), "in ") {
		return false
	}
	r := s.in[i]
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_([{\"'-.", r) || r == '!' && (i+1 >= len(s.in) || s.in[i+1] != '=')
}

var foreignWords = map[string]string{"and": "&&", "or": "||", "not": "!", "AND": "&&", "OR": "||", "NOT": "!"}

func (s *scanner) word() *slip {
	start := s.at
	for s.at < len(s.in) && (s.peek(0) == '_' || unicode.IsLetter(s.peek(0)) || unicode.IsDigit(s.peek(0))) {
		s.take(1)
	}
	word := string(s.in[start:s.at])
	sign, foreign := foreignWords[word]
	if foreign && (start == 0 || s.in[start-1] != '.') {
		return &slip{start, "expressions have no word " + named(word), "Write `" + sign + "`"}
	}
	return nil
}

func (s *scanner) sign(r rune) *slip {
	if s.peek(1) == '=' {
		if s.peek(2) == '=' && r == '=' {
			return &slip{s.at, "`===` is not part of expressions", "Write `==`"}
		}
		s.take(2)
		return nil
	}
	if r == '=' {
		return &slip{s.at, "`=` does not compare", "Write `==`"}
	}
	if r == '<' && s.peek(1) == '>' {
		return &slip{s.at, "`<>` is not part of expressions", "Write `!=`"}
	}
	s.take(1)
	return nil
}
