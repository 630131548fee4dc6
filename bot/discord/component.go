package discord

import (
	"fmt"
	"strings"

	"mayday/bot/chat"
)

// The select behind "More…". Its options carry the ids of the buttons.
const (
	moreID    = "more"
	moreLabel = "More…"
)

var styles = map[chat.Style]int{chat.Primary: 1, chat.Plain: 2, chat.Harm: 4}

const (
	stylePlain = 2
	styleLink  = 5
)

// rows are the buttons of a message in their order, and the select for the rest.
// A form that is no window becomes a button that asks for it again.
func rows(m chat.Message) []component {
	seen := map[string]bool{}
	out := []component{}
	var buttons, options []component
	for _, b := range m.Buttons {
		buttons = appendButton(buttons, b, seen)
	}
	if m.Form != nil {
		buttons = appendButton(buttons, chat.Button{ID: m.Form.Submit, Label: m.Form.Label, Style: chat.Primary}, seen)
	}
	for _, b := range m.More {
		if b.URL != "" {
			buttons = appendButton(buttons, b, seen)
			continue
		}
		options = appendButton(options, b, seen)
	}
	for len(buttons) > 0 && len(out) < maxRows-1 {
		n := min(len(buttons), maxInRow)
		out = append(out, component{Type: typeRow, Components: buttons[:n]})
		buttons = buttons[n:]
	}
	for n := 1; len(options) > 0 && len(out) < maxRows; n++ {
		size := min(len(options), maxOptions)
		out = append(out, component{Type: typeRow, Components: []component{menu(n, options[:size])}})
		options = options[size:]
	}
	return out
}

// appendButton leaves out what Discord would refuse the whole message for.
func appendButton(to []component, b chat.Button, seen map[string]bool) []component {
	label := clip(strings.TrimSpace(chat.Clean(b.Label)), maxButtonLabel)
	if label == "" {
		return to
	}
	if b.URL != "" {
		if safe, ok := safeURL(b.URL); ok {
			return append(to, component{Type: typeButton, Style: styleLink, Label: label, URL: safe})
		}
		return to
	}
	if b.ID == "" || len(b.ID) > maxCustomID || seen[b.ID] {
		return to
	}
	seen[b.ID] = true
	style := styles[b.Style]
	if style == 0 {
		style = stylePlain
	}
	return append(to, component{Type: typeButton, Style: style, Label: label, CustomID: b.ID})
}

func menu(n int, buttons []component) component {
	c := component{Type: typeSelect, CustomID: moreID, Placeholder: moreLabel}
	if n > 1 {
		c.CustomID, c.Placeholder = fmt.Sprintf("%s%d", moreID, n), fmt.Sprintf("%s (%d)", moreLabel, n)
	}
	for _, b := range buttons {
		c.Options = append(c.Options, option{Label: b.Label, Value: b.CustomID})
	}
	return c
}
