package slack

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// piece is a part of a text with Slack's markup taken apart.
type piece struct {
	kind  pieceKind
	text  string // of plain text, code, mentions (the id), links (the address), times (the fallback)
	style byte   // of emphasis: * _ ~
	unix  int64
	shape string // of times: the format
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
	pieceMention // of a person, a group or a channel
	pieceCall    // here, channel, everyone
	pieceQuote
	pieceEmoji
)

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

var (
	angle = regexp.MustCompile(`^<([^<>\n]+)>`)
	bare  = regexp.MustCompile(`^(?:https?://|mailto:)[^\s<>|]+`)
	emoji = regexp.MustCompile(`^:[a-z0-9_+'-]+:`)
)

// parseMarkup takes mrkdwn apart.
func parseMarkup(text string) []piece {
	r := &reader{last: '\n'}
	for text != "" {
		text = text[r.one(text):]
	}
	r.flush()
	return r.out
}

type reader struct {
	out  []piece
	text strings.Builder
	last rune // before what is read now
}

func (r *reader) flush() {
	if r.text.Len() > 0 {
		r.out = append(r.out, piece{text: entities.Replace(r.text.String())})
		r.text.Reset()
	}
}

func (r *reader) put(p piece, length int) int {
	r.flush()
	r.out = append(r.out, p)
	r.last = ' '
	return length
}

// one takes what stands at the front and answers its length.
func (r *reader) one(s string) int {
	if n := r.quote(s); n > 0 {
		return n
	}
	if p, n := code(s); n > 0 {
		return r.put(p, n)
	}
	if m := angle.FindStringSubmatch(s); m != nil {
		if p, ok := marked(m[1]); ok {
			return r.put(p, len(m[0]))
		}
	}
	if !word(r.last) {
		if m := bare.FindString(s); m != "" {
			m = strings.TrimRight(m, ".,;:!?)'\"")
			shown := entities.Replace(m)
			return r.put(piece{kind: pieceLink, text: shown, inner: []piece{{text: shown}}}, len(m))
		}
		if m := emoji.FindString(s); m != "" {
			return r.put(piece{kind: pieceEmoji, text: m}, len(m))
		}
		if n := emphasis(s); n > 0 {
			return r.put(piece{kind: pieceEmphasis, style: s[0], inner: parseMarkup(s[1 : n-1])}, n)
		}
	}
	c, n := utf8.DecodeRuneInString(s)
	r.text.WriteString(s[:n])
	r.last = c
	return n
}

// quote takes a line that is quoted.
func (r *reader) quote(s string) int {
	if r.last != '\n' {
		return 0
	}
	for _, mark := range []string{"&gt;", ">"} {
		rest, ok := strings.CutPrefix(s, mark)
		if !ok {
			continue
		}
		line, _, _ := strings.Cut(rest, "\n")
		return r.put(piece{kind: pieceQuote, inner: parseMarkup(strings.TrimPrefix(line, " "))}, len(mark)+len(line))
	}
	return 0
}

// code takes a span or a block of code.
func code(s string) (piece, int) {
	if rest, ok := strings.CutPrefix(s, "```"); ok {
		if inside, _, ok := strings.Cut(rest, "```"); ok && strings.TrimSpace(inside) != "" {
			return piece{kind: pieceBlock, text: unmarked(strings.Trim(inside, "\n")), inner: marksIn(inside)}, len(inside) + 6
		}
	}
	rest, ok := strings.CutPrefix(s, "`")
	if !ok {
		return piece{}, 0
	}
	inside, _, ok := strings.Cut(rest, "`")
	if !ok || inside == "" || strings.Contains(inside, "\n") {
		return piece{}, 0
	}
	return piece{kind: pieceCode, text: unmarked(inside), inner: marksIn(inside)}, len(inside) + 2
}

var anyAngle = regexp.MustCompile(`<([^<>\n]+)>`)

// unmarked is the text of code, in which marks are shown as their words: links
// and mentions live there as well.
func unmarked(s string) string {
	s = anyAngle.ReplaceAllStringFunc(s, func(m string) string {
		_, label, ok := strings.Cut(strings.Trim(m, "<>"), "|")
		if ok {
			return label
		}
		return strings.Trim(m, "<>")
	})
	return entities.Replace(s)
}

// marksIn are the marks within code. They are taken to ring and to lead somewhere
// as well, since the vendor does not promise that they do not.
func marksIn(s string) []piece {
	var out []piece
	for _, m := range anyAngle.FindAllStringSubmatch(s, -1) {
		if p, ok := marked(m[1]); ok {
			out = append(out, p)
		}
	}
	return out
}

// marked reads what stands between angle brackets.
func marked(s string) (piece, bool) {
	target, label, labelled := strings.Cut(s, "|")
	switch {
	case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "#"):
		return piece{kind: pieceMention, text: target[1:]}, true
	case strings.HasPrefix(target, "!subteam^"):
		return piece{kind: pieceMention, text: strings.TrimPrefix(target, "!subteam^")}, true
	case strings.HasPrefix(target, "!date^"):
		if label == "" {
			return piece{}, false // without a fallback it is shown as it stands
		}
		return date(target, entities.Replace(label))
	case target == "!here" || target == "!channel" || target == "!everyone" || target == "!group":
		return piece{kind: pieceCall, text: target[1:]}, true
	case strings.HasPrefix(target, "!"):
		return piece{text: entities.Replace(label)}, true
	}
	if !strings.Contains(target, ":") {
		return piece{}, false
	}
	shown := entities.Replace(target)
	if labelled {
		shown = entities.Replace(label)
	}
	return piece{kind: pieceLink, text: entities.Replace(target), inner: []piece{{text: shown}}}, true
}

// date reads !date^unix^format or !date^unix^format^link.
func date(target, fallback string) (piece, bool) {
	parts := strings.Split(target, "^")
	if len(parts) < 3 {
		return piece{}, false
	}
	unix, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return piece{text: fallback}, true
	}
	return piece{kind: pieceTime, unix: unix, shape: parts[2], text: fallback}, true
}

// when is a time as the phone of somebody in UTC shows it.
func (p piece) when() string {
	t := time.Unix(p.unix, 0).UTC()
	return strings.NewReplacer(
		"{date_num}", t.Format("2006-01-02"), "{date}", t.Format("January 2, 2006"), "{date_short}", t.Format("Jan 2, 2006"), "{date_long}", t.Format("Monday, January 2, 2006"),
		"{date_pretty}", t.Format("January 2, 2006"), "{date_short_pretty}", t.Format("Jan 2, 2006"), "{date_long_pretty}", t.Format("Monday, January 2, 2006"),
		"{time}", t.Format("15:04"), "{time_secs}", t.Format("15:04:05"), "{ago}", t.Format("15:04"), "{day_divider_pretty}", t.Format("Monday, January 2"),
	).Replace(p.shape)
}

func word(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }

// emphasis answers the length of what a mark at the front emphasises, with its
// marks; 0 where it has no partner on the line. The vendor wants no space inside
// the marks and no word outside them.
func emphasis(s string) int {
	mark := s[0]
	if mark != '*' && mark != '_' && mark != '~' {
		return 0
	}
	line, _, _ := strings.Cut(s, "\n")
	if len(line) < 3 || line[1] == ' ' || line[1] == mark {
		return 0
	}
	for n := 2; n < len(line); n++ {
		if line[n] != mark || line[n-1] == ' ' || line[n-1] == mark {
			continue
		}
		if after, _ := utf8.DecodeRuneInString(line[n+1:]); n+1 == len(line) || (!word(after) && after != rune(mark)) {
			return n + 1
		}
	}
	return 0
}
