package discord

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

type pageView struct {
	Said, As, At string
	People       []pageLink
	Rooms        []pageLink
	Title        string
	Thread       bool
	Messages     []pageMessage
	Modal        *Modal
}

type pageLink struct {
	ID, Name string
	On       bool
	Below    bool // a thread
	Note     string
}

type pageMessage struct {
	Message
	Clock  string
	Edited bool
	Body   template.HTML
	Cards  []pageCard
	Rows   [][]pageControl
	Calls  string
}

type pageCard struct {
	Bar                 template.HTMLAttr
	Author, Title, Body template.HTML
	Fields              [][2]template.HTML
	Footer              template.HTML
}

type pageControl struct {
	Button *Button
	Menu   *Menu
	Class  string
}

func (d *Discord) view(as, at, said string) pageView {
	if as == "" {
		as = Ana
	}
	if at == "" {
		at = Operations
	}
	v := pageView{Said: said, As: as, At: at, Modal: d.Modal(as)}
	d.mu.Lock()
	for _, p := range d.world.people {
		if !p.bot {
			v.People = append(v.People, pageLink{ID: p.id, Name: p.name, On: p.id == as})
		}
	}
	v.Rooms = d.rooms(at)
	if c := d.world.channel(at); c != nil {
		v.Title, v.Thread = c.name, c.thread()
	}
	d.mu.Unlock()
	v.Messages = d.pageMessages(as, at)
	return v
}

// rooms are the channels, each with its threads below it.
func (d *Discord) rooms(at string) []pageLink {
	var out []pageLink
	for _, c := range d.world.channels {
		if c.thread() {
			continue
		}
		out = append(out, pageLink{ID: c.id, Name: "# " + c.name, On: c.id == at})
		for _, t := range d.world.channels {
			if t.parent != c.id {
				continue
			}
			note := ""
			if t.archived {
				note = "archived"
			}
			out = append(out, pageLink{ID: t.id, Name: t.name, On: t.id == at, Below: true, Note: note})
		}
	}
	return out
}

// pageMessages are those of a place with what only this person sees, by time.
func (d *Discord) pageMessages(as, at string) []pageMessage {
	all := d.Messages(at)
	if t, ok := d.Thread(at); ok {
		if root, ok := d.Message(t.Parent, t.ID); ok {
			all = append([]Message{root}, all...)
		}
	}
	for _, m := range d.Ephemerals(as) {
		if m.ChannelID == at {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b Message) int {
		if older(a.ID, b.ID, true) {
			return -1
		}
		return 1
	})
	var out []pageMessage
	for _, m := range all {
		out = append(out, m.page())
	}
	return out
}

func (m Message) page() pageMessage {
	out := pageMessage{Message: m, Clock: m.At.UTC().Format("15:04"), Edited: !m.EditedAt.IsZero(), Body: m.html(m.Content), Rows: m.rows(), Calls: strings.Join(m.pinged, ", ")}
	var embeds []embedded
	_ = json.Unmarshal(m.Embeds, &embeds) // it was read before
	for _, e := range embeds {
		out.Cards = append(out.Cards, m.card(e))
	}
	return out
}

func (m Message) card(e embedded) pageCard {
	out := pageCard{Title: m.html(e.Title), Body: m.html(e.Description)}
	if e.Color != nil {
		out.Bar = template.HTMLAttr(fmt.Sprintf(`fill="#%06x"`, *e.Color))
	}
	if e.Author != nil {
		out.Author = m.html(e.Author.Name)
	}
	for _, f := range e.Fields {
		out.Fields = append(out.Fields, [2]template.HTML{m.html(f.Name), m.html(f.Value)})
	}
	if e.Footer != nil {
		out.Footer = m.html(e.Footer.Text)
	}
	return out
}

var buttonClasses = map[int]string{1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link"}

func (m Message) rows() [][]pageControl {
	var all []component
	_ = json.Unmarshal(m.Components, &all) // it was read before
	var out [][]pageControl
	for _, row := range all {
		var controls []pageControl
		for _, c := range row.Components {
			switch c.Type {
			case compButton:
				controls = append(controls, pageControl{Button: &Button{Label: c.Label, CustomID: c.CustomID, URL: c.URL, Style: c.Style, Disabled: c.Disabled}, Class: buttonClasses[c.Style]})
			case compSelect:
				menu := c.menu()
				controls = append(controls, pageControl{Menu: &menu})
			}
		}
		if len(controls) > 0 {
			out = append(out, controls)
		}
	}
	return out
}

// html shows a text; everything in it but our own tags is escaped.
func (m Message) html(text string) template.HTML {
	var b strings.Builder
	m.writeHTML(&b, parseMarkup(text))
	return template.HTML(b.String())
}

var emphasisTags = map[string]string{"**": "strong", "__": "u", "~~": "s", "||": "mark", "*": "em", "_": "em"}

func (m Message) writeHTML(b *strings.Builder, pieces []piece) {
	wrap := func(tag string, p piece) {
		b.WriteString("<" + tag + ">")
		m.writeHTML(b, p.inner)
		b.WriteString("</" + tag + ">")
	}
	leaf := func(open, text, end string) {
		b.WriteString(open + template.HTMLEscapeString(text) + end)
	}
	for _, p := range pieces {
		switch p.kind {
		case pieceCode:
			leaf("<code>", p.text, "</code>")
		case pieceBlock:
			leaf("<pre>", p.text, "</pre>")
		case pieceEmphasis:
			wrap(emphasisTags[p.style], p)
		case pieceSmall:
			wrap("small", p)
		case pieceQuote:
			wrap("q", p)
		case pieceHeading:
			wrap("b", p)
		case pieceTime:
			leaf(`<span class="time">`, p.when(), "</span>")
		case pieceMention:
			leaf(`<span class="mention">`, m.mention(p.text), "</span>")
		case pieceLink:
			leaf(`<a rel="noreferrer noopener" target="_blank" href="`, p.text, `">`)
			m.writeHTML(b, p.inner)
			b.WriteString("</a>")
		default:
			leaf("", p.text, "")
		}
	}
}
