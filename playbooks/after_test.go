package playbooks

import (
	"strings"
	"testing"

	"mayday/internal/incident"
)

const audited = head + `steps:
  - pg.list_queries: payments-db
    id: found
    pick: many
  - pg.cancel: {on: payments-db, session: $each}
    each: $found.picked
after:
  - tell: "Ask $found.count customers whether they were charged twice."
  - pg.list_queries: payments-db
    id: now
  - tell: "$now.count are left."
`

// What is done after an incident begins at its own first step, whatever became of
// the run before, and may name what that found.
func TestAfterGoesThroughItsOwnSteps(t *testing.T) {
	p := load(t, Source{Name: "x.yaml", Text: []byte(audited)})
	if got := p.After(); got != 3 {
		t.Fatalf("got %d steps after it, want 3", got)
	}
	before := map[string]incident.Result{"0": done(picking(sessions(1, 2), 0))} // the act never came up
	if m := next(t, p, nil, before); m.Kind != Act || m.Path != "1" {
		t.Errorf("the run itself goes on with %s %s, want the act", m.Kind, m.Path)
	}
	audit, results := p.Audit(), throughJSON(t, before)
	m := next(t, audit, nil, results)
	if m.Kind != Tell || m.Path != "after.0" || m.Index != 1 || m.Of != 3 || m.Tell != "Ask 2 customers whether they were charged twice." {
		t.Errorf("got %+v, want the first step of after", m)
	}
	results["after.0"] = done()
	if m = next(t, audit, nil, results); m.Kind != Look || m.Path != "after.1" || m.Index != 2 {
		t.Errorf("got %+v, want the look", m)
	}
	results["after.1"] = done(func(r *incident.Result) { r.Table = sessions(7) })
	if m = next(t, audit, nil, results); m.Tell != "1 are left." {
		t.Errorf("got %+v, want what the look found", m)
	}
	results["after.2"] = done()
	if m = next(t, audit, nil, results); m.Kind != Done || m.Of != 3 {
		t.Errorf("got %+v, want that it is done", m)
	}
}

// What the run before did not find is missing, and the step says so.
func TestAfterSkipsWhatNamesNothing(t *testing.T) {
	p := load(t, Source{Name: "x.yaml", Text: []byte(audited)})
	m := next(t, p.Audit(), nil, map[string]incident.Result{"0": {Outcome: incident.OutFailed}})
	if m.Kind != Skip || m.Path != "after.0" || !strings.Contains(m.Reason, "missing because it failed") {
		t.Errorf("got %+v, want a skip with its reason", m)
	}
}

func TestAfterIsCheckedLikeTheRest(t *testing.T) {
	for after, want := range map[string]string{
		"after: [{tel: x}]":             "unknown key `tel`. Did you mean `tell`?",
		"after: []":                     "`after`",
		"after: [{tell: $found.cuont}]": "Did you mean",
		"after: [{id: found, tell: x}]": "stands twice",
		"after: [{pg.cancel: {on: payments-db, session: $found.picked}}]": "a list where one item is wanted",
	} {
		file := head + "steps:\n  - pg.list_queries: payments-db\n    id: found\n    pick: many\n" + after + "\n"
		_, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(file)})
		if all := strings.Join(said(problems, "x.yaml"), "\n"); !strings.Contains(all, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", after, all, want)
		}
	}
}

// A nested playbook is part of its run: what would come after it is said to be left
// out.
func TestAfterOfANestedPlaybookIsNotOffered(t *testing.T) {
	inner := strings.Replace(audited, "name: x", "name: inner", 1)
	_, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(steps("  - run: inner\n"))}, Source{Name: "inner.yaml", Text: []byte(inner)})
	if all := strings.Join(said(problems, "x.yaml"), "\n"); !strings.Contains(all, "the `after` of `inner` is not offered") {
		t.Errorf("got %s", all)
	}
}
