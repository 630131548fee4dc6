package playbooks

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// nameWalk looks at every name of a parsed expression before CEL does, because
// it can say what was probably meant, and where a step really stands.
type nameWalk struct {
	*lint
	scope    *scope
	cond     *condition
	prepared prepared
	info     *ast.SourceInfo
	reads    [][]string
}

func (w *nameWalk) placeOf(e ast.Expr) place {
	loc := w.info.GetStartLocation(e.ID())
	return w.cond.at(w.prepared, loc.Line(), loc.Column())
}

// visit walks an expression; locals are the variables of all, exists and the like.
func (w *nameWalk) visit(e ast.Expr, locals []string) {
	switch e.Kind() {
	case ast.IdentKind:
		if !slices.Contains(locals, e.AsIdent()) {
			w.name(e, e.AsIdent())
		}
	case ast.SelectKind:
		w.selection(e, locals)
	case ast.CallKind:
		w.call(e, locals)
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			w.visit(x, locals)
		}
	case ast.MapKind:
		for _, x := range e.AsMap().Entries() {
			w.visit(x.AsMapEntry().Key(), locals)
			w.visit(x.AsMapEntry().Value(), locals)
		}
	case ast.StructKind:
		w.fail(w.placeOf(e), "expressions compare values and make no messages", "")
	case ast.ComprehensionKind:
		w.comprehension(e.AsComprehension(), locals)
	}
}

func (w *nameWalk) comprehension(c ast.ComprehensionExpr, locals []string) {
	w.visit(c.IterRange(), locals)
	w.visit(c.AccuInit(), locals)
	inner := append(slices.Clone(locals), c.IterVar(), c.AccuVar())
	if c.HasIterVar2() {
		inner = append(inner, c.IterVar2())
	}
	for _, x := range []ast.Expr{c.LoopCondition(), c.LoopStep(), c.Result()} {
		w.visit(x, inner)
	}
}

func (w *nameWalk) call(e ast.Expr, locals []string) {
	c := e.AsCall()
	if key := trendOf(c); key != "" {
		w.trend(e, key)
		return
	}
	if c.IsMemberFunction() {
		w.visit(c.Target(), locals)
	}
	for _, x := range c.Args() {
		w.visit(x, locals)
	}
	w.severity(c)
}

// severity finds a comparison of a severity or state with a word that is none.
func (w *nameWalk) severity(c ast.CallExpr) {
	if c.FunctionName() != operators.Equals && c.FunctionName() != operators.NotEquals {
		return
	}
	for i, x := range c.Args() {
		chain := chainOf(x)
		if len(chain) != 2 || chain[0] != "incident" {
			continue
		}
		other := c.Args()[1-i]
		if other.Kind() != ast.LiteralKind {
			continue
		}
		s, ok := other.AsLiteral().(types.String)
		if known := incidentWords[chain[1]]; ok && known != nil && !slices.Contains(known, string(s)) {
			w.unknown(w.placeOf(other), chain[1], string(s), known)
		}
	}
}

var incidentWords = map[string][]string{
	"severity": words(incident.Severities),
	"state":    words(incident.States),
}

func words[T ~string](list []T) []string {
	out := make([]string, 0, len(list))
	for _, one := range list {
		out = append(out, string(one))
	}
	return out
}

// name reports a name that means nothing here.
func (w *nameWalk) name(e ast.Expr, name string) {
	if w.scope.celType(name) != nil {
		w.scope.uses(name)
		w.read([]string{name})
		return
	}
	if why := w.scope.elsewhere(name); why != "" {
		w.fail(w.placeOf(e), why, "")
		return
	}
	w.unknown(w.placeOf(e), "name", name, w.scope.celNames())
}

func (w *nameWalk) selection(e ast.Expr, locals []string) {
	s := e.AsSelect()
	base := s.Operand()
	if base.Kind() != ast.IdentKind || slices.Contains(locals, base.AsIdent()) {
		w.visit(base, locals)
		return
	}
	name, field := base.AsIdent(), s.FieldName()
	fields := w.scope.celFields(name)
	if fields == nil {
		w.visit(base, locals)
		return
	}
	if _, ok := fields[field]; ok {
		w.read([]string{name, field})
		return
	}
	at := w.placeOf(base)
	w.fail(at, fmt.Sprintf("%s has no %s", named(name), named(field)), didYouMean(field, keysOf(fields)))
}

func (w *nameWalk) read(chain []string) {
	if !slices.ContainsFunc(w.reads, sameChain(chain)) {
		w.reads = append(w.reads, chain)
	}
	if why := w.scope.maybeMissing(chain); why != "" {
		w.warn(w.cond.place, why, "")
	}
}

// chainOf gives {"incident", "severity"} of incident.severity.
func chainOf(e ast.Expr) []string {
	switch e.Kind() {
	case ast.IdentKind:
		return []string{e.AsIdent()}
	case ast.SelectKind:
		if inner := chainOf(e.AsSelect().Operand()); inner != nil {
			return append(inner, e.AsSelect().FieldName())
		}
	}
	return nil
}

// meant is fault.Suggest over the columns and outputs that are near.
func meant(word string, sc *scope) string {
	if s := fault.Suggest(word, sc.allFields()); s != "" {
		return "Did you mean `" + s + "`?"
	}
	return ""
}
