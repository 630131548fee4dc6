package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Modal is a form that is open on somebody's phone.
type Modal struct {
	CustomID, Title string
	Texts           []string // that explain
	Fields          []ModalField
	Components      json.RawMessage // as they were sent
}

// ModalField is one input of a form.
type ModalField struct {
	CustomID, Label, Description, Placeholder string
	Type                                      int // 4 text, 3 menu
	Long, Required                            bool
	Value                                     string // prefilled
	Chosen                                    []string
	MinLength, MaxLength                      int
	Menu                                      Menu
}

// fields of a modal, in the order they are shown.
func (m *openModal) fields() []ModalField {
	var out []ModalField
	for _, c := range readComponents(&form{}, m.draft.Components) {
		switch {
		case c.Type == compLabel && c.Component != nil:
			out = append(out, c.Component.field(c.Label, c.Description))
		case c.Type == compRow && len(c.Components) == 1:
			out = append(out, c.Components[0].field(c.Components[0].Label, ""))
		}
	}
	return out
}

func (c component) field(label, description string) ModalField {
	f := ModalField{
		CustomID: c.CustomID, Label: label, Description: description, Placeholder: c.Placeholder, Type: c.Type, Long: c.Style == 2,
		Required: orElse(c.Required, true), Value: c.Value, MinLength: orElse(c.MinLength, 0), MaxLength: orElse(c.MaxLength, 4000), Menu: c.menu(),
	}
	for _, o := range c.Options {
		if o.Default {
			f.Chosen = append(f.Chosen, o.Value)
		}
	}
	return f
}

func (m *openModal) view() *Modal {
	out := &Modal{CustomID: m.draft.CustomID, Title: m.draft.Title, Fields: m.fields(), Components: array(m.draft.Components)}
	for _, c := range readComponents(&form{}, m.draft.Components) {
		if c.Type == compText {
			out.Texts = append(out.Texts, c.Content)
		}
	}
	return out
}

// Modal is the form that is open on somebody's phone; nil for none.
func (d *Discord) Modal(user string) *Modal {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m := d.modals[user]; m != nil {
		return m.view()
	}
	return nil
}

// Dismiss closes the form without sending it, of which the bot hears nothing.
func (d *Discord) Dismiss(user string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.modals, user)
}

// Submit sends the form that is open on somebody's phone. Values are by custom_id
// or label: a string, or a list of strings for a menu; what is not given stays as
// it was filled in before.
func (d *Discord) Submit(ctx context.Context, user, customID string, values map[string]any) (Seen, error) {
	in, open, err := d.submitted(user, customID, values)
	if err != nil {
		return Seen{}, err
	}
	seen, err := d.deliver(ctx, in)
	if err != nil {
		d.keep(user, open)
	}
	return seen, err
}

// keep leaves a form open that was sent in vain.
func (d *Discord) keep(user string, m *openModal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.modals[user] == nil {
		d.modals[user] = m
	}
}

func (d *Discord) submitted(user, customID string, values map[string]any) (*interaction, *openModal, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.modals[user]
	if m == nil || (customID != "" && m.draft.CustomID != customID) {
		return nil, nil, fmt.Errorf("no form %q is open for %s", customID, d.author(user).name)
	}
	if err := d.present(user, m.channel); err != nil {
		return nil, nil, err
	}
	filled, err := m.filled(values)
	if err != nil {
		return nil, nil, err
	}
	delete(d.modals, user)
	in := d.begin(kindModal, user, m.channel, "the form "+m.draft.Title)
	in.source = m.source
	return in, m, d.write(in, object{"custom_id": m.draft.CustomID, "components": filled, "resolved": object{}})
}

// filled are the components as the vendor sends them back: in the layout in which
// they came.
func (m *openModal) filled(values map[string]any) ([]object, error) {
	fields, out, used := m.fields(), []object{}, 0
	at := 0
	for n, c := range readComponents(&form{}, m.draft.Components) {
		if c.Type != compLabel && c.Type != compRow {
			out = append(out, object{"type": c.Type, "id": n + 1})
			continue
		}
		f := fields[at]
		at++
		given, ok := values[f.CustomID]
		if !ok {
			given, ok = values[f.Label]
		}
		if ok {
			used++
		}
		one, err := f.answer(given, ok)
		if err != nil {
			return nil, err
		}
		one["id"] = 10*n + 2
		if c.Type == compLabel {
			out = append(out, object{"type": compLabel, "id": 10*n + 1, "component": one})
			continue
		}
		out = append(out, object{"type": compRow, "id": 10*n + 1, "components": []object{one}})
	}
	if used < len(values) {
		return nil, fmt.Errorf("the form has no field for some of %v", values)
	}
	return out, nil
}

func (f ModalField) answer(given any, ok bool) (object, error) {
	out := object{"type": f.Type, "custom_id": f.CustomID}
	if f.Type != compInput {
		chosen := f.Chosen
		if ok {
			chosen = texts(given)
		}
		out["values"] = list(chosen)
		return out, f.takes(chosen)
	}
	text := f.Value
	if ok {
		text = fmt.Sprint(given)
	}
	out["value"] = text
	n := len([]rune(text))
	if n == 0 && !f.Required {
		return out, nil
	}
	if n == 0 || n < f.MinLength || n > f.MaxLength {
		return nil, fmt.Errorf("the field %q takes %d to %d characters, and has %d", f.Label, max(1, f.MinLength), f.MaxLength, n)
	}
	return out, nil
}

func (f ModalField) takes(chosen []string) error {
	if len(chosen) == 0 && !f.Required {
		return nil
	}
	if len(chosen) < f.Menu.Min || len(chosen) > f.Menu.Max || len(chosen) == 0 {
		return fmt.Errorf("the field %q takes %d to %d values, and has %d", f.Label, f.Menu.Min, f.Menu.Max, len(chosen))
	}
	for _, v := range chosen {
		if f.Type == compSelect && !slices.ContainsFunc(f.Menu.Options, func(o Choice) bool { return o.Value == v }) {
			return fmt.Errorf("the field %q does not offer %q", f.Label, v)
		}
	}
	return nil
}

func texts(v any) []string {
	switch v := v.(type) {
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
