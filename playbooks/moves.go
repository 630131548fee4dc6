package playbooks

import (
	"fmt"

	"mayday/integrations"
	"mayday/internal/incident"
)

// make fills the move of a step that may begin. A missing value skips it, with
// the reason; nothing runs with an empty one.
func (w *walker) make(s *step, fr *frame, m Move) Move {
	say, why := fr.render(s.say, asIs)
	if why != "" {
		return skip(m, why)
	}
	m.Say = say
	switch s.kind {
	case tellStep:
		return fr.tell(s, m)
	case chooseStep:
		return fr.choose(s, m)
	case runStep:
		given, why := fr.with(s)
		if why != "" {
			return skip(m, why)
		}
		m.Kind, m.Inputs = Enter, given
		return m
	case undoStep:
		m = w.undo(s, fr, m)
	case actionStep:
		m = fr.action(s, m)
	}
	if m.Kind == Act || m.Kind == Undo {
		m.Guards = fr.guards(s, m)
	}
	return m
}

func (fr *frame) action(s *step, m Move) Move {
	if s.each != nil {
		return fr.repeat(s, m)
	}
	m.Kind = Act
	if s.looks() {
		m.Kind = Look
		for _, one := range s.until {
			m.Waits = append(m.Waits, Wait{Src: one.src, Hold: one.hold, Within: one.within})
		}
	}
	var why string
	if m.Args, why = fr.args(s, nil); why != "" {
		m.Args = nil
		return skip(m, why)
	}
	return m
}

func (fr *frame) tell(s *step, m Move) Move {
	var why [3]string
	m.Tell, why[0] = fr.render(s.tell, asIs)
	m.Link, why[1] = fr.render(s.link, segment)
	m.Copy, why[2] = fr.render(s.copy, shellQuote)
	for _, one := range why {
		if one != "" {
			m.Tell, m.Link, m.Copy = "", "", ""
			return skip(m, one)
		}
	}
	m.Kind = Tell
	return m
}

func (fr *frame) choose(s *step, m Move) Move {
	question, why := fr.render(s.question, asIs)
	if why != "" {
		return skip(m, why)
	}
	m.Kind, m.Tell = Choose, question
	vars := fr.vars()
	for _, o := range s.options {
		one := Option{Label: o.label, Say: o.say, Fields: fields(o.ask)}
		if o.likely != nil {
			if v := o.likely.eval(vars); v.known {
				one.Likely = &v.value
			}
		}
		m.Options = append(m.Options, one)
	}
	return m
}

// with gives the inputs of a nested playbook, as inputs are stored.
func (fr *frame) with(s *step) (map[string]any, string) {
	out := map[string]any{}
	for _, a := range s.with {
		prefix := prefixFor(s.nested, a.field.Name)
		v, why := fr.operand(a.field, prefix, a.value, nil)
		if why != "" {
			return nil, why
		}
		out[a.field.Name] = storable(v)
	}
	for _, in := range s.nested.Ask {
		if _, given := out[in.Name]; given {
			continue
		}
		switch {
		case in.Default != nil:
			out[in.Name] = in.Default
		case in.Name == "service" && fr.facts.Service != "":
			out[in.Name] = fr.facts.Service
		case in.Required:
			return nil, fmt.Sprintf("`%s` of %s has no value", in.Name, s.run)
		}
	}
	return out, ""
}

// repeat makes one item of every row of an `each`.
func (fr *frame) repeat(s *step, m Move) Move {
	v, why := fr.value(s.each.over, nil)
	if why != "" {
		return skip(m, why)
	}
	rows, _ := v.([]incident.Row)
	if len(rows) > s.each.max {
		return skip(m, fmt.Sprintf("`%s` has %d items, and this step takes at most %d", s.each.over, len(rows), s.each.max))
	}
	m.Kind, m.Each, m.Failures, m.Pause = Act, true, s.each.failures, s.each.pause
	for _, row := range unique(rows) {
		args, why := fr.args(s, &row)
		if why != "" {
			m.Items = nil
			return skip(m, why)
		}
		m.Items = append(m.Items, Item{Row: row, Args: args})
	}
	if len(m.Items) == 0 {
		return skip(m, fmt.Sprintf("`%s` has no items", s.each.over))
	}
	return m
}

// args gives the typed parameters of an action, defaults included.
func (fr *frame) args(s *step, item *incident.Row) (integrations.Args, string) {
	out := integrations.Args{}
	prefix := prefixOf(s.action.Name)
	for _, a := range s.args {
		v, why := fr.given(s, a, prefix, item)
		if why != "" {
			return nil, why
		}
		out[a.field.Name] = v
	}
	for _, f := range s.action.Params {
		if _, given := out[f.Name]; given || f.Default == nil {
			continue
		}
		if v, ok := typed(f, f.Default); ok {
			out[f.Name] = v
		}
	}
	for _, f := range s.action.Params {
		if f.Required && missing(out[f.Name]) {
			return nil, fmt.Sprintf("`%s` would be empty", f.Name)
		}
	}
	return out, ""
}

func (fr *frame) given(s *step, a arg, prefix string, item *incident.Row) (any, string) {
	if s.exec && a.field.Kind == integrations.List {
		return fr.wordsOf(a.value.list, item)
	}
	return fr.operand(a.field, prefix, a.value, item)
}

func (fr *frame) operand(f integrations.Field, prefix string, o operand, item *incident.Row) (any, string) {
	if o.ref != nil {
		v, why := fr.value(*o.ref, item)
		if why != "" {
			return nil, why
		}
		return fr.fit(f, prefix, v)
	}
	switch {
	case f.Kind == integrations.Map && o.lit == nil:
		out := make(map[string]any, len(o.keys))
		for i, one := range o.list {
			v, why := fr.operand(integrations.Field{Name: o.keys[i]}, prefix, one, item)
			if why != "" {
				return nil, why
			}
			out[o.keys[i]] = v
		}
		return out, ""
	case f.Kind == integrations.List && o.lit == nil:
		out := make([]any, 0, len(o.list))
		for _, one := range o.list {
			v, why := fr.operand(integrations.Field{Name: f.Name}, prefix, one, item)
			if why != "" {
				return nil, why
			}
			out = append(out, v)
		}
		return out, ""
	}
	return o.lit, ""
}
