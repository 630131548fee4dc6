package playbooks

import (
	"fmt"
	"slices"
)

var optionKeys = []string{"label", "say", "likely", "ask", "steps"}

// options reads the answers of a choose; depth counts chooses in chooses.
func (r *reader) options(n *node, depth int) []*option {
	if depth > maxNesting {
		r.fail(n.place, fmt.Sprintf("options nest at most %d deep", maxNesting), "Move the inner question into a playbook of its own and `run` it")
		return nil
	}
	items := r.list(n, "options", "options that begin with a dash")
	if n.kind == listNode && (len(items) < 2 || len(items) > 6) {
		r.fail(n.place, fmt.Sprintf("a question has 2 to 6 options, not %d", len(items)), "")
	}
	var out []*option
	for _, item := range items {
		if item.kind != mapNode {
			r.fail(item.place, "an option is a map, and here it is "+string(item.kind), "Write {label: Yes, steps: […]}")
			continue
		}
		o := r.option(item, depth)
		if o.label != "" && slices.ContainsFunc(out, func(p *option) bool { return p.label == o.label }) {
			r.fail(o.place, "two options are labelled "+named(o.label), "")
		}
		out = append(out, o)
	}
	return out
}

func (r *reader) option(n *node, depth int) *option {
	o := &option{place: n.place}
	for _, e := range n.entries {
		switch e.key {
		case "label":
			r.noSecret(e.value)
			o.label = r.line(e.value, "label", maxLabel)
			r.noRefs(e.value, "label")
		case "say":
			r.noSecret(e.value)
			o.say = r.line(e.value, "say", maxSay)
			r.noRefs(e.value, "say")
		case "likely":
			o.likely = r.condition(e.value, "likely")
		case "ask":
			o.asks = r.asks(e.value, "ask")
		case "steps":
			if e.value.kind != listNode || len(e.value.items) > 0 {
				o.steps = r.steps(e.value, "steps", depth)
			}
		default:
			r.unknown(e.place, "key", e.key, optionKeys)
		}
	}
	if !n.has("label") && !misspelt(n, "label", optionKeys) {
		r.fail(n.place, "an option has a `label`, and this one has none", "")
	}
	return o
}

// noRefs keeps references out of what is fixed in the file: a label is what the
// run remembers.
func (r *reader) noRefs(n *node, label string) {
	if m := insideRef.FindString(n.text); n.kind == textNode && m != "" && m != "$$" {
		r.fail(n.place, fmt.Sprintf("%s of an option is fixed text, without %s", named(label), named(m)), "Put it into the question")
	}
}
