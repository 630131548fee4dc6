package slack

import (
	"encoding/json"
	"strings"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

// Kinds of windows, as callback_id.
const (
	viewForm    = "form"
	viewAnswer  = "answer"
	viewLoading = "loading"
)

const windowTitle = "Mayday"

// memo is what a window remembers, in private_metadata: nothing but an opaque id
// and where it was opened.
type memo struct {
	Submit   string `json:"s,omitempty"`
	Thread   string `json:"t,omitempty"`
	Incident string `json:"i,omitempty"`
	Channel  string `json:"c,omitempty"`
}

func (m memo) String() string {
	raw, err := json.Marshal(m)
	if err != nil || len(raw) > maxPrivate {
		return ""
	}
	return string(raw)
}

func readMemo(s string) memo {
	var m memo
	if json.Unmarshal([]byte(s), &m) != nil {
		return memo{}
	}
	return m
}

func window(kind, title string, where memo, blocks ...slackgo.Block) slackgo.ModalViewRequest {
	title = strings.TrimSpace(chat.Clean(title))
	if title == "" {
		title = windowTitle
	}
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, CallbackID: kind, Title: plainText(title, maxTitle), PrivateMetadata: where.String(),
		Close: plainText("Close", maxTitle), Blocks: slackgo.Blocks{BlockSet: blocks},
	}
}

// form is a form as a window.
func (p painter) form(m chat.Message, where memo) slackgo.ModalViewRequest {
	f := *m.Form
	where.Submit = f.Submit
	if m.Incident != "" {
		where.Incident = m.Incident
	}
	var blocks []slackgo.Block
	if said := p.intro(m); said != nil {
		blocks = append(blocks, said)
	}
	for _, field := range f.Fields[:min(len(f.Fields), chat.Shared.Fields)] {
		blocks = append(blocks, input(field))
	}
	v := window(viewForm, f.Title, where, blocks...)
	label := f.Label
	if strings.TrimSpace(label) == "" {
		label = "Send"
	}
	v.Submit, v.Close = plainText(chat.Clean(label), maxTitle), plainText("Cancel", maxTitle)
	return v
}

// intro is what stands above the fields: the form's note, or else what the
// message says.
func (p painter) intro(m chat.Message) slackgo.Block {
	if note := strings.TrimSpace(chat.Clean(m.Form.Note)); note != "" {
		return slackgo.NewSectionBlock(plainText(note, maxSection), nil, nil)
	}
	if block := rich(p.lines(m)); block != nil {
		return block
	}
	if text := strings.TrimSpace(words(m.Text)); text != "" {
		return slackgo.NewSectionBlock(plainText(text, maxSection), nil, nil)
	}
	return nil
}

// answer is an answer as a window: nothing to send, only to read and to press.
func (p painter) answer(m chat.Message, where memo) slackgo.ModalViewRequest {
	if m.Incident != "" {
		where.Incident = m.Incident
	}
	title := m.Incident
	switch {
	case m.Code == codeTwice:
		title = "Already handled"
	case m.Code != "":
		title = "Not done"
	}
	return window(viewAnswer, title, where, p.blocks(m)...)
}

func (p painter) blocks(m chat.Message) []slackgo.Block {
	return append(p.said(m, p.lines(m)), actions(m)...)
}

// loading is what stands there until there is something to show.
func loading(where memo) slackgo.ModalViewRequest {
	return window(viewLoading, windowTitle, where, slackgo.NewSectionBlock(plainText("Loading…", maxSection), nil, nil))
}

// home is the Home tab.
func (p painter) home(m chat.Message) slackgo.HomeTabViewRequest {
	return slackgo.HomeTabViewRequest{Type: slackgo.VTHomeTab, CallbackID: "home", Blocks: slackgo.Blocks{BlockSet: p.blocks(m)}}
}
