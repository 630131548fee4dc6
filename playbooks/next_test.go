package playbooks

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/incident"
)

var someFacts = Facts{
	Now: time.Date(2026, 3, 1, 14, 12, 0, 0, time.UTC), OpenedAt: time.Date(2026, 3, 1, 14, 5, 0, 0, time.UTC),
	ID: "INC-42", Title: "Checkout is slow", Severity: "SEV1", State: "investigating", Service: "checkout", Env: "prod",
}

// load gives one playbook of the sources, the first.
func load(t *testing.T, sources ...Source) *Playbook {
	t.Helper()
	book, problems := Load(fakeCatalogue(), append(BuiltIn(), sources...)...)
	if err := AsFault(problems); err != nil {
		t.Fatal(err)
	}
	p, ok := book.Get(sources[0].playbook())
	if !ok {
		t.Fatalf("no playbook %s", sources[0].playbook())
	}
	return p
}

func next(t *testing.T, p *Playbook, inputs map[string]any, results map[string]incident.Result) Move {
	t.Helper()
	m, err := p.Next(someFacts, inputs, results)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// session is a row as a look answers it, with a duration and whole numbers.
func session(pid int) incident.Row {
	return incident.Row{ID: fmt.Sprint(pid), Label: fmt.Sprintf("session %d", pid), Values: map[string]any{
		"pid": int64(pid), "age": 90 * time.Second, "app": "shop", "blocks": int64(2),
	}}
}

func sessions(pids ...int) *incident.Table {
	t := &incident.Table{Fields: map[string]any{"count": int64(len(pids))}}
	for _, pid := range pids {
		t.Rows = append(t.Rows, session(pid))
	}
	return t
}

func done(change ...func(*incident.Result)) incident.Result {
	r := incident.Result{Outcome: incident.OutDone}
	for _, c := range change {
		c(&r)
	}
	return r
}

func picking(table *incident.Table, rows ...int) func(*incident.Result) {
	return func(r *incident.Result) {
		r.Table = table
		for _, i := range rows {
			r.Picked = append(r.Picked, table.Rows[i])
		}
	}
}

func chose(label string) func(*incident.Result) {
	return func(r *incident.Result) { r.Choice = label }
}

// throughJSON is what a restart does to results and inputs.
func throughJSON[T any](t *testing.T, v T) T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// moveOptions compares actions by their name: they hold functions.
var moveOptions = cmp.Comparer(func(a, b integrations.Action) bool { return a.Name == b.Name })

var longRun = yml("long", `name: long
say: A run with a bit of everything
ask: [database, {older_than: 5m}, {spare: 2}]
steps:
  - pg.list_queries: {on: $database, older_than: $older_than}
    id: found
    pick: many
    say: Queries of $service
  - choose: What shall happen to $found.count sessions?
    id: what
    options:
      - label: End some
        likely: found.count > 1 && found.rows.exists(r, r.blocks > 1)
        steps:
          - pg.cancel: {on: $database, session: $each}
            id: cancelled
            each: $found.picked
            failures: 1
            pause: 1s
      - label: Scale
        say: More replicas
        likely: found.count == 0
        ask: [{replicas: {type: int, max: 10}}]
        steps:
          - k8s.scale: {deployment: $service, replicas: $replicas}
      - label: Nothing
  - run: kill-queries
    id: kill
    with: {database: $database, older_than: $older_than}
    when: what.choice == "End some" && cancelled.outcome == "done"
  - tell: Look at $incident.id in $database
    copy: "mayday note $incident.id 'it was' $incident.title"
    link: https://wiki.example/run/$service/$incident.title
    when: incident.minutes >= 7 && spare > 1.5
  - k8s.rollback: $service
    optional: true
    timeout: 10m
    when: incident.severity == "SEV1"
  - tell: Done.
`)

// TestRun steps through a whole run, and each move is the same after what a
// restart does to everything that is stored.
func TestRun(t *testing.T) {
	p := load(t, longRun)
	inputs, open, err := p.Inputs(nil, []string{"payments-db"}, map[string]any{"service": "checkout"})
	if err != nil || len(open) > 0 {
		t.Fatal(inputs, open, err)
	}
	results := map[string]incident.Result{}
	table := sessions(11, 12, 13)
	yes := true
	path := []struct {
		want   string // kind, path, position and what matters of it
		result incident.Result
	}{
		{"look 0 1/6 pg.list_queries older_than=5m0s on=payments-db", incident.Result{Table: table, Asked: "pick"}},
		{"pick 0 1/6 many at most 20", done(picking(table, 0, 2))},
		{"choose 1 2/6 [End some ★] [Scale] [Nothing]", done(chose("End some"))},
		{"act 1.o0.0 2/6 pg.cancel each 11 13", done()},
		{"enter 2 3/6 database=payments-db older_than=5m", incident.Result{Outcome: incident.OutDone, When: &yes, Extra: Extra{Inputs: map[string]any{"database": "orders-db", "older_than": "1m30s"}}.JSON()}},
		{"look 2.r.0 3/6 pg.list_queries older_than=1m30s on=orders-db", done(picking(table))},
		{"skip 2.r.1 3/6 found has nothing picked", incident.Result{Outcome: incident.OutSkipped}},
		{"look 2.r.2 3/6 pg.list_queries older_than=1m30s on=orders-db", done(picking(table, 1))},
		{"act 2.r.3 3/6 pg.terminate each 12", done()},
		{"tell 3 4/6 Look at INC-42 in payments-db | mayday note INC-42 'it was' 'Checkout is slow' | https://wiki.example/run/checkout/Checkout%20is%20slow", done()},
		{"act 4 5/6 k8s.rollback deployment=checkout", done()},
		{"tell 5 6/6 Done.", done()},
		{"done  6/6", incident.Result{}},
	}
	for i, step := range path {
		m := next(t, p, inputs, results)
		if got := describe(m); got != step.want {
			t.Fatalf("move %d:\ngot  %s\nwant %s", i, got, step.want)
		}
		again := next(t, p, throughJSON(t, inputs), throughJSON(t, results))
		if diff := cmp.Diff(m, again, moveOptions); diff != "" {
			t.Fatalf("move %d after a restart (-before +after):\n%s", i, diff)
		}
		results[m.Path] = step.result
	}
}

func describe(m Move) string {
	out := fmt.Sprintf("%s %s %d/%d", m.Kind, m.Path, m.Index, m.Of)
	switch m.Kind {
	case Look, Act:
		out += " " + m.Action.Name
		for _, name := range keysOf(m.Args) {
			if name != "max" {
				out += fmt.Sprintf(" %s=%v", name, m.Args[name])
			}
		}
		if m.Each {
			out += " each"
		}
		for _, it := range m.Items {
			out += " " + it.Args.Row("session").ID
		}
	case Pick:
		out += fmt.Sprintf(" %s at most %d", m.Pick, m.Most)
	case Choose:
		for _, o := range m.Options {
			star := ""
			if o.Likely != nil && *o.Likely {
				star = " ★"
			}
			out += " [" + o.Label + star + "]"
		}
	case Enter:
		for _, name := range keysOf(m.Inputs) {
			out += fmt.Sprintf(" %s=%v", name, m.Inputs[name])
		}
	case Tell:
		out += " " + m.Tell
		if m.Copy != "" {
			out += " | " + m.Copy + " | " + m.Link
		}
	case Skip, Ask:
		out += " " + m.Reason
	}
	return out
}

func TestAnActIsTypedAndComplete(t *testing.T) {
	p := load(t, longRun)
	inputs := map[string]any{"database": "payments-db", "older_than": "5m", "spare": 2.0}
	results := map[string]incident.Result{"0": done(picking(sessions(11, 12), 1, 1)), "1": done(chose("End some"))}
	m := next(t, p, inputs, throughJSON(t, results))
	want := Move{
		Kind: Act, Path: "1.o0.0", ID: "cancelled", Index: 2, Of: 6, Each: true, Failures: 1, Pause: time.Second,
		Action: integrations.Action{Name: "pg.cancel"},
		Items:  []Item{{Row: session(12), Args: integrations.Args{"on": "payments-db", "session": session(12)}}},
	}
	if diff := cmp.Diff(want, m, moveOptions); diff != "" {
		t.Errorf("move (-want +got):\n%s", diff)
	}
}

func TestAnOptionAsksForItsInputs(t *testing.T) {
	p := load(t, longRun)
	inputs := map[string]any{"database": "payments-db"}
	results := map[string]incident.Result{"0": done(picking(sessions()))}
	if got, want := describe(next(t, p, inputs, results)), "choose 1 2/6 [End some] [Scale ★] [Nothing]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	results["1"] = incident.Result{Choice: "Scale", Asked: "inputs"}
	m := next(t, p, inputs, results)
	if m.Kind != Inputs || m.Path != "1" || len(m.Fields) != 1 || m.Fields[0].Name != "replicas" {
		t.Fatalf("got %+v, want the inputs of Scale", m)
	}
	for given, want := range map[string]string{"three": "`replicas` is a whole number, not \"three\".", "11": "`replicas` is at most 10, not 11."} {
		_, _, err := p.OptionInputs(m.Path, "Scale", map[string]string{"replicas": given}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", given, err, want)
		}
	}
	values, open, err := p.OptionInputs(m.Path, "Scale", map[string]string{"replicas": "3"}, nil)
	if err != nil || len(open) > 0 {
		t.Fatal(values, open, err)
	}
	results["1"] = done(chose("Scale"))
	if m := next(t, p, inputs, results); m.Kind != Inputs {
		t.Errorf("without values: got %s, want the question again", m.Kind)
	}
	results["1"] = done(chose("Scale"), func(r *incident.Result) { r.Extra = Extra{Inputs: values}.JSON() })
	if got, want := describe(next(t, p, inputs, throughJSON(t, results))), "act 1.o1.0 2/6 k8s.scale deployment=checkout replicas=3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	results["1"] = done(chose("Gone"))
	if _, err := p.Next(someFacts, inputs, results); err == nil {
		t.Error("an option that is not in the file was accepted")
	}
}

func TestWhenIsComputedOnce(t *testing.T) {
	p := load(t, yml("x", steps(checked, "  - tell: x\n    when: web.status > 499 && incident.minutes > 6\n", "  - tell: last\n")))
	web := done(func(r *incident.Result) { r.Table = &incident.Table{Fields: map[string]any{"status": 500.0}} })
	results := map[string]incident.Result{"0": web}
	m := next(t, p, nil, results)
	if m.Kind != Tell || m.When == nil || !*m.When {
		t.Fatalf("got %+v, want tell with when true", m)
	}
	if diff := cmp.Diff(map[string]any{"web.status": int64(500), "incident.minutes": int64(7)}, m.Saw); diff != "" {
		t.Errorf("saw (-want +got):\n%s", diff)
	}
	no, yes := false, true
	results["1"] = incident.Result{When: &no}
	if got, want := describe(next(t, p, nil, results)), "skip 1 2/3 when is false: web.status > 499 && incident.minutes > 6"; got != want {
		t.Errorf("stored false: got %s, want %s", got, want)
	}
	early := someFacts
	early.Now = early.OpenedAt
	results["1"] = incident.Result{When: &yes, Asked: "tell"}
	if m, err := p.Next(early, nil, results); err != nil || m.Kind != Tell {
		t.Errorf("stored true: got %s, %v, want tell", m.Kind, err)
	}
	delete(results, "1")
	if m, err := p.Next(early, nil, results); err != nil || m.Kind != Skip || m.When == nil || *m.When {
		t.Errorf("computed false: got %+v, %v, want skip with when false", m, err)
	}
}

func TestWhenThatCannotBeComputed(t *testing.T) {
	p := load(t, yml("x", steps(checked, "  - web.check: shop\n    when: web.status > 499\n", "  - tell: x\n    when: web.status > 499\n",
		"  - run: kill-queries\n    with: {database: payments-db}\n    when: web.closed\n",
		"  - choose: What?\n    options: [{label: A, likely: web.closed}, {label: B, likely: web.outcome == 'failed'}]\n")))
	why := "`web.status > 499` cannot be computed: there is no `web.status`"
	results := map[string]incident.Result{"0": {Outcome: incident.OutFailed}}
	for _, want := range []string{"skip 1 2/5 " + why, "ask 2 3/5 " + why, "ask 3 4/5 `web.closed` cannot be computed: there is no `web.closed`"} {
		m := next(t, p, nil, results)
		if got := describe(m); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		results[m.Path] = incident.Result{Asked: string(m.Kind), Reason: m.Reason}
		if m.Kind == Ask && describe(next(t, p, nil, results)) != want {
			t.Errorf("the question does not stand: %s", describe(next(t, p, nil, results)))
		}
		results[m.Path] = incident.Result{Outcome: incident.OutSkipped}
	}
	m := next(t, p, nil, results)
	if m.Kind != Choose || m.Options[0].Likely != nil || m.Options[1].Likely == nil || !*m.Options[1].Likely {
		t.Errorf("got %+v, want A unmarked and B likely", m)
	}
	yes := true
	results["2"] = incident.Result{When: &yes}
	if m := next(t, p, nil, results); m.Kind != Tell {
		t.Errorf("after [Do it]: got %s, want tell", describe(m))
	}
}

func TestAMissingValueSkipsTheStep(t *testing.T) {
	one := strings.Replace(found, "many", "one", 1)
	row := func(values map[string]any) incident.Result {
		r := incident.Row{ID: "7", Values: values}
		return incident.Result{Outcome: incident.OutDone, Table: &incident.Table{Rows: []incident.Row{r}, Fields: map[string]any{"count": "many"}}, Picked: []incident.Row{r}}
	}
	act := "  - k8s.rollback: $found.picked.app\n"
	for name, c := range map[string]struct {
		steps  string
		result incident.Result
		want   string
	}{
		"skipped":        {one + act, incident.Result{Outcome: incident.OutSkipped}, "picked of `found` is missing because it was skipped"},
		"failed":         {one + act, incident.Result{Outcome: incident.OutFailed}, "picked of `found` is missing because it failed"},
		"unknown":        {one + act, incident.Result{Outcome: incident.OutUnknown}, "picked of `found` is missing because it ended unknown"},
		"nothing picked": {one + act, done(picking(sessions(1))), "found has nothing picked"},
		"no column":      {one + act, row(map[string]any{"pid": 7.0}), "app of 7 has no value"},
		"empty column":   {one + act, row(map[string]any{"app": " "}), "app of 7 has no value"},
		"wrong column":   {one + act, row(map[string]any{"app": 5.0}), "app of 7 has no value"},
		"bad text":       {one + act, row(map[string]any{"app": "-rf; rm"}), "`deployment` must not begin with a dash"},
		"strange text":   {one + act, row(map[string]any{"app": "a b"}), "`deployment` has only letters, digits and _.:@/-, not \"a b\""},
		"wrong output":   {one + "  - k8s.scale: {deployment: cart, replicas: $found.count}\n", row(nil), "count of `found` has no value"},
		"unknown name":   {one + "  - pg.list_queries: $found.picked.app\n", row(map[string]any{"app": "nope"}), "\"nope\" is no connection of pg"},
		"in a text":      {one + "  - tell: x\n    copy: kubectl delete $found.picked.app\n", row(nil), "app of 7 has no value"},
		"in a say":       {one + "  - tell: x\n    say: for $found.count\n", row(nil), "count of `found` has no value"},
		"in a question":  {one + "  - choose: End $found.picked?\n    options: [{label: A}, {label: B}]\n", done(picking(sessions(1))), "found has nothing picked"},
		"in a map":       {one + "  - web.call: {on: shop, body: {app: $found.picked.app}}\n", row(nil), "app of 7 has no value"},
		"in a with":      {one + "  - run: kill-queries\n    with: {database: $found.picked.app}\n", row(nil), "app of 7 has no value"},
		"of one item":    {found + "  - k8s.rollback: $each.app\n    each: $found.picked\n", row(nil), "app of 7 has no value"},
		"no rows":        {found + "  - k8s.rollback: $each.app\n    each: $found.rows\n", done(picking(sessions())), "found has no rows"},
		"too many":       {found + "  - k8s.rollback: $each.app\n    each: $found.rows\n    max: 2\n", done(picking(sessions(1, 2, 3))), "`$found.rows` has 3 items, and this step takes at most 2"},
	} {
		t.Run(name, func(t *testing.T) {
			p := load(t, yml("x", head+"steps:\n"+c.steps))
			m := next(t, p, nil, map[string]incident.Result{"0": c.result})
			if m.Kind != Skip || m.Reason != c.want || m.Items != nil || m.Args != nil {
				t.Errorf("got %s, want skip: %s", describe(m), c.want)
			}
		})
	}
}

func TestAnInputWithoutAValueSkips(t *testing.T) {
	p := load(t, yml("x", head+"ask: [database]\nsteps:\n  - pg.list_queries: $database\n"))
	for _, inputs := range []map[string]any{nil, {"database": ""}, {"database": 5.0}, {"database": "gone-db"}} {
		if m := next(t, p, inputs, nil); m.Kind != Skip {
			t.Errorf("%v: got %s, want skip", inputs, describe(m))
		}
	}
	noService := someFacts
	noService.Service = ""
	p = load(t, yml("x", steps("  - k8s.rollback: $service\n")))
	m, err := p.Next(noService, nil, nil)
	if err != nil || describe(m) != "skip 0 1/1 the incident has no service" {
		t.Errorf("got %s, %v", describe(m), err)
	}
}

func TestQuestionsStand(t *testing.T) {
	p := load(t, longRun)
	inputs := map[string]any{"database": "payments-db"}
	results := map[string]incident.Result{"0": {Asked: "pick", Table: sessions(1)}}
	if m := next(t, p, inputs, results); m.Kind != Pick || m.Say != "Queries of checkout" {
		t.Errorf("got %+v, want the pick", m)
	}
	results["0"] = done(picking(sessions(1)))
	results["1"] = incident.Result{Asked: "choose"}
	if m := next(t, p, inputs, results); m.Kind != Choose || m.Tell != "What shall happen to 1 sessions?" {
		t.Errorf("got %+v, want the choose", m)
	}
}

func TestValuesInCommandsAndLinksAreQuoted(t *testing.T) {
	p := load(t, yml("x", steps("  - tell: $incident.title\n    copy: echo $incident.title $$HOME\n    link: https://wiki.example/$incident.title\n")))
	for title, want := range map[string][2]string{
		"it's $(rm -rf /)": {`echo 'it'\''s $(rm -rf /)' $HOME`, "https://wiki.example/it%27s%20%24%28rm%20-rf%20%2F%29"},
		"..":               {"echo .. $HOME", "https://wiki.example/%2E%2E"},
		"-n":               {"echo '-n' $HOME", "https://wiki.example/-n"},
		"a\nb&c=d":         {"echo 'a\nb&c=d' $HOME", "https://wiki.example/a%0Ab%26c%3Dd"},
	} {
		f := someFacts
		f.Title = title
		m, err := p.Next(f, nil, nil)
		if err != nil || m.Copy != want[0] || m.Link != want[1] || m.Tell != title {
			t.Errorf("%q: got %q, %q, %q, %v", title, m.Copy, m.Link, m.Tell, err)
		}
	}
}
