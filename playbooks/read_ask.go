package playbooks

import (
	"fmt"
	"regexp"
	"slices"

	"mayday/integrations"
)

var (
	askKeys  = []string{"type", "default", "one_of", "match", "max", "say"}
	askTypes = []string{"text", "int", "number", "bool", "duration", "time", "service"}
)

// asks reads inputs: a bare name, {name: default}, {name: [choices]}, or all of it.
func (r *reader) asks(n *node, label string) []ask {
	var out []ask
	needed := 0
	for _, item := range r.list(n, label, "[database, {older_than: 5m}]") {
		a, ok := r.ask(item)
		if !ok {
			continue
		}
		if slices.ContainsFunc(out, func(o ask) bool { return o.name == a.name }) {
			r.fail(a.place, "the input "+named(a.name)+" stands twice", "")
			continue
		}
		if out = append(out, a); a.def == nil {
			needed++
		}
	}
	if needed > maxAsked {
		r.fail(n.place, fmt.Sprintf("%d inputs have no default, and at most %d are asked for", needed, maxAsked), "Give some a default")
	}
	return out
}

func (r *reader) ask(n *node) (ask, bool) {
	if n.kind == textNode {
		return ask{place: n.place, name: n.text}, r.inputName(n.text, n.place)
	}
	if n.kind != mapNode || len(n.entries) != 1 {
		r.fail(n.place, "an input is a name, or one name with its default, choices or details", "Write it as {older_than: 5m}")
		return ask{}, false
	}
	e := n.entries[0]
	a := ask{place: e.place, name: e.key}
	if !r.inputName(e.key, e.place) {
		return a, false
	}
	switch e.value.kind {
	case nullNode:
		r.fail(e.place, named(e.key)+" has no value", "Write only the name when it has no default")
		return a, false
	case listNode:
		a.oneOf = r.choices(e.value)
	case mapNode:
		r.askDetails(&a, e.value)
	default:
		r.noSecret(e.value)
		a.def = e.value
	}
	return a, true
}

func (r *reader) inputName(s string, at place) bool {
	if !idName.MatchString(s) {
		r.fail(at, "the name of an input has a-z, 0-9 and _, and begins with a letter; "+quotedText(s)+" does not", "")
		return false
	}
	if s != "service" && reserved(s) {
		r.fail(at, named(s)+" has a meaning of its own and cannot be an input", "")
		return false
	}
	if secretName.MatchString(s) {
		r.fail(at, named(s)+" asks for a secret, and inputs are shown to everybody", "Name a secret of the configuration instead")
		return false
	}
	return true
}

var secretName = regexp.MustCompile(`(?:^|_)(?:password|passwd|secret|token|api_key|apikey|credential)s?$`)

func (r *reader) choices(n *node) []*node {
	var out []*node
	for _, item := range r.list(n, "one_of", "[a, b]") {
		if item.kind == nullNode || item.kind == listNode || item.kind == mapNode {
			r.fail(item.place, "a choice is a plain value, and here it is "+string(item.kind), "")
			continue
		}
		r.noSecret(item)
		out = append(out, item)
	}
	if n.kind == listNode && len(n.items) == 0 {
		r.fail(n.place, "the list of choices is empty", "")
	}
	return out
}

func (r *reader) askDetails(a *ask, n *node) {
	for _, e := range n.entries {
		switch e.key {
		case "type":
			r.askType(a, e.value)
		case "default":
			r.noSecret(e.value)
			if a.def = e.value; e.value.kind == nullNode {
				r.empty(e.value, "default")
				a.def = nil
			}
		case "one_of":
			a.oneOf = r.choices(e.value)
		case "match":
			a.match = r.str(e.value, "match")
			if _, err := regexp.Compile(a.match); err != nil {
				r.fail(e.value.place, "`match` is not a regular expression (RE2)", "")
			}
		case "max":
			a.max = r.askMax(e.value)
		case "say":
			a.say = r.line(e.value, "say", maxSay)
		default:
			r.unknown(e.place, "key", e.key, askKeys)
		}
	}
}

func (r *reader) askType(a *ask, n *node) {
	s := r.str(n, "type")
	if s == "" {
		return
	}
	if !slices.Contains(askTypes, s) {
		r.unknown(n.place, "type", s, askTypes)
		return
	}
	a.typed = true
	a.kind, a.svc = integrations.Kind(s), s == "service"
	if a.svc {
		a.kind = integrations.Text
	}
}

func (r *reader) askMax(n *node) float64 {
	v, ok := asNumber(n.value)
	if f, isNumber := v.(float64); ok && isNumber && f > 0 {
		return f
	}
	r.fail(n.place, "`max` is a number greater than 0, not "+shown(n), "")
	return 0
}
