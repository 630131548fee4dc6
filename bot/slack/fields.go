package slack

import (
	"fmt"
	"slices"
	"strings"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

const (
	// actionInput is followed by the field's name: action ids are unique in a window.
	actionInput = "in:"
	// actionSuggest is followed by what is completed: "run playbook".
	actionSuggest = "s:"
)

// input is one field of a form. Its block is named after the field.
func input(f chat.Field) slackgo.Block {
	label := plainText(chat.Clean(f.Label), maxLabel)
	hint := chat.Clean(f.Hint)
	e, note := element(f)
	if note != "" {
		hint = strings.TrimSpace(hint + " " + note)
	}
	b := slackgo.NewInputBlock(f.Name, label, nil, e)
	if hint != "" {
		b.Hint = plainText(hint, maxHint)
	}
	b.Optional = !f.Required
	return b
}

// element is how a field is filled in, and a word on what is missing there.
func element(f chat.Field) (slackgo.BlockElement, string) {
	options, left := choices(f.Options)
	note := ""
	if left > 0 {
		note = fmt.Sprintf("%d of %d are here; the war room has all.", len(options), len(options)+left)
	}
	chosen := picked(options, values(f.Value))
	switch {
	case f.Type == chat.FieldMany && len(options) > maxCheckboxes:
		e := slackgo.NewOptionsMultiSelectBlockElement(slackgo.MultiOptTypeStatic, plainText("Choose", maxButton), actionInput+f.Name, options...)
		e.InitialOptions = chosen
		return e, note
	case f.Type == chat.FieldMany && len(options) > 0:
		e := slackgo.NewCheckboxGroupsBlockElement(actionInput+f.Name, options...)
		e.InitialOptions = chosen
		return e, note
	case f.Type == chat.FieldOne && len(options) > 0:
		e := slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeStatic, plainText("Choose", maxButton), actionInput+f.Name, options...)
		if len(chosen) > 0 {
			e.InitialOption = chosen[0]
		}
		return e, note
	case f.Suggest != "" && len(actionSuggest+f.Suggest) <= maxActionID && f.Type != chat.FieldArea:
		return suggested(f), note
	}
	return typed(f), note
}

func typed(f chat.Field) slackgo.BlockElement {
	e := slackgo.NewPlainTextInputBlockElement(nil, actionInput+f.Name)
	e.Multiline = f.Type == chat.FieldArea
	e.MaxLength = maxInput
	if f.Max > 0 && f.Max < maxInput {
		e.MaxLength = f.Max
	}
	e.InitialValue = chat.Clamp(strings.Join(values(f.Value), " "), e.MaxLength)
	return e
}

// suggested is a list that fills while somebody types.
func suggested(f chat.Field) slackgo.BlockElement {
	none := 0
	e := &slackgo.SelectBlockElement{Type: slackgo.OptTypeExternal, ActionID: actionSuggest + f.Suggest, Placeholder: plainText("Type to search", maxButton), MinQueryLength: &none}
	if v := strings.Join(values(f.Value), " "); v != "" && len(v) <= maxOptionID {
		e.InitialOption = option(chat.Choice{Value: v, Label: v})
	}
	return e
}

func option(c chat.Choice) *slackgo.OptionBlockObject {
	label := chat.Clean(c.Label)
	if strings.TrimSpace(label) == "" {
		label = chat.Clean(c.Value)
	}
	return slackgo.NewOptionBlockObject(c.Value, plainText(label, maxOption), nil)
}

// choices are the options that Slack takes, and how many do not fit.
func choices(all []chat.Choice) (out []*slackgo.OptionBlockObject, left int) {
	for _, c := range all {
		if c.Value == "" || len([]rune(c.Value)) > maxOptionID || len(out) == maxOptions {
			left++
			continue
		}
		out = append(out, option(c))
	}
	return out, left
}

func picked(options []*slackgo.OptionBlockObject, chosen []string) []*slackgo.OptionBlockObject {
	var out []*slackgo.OptionBlockObject
	for _, o := range options {
		if slices.Contains(chosen, o.Value) {
			out = append(out, o)
		}
	}
	return out
}

// values reads the prefilled value of a field: a string or a list.
func values(v any) []string {
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		if x == "" {
			return nil
		}
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

// state is what was filled in, as Slack has it.
type state struct {
	Values map[string]map[string]filled `json:"values"`
}

type filled struct {
	Type     string   `json:"type"`
	Value    *string  `json:"value"`
	Selected *chosen  `json:"selected_option"`
	Many     []chosen `json:"selected_options"`
}

type chosen struct {
	Value string `json:"value"`
}

// input is what was filled in by the names of the fields: strings, and lists where
// several may be chosen.
func (s state) input() map[string]any {
	in := map[string]any{}
	for field, actions := range s.Values {
		for _, v := range actions {
			in[field] = v.get()
		}
	}
	return in
}

func (f filled) get() any {
	switch f.Type {
	case "checkboxes", "multi_static_select", "multi_external_select":
		list := []string{}
		for _, o := range f.Many {
			list = append(list, o.Value)
		}
		return list
	case "static_select", "external_select", "radio_buttons":
		if f.Selected == nil {
			return ""
		}
		return f.Selected.Value
	}
	if f.Value == nil {
		return ""
	}
	return *f.Value
}
