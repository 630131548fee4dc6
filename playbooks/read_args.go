package playbooks

import (
	"fmt"
	"slices"

	"mayday/integrations"
	"mayday/internal/fault"
)

// args reads the parameters of an action: a map, or one value for the first.
func (r *reader) args(a integrations.Action, e entry) []arg {
	n := e.value
	switch {
	case n.kind == nullNode && len(a.Params) == 0:
		return nil
	case n.kind == nullNode:
		r.fail(e.place, named(a.Name)+" has no value", "Give it its parameters, or {} for none")
		return nil
	case n.kind != mapNode && len(a.Params) == 0:
		r.fail(n.place, named(a.Name)+" takes no parameters", "Write {}")
		return nil
	case n.kind != mapNode:
		first := a.Params[0]
		out := []arg{{place: n.place, key: e.place, field: first, value: r.operand(first, n, prefixOf(a.Name))}}
		r.missing(a, out, e)
		return out
	}
	var out []arg
	for _, p := range n.entries {
		i := slices.IndexFunc(a.Params, func(f integrations.Field) bool { return f.Name == p.key })
		if i < 0 {
			r.unknown(p.place, "parameter", p.key, names(a.Params))
			continue
		}
		f := a.Params[i]
		out = append(out, arg{place: p.value.place, key: p.place, field: f, value: r.operand(f, p.value, prefixOf(a.Name))})
	}
	r.missing(a, out, e)
	return out
}

func (r *reader) missing(a integrations.Action, given []arg, e entry) {
	for _, f := range a.Params {
		has := slices.ContainsFunc(given, func(g arg) bool { return g.field.Name == f.Name })
		if f.Required && f.Default == nil && !has && !misspelt(e.value, f.Name, names(a.Params)) {
			r.fail(e.place, fmt.Sprintf("%s needs %s, %s", named(a.Name), named(f.Name), kindWords[f.Kind]), "")
		}
	}
}

func names(fs []integrations.Field) []string {
	out := make([]string, 0, len(fs))
	for _, f := range fs {
		out = append(out, f.Name)
	}
	return out
}

// operand reads one value: a reference, a literal of the kind of its field, or a
// list or map of those.
func (r *reader) operand(f integrations.Field, n *node, prefix string) operand {
	out := operand{place: n.place}
	if n.kind == textNode {
		if to, ok := parseRef(n.text, n.place); ok {
			out.ref = &to
			return out
		}
		if r.refInside(f.Name, n) {
			return out
		}
	}
	switch {
	case n.kind == nullNode:
		r.empty(n, f.Name)
	case f.Kind == integrations.List && n.kind == listNode:
		for _, item := range n.items {
			out.list = append(out.list, r.operand(integrations.Field{Name: f.Name}, item, prefix))
		}
	case f.Kind == integrations.Map && n.kind == mapNode:
		for _, e := range n.entries {
			out.keys = append(out.keys, e.key)
			out.list = append(out.list, r.operand(integrations.Field{Name: e.key}, e.value, prefix))
		}
	default:
		out.lit = r.literal(f, n, prefix)
	}
	return out
}

// refInside reports a reference in a longer text, where it would have to be
// spliced in, which the language does not do (injection).
func (r *reader) refInside(label string, n *node) bool {
	m := insideRef.FindString(n.text)
	if m == "" || m == "$$" {
		return false
	}
	r.fail(n.place, fmt.Sprintf("a reference is a whole value, and %s puts %s into a longer text", named(label), named(m)), "Write `"+label+": "+m+"`")
	return true
}

// literal types a value of the file. A field without a kind, in a list or map,
// takes any scalar.
func (r *reader) literal(f integrations.Field, n *node, prefix string) any {
	wrong := func() any {
		r.fail(n.place, fmt.Sprintf("%s is %s, not %s", named(f.Name), kindWords[f.Kind], shown(n)), quoteHint(f, n))
		return nil
	}
	if n.kind == textNode {
		r.noSecret(n)
	}
	switch f.Kind {
	case integrations.Text, integrations.Connection:
		if n.kind != textNode {
			return wrong()
		}
		return r.textLiteral(f, n, prefix)
	case integrations.Int, integrations.Number, integrations.Bool:
		if v, ok := typed(f, n.value); ok {
			return v
		}
		return wrong()
	case integrations.Duration, integrations.Time:
		if v, ok := typed(f, n.text); ok && n.kind == textNode {
			return v
		}
		return wrong()
	case integrations.RowKind, integrations.Rows:
		r.fail(n.place, fmt.Sprintf("%s is %s, not %s", named(f.Name), kindWords[f.Kind], shown(n)), "Give it a reference like `$found.picked`")
		return nil
	case integrations.Map, integrations.List:
		return wrong()
	}
	return r.anyScalar(f, n)
}

func quoteHint(f integrations.Field, n *node) string {
	if f.Kind == integrations.Text && (n.kind == intNode || n.kind == numberNode || n.kind == boolNode) {
		return "Put it in quotes: '" + n.text + "'"
	}
	return ""
}

func (r *reader) anyScalar(f integrations.Field, n *node) any {
	switch n.kind {
	case textNode:
		if looksHost(n.text, f) {
			r.hostProblem(n)
		}
		return n.text
	case boolNode, intNode, numberNode:
		return n.value
	}
	r.fail(n.place, fmt.Sprintf("%s takes plain values, and here is %s", named(f.Name), n.kind), "")
	return nil
}

func (r *reader) hostProblem(n *node) {
	r.fail(n.place, "this looks like an address, and playbooks name connections", "Put the address into the configuration and name the connection here")
}

func (r *reader) textLiteral(f integrations.Field, n *node, prefix string) any {
	s := n.text
	if f.Kind == integrations.Connection {
		return r.connection(n, s, prefix)
	}
	if looksHost(s, f) && !slices.Contains(f.OneOf, s) {
		r.hostProblem(n)
		return nil
	}
	if missing(s) {
		r.empty(n, f.Name)
		return nil
	}
	if why := badText(f, s); why != "" && !looksSecret(s) {
		r.fail(n.place, named(f.Name)+" "+why, suggestion(s, f.OneOf))
		return nil
	}
	return s
}

func (r *reader) connection(n *node, s, prefix string) any {
	known := r.cat.Connections[prefix]
	if slices.Contains(known, s) {
		return s
	}
	if len(known) == 0 {
		r.fail(n.place, "no connection of "+named(prefix)+" is configured, so "+named(s)+" is none", "Add it to the configuration, or ask for it")
		return nil
	}
	if fault.Suggest(s, known) == "" && looksHost(s, integrations.Field{}) {
		r.hostProblem(n)
		return nil
	}
	r.unknown(n.place, "connection", s, known)
	return nil
}

// with reads the inputs of a nested playbook. Their types are known later.
func (r *reader) with(n *node) []arg {
	if n.kind != mapNode {
		r.fail(n.place, "`with` is a map of inputs, and here it is "+string(n.kind), "Write {input: value}")
		return nil
	}
	var out []arg
	for _, e := range n.entries {
		out = append(out, arg{place: e.value.place, key: e.place, node: e.value, field: integrations.Field{Name: e.key}})
	}
	return out
}
