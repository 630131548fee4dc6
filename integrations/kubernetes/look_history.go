package kubernetes

import (
	"context"
	"strconv"

	"mayday/integrations"
)

func (f *fleet) lookHistory() integrations.Action {
	return integrations.Action{
		Name: "k8s.rollout_history", Summary: "What a workload ran before: images, causes, how long", Grade: integrations.GradeLook, Version: 1,
		Params: placeParams,
		Output: []integrations.Field{
			{Name: "image", Kind: integrations.Text, Say: "what it runs now"},
			{Name: "rows", Kind: integrations.Rows, Columns: []integrations.Field{
				{Name: "revision", Kind: integrations.Int}, {Name: "image", Kind: integrations.Text}, {Name: "cause", Kind: integrations.Text},
				{Name: "age", Kind: integrations.Text}, {Name: "ran", Kind: integrations.Text}, {Name: "current", Kind: integrations.Bool}, {Name: "pods", Kind: integrations.Int},
			}},
		},
		Rights: "apps: get on the workload; list on replicasets, controllerrevisions; list on pods",
		Look:   f.rolloutHistory,
	}
}

func (f *fleet) rolloutHistory(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Table{}, err
	}
	s, err := c.survey(ctx)
	if err != nil {
		return integrations.Table{}, byHand(err, c.command("rollout", "history", c.ref()))
	}
	t := integrations.Table{Fields: map[string]any{"image": images(s.template)}}
	for _, r := range s.revisions {
		t.Rows = append(t.Rows, s.historyRow(r))
	}
	t.Summary = c.subject() + " runs " + images(s.template) + ", " + integrations.Count(len(s.revisions), "revision is kept", "revisions are kept")
	return t, nil
}

// historyRow has the id of the revision, by which a rollback finds it for as long
// as it is kept.
func (s situation) historyRow(r revision) integrations.Row {
	pods := 0
	for _, pod := range s.pods {
		if s.hashOf(pod) == r.id && pod.DeletionTimestamp == nil {
			pods++
		}
	}
	label, age, ran := r.words(), ageText(s.at.Sub(r.created)), ""
	label += ", " + age + " ago"
	if r.ranKnown {
		ran = ageText(r.ran)
		label += ", ran " + ran
	}
	if cause := shown(r.cause, 100); cause != "" {
		label += ": " + cause
	}
	if r.current {
		label += " (now)"
	}
	return integrations.Row{ID: r.id, Label: label, Values: map[string]any{
		"revision": r.number, "image": images(r.template), "cause": shown(r.cause, 200), "age": age, "ran": ran, "current": r.current, "pods": int64(pods),
		"id": r.id, "from": strconv.FormatInt(r.created.Unix(), 10),
	}}
}
