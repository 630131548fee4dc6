package playbooks

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/incident"
)

// guardsOf runs one file to its first act with results before it.
func guardsOf(t *testing.T, f Facts, text string, inputs map[string]any, results map[string]incident.Result) []Guard {
	t.Helper()
	p := load(t, yml("g", "name: g\nsay: s\n"+text))
	m, err := p.Next(f, inputs, throughJSON(t, results))
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind != Act && m.Kind != Undo {
		t.Fatalf("got %s %s (%s)", m.Kind, m.Path, m.Reason)
	}
	return m.Guards
}

func guarded(check string) string {
	return "steps:\n  - web.call: shop\n    checks: [" + check + "]\n"
}

func TestGuards(t *testing.T) {
	tuesday := time.Date(2026, 3, 3, 14, 5, 0, 0, time.UTC)
	tokyo := time.FixedZone("JST", 9*60*60)
	at := func(now time.Time, change ...func(*Facts)) Facts {
		f := someFacts
		f.Now = now
		for _, c := range change {
			c(&f)
		}
		return f
	}
	for _, c := range []struct {
		name, check string
		facts       Facts
		want        Guard
	}{
		{"hours, yes", "business_hours", at(tuesday), Guard{Text: "business hours, Mon-Fri 9-17; it is Tue 14:05 UTC", Answer: incident.Yes, Override: true}},
		{"hours, at the end", "business_hours", at(tuesday.Add(175 * time.Minute)), Guard{Text: "business hours, Mon-Fri 9-17; it is Tue 17:00 UTC", Answer: incident.No, Override: true}},
		{"hours, weekend", "business_hours", at(tuesday.AddDate(0, 0, 5)), Guard{Text: "business hours, Mon-Fri 9-17; it is Sun 14:05 UTC", Answer: incident.No, Override: true}},
		{"hours, another zone", "{business_hours: true, override: false}", at(tuesday, func(f *Facts) { f.Zone = tokyo }), Guard{Text: "business hours, Mon-Fri 9-17; it is Tue 23:05 JST", Answer: incident.No}},
		{"alone", "no_other_incident", at(tuesday, func(f *Facts) { f.OtherKnown = true }), Guard{Text: "no other incident is open", Answer: incident.Yes, Override: true}},
		{"not alone", "no_other_incident", at(tuesday, func(f *Facts) { f.OtherKnown, f.OtherOpen = true, 2 }), Guard{Text: "2 other incidents are open", Answer: incident.No, Override: true}},
		{"nobody counted", "no_other_incident", at(tuesday), Guard{Text: "other open incidents: nobody can tell", Answer: incident.Unknown, Override: true}},
		{"backup unknown", "{backup_fresh: {on: payments-db, max_age: 24h}}", at(tuesday), Guard{Text: "backup of payments-db: nobody can tell", Answer: incident.Unknown, Override: true, Args: map[string]any{"on": "payments-db", "max_age": 24 * time.Hour}}},
		{"backup fresh", "{backup_fresh: {on: payments-db, max_age: 24h}}", at(tuesday, func(f *Facts) { f.Backups = map[string]time.Time{"payments-db": tuesday.Add(-3 * time.Hour)} }),
			Guard{Text: "backup of payments-db: 3h old, limit 24h", Answer: incident.Yes, Override: true, Args: map[string]any{"on": "payments-db", "max_age": 24 * time.Hour}}},
		{"backup old", "{backup_fresh: {on: payments-db, max_age: 24h}, override: false}", at(tuesday, func(f *Facts) { f.Backups = map[string]time.Time{"payments-db": tuesday.Add(-31 * time.Hour)} }),
			Guard{Text: "backup of payments-db: 31h old, limit 24h", Answer: incident.No, Args: map[string]any{"on": "payments-db", "max_age": 24 * time.Hour}}},
		{"that, yes", "{that: incident.minutes > 5}", at(tuesday), Guard{Text: "incident.minutes > 5", Answer: incident.Yes, Override: true}},
		{"that, no", "{that: incident.minutes < 5, say: still young}", at(tuesday), Guard{Text: "still young", Answer: incident.No, Override: true}},
		{"env, unset means prod", "{env: [staging]}", at(tuesday), Guard{Text: "shop is prod, and this runs in staging only", Answer: incident.No, Override: true, Args: map[string]any{"envs": []string{"staging"}}}},
		{"env, production is prod", "{env: [production, staging]}", at(tuesday), Guard{Text: "shop is prod", Answer: incident.Yes, Override: true, Args: map[string]any{"envs": []string{"prod", "staging"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := guardsOf(t, c.facts, guarded(c.check), nil, nil)
			for i := range got {
				got[i].Kind = ""
			}
			if diff := cmp.Diff([]Guard{c.want}, got); diff != "" {
				t.Errorf("guards (-want +got):\n%s", diff)
			}
		})
	}
}

func texts(guards []Guard) []string {
	out := []string{}
	for _, g := range guards {
		out = append(out, g.Kind+": "+g.Text+" "+string(g.Answer))
	}
	return out
}

func TestGuardThatCannotBeComputed(t *testing.T) {
	got := guardsOf(t, someFacts, "steps:\n  - web.check: shop\n    id: web\n  - web.call: shop\n    checks: [{that: web.status < 500, say: the page answers}]\n", nil,
		map[string]incident.Result{"0": {Outcome: incident.OutFailed}})
	want := []string{"that: the page answers (`web.status < 500` cannot be computed: there is no `web.status`) unknown"}
	if diff := cmp.Diff(want, texts(got)); diff != "" {
		t.Errorf("guards (-want +got):\n%s", diff)
	}
}

// The env is that of what is acted on, wherever its name comes from.
func TestGuardOnTheEnvOfAnInput(t *testing.T) {
	text := "ask: [to]\nchecks: [{env: [staging]}]\nsteps:\n  - k8s.move: $to\n"
	for name, want := range map[string]string{
		"cluster-a": "env: cluster-a is staging yes",
		"cluster-b": "env: cluster-b is prod, and this runs in staging only no",
	} {
		if diff := cmp.Diff([]string{want}, texts(guardsOf(t, someFacts, text, map[string]any{"to": name}, nil))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// An act without a connection has its env from the plan, and a plan that acts
// elsewhere than the file says is found out.
func TestThePlanKnowsItsEnv(t *testing.T) {
	guards := guardsOf(t, someFacts, "steps:\n  - k8s.rollback: cart\n    checks: [{env: [staging]}]\n", nil, nil)
	if diff := cmp.Diff([]string{"env: runs in staging only unknown"}, texts(guards)); diff != "" {
		t.Fatalf("guards (-want +got):\n%s", diff)
	}
	for env, want := range map[string]incident.Check{
		"staging":    {Text: "cart is staging", Answer: incident.Yes},
		"production": {Text: "cart is prod, and this runs in staging only", Answer: incident.No, Code: "E8"},
		"":           {Text: "cart is prod, and this runs in staging only", Answer: incident.No, Code: "E8"},
	} {
		if diff := cmp.Diff(want, guards[0].Check(incident.Plan{Subject: "cart", Env: env})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", env, diff)
		}
	}
	no := Guard{Kind: "env", Text: "shop is prod", Answer: incident.No, Args: map[string]any{"envs": []string{"staging"}}}
	if got := no.Check(incident.Plan{Env: "staging"}); got.Answer != incident.No {
		t.Errorf("a no became %s", got.Answer)
	}
}

// A file guards its own acts, a `run` all that acts in it, and looks need none.
func TestWhoIsGuarded(t *testing.T) {
	outer := yml("outer", `name: outer
say: s
checks: [business_hours]
steps:
  - web.check: shop
    id: web
  - k8s.rollback: cart
    id: rolled
    checks: [{that: web.status > 1, say: own}]
  - run: leaf
    checks: [{that: web.status > 2, say: around}]
  - undo: rolled
    checks: [no_other_incident]
`)
	leaf := yml("leaf", "name: leaf\nsay: s\nchecks: [{that: incident.minutes > 1, say: inner}]\nsteps: [{k8s.rollback: cart}]\n")
	p := load(t, outer, leaf)
	results := map[string]incident.Result{"0": done(func(r *incident.Result) { r.Table = &incident.Table{Fields: map[string]any{"status": 200}} })}
	hours := "business_hours: business hours, Mon-Fri 9-17; it is Sun 14:12 UTC no"
	want := map[string][]string{
		"1": {hours, "that: own yes"}, "2": {}, "2.r.0": {"that: inner yes", "that: around yes"},
		"3": {hours, "no_other_incident: other open incidents: nobody can tell unknown"},
	}
	got := map[string][]string{}
	for range want {
		m := next(t, p, nil, throughJSON(t, results))
		got[m.Path] = texts(m.Guards)
		results[m.Path] = done()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("guards by path (-want +got):\n%s", diff)
	}
}
