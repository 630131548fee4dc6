package playbooks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mayday/integrations"
	"mayday/internal/fault"
)

// Inputs reads what a person gave to start the playbook: by name, or as words in
// the order of its inputs. An input called service is the incident's (ctx holds
// `service`) unless given. Values are as JSON keeps them, durations as text; what
// has no value yet is in missing.
func (p *Playbook) Inputs(given map[string]string, positional []string, ctx map[string]any) (values map[string]any, missing []integrations.Field, err error) {
	given, err = byName(p.Name, p.Ask, given, positional)
	if err != nil {
		return nil, nil, err
	}
	return p.around.answers(p.Ask, given, ctx)
}

// OptionInputs reads what a person gave for the inputs of an option, the Fields
// of an Inputs move. Path is the move's.
func (p *Playbook) OptionInputs(path, label string, given map[string]string, ctx map[string]any) (values map[string]any, missing []integrations.Field, err error) {
	s := p.find(path)
	if s == nil {
		return nil, nil, fault.Newf(fault.NotFound, "E24", "%s has no step %s.", p.Name, path)
	}
	o := s.option(label)
	if o == nil {
		return nil, nil, fault.Newf(fault.Invalid, "E24", "There is no option %q.%s", label, fault.DidYouMean(label, labels(s)))
	}
	if given, err = byName(label, o.ask, given, nil); err != nil {
		return nil, nil, err
	}
	return p.around.answers(o.ask, given, ctx)
}

func (s *step) option(label string) *option {
	i := slices.IndexFunc(s.options, func(o *option) bool { return o.label == label })
	if i < 0 {
		return nil
	}
	return s.options[i]
}

func labels(s *step) []string {
	out := make([]string, 0, len(s.options))
	for _, o := range s.options {
		out = append(out, o.label)
	}
	return out
}

// find follows a path like "3.r.2.o1.0".
func (p *Playbook) find(path string) *step {
	steps, book := p.steps, p
	var s *step
	for _, part := range strings.Split(path, ".") {
		if number, ok := strings.CutPrefix(part, "o"); ok && s != nil {
			i, err := strconv.Atoi(number)
			if err != nil || i < 0 || i >= len(s.options) {
				return nil
			}
			steps = s.options[i].steps
			continue
		}
		if part == "r" && s != nil && s.nested != nil {
			book, steps = s.nested, s.nested.steps
			continue
		}
		if list, ok := book.part(part); ok {
			steps = list
			continue
		}
		i, err := strconv.Atoi(part)
		if err != nil || i < 0 || i >= len(steps) {
			return nil
		}
		s, steps = steps[i], nil
	}
	return s
}

// part is a list of steps that is none of `steps`, by its name in a path.
func (p *Playbook) part(name string) ([]*step, bool) {
	switch name {
	case thenPart:
		return p.then, true
	case afterPart:
		return p.after, true
	}
	return nil, false
}

// byName gives positional words their names and refuses names that nobody asked for.
func byName(of string, inputs []Input, given map[string]string, positional []string) (map[string]string, error) {
	out := map[string]string{}
	known := names(fields(inputs))
	for _, name := range keysOf(given) {
		if !slices.Contains(known, name) {
			return nil, fault.New(fault.Invalid, "E24", fmt.Sprintf("%s has no input `%s`.%s", of, name, fault.DidYouMean(name, known)), takes(of, known))
		}
		if v := strings.TrimSpace(given[name]); v != "" {
			out[name] = v
		}
	}
	at := 0
	for _, word := range positional {
		for at < len(known) && out[known[at]] != "" {
			at++
		}
		if at == len(known) {
			return nil, fault.New(fault.Invalid, "E24", fmt.Sprintf("%q is one word too many.", clip(word)), takes(of, known))
		}
		out[known[at]] = strings.TrimSpace(word)
	}
	return out, nil
}

func takes(of string, known []string) string {
	if len(known) == 0 {
		return of + " takes no values."
	}
	return of + " takes " + strings.Join(known, ", ") + "."
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (su surroundings) answers(inputs []Input, given map[string]string, ctx map[string]any) (map[string]any, []integrations.Field, error) {
	values := map[string]any{}
	var open []integrations.Field
	for _, in := range inputs {
		if s, ok := given[in.Name]; ok && s != "" {
			v, bad := su.answer(in, s)
			if bad != "" {
				return nil, nil, fault.New(fault.Invalid, "E24", bad, "")
			}
			values[in.Name] = v
			continue
		}
		if v, ok := su.byDefault(in, ctx); ok {
			values[in.Name] = v
			continue
		}
		open = append(open, in.Field)
	}
	return values, open, nil
}

func (su surroundings) byDefault(in Input, ctx map[string]any) (any, bool) {
	if in.Default != nil {
		return in.Default, true
	}
	if s, ok := ctx["service"].(string); ok && in.Name == "service" && s != "" {
		v, bad := su.answer(in, s)
		return v, bad == ""
	}
	return nil, false
}

// answer types one value, or says in a sentence what is wrong with it.
func (su surroundings) answer(in Input, s string) (any, string) {
	v, ok := fromText(in.Field, s)
	if !ok {
		return nil, fmt.Sprintf("`%s` is %s, not %q.", in.Name, kindWords[in.Kind], clip(s))
	}
	if n, isNumber := asNumber(v); isNumber && in.Max > 0 && n.(float64) > in.Max {
		return nil, fmt.Sprintf("`%s` is at most %v, not %s.", in.Name, in.Max, clip(s))
	}
	if in.Service && len(su.services) > 0 && !slices.Contains(su.services, s) {
		return nil, fmt.Sprintf("`%s` is a service, and %q is none.%s", in.Name, clip(s), fault.DidYouMean(s, su.services))
	}
	if in.Kind == integrations.Connection {
		if known := su.connections[in.Prefix]; !slices.Contains(known, s) {
			return nil, fmt.Sprintf("`%s` is the name of a connection, and %q is none.%s", in.Name, clip(s), fault.DidYouMean(s, known))
		}
	}
	if len(in.OneOf) > 0 && !slices.Contains(in.OneOf, s) {
		return nil, fmt.Sprintf("`%s` is one of %s, not %q.%s", in.Name, someOf(in.OneOf), clip(s), fault.DidYouMean(s, in.OneOf))
	}
	if in.Kind == integrations.Text {
		if why := badText(in.Field, s); why != "" {
			return nil, fmt.Sprintf("`%s` %s.", in.Name, why)
		}
	}
	return v, ""
}
