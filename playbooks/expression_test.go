package playbooks

import (
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// exprScope knows an input of each kind and one look.
func exprScope() (*scope, *frame) {
	cat := fakeCatalogue()
	query, _ := cat.action("pg.list_queries")
	web, _ := cat.action("web.check")
	q := &step{kind: actionStep, id: "q", action: query, pick: "many"}
	w := &step{kind: actionStep, id: "web", action: web}
	sc := newScope()
	sc.add(q)
	sc.add(w)
	ask := []Input{
		{Field: field("n", integrations.Int)}, {Field: field("x", integrations.Number)}, {Field: field("d", integrations.Duration)},
		{Field: field("t", integrations.Time)}, {Field: field("b", integrations.Bool)}, {Field: field("s", integrations.Text)},
	}
	sc.addInputs(ask)
	fr := newFrame(&Playbook{Ask: ask}, someFacts, map[string]any{
		"n": 3.0, "x": 0.5, "d": "90s", "t": "2026-03-01T14:00:00Z", "b": true, "s": "cart",
	})
	fr.record(q, done(picking(sessions(11, 12), 1)), "")
	fr.record(w, done(func(r *incident.Result) {
		r.Table = &incident.Table{Fields: map[string]any{"status": 503.0, "ms": "1500ms", "closed": false}}
	}), "")
	return sc, fr
}

func TestExpressions(t *testing.T) {
	sc, fr := exprScope()
	vars := fr.vars()
	for src, want := range map[string]bool{
		`n == 3`:                           true,
		`n > 2.5 && x < 1`:                 true,
		`x <= 50%`:                         true,
		`x < 50%`:                          false,
		`x == 50% || false`:                true,
		`(x > 1%)`:                         true,
		`x in [50%, 1.0]`:                  true,
		`n % 2 == 1`:                       true,
		`7%n == 1`:                         true,
		`5% 3 == 2`:                        true,
		`x > 0.5%`:                         true,
		`d == duration("1m30s")`:           true,
		`d > duration("2m")`:               false,
		`t < incident.opened_at`:           true,
		`b`:                                true,
		`!b`:                               false,
		`s == "cart" && s.startsWith("c")`: true,
		`s == 'a = b and c'`:               false,
		`s == "50%"`:                       false,
		`s.matches("^c[a-z]+$")`:           true,
		`incident.severity == "SEV1"`:      true,
		`incident.minutes == 7`:            true,
		`incident.opened_at.getFullYear() == 2026`:           true,
		`incident.opened_at.getHours("Europe/Berlin") == 15`: true,
		`service == "checkout" && env == "prod"`:             true,
		`q.outcome == "done"`:                                true,
		`q.count == 2 && size(q.rows) == 2`:                  true,
		`q.picked.size() == 1`:                               true,
		`q.picked.all(r, r.pid == 12 && r.id == "12")`:       true,
		`q.rows.exists(r, r.age > duration("1m"))`:           true,
		`q.rows.exists_one(r, r.blocks > 5)`:                 false,
		`q.rows.filter(r, r.pid > 11).size() == 1`:           true,
		`has(web.error_rate) || web.status >= 500`:           true,
		`web.ms >= duration("1s") && web.closed == false`:    true,
		`web.error_rate > 1% || web.status == 503`:           true, // a missing value does not matter when the other side decides
	} {
		c := compiled(t, sc, src)
		if v := c.eval(vars); !v.known || v.value != want {
			t.Errorf("%s: got %v (known %v, %s), want %v", src, v.value, v.known, v.why, want)
		}
	}
}

func compiled(t *testing.T, sc *scope, src string) *condition {
	t.Helper()
	l := &lint{file: "x.yaml"}
	c := &condition{place: place{1, 1}, src: src}
	c.compile(l, sc)
	if l.errors > 0 {
		t.Fatalf("%s: %v", src, l.problems)
	}
	return c
}

func TestExpressionsThatCannotBeComputed(t *testing.T) {
	sc, fr := exprScope()
	vars := fr.vars()
	for src, want := range map[string]string{
		`web.error_rate > 1%`:              "there is no `web.error_rate`",
		`q.rows.exists(r, r.query == "x")`: "no such key",
		`n / 0 == 1`:                       "division by zero",
		`q.rows[9].pid == 1`:               "index out of bounds",
		`duration(s) > d`:                  "cannot be computed",
		`s.matches(s + "(")`:               "cannot be computed",
		expensive():                        "cost limit exceeded",
	} {
		v := compiled(t, sc, src).eval(vars)
		if v.known || v.value || !strings.Contains(v.why, want) {
			t.Errorf("%s: got known %v, value %v, why %q; want %q", src, v.known, v.value, v.why, want)
		}
	}
}

// expensive loops over loops, a few million times.
func expensive() string {
	list := "[" + strings.TrimSuffix(strings.Repeat("1,", 40), ",") + "]"
	return list + ".all(a," + list + ".all(b," + list + ".all(c," + list + ".all(e, a == e))))"
}

func TestExpensiveExpressionsEndSoon(t *testing.T) {
	sc, fr := exprScope()
	c := compiled(t, sc, expensive())
	start := time.Now()
	c.eval(fr.vars())
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestStrangeExpressionsAreRefused(t *testing.T) {
	sc, _ := exprScope()
	for _, src := range []string{
		"", " ", "(", ")", "'", `"`, "\x00", "a..b", "1 == ", "{", "[", "q{", "q.", "1%%", "%", "%%%", "?:", "x ? y", "b ? b", "r'",
		strings.Repeat("(", 500) + "b" + strings.Repeat(")", 500),
		strings.Repeat("[", 400) + strings.Repeat("]", 400) + " == []", "mayday.q{}.count == 1", "type(q) == mayday.q", "google.protobuf.Int32Value{value: 1} == 1",
		"q.rows.map(r, r)", "n", "q", "q.rows", "null", "b && n", "undefined()", "n.foo()", "@result", "__result__", "q.rows.all(q, 1)",
	} {
		l := &lint{file: "x.yaml"}
		c := &condition{place: place{1, 1}, src: src}
		c.compile(l, sc)
		if l.errors == 0 {
			t.Errorf("%q was accepted", src)
		}
		for _, p := range l.problems {
			if strings.ContainsAny(p.What, "\n") || p.Line != 1 {
				t.Errorf("%q: got %+v", src, p)
			}
		}
	}
}

func TestPercentagesKeepTheirColumns(t *testing.T) {
	p, bad := prepare(`x > 1% && x < 12.5% && zz`)
	if bad != nil || p.cel != `x > 0.01 && x < 0.125 && zz` {
		t.Fatalf("got %q, %v", p.cel, bad)
	}
	if got, want := p.original(strings.Index(p.cel, "zz")), strings.Index(`x > 1% && x < 12.5% && zz`, "zz"); got != want {
		t.Errorf("column: got %d, want %d", got, want)
	}
}
