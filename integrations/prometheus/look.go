package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"mayday/integrations"
)

const (
	mostRows    = 100
	labelLength = 75 // what a choice may hold on every chat platform
)

func (s *source) query() integrations.Action {
	return integrations.Action{
		Name: queryName, Summary: "Ask Prometheus for figures at this moment", Grade: integrations.GradeLook, Version: 1,
		Params: []integrations.Field{
			{Name: "query", Kind: integrations.Text, Required: true, Match: `[^\x00-\x08\x0b-\x1f]{1,4000}`, Say: "the expression, in PromQL"},
			{Name: "where", Kind: integrations.Map, Say: "labels that a series must have, {queue: mail}: the others are left out of the answer"},
		},
		Output: []integrations.Field{
			{Name: "count", Kind: integrations.Int, Say: "series that have a figure"},
			{Name: "value", Kind: integrations.Number, Say: "the figure, when exactly one series has one; else missing, which is cannot tell"},
			{Name: "rows", Kind: integrations.Rows, Say: "the series, largest figure first", Columns: []integrations.Field{
				{Name: "series", Kind: integrations.Text, Say: "its labels in words"},
				{Name: "value", Kind: integrations.Number, Say: "its figure; missing when it is NaN or infinite"},
				{Name: "labels", Kind: integrations.Map, Say: "its labels by name"},
			}},
		},
		Rights: "none beyond reading", Look: s.ask,
	}
}

func (s *source) ask(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	if err := s.ready(); err != nil {
		return integrations.Table{}, err
	}
	where, _ := a["where"].(map[string]any)
	v, err := s.api.now(ctx, a.Text("query"))
	if err != nil {
		return integrations.Table{}, err
	}
	var found model.Vector
	switch v := v.(type) {
	case *model.Scalar:
		found = model.Vector{&model.Sample{Value: v.Value, Timestamp: v.Timestamp}}
	case model.Vector:
		found = v
	default:
		return integrations.Table{}, noFigure(v)
	}
	return table(slices.DeleteFunc(found, func(one *model.Sample) bool { return !has(one.Metric, where) })), nil
}

// has compares labels with what the playbook asks for. The filter never becomes
// a part of the expression, so a value from chat cannot change the question.
func has(labels model.Metric, where map[string]any) bool {
	for name, want := range where {
		if string(labels[model.LabelName(name)]) != fmt.Sprint(want) {
			return false
		}
	}
	return true
}

func table(found model.Vector) integrations.Table {
	slices.SortStableFunc(found, func(a, b *model.Sample) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), strings.Compare(a.Metric.String(), b.Metric.String()))
	})
	figures := 0
	for _, one := range found {
		if isFigure(float64(one.Value)) && one.Histogram == nil {
			figures++
		}
	}
	out := integrations.Table{Fields: map[string]any{"count": int64(figures)}, Capped: len(found) > mostRows}
	for _, one := range found[:min(mostRows, len(found))] {
		out.Rows = append(out.Rows, rowOf(one))
	}
	switch {
	case len(found) == 0:
		out.Summary = "no data"
	case figures == 0:
		out.Summary = "no figure"
	case figures == 1 && len(found) == 1:
		out.Fields["value"] = float64(found[0].Value)
		out.Summary = figure(float64(found[0].Value))
	default:
		out.Summary = fmt.Sprintf("%d series, %s: %s", len(found), integrations.Clip(words(found[0].Metric), labelLength), figure(float64(found[0].Value)))
	}
	return out
}

// rank sorts what is no figure last.
func rank(s *model.Sample) float64 {
	if !isFigure(float64(s.Value)) || s.Histogram != nil {
		return math.Inf(-1)
	}
	return float64(s.Value)
}

func rowOf(s *model.Sample) integrations.Row {
	labels := map[string]any{}
	for name, value := range s.Metric {
		labels[string(name)] = string(value)
	}
	row := integrations.Row{ID: s.Metric.String(), Values: map[string]any{"series": words(s.Metric), "labels": labels}}
	tail := ": no figure"
	if isFigure(float64(s.Value)) && s.Histogram == nil {
		row.Values["value"] = float64(s.Value)
		tail = ": " + figure(float64(s.Value))
	}
	row.Label = integrations.Clip(words(s.Metric), labelLength-len(tail)) + tail
	return row
}

// words are the labels of a series as people read them: "queue=mail, region=eu".
func words(m model.Metric) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if name != model.MetricNameLabel {
			parts = append(parts, integrations.OneLine(string(name)+"="+string(m[name])))
		}
	}
	if len(parts) == 0 {
		return cmp.Or(integrations.OneLine(string(m[model.MetricNameLabel])), "all")
	}
	return strings.Join(parts, ", ")
}
