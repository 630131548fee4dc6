package slack

import (
	"encoding/json"
	"slices"
	"strings"
)

// flat joins the words of a text.
func flat(pieces []piece, names map[string]string) string {
	var b strings.Builder
	for _, p := range pieces {
		switch p.kind {
		case pieceTime:
			b.WriteString(p.text) // the fallback: it names its zone
		case pieceMention:
			b.WriteString(nameOf(p.text, names))
		case pieceCall:
			b.WriteString("@" + p.text)
		case pieceEmphasis, pieceLink, pieceQuote:
			b.WriteString(flat(p.inner, names))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

func nameOf(id string, names map[string]string) string {
	if name, ok := names[id]; ok {
		return name
	}
	return "@unknown"
}

// textPieces takes a text object apart: plain text has no markup at all.
func textPieces(v any) []piece {
	o, ok := v.(object)
	if !ok {
		return nil
	}
	text, _ := o["text"].(string)
	if o["type"] == "plain_text" {
		return []piece{{text: entities.Replace(text)}}
	}
	return parseMarkup(text)
}

func blocksOf(raw json.RawMessage) []object {
	var out []object
	_ = json.Unmarshal(raw, &out) // it was read before
	return out
}

// eachText goes over all texts of blocks in the order they are shown; buttons and
// menus are no words of a message.
func eachText(blocks []object, do func([]piece)) {
	for _, b := range blocks {
		switch b["type"] {
		case "rich_text":
			do(richPieces(b["elements"]))
			continue
		case "image":
			if alt, _ := b["alt_text"].(string); alt != "" {
				do([]piece{{text: alt}})
			}
		}
		for _, key := range []string{"text", "title", "label", "hint"} {
			if b[key] != nil {
				do(textPieces(b[key]))
			}
		}
		for _, key := range []string{"fields", "elements"} {
			all, _ := b[key].([]any)
			for _, v := range all {
				if o, ok := v.(object); ok && (o["type"] == "mrkdwn" || o["type"] == "plain_text") {
					do(textPieces(o))
				}
			}
		}
	}
}

// richPieces takes rich text apart, in which markup is structure.
func richPieces(v any) []piece {
	all, _ := v.([]any)
	var out []piece
	for n, one := range all {
		o, _ := one.(object)
		text, _ := o["text"].(string)
		id := func(key string) string { v, _ := o[key].(string); return v }
		switch o["type"] {
		case "text":
			out = append(out, styled(o, piece{text: text}))
		case "link":
			if text == "" {
				text = id("url")
			}
			out = append(out, piece{kind: pieceLink, text: id("url"), inner: []piece{{text: text}}})
		case "user":
			out = append(out, piece{kind: pieceMention, text: id("user_id")})
		case "usergroup":
			out = append(out, piece{kind: pieceMention, text: id("usergroup_id")})
		case "channel":
			out = append(out, piece{kind: pieceMention, text: id("channel_id")})
		case "broadcast":
			out = append(out, piece{kind: pieceCall, text: id("range")})
		case "emoji":
			out = append(out, piece{kind: pieceEmoji, text: ":" + id("name") + ":"})
		case "date":
			unix, _ := o["timestamp"].(float64)
			out = append(out, piece{kind: pieceTime, unix: int64(unix), shape: id("format"), text: id("fallback")})
		default:
			if n > 0 {
				out = append(out, piece{text: "\n"})
			}
			out = append(out, richPieces(o["elements"])...)
		}
	}
	return out
}

// styled is a piece of rich text as it is shown.
func styled(o object, p piece) piece {
	style, _ := o["style"].(object)
	for _, one := range []struct {
		name string
		mark byte
	}{{"bold", '*'}, {"italic", '_'}, {"strike", '~'}} {
		if on, _ := style[one.name].(bool); on {
			p = piece{kind: pieceEmphasis, style: one.mark, inner: []piece{p}}
		}
	}
	return p
}

// texts are all texts that a person reads: those of the blocks, else the text.
func (m Message) texts() [][]piece {
	var out [][]piece
	if blocks := blocksOf(m.Blocks); len(blocks) > 0 {
		eachText(blocks, func(p []piece) { out = append(out, p) })
		return out
	}
	if m.plain {
		return [][]piece{{{text: entities.Replace(m.Text)}}}
	}
	return [][]piece{parseMarkup(m.Text)}
}

// Plain is the message as a person reads it: the words of the blocks, else of the
// text, without markup.
func (m Message) Plain() string { return joined(m.texts(), m.names) }

func joined(texts [][]piece, names map[string]string) string {
	var lines []string
	for _, t := range texts {
		lines = append(lines, flat(t, names))
	}
	return strings.Join(lines, "\n")
}

// Notification is the text that a lock screen shows.
func (m Message) Notification() string { return flat(parseMarkup(m.Text), m.names) }

// Pinged are those whose phones ring: ids of people and groups, and here, channel,
// everyone. The text counts even where blocks are shown in its place.
func (m Message) Pinged() []string {
	var out []string
	add := func(who string) {
		if !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	all := m.texts()
	if !m.plain {
		all = append(all, parseMarkup(m.Text))
	}
	if m.parse {
		for _, name := range namesIn(m.Text, m.names) {
			add(name)
		}
	}
	for _, t := range all {
		walk(t, func(p piece) {
			if p.kind == pieceCall || (p.kind == pieceMention && !strings.HasPrefix(p.text, "C")) {
				add(p.text)
			}
		})
	}
	return out
}

// namesIn finds @names in plain words, which ring where names are linked.
func namesIn(text string, names map[string]string) []string {
	var out []string
	for _, one := range strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == '\n' || c == ',' || c == '.' }) {
		if slices.Contains([]string{"@here", "@channel", "@everyone"}, one) {
			out = append(out, one[1:])
		}
		for id, name := range names {
			if strings.EqualFold(one, name) && strings.HasPrefix(name, "@") {
				out = append(out, id)
			}
		}
	}
	return out
}

func walk(pieces []piece, do func(piece)) {
	for _, p := range pieces {
		do(p)
		walk(p.inner, do)
	}
}

// Links are the addresses that a person can press in the words.
func (m Message) Links() []string {
	var out []string
	for _, t := range m.texts() {
		walk(t, func(p piece) {
			if p.kind == pieceLink {
				out = append(out, p.text)
			}
		})
	}
	return out
}
