package web

import (
	"slices"
	"strings"

	"mayday/bot/chat"
)

// formView is a form as a page shows it.
type formView struct {
	chat.Form
	Head   bool // the title says more than the fields do
	Submit chat.Button
	Fields []fieldView
}

type fieldView struct {
	chat.Field
	ID     string
	Input  string // name of the input
	Value  string
	Chosen []optionView
	Area   bool
	Choice string // radio, checkbox, select
}

type optionView struct {
	chat.Choice
	On bool
}

func viewForm(m chat.Message) *formView {
	f := &formView{Form: *m.Form, Submit: chat.Button{ID: m.Form.Submit, Label: m.Form.Label, Style: chat.Primary}}
	for _, b := range append(slices.Clone(m.Buttons), m.More...) {
		if b.ID == m.Form.Submit {
			f.Submit = b
		}
	}
	f.Head = len(m.Form.Fields) != 1 || m.Form.Fields[0].Label != m.Form.Title
	if f.Submit.Label == "" {
		f.Submit.Label = "Send"
	}
	f.Submit, f.Title, f.Note = tidy(f.Submit), chat.Clean(f.Title), chat.Clean(f.Note)
	for _, field := range m.Form.Fields {
		f.Fields = append(f.Fields, viewField(field, domID(m.Key+"/"+field.Name)))
	}
	return f
}

// manyOptions is from where a list to choose from becomes a drop-down.
const manyOptions = 8

func viewField(f chat.Field, id string) fieldView {
	f.Label, f.Hint = chat.Clean(f.Label), chat.Clean(f.Hint)
	out := fieldView{Field: f, ID: id, Input: "f." + f.Name}
	given := words(f.Value)
	if len(given) > 0 {
		out.Value = cleanLines(given[0])
	}
	switch f.Type {
	case chat.FieldArea:
		out.Area = true
	case chat.FieldMany:
		out.Choice, out.Input = "checkbox", "l."+f.Name
	case chat.FieldOne:
		out.Choice = "radio"
		if len(f.Options) > manyOptions {
			out.Choice = "select"
		}
	}
	only := f.Type == chat.FieldOne && f.Required && len(f.Options) == 1 // nothing to think about
	for _, o := range f.Options {
		o.Label = chat.Clean(o.Label)
		out.Chosen = append(out.Chosen, optionView{Choice: o, On: only || slices.Contains(given, o.Value)})
	}
	return out
}

// cleanLines is Clean for words that may have lines.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for n, l := range lines {
		lines[n] = chat.Clean(l)
	}
	return strings.Join(lines, "\n")
}

// words reads a prefilled value, which is a string or a list of strings.
func words(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []string:
		return x
	case []any:
		var out []string
		for _, one := range x {
			if w, ok := one.(string); ok {
				out = append(out, w)
			}
		}
		return out
	}
	return nil
}
