package playbooks

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"mayday/integrations"
)

// rising(x) and falling(x) watch a value over time. CEL sees values of one moment
// only, so both become a question to a map that whoever watches fills in.

const trendMap = "trend__"

var trendWords = []string{"rising", "falling"}

func trendMacros() []cel.Macro {
	var out []cel.Macro
	for _, word := range trendWords {
		out = append(out, cel.GlobalMacro(word, 1, func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
			chain := chainOf(args[0])
			if chain == nil {
				return nil, eh.NewError(args[0].ID(), word+" takes one value, like "+word+"(errors)")
			}
			key := types.String(word + ":" + strings.Join(chain, "."))
			return eh.NewCall(operators.Index, eh.NewIdent(trendMap), eh.NewLiteral(key)), nil
		}))
	}
	return out
}

// trendOf answers "rising:lag.count" of what the macro made, "" for other calls.
func trendOf(c ast.CallExpr) string {
	if c.FunctionName() != operators.Index || len(c.Args()) != 2 || c.Args()[0].Kind() != ast.IdentKind || c.Args()[0].AsIdent() != trendMap {
		return ""
	}
	if s, ok := c.Args()[1].AsLiteral().(types.String); ok {
		return string(s)
	}
	return ""
}

// trend checks what rising or falling names: a number that is asked again.
func (w *nameWalk) trend(e ast.Expr, key string) {
	word, dotted, _ := strings.Cut(key, ":")
	at := w.placeOf(e)
	at.col = max(at.col-len(word), w.cond.col) // CEL gives the place of the bracket
	if !w.cond.waits {
		w.fail(at, named(word)+" watches a value over time, which only `verify` and `until` can", "")
		return
	}
	chain := strings.Split(dotted, ".")
	before := w.errors
	sh := w.scope.celType(chain[0])
	switch fields := w.scope.celFields(chain[0]); {
	case fields != nil && len(chain) == 2:
		one, ok := fields[chain[1]]
		if !ok {
			w.fail(at, named(chain[0])+" has no "+named(chain[1]), didYouMean(chain[1], keysOf(fields)))
			return
		}
		sh = &one
		w.read(chain)
	case len(chain) == 1:
		w.name(e, chain[0])
	default:
		w.fail(at, named(word)+" takes a signal or one output of a look, not "+named(dotted), "")
		return
	}
	if w.errors > before {
		return
	}
	if sh == nil || sh.kind != integrations.Int && sh.kind != integrations.Number {
		w.fail(at, named(word)+" takes a number, and "+named(dotted)+" is none", "")
		return
	}
	w.cond.trends = append(w.cond.trends, chain)
}

func (f Facts) trends() map[string]any {
	out := map[string]any{}
	for k, v := range f.Trends {
		out[k] = v
	}
	return out
}

// suspectShape is what expressions see of the suspects of an incident.
var suspectShape = shape{kind: integrations.Rows, columns: []integrations.Field{
	{Name: "kind", Kind: integrations.Text}, {Name: "service", Kind: integrations.Text}, {Name: "minutes_before", Kind: integrations.Int},
}}

var alertFields = map[string]shape{"title": textShape, "count": {kind: integrations.Int}}

func (f Facts) suspects() []any {
	out := make([]any, 0, len(f.Suspects))
	for _, s := range f.Suspects {
		out = append(out, map[string]any{"id": s.Source + ":" + s.ID, "label": s.What, "kind": string(s.Kind), "service": s.Service,
			"minutes_before": int64(f.OpenedAt.Sub(s.At).Minutes())})
	}
	return out
}
