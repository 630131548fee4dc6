package slack

import (
	"slices"
	"strings"
)

// Button is something to press: a button, or one line of a menu.
type Button struct {
	Label, ActionID, BlockID, Value, Style, URL string
	Menu                                        bool // a line of a menu
}

// control is an element that can be pressed, with the line of it for a menu.
type control struct {
	Button
	kind    string
	element object
	option  object
}

// controls of blocks: buttons in the order they are shown, lines of menus last.
func controls(blocks []object) []control {
	var buttons, lines []control
	for _, b := range blocks {
		if b["type"] == "input" {
			continue
		}
		id, _ := b["block_id"].(string)
		for _, e := range elementsOf(b) {
			kind, _ := e["type"].(string)
			one := control{kind: kind, element: e}
			one.BlockID, one.ActionID = id, str(e, "action_id")
			if kind == "button" {
				one.Label, one.Value, one.Style, one.URL = words(e["text"]), str(e, "value"), str(e, "style"), str(e, "url")
				buttons = append(buttons, one)
				continue
			}
			for _, o := range optionObjects(e) {
				line := one
				line.option, line.Menu = o, true
				line.Label, line.Value, line.URL = words(o["text"]), str(o, "value"), str(o, "url")
				lines = append(lines, line)
			}
		}
	}
	return append(buttons, lines...)
}

func str(o object, key string) string {
	v, _ := o[key].(string)
	return v
}

// words are those of a text object.
func words(v any) string { return flat(textPieces(v), nil) }

// optionObjects are the lines of a menu, those in groups as well.
func optionObjects(e object) []object {
	var out []object
	take := func(v any) {
		all, _ := v.([]any)
		for _, one := range all {
			if o, ok := one.(object); ok {
				out = append(out, o)
			}
		}
	}
	take(e["options"])
	groups, _ := e["option_groups"].([]any)
	for _, g := range groups {
		if o, ok := g.(object); ok {
			take(o["options"])
		}
	}
	return out
}

func buttonsOf(all []control) []Button {
	out := make([]Button, 0, len(all))
	for _, c := range all {
		out = append(out, c.Button)
	}
	return out
}

// Buttons are what can be pressed on a message; lines of menus come last.
func (m Message) Buttons() []Button { return buttonsOf(controls(blocksOf(m.Blocks))) }

// Buttons are what can be pressed within a form, beside its own.
func (v View) Buttons() []Button { return buttonsOf(controls(blocksOf(v.Blocks))) }

// key tells a control from all others of a surface.
func (b Button) key() string { return b.ActionID + "=" + b.Value }

// pick finds a control by its key, its label, its action_id or its value.
func pick(all []control, what string) (control, bool) {
	for _, fits := range []func(control) bool{
		func(c control) bool { return c.key() == what },
		func(c control) bool { return c.Label == what },
		func(c control) bool { return c.ActionID == what && !c.Menu },
		func(c control) bool { return c.Value == what && what != "" },
		func(c control) bool { return strings.EqualFold(c.Label, what) },
	} {
		if n := slices.IndexFunc(all, fits); n >= 0 {
			return all[n], true
		}
	}
	return control{}, false
}

// Inputs are those of a form.
func (v View) Inputs() []Input {
	var out []Input
	for _, b := range blocksOf(v.Blocks) {
		if b["type"] == "input" {
			out = append(out, inputOf(b))
		}
	}
	return out
}

func inputOf(b object) Input {
	e, _ := b["element"].(object)
	in := Input{
		BlockID: str(b, "block_id"), ActionID: str(e, "action_id"), Label: words(b["label"]), Hint: words(b["hint"]), Placeholder: words(e["placeholder"]), Kind: str(e, "type"),
		Optional: b["optional"] == true, Multiline: e["multiline"] == true, Value: str(e, "initial_value"), MaxLength: 3000,
	}
	if n, ok := e["min_length"].(float64); ok {
		in.MinLength = int(n)
	}
	if n, ok := e["max_length"].(float64); ok {
		in.MaxLength = int(n)
	}
	for _, o := range optionObjects(e) {
		in.Options = append(in.Options, Option{Label: words(o["text"]), Value: str(o, "value")})
	}
	in.prefill(e)
	return in
}

// prefill takes what is chosen before the person does anything.
func (in *Input) prefill(e object) {
	if o, ok := e["initial_option"].(object); ok {
		in.Chosen, in.Value = []string{str(o, "value")}, str(o, "value")
	}
	all, _ := e["initial_options"].([]any)
	for _, v := range all {
		if o, ok := v.(object); ok {
			in.Chosen = append(in.Chosen, str(o, "value"))
		}
	}
	for _, key := range []string{"initial_user", "initial_channel", "initial_conversation", "initial_date", "initial_time"} {
		if v := str(e, key); v != "" {
			in.Chosen, in.Value = []string{v}, v
		}
	}
	for _, key := range []string{"initial_users", "initial_channels", "initial_conversations"} {
		some, _ := e[key].([]any)
		for _, v := range some {
			if id, ok := v.(string); ok {
				in.Chosen = append(in.Chosen, id)
			}
		}
	}
}

// Plain is the form as a person reads it: title, words and labels.
func (v View) Plain() string {
	texts := [][]piece{}
	if v.Title != "" {
		texts = append(texts, []piece{{text: v.Title}})
	}
	eachText(blocksOf(v.Blocks), func(p []piece) { texts = append(texts, p) })
	for _, id := range sortedKeys(v.Errors) {
		texts = append(texts, []piece{{text: v.Errors[id]}})
	}
	return joined(texts, v.names)
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
