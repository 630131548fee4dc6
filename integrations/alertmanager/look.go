package alertmanager

import (
	"context"
	"fmt"
	"slices"

	"mayday/integrations"
)

const (
	mostRows    = 100
	labelLength = 75 // what a choice may hold on every chat platform
)

func (m *manager) silences() integrations.Action {
	return integrations.Action{
		Name: silencesName, Summary: "List what is silenced in Alertmanager", Grade: integrations.GradeLook, Version: 1,
		Output: []integrations.Field{
			{Name: "count", Kind: integrations.Int, Say: "silences in force"},
			{Name: "rows", Kind: integrations.Rows, Say: "the one that ends first before the others", Columns: []integrations.Field{
				{Name: "labels", Kind: integrations.Text, Say: "which alerts it is for"},
				{Name: "until", Kind: integrations.Text, Say: "when it ends, RFC 3339"},
				{Name: "by", Kind: integrations.Text, Say: "who made it"},
				{Name: "comment", Kind: integrations.Text, Say: "why"},
			}},
		},
		Rights: "none beyond reading", Look: m.list,
	}
}

func (m *manager) list(ctx context.Context, _ integrations.Args) (integrations.Table, error) {
	if err := m.ready(); err != nil {
		return integrations.Table{}, err
	}
	all, err := m.all(ctx)
	if err != nil {
		return integrations.Table{}, err
	}
	all = slices.DeleteFunc(all, func(s silenced) bool { return !s.inForce() })
	slices.SortStableFunc(all, func(a, b silenced) int { return a.EndsAt.Compare(b.EndsAt) })
	out := integrations.Table{Summary: fmt.Sprintf("%d silences", len(all)), Fields: map[string]any{"count": int64(len(all))}, Capped: len(all) > mostRows}
	switch len(all) {
	case 0:
		out.Summary = "nothing is silenced"
	case 1:
		out.Summary = "1 silence: " + integrations.Clip(words(all[0].Matchers), labelLength) + " until " + clock(all[0].EndsAt)
	}
	for _, s := range all[:min(mostRows, len(all))] {
		tail := ", until " + clock(s.EndsAt) + ", " + integrations.Clip(integrations.OneLine(s.By), 20)
		out.Rows = append(out.Rows, integrations.Row{ID: s.ID, Label: integrations.Clip(words(s.Matchers), labelLength-len([]rune(tail))) + tail, Values: map[string]any{
			"labels": words(s.Matchers), "until": s.EndsAt.UTC().Format("2006-01-02T15:04:05Z"), "by": integrations.Clip(integrations.OneLine(s.By), 80), "comment": integrations.Clip(integrations.OneLine(s.Comment), 300)}})
	}
	return out, nil
}
