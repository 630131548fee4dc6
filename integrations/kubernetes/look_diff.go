package kubernetes

import (
	"context"
	"fmt"

	"mayday/integrations"
)

func (f *fleet) lookDiff() integrations.Action {
	return integrations.Action{
		Name: "k8s.diff", Summary: "What two revisions of a workload differ in; secrets by name only", Grade: integrations.GradeLook, Version: 1,
		Params: append(append([]integrations.Field{}, placeParams...),
			integrations.Field{Name: "from", Kind: integrations.Text, Say: "a revision: number, image or id; unset is what a rollback would go back to"},
			integrations.Field{Name: "to", Kind: integrations.Text, Say: "a revision: number, image or id; unset is what runs now"},
		),
		Output: []integrations.Field{{Name: "count", Kind: integrations.Int}, {Name: "rows", Kind: integrations.Rows, Columns: []integrations.Field{{Name: "text", Kind: integrations.Text}}}},
		Rights: "apps: get on the workload; list on replicasets, controllerrevisions; list on pods",
		Look:   f.diff,
	}
}

func (f *fleet) diff(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Table{}, err
	}
	s, err := c.survey(ctx)
	if err != nil {
		return integrations.Table{}, byHand(err, c.command("rollout", "history", c.ref()))
	}
	from, err := s.pick(a.Text("from"))
	if err != nil {
		return integrations.Table{}, err
	}
	to, toName := s.template, "what runs now, "+images(s.template)
	if want := a.Text("to"); want != "" {
		r, err := s.pick(want)
		if err != nil {
			return integrations.Table{}, err
		}
		to, toName = r.template, r.words()
	}
	lines := differences(from.template, to)
	t := integrations.Table{Fields: map[string]any{"count": int64(len(lines))}}
	for n, line := range lines {
		t.Rows = append(t.Rows, integrations.Row{ID: fmt.Sprint(n + 1), Label: line, Values: map[string]any{"text": line}})
	}
	t.Summary = fmt.Sprintf("%s → %s: %s", from.words(), toName, integrations.Count(len(lines), "difference", "differences"))
	return t, nil
}
