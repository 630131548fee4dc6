package playbooks

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/incident"
)

func TestDurations(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"5m": 5 * time.Minute, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "2d": 48 * time.Hour, "1d12h": 36 * time.Hour,
		"0s": 0, "250ms": 250 * time.Millisecond, "1.5h": 90 * time.Minute,
	} {
		if got, ok := parseDuration(s); !ok || got != want {
			t.Errorf("%s: got %s, %v, want %s", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "5", "m", "-5m", "5 m", "five", "5m5", "5mm", "99999d", "d", "9999999999999h"} {
		if got, ok := parseDuration(s); ok {
			t.Errorf("%q: got %s, want none", s, got)
		}
	}
	for d, want := range map[time.Duration]string{5 * time.Minute: "5m", 90 * time.Minute: "1h30m", time.Hour: "1h", 90 * time.Second: "1m30s", 0: "0s"} {
		if got := short(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Every kind is the same before and after JSON, and refuses what is of another.
func TestTypedValues(t *testing.T) {
	at := time.Date(2026, 3, 1, 14, 5, 0, 0, time.UTC)
	row := incident.Row{ID: "1", Label: "one", Values: map[string]any{"n": int64(3), "age": time.Minute, "at": at, "other": 2.0}}
	columns := []integrations.Field{field("n", integrations.Int), field("age", integrations.Duration), field("at", integrations.Time)}
	of := func(kind integrations.Kind) integrations.Field {
		return integrations.Field{Kind: kind, Columns: columns}
	}
	for kind, values := range map[integrations.Kind][]any{
		integrations.Text: {"x"}, integrations.Connection: {"db"}, integrations.Int: {int64(5)}, integrations.Number: {2.5}, integrations.Bool: {true},
		integrations.Duration: {time.Minute}, integrations.Time: {at}, integrations.RowKind: {row}, integrations.Rows: {[]incident.Row{row}},
		integrations.Map: {map[string]any{"a": "b"}}, integrations.List: {[]any{"a"}},
	} {
		for _, v := range values {
			got, ok := typed(of(kind), v)
			again, ok2 := typed(of(kind), throughJSON(t, v))
			if !ok || !ok2 {
				t.Errorf("%s: %v was refused: %v, %v", kind, v, ok, ok2)
			}
			if diff := cmp.Diff(v, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", kind, diff)
			}
			if diff := cmp.Diff(v, again); diff != "" {
				t.Errorf("%s after JSON (-want +got):\n%s", kind, diff)
			}
		}
		if v, ok := typed(of(kind), nil); ok {
			t.Errorf("%s: nothing became %v", kind, v)
		}
	}
	for kind, v := range map[integrations.Kind]any{
		integrations.Int: 2.5, integrations.Number: "2", integrations.Bool: "true", integrations.Duration: "soon", integrations.Time: "today",
		integrations.RowKind: map[string]any{"label": "x"}, integrations.Rows: []any{"x"}, integrations.Text: 5.0, integrations.Map: "x", integrations.List: "x",
	} {
		if got, ok := typed(of(kind), v); ok {
			t.Errorf("%s: %v became %v", kind, v, got)
		}
	}
}

func TestValuesInWords(t *testing.T) {
	p := load(t, yml("x", head+`ask: [{n: {type: int}}, {x: {type: number}}, {b: {type: bool}}, {d: {type: duration}}, {t: {type: time}}]
steps:
`+strings.Replace(found, "many", "one", 1)+"  - tell: $n $x $b $d $t $found.picked $found.picked.age $found.outcome $incident.minutes\n"))
	inputs := map[string]any{"n": 3.0, "x": 2.50, "b": true, "d": "90m", "t": "2026-03-01T15:00:00+01:00"}
	m := next(t, p, inputs, map[string]incident.Result{"0": done(picking(sessions(4412), 0))})
	if got, want := m.Tell, "3 2.5 true 1h30m 2026-03-01T14:00:00Z session 4412 1m30s done 7"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestListsAndMaps(t *testing.T) {
	p := load(t, yml("x", steps(checked, "  - web.call: {on: shop, body: {who: $service, n: 3, up: true, code: $web.status}, tags: [a, $service]}\n")))
	m := next(t, p, nil, map[string]incident.Result{"0": done(func(r *incident.Result) { r.Table = &incident.Table{Fields: map[string]any{"status": 500.0}} })})
	want := integrations.Args{"on": "shop", "body": map[string]any{"who": "checkout", "n": int64(3), "up": true, "code": int64(500)}, "tags": []any{"a", "checkout"}}
	if diff := cmp.Diff(want, m.Args); diff != "" {
		t.Errorf("args (-want +got):\n%s", diff)
	}
}

func TestSuggestedWhen(t *testing.T) {
	for when, want := range map[string]bool{
		"incident.minutes > 5": true, "incident.minutes > 10": false, "service == 'search'": false, "1 / (incident.minutes - 7) > 0": true,
	} {
		p := load(t, yml("x", head+"when: "+when+"\nsteps: [{tell: x}]\n"))
		if got := p.Fits(someFacts); got != want {
			t.Errorf("%s: got %v, want %v", when, got, want)
		}
	}
}

func TestWhatPeopleReadFirst(t *testing.T) {
	p := load(t, yml("x", head+`who: commander
for: [checkout]
do_not: [restart the broker]
impact:
  - {what: Chat, effect: no messages, severity: low}
  - {what: Pay, effect: "5 % fail", severity: high}
  - {what: Mail, effect: late, severity: medium}
steps: [{tell: x}]
`))
	want := []ImpactRow{{"Pay", "5 % fail", "high"}, {"Mail", "late", "medium"}, {"Chat", "no messages", "low"}}
	if diff := cmp.Diff(want, p.Impact); diff != "" || p.Who != incident.Commander || p.DoNot[0] != "restart the broker" || p.For[0] != "checkout" {
		t.Errorf("impact (-want +got):\n%s%+v", diff, p)
	}
	text := load(t, yml("x", head+"impact: Nobody can pay\nsteps: [{tell: x}]\n"))
	if diff := cmp.Diff([]ImpactRow{{Effect: "Nobody can pay"}}, text.Impact); diff != "" || text.Who != incident.Responder {
		t.Errorf("impact (-want +got):\n%s", diff)
	}
}
