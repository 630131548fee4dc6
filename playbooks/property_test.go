package playbooks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mayday/integrations"
	"mayday/internal/incident"
)

var outcomes = []incident.Outcome{
	incident.OutDone, incident.OutDone, incident.OutDone, incident.OutFailed, incident.OutUnknown, incident.OutRefused,
	incident.OutDeclined, incident.OutExpired, incident.OutSkipped, incident.OutNotMet, incident.OutNotHelped,
}

// drawValue is what a look may answer, right or wrong.
func drawValue(t *rapid.T, label string) any {
	return rapid.SampledFrom([]any{
		nil, "", " ", "cart", "payments-db", "-x", "a b", "5m", int64(3), 3.0, 2.5, -1.0, true, time.Minute, 9e10, []any{"x"}, map[string]any{"id": ""},
	}).Draw(t, label)
}

func drawRow(t *rapid.T, i int) incident.Row {
	row := incident.Row{ID: fmt.Sprint(i), Values: map[string]any{}}
	if rapid.IntRange(0, 9).Draw(t, "no id") == 0 {
		row.ID = ""
	}
	for _, c := range queryRow {
		if rapid.Bool().Draw(t, "has "+c.Name) {
			row.Values[c.Name] = drawValue(t, c.Name)
		}
	}
	return row
}

func drawTable(t *rapid.T, a integrations.Action) *incident.Table {
	table := &incident.Table{Fields: map[string]any{}}
	for _, f := range a.Output {
		if rapid.Bool().Draw(t, "has "+f.Name) {
			table.Fields[f.Name] = drawValue(t, f.Name)
		}
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "rows") {
		table.Rows = append(table.Rows, drawRow(t, i))
	}
	return table
}

// drawResult is how a desk may answer a move, with any outcome.
func drawResult(t *rapid.T, m Move) incident.Result {
	r := incident.Result{Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"), When: m.When}
	switch m.Kind {
	case Skip:
		r.Outcome, r.Reason = incident.OutSkipped, m.Reason
	case Enter:
		r.Outcome, r.Extra = incident.OutDone, Extra{Saw: m.Saw, Inputs: m.Inputs}.JSON()
	case Ask:
		yes := true
		if rapid.Bool().Draw(t, "do it") {
			r = incident.Result{When: &yes}
		}
	case Choose:
		o := rapid.SampledFrom(m.Options).Draw(t, "option")
		r.Outcome, r.Choice = incident.OutDone, o.Label
		if len(o.Fields) > 0 {
			r.Outcome, r.Asked = "", "inputs"
		}
	case Inputs:
		r.Outcome, r.Choice = incident.OutDone, "Scale"
		r.Extra = Extra{Inputs: map[string]any{"replicas": rapid.SampledFrom([]any{int64(3), 4.0}).Draw(t, "replicas")}}.JSON()
	case Look, Pick:
		r.Table = drawTable(t, m.Action)
		for _, row := range r.Table.Rows {
			if rapid.Bool().Draw(t, "picked") {
				r.Picked = append(r.Picked, row)
			}
		}
		if m.Kind == Look && m.Pick != "" && rapid.Bool().Draw(t, "ask") {
			r.Outcome, r.Picked = "", nil
		}
	}
	return r
}

var propertyRun = yml("prop", strings.Replace(strings.Replace(string(longRun.Text), "name: long", "name: prop", 1), "  - tell: Done.\n", `  - web.check: shop
    id: web
  - web.call: {on: shop, body: {ms: $web.status, why: $incident.title}, tags: [$service]}
    when: web.ms > duration("1s") || web.error_rate > 1%
  - pg.list_queries: {on: $database}
    id: one
    pick: one
  - pg.terminate: {on: $database, session: $one.picked}
  - k8s.scale: {deployment: $one.picked.app, replicas: $one.picked.blocks}
  - k8s.rollback: $each.app
    each: $found.rows
    when: found.rows.exists(r, r.blocks > 0)
    id: rolled
  - exec: [reindex, -v, $service, $one.picked.app]
    id: ran
    undo: [--back, $web.status]
    checks: [{that: web.closed}, {backup_fresh: {on: $database, max_age: 1h}}]
  - undo: ran
    optional: true
  - undo: rolled
    when: web.closed
  - run: back
    id: more
    checks: [business_hours, {env: [staging]}]
  - undo: more
`, 1))

// TestAnyRunEnds says three things about all results that a desk could store: a
// run ends, no act has an empty required value, and a restart changes nothing.
func TestAnyRunEnds(t *testing.T) {
	p := load(t, propertyRun, takesBack, inner)
	rapid.Check(t, func(t *rapid.T) {
		inputs := map[string]any{"database": "payments-db", "older_than": "5m", "spare": int64(2)}
		if rapid.IntRange(0, 9).Draw(t, "no database") == 0 {
			inputs["database"] = drawValue(t, "database")
		}
		f := someFacts
		f.Service = rapid.SampledFrom([]string{"checkout", "", "-x"}).Draw(t, "service")
		results := map[string]incident.Result{}
		for range 200 {
			m, err := p.Next(f, inputs, results)
			if err != nil {
				t.Fatal(err)
			}
			if m.Kind == Done {
				return
			}
			complete(t, m)
			again, err := p.Next(f, roundTrip(t, inputs), roundTrip(t, results))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, again, moveOptions); diff != "" {
				t.Fatalf("a restart changes the move (-before +after):\n%s", diff)
			}
			results[m.Path] = drawResult(t, m)
		}
		t.Fatal("the run does not end")
	})
}

func roundTrip[T any](t *rapid.T, v T) T {
	var out T
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// complete checks that a look or an act has everything that its action needs, of
// the type that Args promise.
func complete(t *rapid.T, m Move) {
	if m.Kind == Undo && len(m.Undoes) == 0 {
		t.Fatalf("%s takes nothing back", m.Path)
	}
	for _, g := range m.Guards {
		if g.Text == "" || g.Answer == "" || g.Kind == "" {
			t.Fatalf("%s has an empty guard: %+v", m.Path, g)
		}
	}
	if m.Kind != Act && m.Kind != Look {
		return
	}
	all := []integrations.Args{m.Args}
	if m.Each {
		all = nil
		for _, it := range m.Items {
			all = append(all, it.Args)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has nothing to act on", m.Path)
	}
	for _, args := range all {
		for _, f := range m.Action.Params {
			v, given := args[f.Name]
			if f.Required && (!given || missing(v)) || given && missing(v) {
				t.Fatalf("%s runs %s with an empty %s: %v", m.Path, m.Action.Name, f.Name, args)
			}
			if given && !promised(f.Kind, v) {
				t.Fatalf("%s runs %s with %s of type %T", m.Path, m.Action.Name, f.Name, v)
			}
			if s, ok := v.(string); ok && badText(f, s) != "" {
				t.Fatalf("%s runs %s with %s = %q", m.Path, m.Action.Name, f.Name, s)
			}
		}
	}
}

func promised(kind integrations.Kind, v any) bool {
	name := map[integrations.Kind]string{
		integrations.Text: "string", integrations.Connection: "string", integrations.Int: "int64", integrations.Number: "float64",
		integrations.Bool: "bool", integrations.Duration: "time.Duration", integrations.Time: "time.Time", integrations.RowKind: "incident.Row",
		integrations.Rows: "[]incident.Row", integrations.Map: "map[string]interface {}", integrations.List: "[]interface {}",
	}[kind]
	return fmt.Sprintf("%T", v) == name
}

// TestPathsFindTheirSteps: a path that Next gave is the path of that step.
func TestPathsFindTheirSteps(t *testing.T) {
	p := load(t, longRun)
	for path, want := range map[string]string{"0": "found", "1": "what", "1.o0.0": "cancelled", "2": "kill", "2.r.0": "found", "2.r.2": "left"} {
		if s := p.find(path); s == nil || s.id != want {
			t.Errorf("%s: got %+v, want %s", path, s, want)
		}
	}
	for _, path := range []string{"", "9", "-1", "x", "1.o9.0", "1.o0.5", "0.r.0", "r.0", "o0.0", "1.r.0", "1.o0", "2.r"} {
		if s := p.find(path); s != nil && !slices.Contains([]string{"1.o0", "2.r"}, path) {
			t.Errorf("%q: got %+v, want none", path, s)
		}
	}
}
