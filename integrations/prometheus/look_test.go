package prometheus

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/prometheustest"
)

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func queryShowsSeries(t *testing.T, server *prometheustest.Server) {
	parts := connected(t, "{url: "+server.URL+"}")
	got, err := look(t, parts, queryName, integrations.Args{"query": "sum by (queue, region) (ready)"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "3 series, queue=mail, region=eu: 4120", got.Summary)
	same(t, map[string]any{"count": int64(2)}, got.Fields)
	var labels []string
	for _, r := range got.Rows {
		labels = append(labels, r.Label)
	}
	same(t, []string{"queue=mail, region=eu: 4120", "queue=mail, region=us: 12", "queue=sms, region=eu: no figure"}, labels)
	same(t, map[string]any{"series": "queue=mail, region=eu", "value": 4120.0, "labels": map[string]any{"queue": "mail", "region": "eu"}}, got.Rows[0].Values)
	if _, ok := got.Rows[2].Values["value"]; ok {
		t.Error("got a value for NaN")
	}
}

func whereLeavesSeriesOut(t *testing.T, server *prometheustest.Server) {
	parts := connected(t, "{url: "+server.URL+"}")
	tests := []struct {
		name    string
		where   map[string]any
		summary string
		value   any
	}{
		{"one", map[string]any{"queue": "mail", "region": "us"}, "12", 12.0},
		{"several", map[string]any{"queue": "mail"}, "2 series, queue=mail, region=eu: 4120", nil},
		{"a figure that is none", map[string]any{"queue": "sms"}, "no figure", nil},
		{"none", map[string]any{"queue": "fax"}, "no data", nil},
		{"a label that is not there", map[string]any{"lane": "mail"}, "no data", nil},
		{"what would change the question", map[string]any{"queue": `mail"} or vector(1) #`}, "no data", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := look(t, parts, queryName, integrations.Args{"query": "sum by (queue, region) (ready)", "where": tc.where})
			if err != nil {
				t.Fatal(err)
			}
			same(t, tc.summary, got.Summary)
			same(t, tc.value, got.Fields["value"])
		})
	}
	_, err := look(t, parts, queryName, integrations.Args{"query": "ready["})
	refusal(t, err, "E24", "does not understand")
}

func limitsHoldSignalsAgainstTheConfig(t *testing.T, server *prometheustest.Server) {
	parts := connected(t, "{url: "+server.URL+"}", integrations.Service{Name: "checkout", Charts: []integrations.Chart{
		{Name: "errors", Source: "prom", Expr: "errors", Bad: 0.05, Traffic: "traffic", Least: 1},
		{Name: "at_night", Source: "prom", Expr: "errors", Bad: 0.05, Traffic: "traffic", Least: 100},
		{Name: "mail", Source: "prom", Expr: `sum(ready{queue="mail"})`, Bad: 5000},
		{Name: "plain", Source: "prom", Expr: "traffic"},
		{Name: "gone", Source: "prom", Expr: "no_such_figure", Bad: 1},
		{Name: "wrong", Source: "prom", Expr: "ready", Bad: 1},
		{Name: "spans", Source: "honeycomb", Expr: "COUNT"},
	}}, integrations.Service{Name: "search"})
	got, err := look(t, parts, limitsName, integrations.Args{"service": "checkout"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "bad: errors 0.12; cannot tell for 3 of 6", got.Summary)
	same(t, map[string]any{"bad": int64(1), "unknown": int64(3)}, got.Fields)
	want := []integrations.Row{
		{ID: "errors", Label: "errors: 0.12, limit 0.05", Values: map[string]any{"signal": "errors", "value": 0.12, "limit": 0.05, "bad": true}},
		{ID: "at_night", Label: "at_night: 0.12, limit 0.05 (too little traffic, 3)", Values: map[string]any{"signal": "at_night", "value": 0.12, "limit": 0.05}},
		{ID: "mail", Label: "mail: 4132, limit 5000", Values: map[string]any{"signal": "mail", "value": 4132.0, "limit": 5000.0, "bad": false}},
		{ID: "plain", Label: "plain: 3", Values: map[string]any{"signal": "plain", "value": 3.0, "bad": false}},
		{ID: "gone", Label: "gone: no data", Values: map[string]any{"signal": "gone", "limit": 1.0}},
		{ID: "wrong", Label: "wrong: The expression answers 3 series, and a signal is one", Values: map[string]any{"signal": "wrong", "limit": 1.0}},
	}
	same(t, want, got.Rows)

	_, err = look(t, parts, limitsName, integrations.Args{"service": "search"})
	refusal(t, err, "E24", "search has no signal")
	_, err = look(t, parts, limitsName, integrations.Args{"service": "chekout"})
	refusal(t, err, "E24", "There is no service chekout")
}
