package prometheus

import (
	"math"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/prometheustest"
)

// TestOneShop asks one server for all that changes nothing there.
func TestOneShop(t *testing.T) {
	_, server := shop(t)
	for name, ask := range map[string]func(*testing.T, *prometheustest.Server){
		"NowTellsAFigureOrThatThereIsNone":  nowTellsAFigureOrThatThereIsNone,
		"WhatIsNoSignalIsRefusedInWords":    whatIsNoSignalIsRefusedInWords,
		"DoctorAsksEverySignal":             doctorAsksEverySignal,
		"QueryShowsSeries":                  queryShowsSeries,
		"WhereLeavesSeriesOut":              whereLeavesSeriesOut,
		"LimitsHoldSignalsAgainstTheConfig": limitsHoldSignalsAgainstTheConfig,
	} {
		t.Run(name, func(t *testing.T) { ask(t, server) })
	}
}

func nowTellsAFigureOrThatThereIsNone(t *testing.T, server *prometheustest.Server) {
	signals := connected(t, "{url: "+server.URL+"}").Signals
	tests := []struct {
		name, expr string
		want       float64
		ok         bool
	}{
		{"a series", "errors", 0.12, true},
		{"a scalar", "scalar(errors) * 100", 12, true},
		{"a sum", `sum(ready{queue="mail"})`, 4132, true},
		{"zero is a figure", "errors * 0", 0, true},
		{"no series", "no_such_figure", 0, false},
		{"NaN", "nothing_known", 0, false},
		{"a sum with NaN", "sum(ready)", 0, false},
		{"infinity", "without_end", 0, false},
		{"division by zero", "errors / 0", 0, false},
		{"a scalar of nothing", "scalar(no_such_figure)", 0, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, ok, err := signals.Now(t.Context(), tc.expr)
			if err != nil || ok != tc.ok || got.Value != tc.want {
				t.Fatalf("got %v, %v, %v, want %v, %v", got, ok, err, tc.want, tc.ok)
			}
			if age := time.Since(got.At); ok && (age < -time.Minute || age > time.Minute) {
				t.Errorf("got a figure of %s, want one of now", got.At)
			}
		})
	}
}

func whatIsNoSignalIsRefusedInWords(t *testing.T, server *prometheustest.Server) {
	signals := connected(t, "{url: "+server.URL+"}").Signals
	for _, tc := range []struct{ name, expr, words string }{
		{"several series", "ready", "3 series"},
		{"a stretch of time", "errors[1m]", "a stretch of time"},
		{"a text", `"errors"`, "no figure, but a text"},
		{"misspelt", "sum(errors", "does not understand the expression"},
		{"empty", "", "does not understand the expression"},
		{"not to be computed", `ready * on(region) errors{region="eu"} + ready{queue="mail"} * on() group_left() ready`, "cannot compute the expression"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, ok, err := signals.Now(t.Context(), tc.expr)
			if ok {
				t.Error("got a figure")
			}
			refusal(t, err, "E24", tc.words)
		})
	}
}

func TestRangeTellsWhatWasThere(t *testing.T) {
	exporter, server := shop(t)
	signals := connected(t, "{url: "+server.URL+"}").Signals
	from := time.Now().Add(-time.Second)
	exporter.Set("errors", "0.5")
	server.Await(t, "errors", func(v float64) bool { return v == 0.5 })
	exporter.Set("errors", "NaN")
	server.Await(t, "errors", math.IsNaN)
	exporter.Set("errors", "0.7")
	server.Await(t, "errors", func(v float64) bool { return v == 0.7 })

	const step = 250 * time.Millisecond // a figure stands for a second, until the next scrape
	to := time.Now().Add(time.Second)
	got, err := signals.Range(t.Context(), "errors", from, to, step)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[float64]bool{}
	for n, s := range got {
		seen[s.Value] = true
		if s.Value != s.Value || n > 0 && !s.At.After(got[n-1].At) {
			t.Errorf("got %v after %v", s, got[max(0, n-1)])
		}
	}
	if !seen[0.5] || !seen[0.7] || got[len(got)-1].Value != 0.7 {
		t.Errorf("got %v, want the figures in the order in which they were", got)
	}
	if steps := int(to.Sub(from)/step) + 1; len(got) >= steps {
		t.Errorf("got %d figures in %d steps, want the moment of NaN left out", len(got), steps)
	}

	if got, err := signals.Range(t.Context(), "no_such_figure", from, time.Now(), time.Second); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
	_, err = signals.Range(t.Context(), "ready", from, time.Now(), time.Second)
	refusal(t, err, "E24", "3 series")
	_, err = signals.Range(t.Context(), "errors", from.Add(-24*time.Hour), time.Now(), time.Second)
	refusal(t, err, "E24", "too many values")
	_, err = signals.Range(t.Context(), "errors", from, time.Now(), 0)
	refusal(t, err, "E24", "was not asked")
}

func TestPasswordOpensTheServer(t *testing.T) {
	_, server := shop(t, prometheustest.Locked())
	if _, ok, err := connected(t, "{url: "+server.URL+", user: mayday, password: $PASSWORD}").Signals.Now(t.Context(), "errors"); err != nil || !ok {
		t.Errorf("got %v, %v, want a figure", ok, err)
	}
	_, _, err := connected(t, "{url: "+server.URL+"}").Signals.Now(t.Context(), "errors")
	refusal(t, err, "E6", "does not let me in (401)")
}

func TestServerThatIsAwayIsNotNoData(t *testing.T) {
	_, server := shop(t)
	parts := connected(t, "{url: "+server.URL+"}")
	server.Stop(t)
	_, ok, err := parts.Signals.Now(t.Context(), "errors")
	if ok {
		t.Error("got a figure")
	}
	refusal(t, err, "E5", "I can't reach Prometheus (the connection was refused")
	if got := parts.Checker.Check(t.Context()); len(got) != 1 || got[0].OK || got[0].Warn {
		t.Errorf("got %v, want that doctor objects", got)
	}
}

func doctorAsksEverySignal(t *testing.T, server *prometheustest.Server) {
	parts := connected(t, "{url: "+server.URL+"}", integrations.Service{Name: "checkout", Charts: []integrations.Chart{
		{Name: "errors", Source: "prom", Expr: "errors", Traffic: "traffic"},
		{Name: "queue", Source: "prom", Expr: "raedy"},
		{Name: "bad", Source: "prom", Expr: "ready"},
		{Name: "spans", Source: "honeycomb", Expr: "COUNT"},
	}})
	var got []string
	for _, f := range parts.Checker.Check(t.Context()) {
		mark := "bad "
		switch {
		case f.OK:
			mark = "ok "
		case f.Warn:
			mark = "warn "
		}
		got = append(got, mark+f.Text)
	}
	want := []string{
		"ok Prometheus answers",
		"ok services.checkout.charts.errors.prom: 0.12",
		"ok services.checkout.charts.errors.traffic: 3",
		"warn services.checkout.charts.queue.prom: no data at the moment",
		"bad services.checkout.charts.bad.prom: The expression answers 3 series, and a signal is one.",
	}
	same(t, want, got)
}
