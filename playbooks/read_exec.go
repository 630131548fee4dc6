package playbooks

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mayday/integrations"
	"mayday/internal/incident"
)

// execAction carries out an `exec` step.
const execAction = "exec.run"

const (
	maxWords = 40   // in one argument list
	maxWord  = 1000 // characters of one argument
)

// exec reads a program with its arguments. It becomes an act; what the program
// is, and whether it may run, stands in the configuration.
func (r *reader) exec(s *step, e entry, n *node) {
	s.kind, s.exec = actionStep, true
	items := r.list(e.value, "exec", "[program, argument]")
	action, ok := r.cat.action(execAction)
	if !ok {
		r.fail(e.place, "this Mayday runs no programs", "Leave the step out")
		return
	}
	s.action = action
	if len(items) == 0 {
		if e.value.kind == listNode {
			r.fail(e.value.place, "`exec` is empty", "Write [program, argument]")
		}
		return
	}
	s.args = append(s.args, r.program(items[0]))
	if len(items) > 1 {
		s.args = append(s.args, r.words("args", e, items[1:]))
	}
	for _, key := range []string{"show", "undo"} {
		if own, ok := n.get(key); ok {
			s.args = append(s.args, r.words(key, own, r.list(own.value, key, "[argument]")))
		}
	}
}

func (r *reader) program(n *node) arg {
	out := arg{place: n.place, key: n.place, field: integrations.Field{Name: "program", Kind: integrations.Connection, Required: true}}
	name := r.str(n, "exec")
	if strings.Contains(name, "$") {
		r.fail(n.place, "the program of `exec` stands in the file", "Write its name in the configuration")
		return out
	}
	known := r.cat.Connections[prefixOf(execAction)]
	switch {
	case name == "" || slices.Contains(known, name):
	case len(known) == 0:
		r.fail(n.place, "no program is configured, so "+named(name)+" is none", "Add it to the configuration")
	default:
		r.unknown(n.place, "program", name, known)
	}
	out.value = operand{place: n.place, lit: name}
	return out
}

// words reads an argument list: literals, and references that are whole values.
// A literal is passed on as it is written, because nothing ever reads it as more
// than one word.
func (r *reader) words(name string, e entry, items []*node) arg {
	out := arg{place: e.value.place, key: e.place, field: integrations.Field{Name: name, Kind: integrations.List}}
	out.value.place = e.value.place
	if e.key != "exec" && e.value.kind == listNode && len(items) == 0 {
		r.fail(e.value.place, named(e.key)+" is empty", "Leave it out")
	}
	if len(items) > maxWords {
		r.fail(e.value.place, fmt.Sprintf("a program takes at most %d arguments here", maxWords), "")
	}
	for _, item := range items {
		out.value.list = append(out.value.list, r.word(item))
	}
	return out
}

func (r *reader) word(n *node) operand {
	out := operand{place: n.place}
	if n.kind == nullNode || n.kind == listNode || n.kind == mapNode {
		r.fail(n.place, "an argument is a plain value, and here it is "+string(n.kind), "")
		return out
	}
	if to, ok := parseRef(n.text, n.place); ok {
		out.ref = &to
		return out
	}
	if m := insideRef.FindString(n.text); m != "" && m != "$$" {
		r.fail(n.place, "a reference is a whole value, and this argument puts "+named(m)+" into a longer text", "Make "+named(m)+" an argument of its own")
		return out
	}
	r.noSecret(n)
	switch {
	case looksHost(n.text, integrations.Field{}):
		r.hostProblem(n)
	case utf8.RuneCountInString(n.text) > maxWord || strings.ContainsFunc(n.text, unicode.IsControl):
		r.fail(n.place, fmt.Sprintf("an argument is one line of at most %d characters", maxWord), "")
	}
	out.lit = n.text
	return out
}

// wordsOf fills an argument list in. A value that came from elsewhere must look
// like a plain value and cannot become an option: only the file writes those.
func (fr *frame) wordsOf(list []operand, item *incident.Row) ([]any, string) {
	out := make([]any, 0, len(list))
	for _, one := range list {
		if one.ref == nil {
			out = append(out, one.lit)
			continue
		}
		v, why := fr.value(*one.ref, item)
		if why != "" {
			return nil, why
		}
		s := inWords(v)
		if strings.TrimSpace(s) == "" {
			return nil, fmt.Sprintf("`%s` would be empty", one.ref)
		}
		if why := badText(integrations.Field{}, s); why != "" {
			return nil, fmt.Sprintf("`%s` %s", one.ref, why)
		}
		out = append(out, s)
	}
	return out, ""
}
