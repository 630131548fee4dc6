package playbooks

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/incident"
)

const reindex = `name: e
say: s
ask: [{shard: '3'}]
steps:
  - pg.list_queries: payments-db
    id: found
    pick: many
  - exec: [reindex, --shard, $shard, 4, -v, "two words; $$(x)"]
    id: ran
    show: [--dry-run, $shard]
    undo: [--back, $shard]
    remind: 5m
    grade: danger
    timeout: 1m
  - exec: [failover, $each.pid, $each.app]
    each: $found.picked
  - undo: ran
`

func TestExecIsAnAct(t *testing.T) {
	p := load(t, yml("e", strings.Replace(reindex, "$$", "$$", 1)))
	look := map[string]incident.Result{"0": done(picking(sessions(11, 12), 0, 1))}
	want := Move{
		Kind: Act, Path: "1", ID: "ran", Index: 2, Of: 4, Timeout: time.Minute, Remind: 5 * time.Minute, Grade: incident.GradeDanger,
		Action: integrations.Action{Name: "exec.run"},
		Args: integrations.Args{"program": "reindex", "args": []any{"--shard", "7", "4", "-v", "two words; $$(x)"},
			"show": []any{"--dry-run", "7"}, "undo": []any{"--back", "7"}},
	}
	if diff := cmp.Diff(want, next(t, p, map[string]any{"shard": "7"}, look), moveOptions); diff != "" {
		t.Errorf("move (-want +got):\n%s", diff)
	}
	look["1"] = acted(incident.OutDone)
	var args [][]any
	for _, item := range next(t, p, nil, look).Items {
		args = append(args, item.Args["args"].([]any))
	}
	if diff := cmp.Diff([][]any{{"11", "shop"}, {"12", "shop"}}, args); diff != "" {
		t.Errorf("arguments of each (-want +got):\n%s", diff)
	}
	look["2"] = acted(incident.OutDone)
	if m := next(t, p, nil, look); m.Kind != Undo || len(m.Undoes) != 1 || m.Undoes[0] != "1" {
		t.Errorf("undo: got %+v", m)
	}
}

// Only the file writes options: a value from elsewhere that would be one, or is
// more than a plain word, skips the step.
func TestExecTakesPlainValuesOnly(t *testing.T) {
	p := load(t, yml("e", reindex))
	table := sessions(11)
	for app, why := range map[string]string{
		"--force":    "`$each.app` must not begin with a dash",
		"a b":        "`$each.app` has only letters, digits and _.:@/-, not \"a b\"",
		"a\nb":       "`$each.app` has only letters, digits and _.:@/-",
		"$(id)":      "`$each.app` has only letters, digits and _.:@/-, not \"$(id)\"",
		"\x00":       "`$each.app` has only letters",
		" ":          "app of 11 has no value",
		"ok.app/1_2": "",
	} {
		table.Rows[0].Values["app"] = app
		m := next(t, p, nil, map[string]incident.Result{"0": done(picking(table, 0)), "1": done()})
		if want := (map[bool]MoveKind{true: Act, false: Skip})[why == ""]; m.Kind != want || !strings.HasPrefix(m.Reason, why) {
			t.Errorf("%q: got %s %q, want %s %q", app, m.Kind, m.Reason, want, why)
		}
	}
}

func TestExecWithoutPrograms(t *testing.T) {
	cat := fakeCatalogue()
	cat.Actions = cat.Actions[:1]
	_, problems := Load(cat, yml("x", steps("  - exec: [reindex]\n")))
	if diff := cmp.Diff([]string{"4:5: this Mayday runs no programs. Leave the step out."}, said(problems, "x.yaml")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestExecWithoutConfiguredPrograms(t *testing.T) {
	cat := fakeCatalogue()
	delete(cat.Connections, "exec")
	_, problems := Load(cat, yml("x", steps("  - exec: [reindex]\n")))
	if diff := cmp.Diff([]string{"4:12: no program is configured, so `reindex` is none. Add it to the configuration."}, said(problems, "x.yaml")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
