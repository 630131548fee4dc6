package playbooks

import (
	"fmt"
	"maps"
	"slices"

	"mayday/integrations"
)

// shape is what is known of a value before there is one.
type shape struct {
	kind    integrations.Kind
	columns []integrations.Field
	prefix  string // of a connection: whose
}

var textShape = shape{kind: integrations.Text}

// scope is what a step may name: inputs, and the steps that come before it.
type scope struct {
	inputs  map[string]shape
	steps   map[string]seen
	all     map[string]bool // every id of the file
	passed  map[string]bool // ids that stand further up, in other options too
	item    *shape          // of `each`
	signals map[string]bool // charts of the services, and those that playbooks of ours name
	used    map[string]bool // signals that expressions name; shared by all scopes of a file
	forFile bool            // the `when` of the file: nothing has been asked yet
}

// seen is an earlier step; inside says that it stands in an option that this
// scope is not in, so that it may not have run.
type seen struct {
	step   *step
	inside string
}

func newScope() *scope {
	return &scope{inputs: map[string]shape{}, steps: map[string]seen{}, all: map[string]bool{}, passed: map[string]bool{}, signals: map[string]bool{}, used: map[string]bool{}}
}

// inner is the scope of an option: what it adds is not seen by the other options.
func (sc *scope) inner() *scope {
	c := *sc
	c.inputs, c.steps = maps.Clone(sc.inputs), maps.Clone(sc.steps)
	return &c
}

func (sc *scope) add(s *step) {
	if s.id == "" {
		return
	}
	sc.steps[s.id] = seen{step: s}
	sc.passed[s.id] = true
}

// leave makes the steps of an option visible after its question.
func (sc *scope) leave(o *option) {
	walk(o.steps, func(s *step) {
		if s.id != "" {
			sc.steps[s.id] = seen{step: s, inside: o.label}
		}
	})
}

func (sc *scope) addInputs(inputs []Input) {
	for _, in := range inputs {
		sc.inputs[in.Name] = shape{kind: in.Kind, prefix: in.Prefix}
	}
}

// outputs are the names behind a step's id.
func outputs(s *step) map[string]shape {
	out := map[string]shape{"outcome": textShape}
	switch s.kind {
	case chooseStep:
		out["choice"] = textShape
	case actionStep:
		for _, f := range s.action.Output {
			out[f.Name] = shape{kind: f.Kind, columns: f.Columns}
		}
		if rows, ok := rowsOf(s.action); ok && s.action.IsLook() {
			out["rows"] = shape{kind: integrations.Rows, columns: rows.Columns}
		}
	}
	if rows, ok := out["rows"]; ok && s.pick != "" {
		if s.pick == "one" {
			rows.kind = integrations.RowKind
		}
		out["picked"] = rows
	}
	return out
}

// incidentFields are what expressions see; texts and arguments see more.
var incidentFields = map[string]shape{
	"severity":  textShape,
	"minutes":   {kind: integrations.Int},
	"opened_at": {kind: integrations.Time},
	"state":     textShape,
}

// celFields answers nil for a name that is a plain value, or unknown.
func (sc *scope) celFields(name string) map[string]shape {
	if s, ok := sc.steps[name]; ok {
		return outputs(s.step)
	}
	switch name {
	case "incident":
		return incidentFields
	case "alert":
		return alertFields
	}
	return nil
}

// uses remembers a signal that an expression names.
func (sc *scope) uses(name string) {
	_, input := sc.inputs[name]
	if _, step := sc.steps[name]; !input && !step && sc.signals[name] {
		sc.used[name] = true
	}
}

// commonSignals are names that playbooks of ours use: a service that has no such
// chart answers "cannot tell".
var commonSignals = []string{"errors", "p95", "queue"}

// celType answers nil for an unknown name.
func (sc *scope) celType(name string) *shape {
	if sh, ok := sc.inputs[name]; ok {
		return &sh
	}
	if _, ok := sc.steps[name]; ok || name == "incident" || name == "alert" {
		return &shape{kind: integrations.Map}
	}
	switch {
	case name == "service" || name == "env":
		return &textShape
	case name == "suspects":
		return &suspectShape
	case sc.signals[name]:
		return &shape{kind: integrations.Number}
	}
	return nil
}

func (sc *scope) celNames() []string {
	set := map[string]bool{"service": true, "env": true, "incident": true, "alert": true, "suspects": true}
	for k := range sc.signals {
		set[k] = true
	}
	for k := range sc.inputs {
		set[k] = true
	}
	for k := range sc.steps {
		set[k] = true
	}
	return keysOf(set)
}

// allFields lists every output and column, to suggest from.
func (sc *scope) allFields() []string {
	set := map[string]bool{"id": true, "label": true}
	for name := range incidentFields {
		set[name] = true
	}
	for _, s := range sc.steps {
		for name, sh := range outputs(s.step) {
			set[name] = true
			for _, c := range sh.columns {
				set[c.Name] = true
			}
		}
	}
	return keysOf(set)
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// elsewhere explains an id that exists in the file, but not for this step.
func (sc *scope) elsewhere(name string) string {
	switch {
	case sc.forFile && (sc.all[name] || sc.inputs[name].kind != ""):
		return named(name) + " is not known yet when playbooks are suggested"
	case sc.passed[name]:
		return "the step " + named(name) + " stands in another option"
	case sc.all[name]:
		return "the step " + named(name) + " comes later, or is this one"
	}
	return ""
}

// maybeMissing says why a value of an earlier step may be missing, "" if only a
// failure can be the cause.
func (sc *scope) maybeMissing(chain []string) string {
	s, ok := sc.steps[chain[0]]
	if !ok || len(chain) < 2 || chain[1] == "outcome" {
		return ""
	}
	switch {
	case s.inside != "":
		return fmt.Sprintf("%s may have been skipped: it stands in the option %s", named(chain[0]), quotedText(s.inside))
	case s.step.when != nil:
		return fmt.Sprintf("%s may have been skipped: it has a `when`", named(chain[0]))
	}
	return ""
}

// trouble is why a reference cannot be used.
type trouble struct{ what, fix string }

// resolve finds the shape of a reference.
func (sc *scope) resolve(r ref) (shape, *trouble) {
	if r.name == "each" {
		if sc.item == nil {
			return shape{}, &trouble{"`$each` is one item of `each:`, and there is no `each:` here", "Add `each: $found.picked` with the step that was picked from"}
		}
		return sc.descend(*sc.item, r, r.path)
	}
	if in, ok := sc.inputs[r.name]; ok {
		return sc.descend(in, r, r.path)
	}
	if r.name == "service" {
		return sc.descend(textShape, r, r.path)
	}
	if r.name == "incident" {
		return sc.incident(r)
	}
	s, ok := sc.steps[r.name]
	if !ok {
		return shape{}, sc.unknownRef(r)
	}
	fields := outputs(s.step)
	if len(r.path) == 0 {
		return shape{}, &trouble{fmt.Sprintf("`%s` is a step, not a value", r), "Write one of its outputs: " + refList(r.name, fields)}
	}
	sh, ok := fields[r.path[0]]
	if !ok {
		return shape{}, sc.unknownOutput(r, s.step, fields)
	}
	return sc.descend(sh, r, r.path[1:])
}

func (sc *scope) unknownRef(r ref) *trouble {
	if why := sc.elsewhere(r.name); why != "" {
		return &trouble{why + ", so `" + r.String() + "` has no value here", ""}
	}
	known := keysOf(sc.steps)
	known = append(known, keysOf(sc.inputs)...)
	known = append(known, "service", "incident", "each")
	return &trouble{"unknown step or input `$" + r.name + "`", didYouMean(r.name, known)}
}

func (sc *scope) unknownOutput(r ref, s *step, fields map[string]shape) *trouble {
	if r.path[0] == "picked" && fields["rows"].kind != "" {
		return &trouble{named(r.name) + " has nothing picked, because it has no `pick`", "Add `pick: one` or `pick: many` to it"}
	}
	what := fmt.Sprintf("unknown output %s of %s", named(r.path[0]), named(r.name))
	if s.kind == actionStep {
		what += " (" + s.action.Name + ")"
	}
	return &trouble{what, didYouMean(r.path[0], keysOf(fields))}
}

func (sc *scope) incident(r ref) (shape, *trouble) {
	known := maps.Clone(incidentFields)
	known["id"], known["title"], known["pager"] = textShape, textShape, textShape
	if len(r.path) != 1 {
		return shape{}, &trouble{"`" + r.String() + "` is not a value", "Write one of " + refList("incident", known)}
	}
	sh, ok := known[r.path[0]]
	if !ok {
		return shape{}, &trouble{"the incident has no " + named(r.path[0]), didYouMean(r.path[0], keysOf(known))}
	}
	return sh, nil
}

// descend goes from a row to one of its columns.
func (sc *scope) descend(sh shape, r ref, path []string) (shape, *trouble) {
	if len(path) == 0 {
		return sh, nil
	}
	switch {
	case sh.kind == integrations.Rows:
		return shape{}, &trouble{fmt.Sprintf("`%s` takes one item out of a list", r), "Add `each: $" + r.name + "." + r.path[0] + "`, pass `$each." + path[0] + "`"}
	case sh.kind != integrations.RowKind || len(path) > 1:
		return shape{}, &trouble{fmt.Sprintf("`%s` goes deeper than there is something", r), ""}
	case path[0] == "id" || path[0] == "label":
		return textShape, nil
	case len(sh.columns) == 0:
		return shape{}, &trouble{fmt.Sprintf("the columns behind `%s` are not known", r), "Give the look its `columns`"}
	}
	i := slices.IndexFunc(sh.columns, func(f integrations.Field) bool { return f.Name == path[0] })
	if i < 0 {
		return shape{}, &trouble{fmt.Sprintf("unknown column %s of `%s`", named(path[0]), r), didYouMean(path[0], names(sh.columns))}
	}
	return shape{kind: sh.columns[i].Kind, columns: sh.columns[i].Columns}, nil
}

func refList(name string, fields map[string]shape) string {
	out := ""
	for i, f := range keysOf(fields) {
		if i > 0 {
			out += ", "
		}
		out += "$" + name + "." + f
	}
	return out
}

// reserved are names that ids and inputs may not take.
func reserved(s string) bool { return reservedNames[s] }

var reservedNames = set(
	"each", "service", "incident", "env", "alert", "suspects", "inputs",
	"and", "or", "not", "in", "true", "false", "null", "as", "break", "const", "continue", "else", "for", "function",
	"if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
	"bool", "bytes", "double", "int", "uint", "string", "list", "map", "type", "null_type", "dyn", "has", "size",
	"duration", "timestamp", "matches", "google", "mayday", "optional", "optional_type",
)

func set(list ...string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, one := range list {
		out[one] = true
	}
	return out
}
