package prometheus

import (
	"context"
	"fmt"
	"strings"

	"mayday/integrations"
	"mayday/internal/fault"
)

func (s *source) limits() integrations.Action {
	return integrations.Action{
		Name: limitsName, Summary: "Hold a service's signals against their limits", Grade: integrations.GradeLook, Version: 1,
		Params: []integrations.Field{{Name: "service", Kind: integrations.Text, Required: true, Say: "the service, by its name in the config"}},
		Output: []integrations.Field{
			{Name: "bad", Kind: integrations.Int, Say: "signals that are at their limit or beyond"},
			{Name: "unknown", Kind: integrations.Int, Say: "signals of which nobody can tell: no data, too little traffic, no answer"},
			{Name: "rows", Kind: integrations.Rows, Say: "the signals in the order of the config", Columns: []integrations.Field{
				{Name: "signal", Kind: integrations.Text, Say: "its name in the config"},
				{Name: "value", Kind: integrations.Number, Say: "its figure; missing when there is none"},
				{Name: "limit", Kind: integrations.Number, Say: "from here on it is bad; missing when the config does not say"},
				{Name: "bad", Kind: integrations.Bool, Say: "whether it is; missing when nobody can tell"},
			}},
		},
		Rights: "none beyond reading", Look: s.compare,
	}
}

func (s *source) compare(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	if err := s.ready(); err != nil {
		return integrations.Table{}, err
	}
	svc, ok := s.services[a.Text("service")]
	if !ok {
		name := integrations.Clip(integrations.OneLine(a.Text("service")), 40)
		return integrations.Table{}, &integrations.Rejected{Code: "E24", Why: "There is no service " + name + " in the config." + fault.DidYouMean(name, s.names), Fix: "Name one of services."}
	}
	var all []measured
	for _, c := range svc.Charts {
		if c.Source == prefix {
			all = append(all, s.measure(ctx, c))
		}
	}
	if len(all) == 0 {
		return integrations.Table{}, &integrations.Rejected{Code: "E24", Why: svc.Name + " has no signal that Prometheus reads.",
			Fix: "Add services." + svc.Name + ".charts: {errors: {prom: EXPRESSION, bad: 0.05}} to the config."}
	}
	return report(all), nil
}

// measured is a signal at this moment.
type measured struct {
	chart integrations.Chart
	value float64
	known bool   // there is a figure
	quiet bool   // there is too little traffic to go by
	why   string // why there is no figure
}

// measure asks one signal. Its trouble is its own: the others are told all the
// same.
func (s *source) measure(ctx context.Context, c integrations.Chart) measured {
	m := measured{chart: c}
	now, ok, err := s.Now(ctx, c.Expr)
	switch {
	case err != nil:
		m.why = reason(err)
		return m
	case !ok:
		m.why = "no data"
		return m
	}
	m.value, m.known = now.Value, true
	if c.Traffic == "" {
		return m
	}
	traffic, ok, err := s.Now(ctx, c.Traffic)
	switch {
	case err != nil:
		m.quiet, m.why = true, "traffic: "+reason(err)
	case !ok:
		m.quiet, m.why = true, "no traffic data"
	case traffic.Value < c.Least:
		m.quiet, m.why = true, "too little traffic, "+figure(traffic.Value)
	}
	return m
}

func reason(err error) string {
	if r, ok := integrations.AsRejected(err); ok {
		return strings.TrimSuffix(r.Why, ".")
	}
	return "no answer"
}

// bad reports whether the limit is reached; told is false when nobody can tell.
func (m measured) bad() (bad, told bool) {
	if !m.known || m.quiet {
		return false, false
	}
	return m.chart.Bad != 0 && m.value >= m.chart.Bad, true
}

func report(all []measured) integrations.Table {
	var out integrations.Table
	var over []string
	bad, unknown := 0, 0
	for _, m := range all {
		isBad, told := m.bad()
		switch {
		case !told:
			unknown++
		case isBad:
			bad++
			over = append(over, m.chart.Name+" "+figure(m.value))
		}
		out.Rows = append(out.Rows, m.row(isBad, told))
	}
	out.Fields = map[string]any{"bad": int64(bad), "unknown": int64(unknown)}
	parts := []string{"all signals are below their limits"}
	if bad > 0 {
		parts = []string{"bad: " + strings.Join(over, ", ")}
	}
	if bad == 0 && unknown > 0 {
		parts = []string{"no signal is known to be bad"}
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("cannot tell for %d of %d", unknown, len(all)))
	}
	out.Summary = strings.Join(parts, "; ")
	return out
}

func (m measured) row(bad, told bool) integrations.Row {
	row := integrations.Row{ID: m.chart.Name, Label: m.chart.Name + ": " + m.why, Values: map[string]any{"signal": m.chart.Name}}
	if m.chart.Bad != 0 {
		row.Values["limit"] = m.chart.Bad
	}
	if m.known {
		row.Values["value"] = m.value
		row.Label = m.chart.Name + ": " + figure(m.value)
		if m.chart.Bad != 0 {
			row.Label += ", limit " + figure(m.chart.Bad)
		}
		if m.why != "" {
			row.Label += " (" + m.why + ")"
		}
	}
	if told {
		row.Values["bad"] = bad
	}
	row.Label = integrations.Clip(row.Label, labelLength)
	return row
}
