package discord

import (
	"fmt"
	"slices"
	"strings"

	"mayday/bot/chat"
)

// manySuffix marks the field of a form whose answer is a list: Discord answers
// every select with one.
const manySuffix = "[]"

// modal is a form as a window.
type modal struct {
	Title      string      `json:"title"`
	CustomID   string      `json:"custom_id"`
	Components []component `json:"components"`
}

const maxTopLevel = 5

func newModal(f chat.Form) modal {
	w := modal{Title: orDash(clip(chat.Clean(f.Title), maxTitle)), CustomID: f.Submit}
	note := chat.Clean(f.Note)
	if note != "" && len(f.Fields) < maxTopLevel {
		w.Components = append(w.Components, component{Type: typeDisplay, Content: clipEscaped(escape(note, true), maxInput)})
		note = ""
	}
	for _, field := range f.Fields[:min(len(f.Fields), chat.Shared.Fields)] {
		l := labelled(field)
		if note != "" && l.Description == "" {
			l.Description, note = clip(note, maxOption), ""
		}
		w.Components = append(w.Components, l)
	}
	return w
}

func orDash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "–"
	}
	return s
}

// labelled is one field below its label.
func labelled(f chat.Field) component {
	c := input(f)
	if len(f.Options) > 0 && (f.Type == chat.FieldOne || f.Type == chat.FieldMany) {
		c = choice(f)
	}
	required := f.Required
	c.Required = &required
	return component{Type: typeLabel, Label: orDash(clip(chat.Clean(f.Label), maxLabel)), Description: clip(chat.Clean(f.Hint), maxOption), Component: &c}
}

const (
	inputShort = 1
	inputLong  = 2
)

func input(f chat.Field) component {
	c := component{Type: typeInput, Style: inputShort, CustomID: f.Name, MaxLength: maxInput}
	if f.Type == chat.FieldArea {
		c.Style = inputLong
	}
	if f.Max > 0 && f.Max < maxInput {
		c.MaxLength = f.Max
	}
	value := strings.Join(values(f.Value), " ")
	if value != "" {
		c.Value = clip(value, c.MaxLength)
	}
	return c
}

// choice is a select. An option whose value does not fit cannot be chosen here;
// the war room has it.
func choice(f chat.Field) component {
	c := component{Type: typeSelect, CustomID: f.Name, MaxValues: 1}
	chosen := values(f.Value)
	for _, o := range f.Options {
		if o.Value == "" || size(o.Value) > maxOption || len(c.Options) == maxOptions {
			continue
		}
		label := orDash(clip(chat.Clean(o.Label), maxOption))
		c.Options = append(c.Options, option{Label: label, Value: o.Value, Default: slices.Contains(chosen, o.Value)})
	}
	if left := len(f.Options) - len(c.Options); left > 0 {
		c.Placeholder = fmt.Sprintf("%d of %d are here; the war room has all", len(c.Options), len(f.Options))
	}
	if f.Type == chat.FieldMany {
		c.CustomID += manySuffix
		c.MaxValues = len(c.Options)
	}
	if !f.Required {
		none := 0
		c.MinValues = &none
	}
	onlyOne(&c)
	return c
}

// onlyOne keeps no more defaults than may be chosen.
func onlyOne(c *component) {
	n := 0
	for i := range c.Options {
		if !c.Options[i].Default {
			continue
		}
		if n++; n > c.MaxValues {
			c.Options[i].Default = false
		}
	}
}

// values reads the prefilled value of a field: a string or a list.
func values(v any) []string {
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		return []string{x}
	case []string:
		return x
	case []any:
		var out []string
		for _, one := range x {
			out = append(out, fmt.Sprint(one))
		}
		return out
	}
	return []string{fmt.Sprint(v)}
}

// filled reads what was filled in, by the names of the fields.
func filled(components []component) map[string]any {
	in := map[string]any{}
	for _, c := range components {
		parts := c.Components
		if c.Component != nil {
			parts = append(parts, *c.Component)
		}
		for _, part := range parts {
			part.fill(in)
		}
	}
	return in
}

func (c component) fill(in map[string]any) {
	if field, many := strings.CutSuffix(c.CustomID, manySuffix); many && c.Type == typeSelect {
		in[field] = append([]string{}, c.Values...)
		return
	}
	switch {
	case c.CustomID == "":
	case c.Type == typeSelect && len(c.Values) > 0:
		in[c.CustomID] = c.Values[0]
	case c.Type == typeSelect:
		in[c.CustomID] = ""
	case c.Type == typeInput:
		s, _ := c.Value.(string)
		in[c.CustomID] = s
	}
}
