package discord

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Plain is the message as a person reads it: content, then embeds, without
// markup.
func (m Message) Plain() string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, m.plain(parseMarkup(text)))
		}
	}
	add(m.Content)
	var embeds []embedded
	_ = json.Unmarshal(m.Embeds, &embeds) // it was read before
	for _, e := range embeds {
		e.texts(add)
	}
	m.walk(func(c component) {
		if c.Type == compText {
			add(c.Content)
		}
	})
	return strings.Join(parts, "\n")
}

// texts of an embed in the order they are shown.
func (e embedded) texts(add func(string)) {
	if e.Author != nil {
		add(e.Author.Name)
	}
	add(e.Title)
	add(e.Description)
	for _, f := range e.Fields {
		add(f.Name)
		add(f.Value)
	}
	if e.Footer != nil {
		add(e.Footer.Text)
	}
}

func (m Message) plain(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		switch p.kind {
		case pieceTime:
			b.WriteString(p.when())
		case pieceMention:
			b.WriteString(m.mention(p.text))
		case pieceEmphasis, pieceLink, pieceSmall, pieceQuote, pieceHeading:
			b.WriteString(m.plain(p.inner))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

func (m Message) mention(mark string) string {
	if name, ok := m.names[mark]; ok {
		return name
	}
	return "@unknown"
}

// when is a time as it is shown to somebody who lives in UTC.
func (p piece) when() string {
	unix, err := strconv.ParseInt(p.text, 10, 64)
	if err != nil {
		return p.text
	}
	layouts := map[string]string{"t": "15:04", "T": "15:04:05", "d": "2006-01-02", "D": "2 January 2006", "R": "15:04"}
	layout, ok := layouts[p.style]
	if !ok {
		layout = "2 January 2006 15:04"
	}
	return time.Unix(unix, 0).UTC().Format(layout) + " UTC"
}
