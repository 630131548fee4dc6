package discord

import (
	"regexp"
	"strings"
)

// piece is a part of a text with Discord's markup taken apart.
type piece struct {
	kind  pieceKind
	text  string // of plain text, code, times (unix), mentions (the mark), links (the address)
	style string // of a time; of a mark of emphasis
	inner []piece
}

type pieceKind int

const (
	pieceText pieceKind = iota
	pieceCode
	pieceBlock
	pieceEmphasis
	pieceLink
	pieceTime
	pieceMention
	pieceEmoji
	pieceSmall
	pieceQuote
	pieceHeading
)

var (
	markupMark = regexp.MustCompile(`^(?:<t:(-?\d+)(?::([a-zA-Z]))?>|<(@[!&]?\d+|#\d+|/[^:<>]+:\d+)>|<a?(:\w+:)\d+>|` +
		`\[((?:[^\]\\]|\\.)+)\]\(<?(https?://[^\s)>]+)>?(?: "[^"]*")?\)|<?(https?://[^\s<>]+)>?)`)
	language = regexp.MustCompile(`^[a-zA-Z0-9_+-]+\n`)
)

const escapable = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// reader takes a text apart.
type reader struct {
	out  []piece
	text strings.Builder
	last byte // before what is read now
}

func parseMarkup(text string) []piece { return parseAfter(text, '\n') }

func parseAfter(text string, last byte) []piece {
	r := &reader{last: last}
	for text != "" {
		text = text[r.one(text):]
	}
	r.flush()
	return r.out
}

func (r *reader) flush() {
	if r.text.Len() > 0 {
		r.out = append(r.out, piece{kind: pieceText, text: r.text.String()})
		r.text.Reset()
	}
}

func (r *reader) put(p piece, length int, last byte) int {
	r.flush()
	r.out = append(r.out, p)
	r.last = last
	return length
}

// one takes what stands at the front and answers its length.
func (r *reader) one(s string) int {
	if r.last == '\n' {
		if p, n := lineMark(s); n > 0 {
			return r.put(p, n, ' ')
		}
	}
	if p, n := codeSpan(s); n > 0 {
		return r.put(p, n, '`')
	}
	if s[0] == '\\' && len(s) > 1 && strings.IndexByte(escapable, s[1]) >= 0 {
		r.text.WriteByte(s[1])
		r.last = s[1]
		return 2
	}
	if at := markupMark.FindStringSubmatchIndex(s); at != nil {
		return r.put(mark(submatches(s, at)), at[1], '>')
	}
	if style, n := emphasis(s, r.last); n > 0 {
		inside := s[len(style) : n-len(style)]
		return r.put(piece{kind: pieceEmphasis, style: style, inner: parseAfter(inside, ' ')}, n, '*')
	}
	r.text.WriteByte(s[0])
	r.last = s[0]
	return 1
}

// lineMark takes a whole line that starts with a mark.
func lineMark(s string) (piece, int) {
	for prefix, kind := range map[string]pieceKind{"-# ": pieceSmall, "> ": pieceQuote, "# ": pieceHeading, "## ": pieceHeading, "### ": pieceHeading} {
		rest, ok := strings.CutPrefix(s, prefix)
		if !ok {
			continue
		}
		line, _, _ := strings.Cut(rest, "\n")
		return piece{kind: kind, inner: parseAfter(line, ' ')}, len(prefix) + len(line)
	}
	return piece{}, 0
}

func submatches(s string, at []int) []string {
	out := make([]string, len(at)/2)
	for n := range out {
		if at[2*n] >= 0 {
			out[n] = s[at[2*n]:at[2*n+1]]
		}
	}
	return out
}

// mark is a time, a mention, an emoji or a link.
func mark(part []string) piece {
	switch {
	case part[1] != "":
		return piece{kind: pieceTime, text: part[1], style: part[2]}
	case part[3] != "":
		return piece{kind: pieceMention, text: part[3]}
	case part[4] != "":
		return piece{kind: pieceEmoji, text: part[4]}
	case part[5] != "":
		return piece{kind: pieceLink, text: part[6], inner: parseAfter(part[5], ' ')}
	}
	return piece{kind: pieceLink, text: part[7], inner: []piece{{text: part[7]}}}
}

// codeSpan takes a code span or block that stands at the front.
func codeSpan(s string) (piece, int) {
	for _, fence := range []string{"```", "``", "`"} {
		rest, found := strings.CutPrefix(s, fence)
		if !found {
			continue
		}
		inside, _, ok := strings.Cut(rest, fence)
		if !ok || inside == "" {
			return piece{}, 0
		}
		length := len(inside) + 2*len(fence)
		if fence == "```" {
			return piece{kind: pieceBlock, text: strings.Trim(language.ReplaceAllString(inside, ""), "\n")}, length
		}
		return piece{kind: pieceCode, text: inside}, length
	}
	return piece{}, 0
}

// emphasis answers the mark at the front and the length of what it emphasises,
// with its marks; 0 where a mark has no partner, or stands within a word.
func emphasis(s string, last byte) (style string, length int) {
	for _, mark := range []string{"**", "__", "~~", "||", "*", "_"} {
		rest, ok := strings.CutPrefix(s, mark)
		if !ok || rest == "" || rest[0] == ' ' || (mark == "_" && letter(last)) {
			continue
		}
		if n := closing(rest, mark); n > 0 {
			return mark, n + 2*len(mark)
		}
	}
	return "", 0
}

// closing finds the mark that ends an emphasis.
func closing(s, mark string) int {
	for n := 0; n < len(s); n++ {
		if s[n] == '\\' {
			n++
			continue
		}
		if !strings.HasPrefix(s[n:], mark) || n == 0 || s[n-1] == ' ' {
			continue
		}
		if mark == "_" && n+1 < len(s) && letter(s[n+1]) {
			continue
		}
		return n
	}
	return 0
}

func letter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
