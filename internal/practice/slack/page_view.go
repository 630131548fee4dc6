package slack

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pageView is what somebody's phone shows.
type pageView struct {
	Said, As string
	Refresh  bool
	Still    bool // the page waits for somebody who types
	People   []pageLink
	Rooms    []pageRoom
	Modal    *pageModal
	Home     []pageBlock
}

// placed is blocks with the place they are pressed in.
type placed struct {
	As, Channel, TS, Home string
	Blocks                []pageBlock
	M                     pageMessage
}

// Within shows a message to somebody.
func (m pageMessage) Within(as string) placed {
	return placed{As: as, Channel: m.Channel, TS: m.TS, Blocks: m.Blocks, M: m}
}

// Within shows a form to somebody.
func (m pageModal) Within(as string) placed { return placed{As: as, Blocks: m.Blocks} }

// HomeWithin shows the Home tab.
func (v pageView) HomeWithin() placed { return placed{As: v.As, Home: "1", Blocks: v.Home} }

type pageLink struct {
	ID, Name string
	On       bool
}

type pageRoom struct {
	ID, Name string
	Messages []pageMessage
}

type pageMessage struct {
	Message
	Author  string
	Bot     bool
	Clock   string
	Blocks  []pageBlock
	Calls   string
	Pinned  bool
	Replies []pageMessage
}

type pageBlock struct {
	Kind     string // section, context, header, divider, actions
	Texts    []template.HTML
	Controls []pageControl
}

// pageControl is a button, or a menu with its lines.
type pageControl struct {
	Button
	Pressing string
	Lines    []pageLink
	Name     string
}

type pageModal struct {
	View
	Blocks []pageBlock
	Fields []pageField
}

type pageField struct {
	Input
	Error    string
	Several  bool
	Text     bool
	External bool
	Lines    []pageLink
}

func (s *Slack) phone(as, said string, still bool) pageView {
	if as == "" {
		as = Ana
	}
	v := pageView{Said: said, As: as, Still: still, Modal: s.pageModal(as)}
	s.mu.Lock()
	var rooms []pageLink
	for _, p := range s.world.people {
		if !p.bot {
			v.People = append(v.People, pageLink{ID: p.id, Name: p.real, On: p.id == as})
		}
	}
	for _, c := range s.world.channels {
		if c.member && (c.im == "" || c.im == as) {
			rooms = append(rooms, pageLink{ID: c.id, Name: c.name})
		}
	}
	s.mu.Unlock()
	for _, c := range rooms {
		v.Rooms = append(v.Rooms, pageRoom{ID: c.ID, Name: c.Name, Messages: s.pageMessages(as, c.ID)})
	}
	if h := s.Home(as); h != nil {
		v.Home = pageBlocks(blocksOf(h.Blocks), h.names)
	}
	v.Refresh = v.Modal == nil && said == "" && !still
	return v
}

// pageMessages are those of a channel with their threads and with what only this
// person sees, by time.
func (s *Slack) pageMessages(as, channel string) []pageMessage {
	var out []pageMessage
	pinned := s.Pins(channel)
	own := s.Ephemerals(as)
	for _, root := range s.Messages(channel) {
		one := s.pageMessage(root)
		one.Pinned = slices.ContainsFunc(pinned, func(m Message) bool { return m.TS == root.TS })
		for _, r := range s.Thread(channel, root.TS)[1:] {
			one.Replies = append(one.Replies, s.pageMessage(r))
		}
		for _, m := range own {
			if m.Channel == channel && m.ThreadTS == root.TS {
				one.Replies = append(one.Replies, s.pageMessage(m))
			}
		}
		slices.SortStableFunc(one.Replies, byTime)
		out = append(out, one)
	}
	for _, m := range own {
		if m.Channel == channel && m.ThreadTS == "" {
			out = append(out, s.pageMessage(m))
		}
	}
	slices.SortStableFunc(out, byTime)
	return out
}

func byTime(a, b pageMessage) int { return strings.Compare(a.TS, b.TS) }

func (s *Slack) pageMessage(m Message) pageMessage {
	seconds, _, _ := strings.Cut(m.TS, ".")
	unix, _ := strconv.ParseInt(seconds, 10, 64) // it was made here
	out := pageMessage{Message: m, Author: strings.TrimPrefix(nameOf(m.User, m.names), "@"), Bot: m.User == BotUser, Clock: time.Unix(unix, 0).UTC().Format("15:04")}
	if m.Deleted {
		out.Author = "Slackbot"
	}
	var calls []string
	for _, id := range m.Pinged() {
		if id != BotUser {
			calls = append(calls, strings.TrimPrefix(nameOf(id, m.names), "@"))
		}
	}
	out.Calls = strings.Join(calls, ", ")
	blocks := blocksOf(m.Blocks)
	if len(blocks) == 0 {
		out.Blocks = []pageBlock{{Kind: "section", Texts: []template.HTML{toHTML(m.texts()[0], m.names)}}}
		return out
	}
	out.Blocks = pageBlocks(blocks, m.names)
	return out
}

func pageBlocks(blocks []object, names map[string]string) []pageBlock {
	var out []pageBlock
	for _, b := range blocks {
		if b["type"] == "input" {
			continue
		}
		one := pageBlock{Kind: str(b, "type")}
		eachText([]object{b}, func(p []piece) { one.Texts = append(one.Texts, toHTML(p, names)) })
		one.Controls = pageControls(b)
		out = append(out, one)
	}
	return out
}

// pageControls puts the lines of a menu together again.
func pageControls(b object) []pageControl {
	var out []pageControl
	for _, c := range controls([]object{b}) {
		if n := slices.IndexFunc(out, func(o pageControl) bool { return o.Lines != nil && o.ActionID == c.ActionID }); c.Menu && n >= 0 {
			out[n].Lines = append(out[n].Lines, pageLink{ID: c.key(), Name: c.Label})
			continue
		}
		one := pageControl{Button: c.Button, Pressing: c.key()}
		if c.Menu {
			one.Lines, one.Name = []pageLink{{ID: c.key(), Name: c.Label}}, "More"
			if p := words(c.element["placeholder"]); p != "" {
				one.Name = p
			}
		}
		out = append(out, one)
	}
	return out
}

func (s *Slack) pageModal(user string) *pageModal {
	v := s.View(user)
	if v == nil {
		return nil
	}
	out := &pageModal{View: *v, Blocks: pageBlocks(blocksOf(v.Blocks), v.names)}
	for _, in := range v.Inputs() {
		f := pageField{Input: in, Error: v.Errors[in.BlockID], Text: strings.HasSuffix(in.Kind, "input"), Several: strings.HasPrefix(in.Kind, "multi_") || in.Kind == "checkboxes"}
		f.External = strings.HasSuffix(in.Kind, "external_select")
		options := in.Options
		if strings.HasSuffix(in.Kind, "users_select") {
			options = s.everybody()
		}
		for _, o := range options {
			f.Lines = append(f.Lines, pageLink{ID: o.Value, Name: o.Label, On: slices.Contains(in.Chosen, o.Value)})
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

func (s *Slack) everybody() []Option {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Option
	for _, p := range s.world.people {
		out = append(out, Option{Label: p.real, Value: p.id})
	}
	return out
}

var emphasisTags = map[byte]string{'*': "strong", '_': "em", '~': "s"}

// toHTML shows a text; everything in it but our own tags is escaped.
func toHTML(pieces []piece, names map[string]string) template.HTML {
	var b strings.Builder
	writeHTML(&b, pieces, names)
	return template.HTML(b.String())
}

func writeHTML(b *strings.Builder, pieces []piece, names map[string]string) {
	leaf := func(open, text, end string) { b.WriteString(open + template.HTMLEscapeString(text) + end) }
	wrap := func(tag string, p piece) {
		b.WriteString("<" + tag + ">")
		writeHTML(b, p.inner, names)
		b.WriteString("</" + tag + ">")
	}
	for n, p := range pieces {
		if n > 0 && pieces[n-1].kind == pieceQuote {
			p.text = strings.TrimPrefix(p.text, "\n") // the quote ended the line
		}
		switch p.kind {
		case pieceCode:
			leaf("<code>", p.text, "</code>")
		case pieceBlock:
			leaf("<pre>", p.text, "</pre>")
		case pieceEmphasis:
			wrap(emphasisTags[p.style], p)
		case pieceQuote:
			wrap("q", p)
		case pieceTime:
			leaf(`<span class="time" title="as a phone in UTC would show it: `+template.HTMLEscapeString(p.when())+`">`, p.text, "</span>")
		case pieceMention:
			leaf(`<span class="mention">`, nameOf(p.text, names), "</span>")
		case pieceCall:
			leaf(`<span class="mention">`, "@"+p.text, "</span>")
		case pieceLink:
			if !strings.HasPrefix(p.text, "http") {
				writeHTML(b, p.inner, names)
				continue
			}
			leaf(`<a rel="noreferrer noopener" target="_blank" href="`, p.text, `">`)
			writeHTML(b, p.inner, names)
			b.WriteString("</a>")
		default:
			leaf("", p.text, "")
		}
	}
}
