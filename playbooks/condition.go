package playbooks

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

const (
	maxExpression = 1000
	maxCost       = 200_000
)

// condition is one expression of a file. Program is there after it was checked.
type condition struct {
	place
	src     string
	inset   int // columns between the place and the first character: a quote
	block   bool
	waits   bool       // it is asked again and again, and may name trends
	trends  [][]string // what it wants to see rise or fall
	program cel.Program
	reads   [][]string // chains of names, {"found", "count"}, each once
}

func (r *reader) condition(n *node, label string) *condition {
	if n.kind == boolNode {
		return &condition{place: n.place, src: n.text}
	}
	if n.kind == intNode || n.kind == numberNode {
		r.fail(n.place, fmt.Sprintf("%s is true or false, and %s is a number", named(label), n.text), "Compare it with something")
		return nil
	}
	s := r.str(n, label)
	if s == "" {
		return nil
	}
	if len(s) > maxExpression {
		r.fail(n.place, fmt.Sprintf("an expression has at most %d characters", maxExpression), "")
		return nil
	}
	c := &condition{place: n.place, src: strings.TrimRight(s, " \n"), block: n.block}
	if n.quoted {
		c.inset = 1
	}
	return c
}

// at is the place in the file of a line (from 1) and column (from 0) of the
// expression.
func (c *condition) at(p prepared, line, column int) place {
	if c.block || line > 1 {
		return place{c.line, c.col}
	}
	return place{c.line, c.col + max(c.inset+p.original(column), 0)}
}

// compile checks an expression against the names that it may use. It never
// panics: what CEL would do for a strange text is our business.
func (c *condition) compile(l *lint, sc *scope) {
	defer func() {
		if recover() != nil {
			l.fail(c.place, "this expression cannot be read", "")
		}
	}()
	p, bad := prepare(c.src)
	if bad != nil {
		l.fail(place{c.line, c.col + c.inset + c.plus(bad.column)}, bad.what, bad.fix)
		return
	}
	env, err := newEnv(sc)
	if err != nil {
		l.fail(c.place, "this expression cannot be read", "")
		return
	}
	parsed, issues := env.Parse(p.cel)
	if issues.Err() != nil {
		c.celProblem(l, sc, p, issues)
		return
	}
	w := &nameWalk{lint: l, scope: sc, cond: c, prepared: p, info: parsed.NativeRep().SourceInfo()}
	before := l.errors
	w.visit(parsed.NativeRep().Expr(), nil)
	if l.errors > before {
		return
	}
	c.reads = w.reads
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		c.celProblem(l, sc, p, issues)
		return
	}
	c.finish(l, env, checked)
}

func (c *condition) plus(column int) int {
	if c.block {
		return 0
	}
	return column
}

func (c *condition) finish(l *lint, env *cel.Env, checked *cel.Ast) {
	if checked.OutputType() != cel.BoolType {
		l.fail(c.place, fmt.Sprintf("an expression here is true or false, and this one is %s", celWord(checked.OutputType())), "Compare it with something, like `x > 0`")
		return
	}
	program, err := env.Program(checked, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		l.fail(c.place, "this expression cannot be computed: "+firstLine(err.Error()), "")
		return
	}
	c.program = program
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimSuffix(line, ".")
}

func celWord(t *cel.Type) string {
	switch t.Kind() {
	case cel.StringKind:
		return "text"
	case cel.IntKind, cel.UintKind, cel.DoubleKind:
		return "a number"
	case cel.DurationKind:
		return "a duration"
	case cel.TimestampKind:
		return "a time"
	case cel.ListKind:
		return "a list"
	case cel.DynKind:
		return "of a type that is not known"
	}
	return "something else"
}

// result is the answer of a condition: known or not, and what it saw.
type verdict struct {
	value bool
	known bool
	why   string // of an unknown one
	saw   map[string]any
}

// eval computes a condition. Whatever cannot be computed is unknown, not false.
func (c *condition) eval(vars map[string]any) (v verdict) {
	defer func() {
		if recover() != nil {
			v = verdict{why: "`" + c.src + "` cannot be computed"}
		}
	}()
	v.saw = c.saw(vars)
	out, _, err := c.program.Eval(vars)
	if err != nil {
		v.why = c.unknownWhy(vars, err)
		return v
	}
	b, ok := out.Value().(bool)
	if !ok {
		v.why = "`" + c.src + "` is neither true nor false"
		return v
	}
	v.value, v.known = b, true
	return v
}

// unknownWhy names the first value that is missing, as that is the usual cause.
func (c *condition) unknownWhy(vars map[string]any, err error) string {
	for _, chain := range c.reads {
		if _, ok := follow(vars, chain); !ok && len(chain) == 1 {
			return fmt.Sprintf("`%s` cannot be computed: there is no data for `%s`", c.src, chain[0])
		}
		if _, ok := follow(vars, chain); !ok {
			return fmt.Sprintf("`%s` cannot be computed: there is no `%s`", c.src, strings.Join(chain, "."))
		}
	}
	return fmt.Sprintf("`%s` cannot be computed: %s", c.src, firstLine(err.Error()))
}

// saw lists the plain values that the expression used; of lists the length.
func (c *condition) saw(vars map[string]any) map[string]any {
	out := map[string]any{}
	for _, chain := range c.reads {
		v, ok := follow(vars, chain)
		if !ok {
			continue
		}
		if shownValue, ok := sawValue(v); ok {
			out[strings.Join(chain, ".")] = shownValue
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func follow(vars map[string]any, chain []string) (any, bool) {
	var v any = vars
	for _, name := range chain {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

func sameChain(a []string) func([]string) bool {
	return func(b []string) bool { return slices.Equal(a, b) }
}
