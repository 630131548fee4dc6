package playbooks

import (
	"context"
	"testing"

	"mayday/integrations"
	"mayday/internal/incident"
)

func field(name string, kind integrations.Kind, change ...func(*integrations.Field)) integrations.Field {
	f := integrations.Field{Name: name, Kind: kind}
	for _, c := range change {
		c(&f)
	}
	return f
}

func required(f *integrations.Field) { f.Required = true }

func byDefault(v any) func(*integrations.Field) {
	return func(f *integrations.Field) { f.Default = v }
}

var queryRow = []integrations.Field{
	field("pid", integrations.Int), field("state", integrations.Text), field("age", integrations.Duration),
	field("app", integrations.Text), field("user", integrations.Text), field("query", integrations.Text),
	field("blocks", integrations.Int), field("role", integrations.Text),
}

// fakeCatalogue has actions of every sort of field. They are never called: the
// language only names them, but a look is told by its Look.
func fakeCatalogue() Catalogue {
	look := func(a integrations.Action) integrations.Action {
		a.Grade, a.Version = incident.GradeLook, 1
		a.Look = fakeLook
		return a
	}
	act := func(name string, g incident.Grade, params ...integrations.Field) integrations.Action {
		return integrations.Action{Name: name, Summary: name, Grade: g, Version: 1, Params: params}
	}
	undoable := func(a integrations.Action) integrations.Action {
		a.Undo = fakeUndo
		return a
	}
	on := field("on", integrations.Connection, required)
	flag := field("flag", integrations.Text, required, func(f *integrations.Field) { f.Match = "[A-Za-z0-9][A-Za-z0-9._-]{0,255}" })
	return Catalogue{
		Connections: map[string][]string{"pg": {"orders-db", "payments-db"}, "web": {"shop"}, "mq": nil, "exec": {"failover", "reindex"}, "k8s": {"cluster-a", "cluster-b"}},
		Envs:        map[string]string{"payments-db": "prod", "cluster-a": "staging", "reindex": "staging"},
		Services:    []string{"checkout", "search"},
		Actions: []integrations.Action{
			look(integrations.Action{Name: "pg.list_queries", Summary: "List queries",
				Params: []integrations.Field{on, field("older_than", integrations.Duration, byDefault("5m")), field("max", integrations.Int, byDefault(25))},
				Output: []integrations.Field{field("rows", integrations.Rows, func(f *integrations.Field) { f.Columns = queryRow }), field("count", integrations.Int)}}),
			act("pg.cancel", incident.GradeChange, on, field("session", integrations.RowKind, required)),
			act("pg.terminate", incident.GradeDanger, on, field("session", integrations.RowKind, required)),
			look(integrations.Action{Name: "web.check", Summary: "Ask a page",
				Params: []integrations.Field{on, field("path", integrations.Text, byDefault("/health"))},
				Output: []integrations.Field{field("status", integrations.Int), field("error_rate", integrations.Number), field("ms", integrations.Duration), field("closed", integrations.Bool)}}),
			undoable(act("k8s.scale", incident.GradeChange, field("deployment", integrations.Text, required), field("replicas", integrations.Int, required), field("target", integrations.Text))),
			act("web.call", incident.GradeChange, on, field("path", integrations.Text), field("body", integrations.Map), field("tags", integrations.List),
				field("method", integrations.Text, func(f *integrations.Field) { f.OneOf = []string{"GET", "POST"} })),
			act("mq.purge", incident.GradeDanger, on, field("queue", integrations.Text, required)),
			undoable(act("k8s.rollback", incident.GradeChange, field("deployment", integrations.Text, required), field("to", integrations.Text), field("target", integrations.Text))),
			undoable(act("k8s.suspend_cronjobs", incident.GradeChange, field("name", integrations.Text, required), field("target", integrations.Text))),
			undoable(act("k8s.pause_gitops", incident.GradeChange, field("deployment", integrations.Text, required), field("target", integrations.Text))),
			act("k8s.restart", incident.GradeDanger, field("deployment", integrations.Text, required), field("target", integrations.Text)),
			look(integrations.Action{Name: "k8s.rollout_status", Summary: "How a rollout stands",
				Params: []integrations.Field{field("deployment", integrations.Text, required), field("target", integrations.Text)}}),
			look(integrations.Action{Name: "k8s.workers", Summary: "What reads the queues of a service",
				Params: []integrations.Field{field("deployment", integrations.Text, required), field("target", integrations.Text)},
				Output: []integrations.Field{field("rows", integrations.Rows, func(f *integrations.Field) { f.Columns = []integrations.Field{field("workload", integrations.Text)} })}}),
			undoable(act("exec.run", incident.GradeChange, field("program", integrations.Connection, required),
				field("args", integrations.List), field("show", integrations.List), field("undo", integrations.List))),
			undoable(act("k8s.move", incident.GradeChange, on)),
			look(integrations.Action{Name: "launchdarkly.show", Summary: "Show a flag", Params: []integrations.Field{flag},
				Output: []integrations.Field{field("on", integrations.Bool), field("serves", integrations.Text), field("changed_at", integrations.Text)}}),
			undoable(act("launchdarkly.off", incident.GradeChange, flag)),
			undoable(act("launchdarkly.previous", incident.GradeChange, flag)),
			undoable(act("launchdarkly.percent", incident.GradeChange, flag, field("percent", integrations.Int, required))),
			undoable(act("am.silence", incident.GradeChange, field("service", integrations.Text), field("match", integrations.Map), field("for", integrations.Duration, byDefault("1h")))),
			act("pd.snooze", incident.GradeChange, field("incident", integrations.Text, required), field("for", integrations.Duration, byDefault("1h"))),
			act("core.page", incident.GradeChange),
			act("mq.move", incident.GradeChange, field("row", integrations.RowKind, required, func(f *integrations.Field) {
				f.Columns = []integrations.Field{field("message", integrations.Text)}
			})),
		},
	}
}

func TestBuiltInsLoadWithoutErrors(t *testing.T) {
	for _, cat := range []Catalogue{fakeCatalogue(), {Actions: fakeCatalogue().Actions}} {
		book, problems := Load(cat, BuiltIn()...)
		if err := AsFault(problems); err != nil {
			t.Fatal(err)
		}
		p, ok := book.Get("kill-queries")
		if !ok || p.Steps() != 4 || !p.BuiltIn {
			t.Fatalf("kill-queries: got %+v, %v", p, ok)
		}
		if got, want := p.Usable, len(cat.Connections) > 0; got != want {
			t.Errorf("usable: got %v, want %v", got, want)
		}
	}
}

func fakeLook(context.Context, integrations.Args) (integrations.Table, error) {
	return integrations.Table{}, nil
}

func fakeUndo(context.Context, integrations.Receipt) (integrations.Plan, error) {
	return integrations.Plan{}, nil
}
