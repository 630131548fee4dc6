package slack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// stateful are the elements that have a state; buttons and overflow menus have
// none.
func stateful(e object) bool {
	kind := str(e, "type")
	return kind != "" && slices.Contains(inputElements, kind)
}

// stateOf are the states of all elements of blocks: what was chosen, else what
// they began with.
func stateOf(blocks []object, chosen map[string]map[string]object) map[string]map[string]object {
	out := map[string]map[string]object{}
	for _, b := range blocks {
		for _, e := range elementsOf(b) {
			if !stateful(e) {
				continue
			}
			block, action := str(b, "block_id"), str(e, "action_id")
			if out[block] == nil {
				out[block] = map[string]object{}
			}
			if o, ok := chosen[block][action]; ok {
				out[block][action] = o
				continue
			}
			out[block][action] = initial(e)
		}
	}
	return out
}

func (v *view) values() map[string]map[string]object { return stateOf(v.blocks, v.state) }

// selection is the key of what was chosen, by the type of the element; it ends in
// s where several can be.
func selection(kind string) string {
	bare, several := strings.CutPrefix(kind, "multi_")
	key := map[string]string{
		"static_select": "selected_option", "external_select": "selected_option", "users_select": "selected_user", "conversations_select": "selected_conversation",
		"channels_select": "selected_channel", "radio_buttons": "selected_option", "checkboxes": "selected_options", "datepicker": "selected_date", "timepicker": "selected_time",
		"datetimepicker": "selected_date_time",
	}[bare]
	if key == "" {
		return "value"
	}
	if several {
		key += "s"
	}
	return key
}

// initial is the state of an element that nobody touched.
func initial(e object) object {
	kind := str(e, "type")
	key := selection(kind)
	out := object{"type": kind}
	began := e["initial_"+strings.TrimPrefix(strings.TrimPrefix(key, "selected_"), "initial_")]
	if strings.HasSuffix(key, "s") && began == nil {
		began = []any{}
	}
	out[key] = began
	return out
}

// set makes the state of an element from what a person enters.
func (v *view) set(in Input, e object, given any) (object, error) {
	out := object{"type": in.Kind}
	key := selection(in.Kind)
	if key == "value" {
		text := fmt.Sprint(given)
		if text == "" {
			out[key] = nil
			return out, nil
		}
		out[key] = text
		return out, in.takes(text)
	}
	list := texts(given)
	if !strings.HasSuffix(key, "s") && len(list) > 1 {
		return nil, fmt.Errorf("the field %q takes one value", in.Label)
	}
	all := []any{}
	for _, one := range list {
		o, err := v.choice(in, e, one)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	switch {
	case strings.HasSuffix(key, "s"):
		out[key] = all
	case len(all) == 0:
		out[key] = nil
	default:
		out[key] = all[0]
	}
	return out, nil
}

// choice finds what a person chose among what the menu offers.
func (v *view) choice(in Input, e object, what string) (any, error) {
	kind := strings.TrimPrefix(in.Kind, "multi_")
	switch kind {
	case "static_select", "radio_buttons", "checkboxes":
		for _, o := range optionObjects(e) {
			if str(o, "value") == what || words(o["text"]) == what {
				return o, nil
			}
		}
		return nil, fmt.Errorf("the field %q does not offer %q", in.Label, what)
	case "external_select":
		for _, o := range v.offered[in.ActionID] {
			if o.Value == what || o.Label == what {
				return object{"text": plainText(o.Label), "value": o.Value}, nil
			}
		}
		return nil, fmt.Errorf("the field %q has not suggested %q", in.Label, what)
	case "datetimepicker":
		return strconv.ParseInt(what, 10, 64)
	}
	return what, nil
}

func (in Input) takes(text string) error {
	n := utf8.RuneCountInString(text)
	if n < in.MinLength || n > in.MaxLength {
		return fmt.Errorf("the field %q takes %d to %d characters, and has %d", in.Label, in.MinLength, in.MaxLength, n)
	}
	if in.Kind == "number_input" {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("the field %q takes a number", in.Label)
		}
	}
	if !in.Multiline && strings.Contains(text, "\n") {
		return fmt.Errorf("the field %q takes one line", in.Label)
	}
	return nil
}

// empty reports whether a state has nothing in it.
func empty(state object) bool {
	switch v := state[selection(str(state, "type"))].(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []string:
		return v
	case []any:
		var out []string
		for _, one := range v {
			out = append(out, fmt.Sprint(one))
		}
		return out
	case string:
		if v == "" {
			return nil
		}
		return []string{v}
	}
	return []string{fmt.Sprint(v)}
}
