package playbooks

import (
	"maps"
	"slices"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"mayday/integrations"
	"mayday/internal/incident"
)

// baseEnv is made once: the standard library is large.
var baseEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(40),
		cel.ParserExpressionSizeLimit(maxExpression+200),
		cel.EagerlyValidateDeclarations(true),
		cel.Macros(append(cel.StandardMacros, trendMacros()...)...),
	)
})

// newEnv is the language with the names of one scope.
func newEnv(sc *scope) (*cel.Env, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, err
	}
	reg, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	p := &rowTypes{Provider: reg, fields: map[string]map[string]*cel.Type{}}
	opts := []cel.EnvOption{cel.CustomTypeAdapter(reg), cel.CustomTypeProvider(p), cel.Variable(trendMap, cel.MapType(cel.StringType, cel.BoolType))}
	for _, name := range sc.celNames() {
		opts = append(opts, cel.Variable(name, p.declare(sc, name)))
	}
	return base.Extend(opts...)
}

// rowTypes gives CEL the types of steps and of their rows, so that a misspelt
// output is found when the file is read. The values are plain maps.
type rowTypes struct {
	types.Provider
	fields map[string]map[string]*cel.Type
}

const typePrefix = "mayday."

func (p *rowTypes) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.fields[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

func (p *rowTypes) FindStructFieldNames(name string) ([]string, bool) {
	if fs, ok := p.fields[name]; ok {
		return slices.Sorted(maps.Keys(fs)), true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p *rowTypes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	fs, ok := p.fields[name]
	if !ok {
		return p.Provider.FindStructFieldType(name, field)
	}
	t, ok := fs[field]
	if !ok {
		return nil, false
	}
	return &types.FieldType{Type: t}, true
}

// declare makes the type of a name; steps and the incident become types of their own.
func (p *rowTypes) declare(sc *scope, name string) *cel.Type {
	fields := sc.celFields(name)
	if fields == nil {
		return p.of(typePrefix+name, *sc.celType(name))
	}
	own := map[string]*cel.Type{}
	for f, sh := range fields {
		own[f] = p.of(typePrefix+name+"."+f, sh)
	}
	p.fields[typePrefix+name] = own
	return cel.ObjectType(typePrefix + name)
}

func (p *rowTypes) of(name string, sh shape) *cel.Type {
	switch sh.kind {
	case integrations.Text, integrations.Connection:
		return cel.StringType
	case integrations.Int:
		return cel.IntType
	case integrations.Number:
		return cel.DoubleType
	case integrations.Bool:
		return cel.BoolType
	case integrations.Duration:
		return cel.DurationType
	case integrations.Time:
		return cel.TimestampType
	case integrations.RowKind:
		return p.row(name, sh.columns)
	case integrations.Rows:
		return cel.ListType(p.row(name, sh.columns))
	case integrations.Map:
		return cel.MapType(cel.StringType, cel.DynType)
	case integrations.List:
		return cel.ListType(cel.DynType)
	}
	return cel.DynType
}

func (p *rowTypes) row(name string, columns []integrations.Field) *cel.Type {
	if len(columns) == 0 {
		return cel.MapType(cel.StringType, cel.DynType)
	}
	own := map[string]*cel.Type{"id": cel.StringType, "label": cel.StringType}
	for _, c := range columns {
		own[c.Name] = p.of(name+"."+c.Name, shape{kind: c.Kind, columns: c.Columns})
	}
	p.fields[name] = own
	return cel.ObjectType(name)
}

// sawValue is a value as the timeline keeps it.
func sawValue(v any) (any, bool) {
	switch x := v.(type) {
	case string, bool, int64, float64:
		return x, true
	case time.Duration:
		return short(x), true
	case time.Time:
		return x.Format(time.RFC3339), true
	case []any:
		return int64(len(x)), true
	case []incident.Row:
		return int64(len(x)), true
	}
	return nil, false
}
