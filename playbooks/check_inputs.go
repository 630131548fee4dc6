package playbooks

import (
	"fmt"
	"slices"
	"time"

	"mayday/integrations"
)

// fed is the first parameter that an input feeds: a bare name takes type, help
// and pattern from it.
type fed struct {
	field   integrations.Field
	service bool
	prefix  string
	max     float64
	label   string
}

func feedOf(steps []*step, name string) (fed, bool) {
	var out fed
	found := false
	walk(steps, func(s *step) {
		args, label := s.args, s.action.Name
		if s.kind == runStep {
			args, label = s.with, s.run
		}
		for _, a := range args {
			if found || a.value.ref == nil || a.value.ref.name != name || len(a.value.ref.path) > 0 {
				continue
			}
			found = true
			out = fed{field: a.field, prefix: prefixOf(label), label: label + "." + a.field.Name}
			if s.kind == runStep {
				in := s.nested.Ask[slices.IndexFunc(s.nested.Ask, func(in Input) bool { return in.Name == a.field.Name })]
				out.service, out.prefix, out.max = in.Service, in.Prefix, in.Max
			}
		}
	})
	return out, found
}

// inputs gives each input its type.
func (k *checker) inputs(asks []ask, steps []*step) []Input {
	out := make([]Input, 0, len(asks))
	for _, a := range asks {
		out = append(out, k.input(a, steps))
	}
	return out
}

func (k *checker) input(a ask, steps []*step) Input {
	in := Input{
		Field:   integrations.Field{Name: a.name, Kind: a.kind, Match: a.match, Say: a.say, Required: a.def == nil},
		Service: a.svc, Max: a.max,
	}
	if feed, ok := feedOf(steps, a.name); ok {
		k.derive(&in, a, feed)
	}
	if in.Kind == "" {
		in.Kind = guessKind(a)
	}
	if in.Name == "service" && in.Kind == integrations.Text {
		in.Service = true
	}
	if in.Service && len(in.OneOf) == 0 {
		in.OneOf = k.cat.Services
	}
	if in.Kind == integrations.Connection && len(a.oneOf) == 0 {
		in.OneOf = k.cat.Connections[in.Prefix]
	}
	k.details(&in, a)
	return in
}

// derive takes over what the file leaves out.
func (k *checker) derive(in *Input, a ask, feed fed) {
	in.Feeds = feed.label
	if !a.typed {
		in.Kind, in.Service = feed.field.Kind, feed.service
	}
	if in.Kind != feed.field.Kind {
		return // said where the argument is checked
	}
	in.Prefix = feed.prefix
	if in.Kind != integrations.Connection {
		in.Prefix = ""
	}
	if in.Say == "" {
		in.Say = feed.field.Say
	}
	if in.Match == "" {
		in.Match = feed.field.Match
	}
	if in.Max == 0 {
		in.Max = feed.max
	}
	if len(a.oneOf) == 0 && in.Kind != integrations.Connection {
		in.OneOf = feed.field.OneOf
	}
}

// guessKind goes by the form of the default or the choices, when no parameter
// says more.
func guessKind(a ask) integrations.Kind {
	n := a.def
	if n == nil && len(a.oneOf) > 0 {
		n = a.oneOf[0]
	}
	if n == nil {
		return integrations.Text
	}
	switch n.kind {
	case intNode:
		return integrations.Int
	case numberNode:
		return integrations.Number
	case boolNode:
		return integrations.Bool
	}
	if _, ok := parseDuration(n.text); ok && !n.quoted {
		return integrations.Duration
	}
	return integrations.Text
}

var inputKinds = []integrations.Kind{
	integrations.Text, integrations.Int, integrations.Number, integrations.Bool,
	integrations.Duration, integrations.Time, integrations.Connection,
}

// details checks default, choices and limits against the type.
func (k *checker) details(in *Input, a ask) {
	if !slices.Contains(inputKinds, in.Kind) {
		k.fail(a.place, fmt.Sprintf("the input %s feeds %s, which takes %s; nobody can type that", named(a.name), named(in.Feeds), kindWords[in.Kind]), "Use a look with `pick`")
		return
	}
	if a.match != "" && in.Kind != integrations.Text {
		k.fail(a.place, "`match` is for text, and "+named(a.name)+" is "+kindWords[in.Kind], "")
	}
	if a.max > 0 && in.Kind != integrations.Int && in.Kind != integrations.Number {
		k.fail(a.place, "`max` is for numbers, and "+named(a.name)+" is "+kindWords[in.Kind], "")
	}
	bare := in.Field
	bare.OneOf = nil
	for _, n := range a.oneOf {
		if v := k.literal(bare, n, in.Prefix); v != nil {
			in.OneOf = append(in.OneOf, n.text)
		}
	}
	if a.def == nil {
		return
	}
	v := k.literal(bare, a.def, in.Prefix)
	if v == nil {
		return
	}
	if len(in.OneOf) > 0 && !slices.Contains(in.OneOf, a.def.text) {
		k.fail(a.def.place, "the default "+shown(a.def)+" is none of the choices", suggestion(a.def.text, in.OneOf))
		return
	}
	if n, ok := asNumber(v); ok && in.Max > 0 && n.(float64) > in.Max {
		k.fail(a.def.place, fmt.Sprintf("the default %s is greater than the `max`", a.def.text), "")
		return
	}
	in.Default = storable(v)
}

// storable is a typed value as inputs keep it: what JSON can hold.
func storable(v any) any {
	switch x := v.(type) {
	case time.Duration:
		return short(x)
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	}
	return v
}
