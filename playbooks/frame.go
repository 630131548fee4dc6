package playbooks

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"mayday/internal/incident"
)

// frame holds the values that the steps of one file may name while it runs.
type frame struct {
	book   *Playbook
	facts  Facts
	inputs map[string]any // typed
	steps  map[string]ran

	// What a `run` hands on to the file that it runs.
	outer  []bound
	grade  incident.Grade
	remind time.Duration
}

type ran struct {
	step   *step
	result incident.Result
	path   string
}

// newFrame types inputs that may come from JSON and fills in defaults.
func newFrame(p *Playbook, f Facts, inputs map[string]any) *frame {
	fr := &frame{book: p, facts: f, inputs: map[string]any{}, steps: map[string]ran{}, remind: p.remind}
	fr.addInputs(p.Ask, inputs)
	return fr
}

func (fr *frame) addInputs(asked []Input, given map[string]any) {
	for _, in := range asked {
		v, ok := given[in.Name]
		if !ok || v == nil {
			v = in.Default
		}
		if v == nil && in.Name == "service" && fr.facts.Service != "" {
			v = fr.facts.Service
		}
		if got, ok := typed(in.Field, v); ok && !missing(got) {
			fr.inputs[in.Name] = got
		}
	}
}

// inner is the frame of an option, which may have inputs of its own.
func (fr *frame) inner(o *option, given map[string]any) *frame {
	c := *fr
	c.inputs = maps.Clone(fr.inputs)
	c.addInputs(o.ask, given)
	return &c
}

// nested is the frame of a playbook that s runs. What guards s guards all that
// acts in it; its own `remind` comes before that of the file around it.
func (fr *frame) nested(s *step, given map[string]any) *frame {
	facts := fr.facts
	if of, ok := given["service"].(string); ok && of != "" && of != facts.SignalsFor && facts.SignalsOf != nil {
		facts.Signals, facts.SignalsFor = facts.SignalsOf(of), of
	}
	in := newFrame(s.nested, facts, given)
	in.outer = append(slices.Clone(fr.outer), bind(s.checks, fr)...)
	in.grade = fr.grade.Raise(s.grade)
	if in.remind == 0 {
		in.remind = fr.remind
	}
	return in
}

func (fr *frame) record(s *step, r incident.Result, path string) {
	if s.id != "" {
		fr.steps[s.id] = ran{s, r, path}
	}
}

// value finds what a reference stands for; why is set when there is nothing.
func (fr *frame) value(r ref, item *incident.Row) (v any, why string) {
	switch v, ok := fr.inputs[r.name]; {
	case ok:
		return v, ""
	case r.name == "each" && item != nil:
		return column(*item, r, r.path)
	case r.name == "service" && fr.facts.Service != "":
		return fr.facts.Service, ""
	case r.name == "incident" && len(r.path) == 1:
		return fr.incident(r)
	}
	if done, ok := fr.steps[r.name]; ok && len(r.path) > 0 {
		return done.value(r)
	}
	if r.name == "service" {
		return nil, "the incident has no service"
	}
	return nil, fmt.Sprintf("`%s` has no value", r)
}

func (fr *frame) incident(r ref) (any, string) {
	f := fr.facts
	all := map[string]any{
		"severity": f.Severity, "state": f.State, "minutes": f.minutes(), "opened_at": f.OpenedAt.UTC(),
		"id": f.ID, "title": f.Title, "pager": f.Pager,
	}
	v := all[r.path[0]]
	if missing(v) {
		return nil, fmt.Sprintf("the incident has no %s", r.path[0])
	}
	return v, ""
}

// column goes from a row to one of its values; the row itself without a path.
func column(row incident.Row, r ref, path []string) (any, string) {
	if len(path) == 0 {
		return row, ""
	}
	v, ok := row.Values[path[0]]
	switch {
	case ok && !missing(v):
		return v, ""
	case path[0] == "id" && row.ID != "":
		return row.ID, ""
	case path[0] == "label" && row.Label != "":
		return row.Label, ""
	}
	return nil, fmt.Sprintf("%s of %s has no value", path[0], rowName(row, r))
}

func rowName(row incident.Row, r ref) string {
	if row.ID != "" {
		return row.ID
	}
	return "`" + r.String() + "`"
}

// usable reports whether the outputs of a step may be used (PLAYBOOKS, meaning 4).
func (d ran) usable() bool {
	return d.result.Outcome == incident.OutDone || d.result.Outcome == incident.OutNotMet
}

func (d ran) value(r ref) (any, string) {
	name := r.path[0]
	if name == "outcome" {
		return string(d.result.Outcome), ""
	}
	if !d.usable() {
		return nil, fmt.Sprintf("%s of `%s` is missing because it %s", name, d.step.id, outcomeWord(d.result.Outcome))
	}
	v, ok := d.outputs()[name]
	if !ok || missing(v) {
		return nil, d.nothing(name)
	}
	if row, isRow := v.(incident.Row); isRow {
		return column(row, r, r.path[1:])
	}
	return v, ""
}

func (d ran) nothing(name string) string {
	switch name {
	case "picked":
		return d.step.id + " has nothing picked"
	case "rows":
		return d.step.id + " has no rows"
	}
	return fmt.Sprintf("%s of `%s` has no value", name, d.step.id)
}

func outcomeWord(o incident.Outcome) string {
	switch o {
	case incident.OutSkipped, incident.OutRefused, incident.OutDeclined:
		return "was " + string(o)
	case incident.OutFailed, incident.OutExpired:
		return string(o)
	case incident.OutUnknown:
		return "ended unknown"
	case incident.OutNotHelped:
		return "did not help"
	}
	return "ended " + string(o)
}

// outputs gives the typed values of a step that was done. What is not of the
// type that the action promised counts as missing.
func (d ran) outputs() map[string]any {
	out := map[string]any{}
	if d.step.kind == chooseStep && d.result.Choice != "" {
		out["choice"] = d.result.Choice
	}
	if d.step.kind != actionStep || d.result.Table == nil {
		return out
	}
	for _, f := range d.step.action.Output {
		if v, ok := typed(f, d.result.Table.Fields[f.Name]); ok {
			out[f.Name] = v
		}
	}
	rows, ok := rowsOf(d.step.action)
	if !ok {
		return out
	}
	out["rows"] = typedRows(rows.Columns, d.result.Table.Rows)
	picked := typedRows(rows.Columns, unique(d.result.Picked))
	switch {
	case d.step.pick == "many":
		out["picked"] = picked
	case d.step.pick == "one" && len(picked) > 0:
		out["picked"] = picked[0]
	}
	return out
}

// unique drops rows that were picked twice: one item is one act.
func unique(rows []incident.Row) []incident.Row {
	var out []incident.Row
	for _, r := range rows {
		if r.ID != "" && !slices.ContainsFunc(out, func(o incident.Row) bool { return o.ID == r.ID }) {
			out = append(out, r)
		}
	}
	return out
}
