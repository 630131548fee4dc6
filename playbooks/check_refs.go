package playbooks

import (
	"fmt"
	"slices"
	"strings"

	"mayday/integrations"
)

// arg checks that what a parameter gets is of its kind.
func (k *checker) arg(a arg, prefix string, sc *scope) {
	k.operandFits(a.field, a.value, prefix, sc)
}

func (k *checker) operandFits(f integrations.Field, o operand, prefix string, sc *scope) {
	if o.ref == nil {
		for i, one := range o.list {
			name := f.Name
			if i < len(o.keys) {
				name = o.keys[i]
			}
			k.operandFits(integrations.Field{Name: name}, one, prefix, sc)
		}
		return
	}
	sh, bad := sc.resolve(*o.ref)
	if bad != nil {
		k.fail(o.place, bad.what, bad.fix)
		return
	}
	k.maybe(*o.ref, sc)
	if bad := misfit(f, prefix, sh, *o.ref); bad != nil {
		k.fail(o.place, bad.what, bad.fix)
	}
}

func (k *checker) maybe(r ref, sc *scope) {
	if why := sc.maybeMissing(append([]string{r.name}, r.path...)); why != "" {
		k.warn(r.place, why, "")
	}
}

// misfit says why a value of that shape cannot go where the field is.
func misfit(f integrations.Field, prefix string, sh shape, r ref) *trouble {
	if sh.kind == integrations.Rows && f.Kind != integrations.Rows {
		return &trouble{fmt.Sprintf("a list where one item is wanted: `%s` is several, %s is one", r, named(f.Name)), "Add `each: " + r.String() + "`, pass `$each`"}
	}
	if !feeds(sh.kind, f.Kind) {
		kind := kindWords[f.Kind]
		if f.Kind == "" {
			kind = "a plain value"
		}
		return &trouble{fmt.Sprintf("%s is %s, and `%s` is %s", named(f.Name), kind, r, kindWords[sh.kind]), ""}
	}
	if f.Kind == integrations.Connection && sh.prefix != "" && sh.prefix != prefix {
		return &trouble{fmt.Sprintf("%s is a connection of %s, and `%s` is one of %s", named(f.Name), named(prefix), r, named(sh.prefix)), ""}
	}
	if f.Kind == integrations.RowKind && len(f.Columns) > 0 && len(sh.columns) > 0 {
		for _, c := range f.Columns {
			if !slices.ContainsFunc(sh.columns, func(h integrations.Field) bool { return h.Name == c.Name && h.Kind == c.Kind }) {
				return &trouble{fmt.Sprintf("%s takes rows with a column %s, and those of `%s` have none", named(f.Name), named(c.Name), r), ""}
			}
		}
	}
	return nil
}

// feeds reports whether a value of one kind may go where another is wanted.
func feeds(from, to integrations.Kind) bool {
	switch to {
	case from:
		return true
	case "":
		return slices.Contains([]integrations.Kind{integrations.Text, integrations.Int, integrations.Number, integrations.Bool, integrations.Connection}, from)
	case integrations.Text:
		return from == integrations.Connection
	case integrations.Connection:
		return from == integrations.Text // what it holds is checked when it is known
	case integrations.Number:
		return from == integrations.Int
	}
	return false
}

func (k *checker) text(t text, sc *scope) {
	for _, p := range t.parts {
		if p.ref == nil {
			continue
		}
		sh, bad := sc.resolve(*p.ref)
		if bad != nil {
			k.fail(t.place, bad.what, orDollar(bad.fix, *p.ref))
			continue
		}
		k.maybe(*p.ref, sc)
		if sh.kind == integrations.Rows || sh.kind == integrations.Map || sh.kind == integrations.List {
			k.fail(t.place, fmt.Sprintf("`%s` is %s, and a text shows single values", p.ref, kindWords[sh.kind]), "")
		}
	}
}

func orDollar(fix string, r ref) string {
	if fix != "" {
		return fix
	}
	return "Write `$" + r.String() + "` for a plain dollar sign"
}

// link checks that the scheme and the host of a link stand in the file: a value
// fills in segments after them and nothing else.
func (k *checker) link(t text, sc *scope) {
	if t.empty() {
		return
	}
	k.text(t, sc)
	start := t.parts[0].word
	rest, ok := strings.CutPrefix(start, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(start, "http://")
	}
	if !ok || rest == "" {
		k.fail(t.place, "a link begins with https:// and a host", "")
		return
	}
	if len(t.parts) > 1 && !strings.Contains(rest, "/") {
		k.fail(t.place, "the host of a link stands in the file, and values come after it", "Write https://host/…")
	}
}
