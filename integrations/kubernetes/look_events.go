package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
)

const mostEvents = 50

func (f *fleet) lookEvents() integrations.Action {
	return integrations.Action{
		Name: "k8s.events", Summary: "What the cluster says about a workload and its pods", Grade: integrations.GradeLook, Version: 1,
		Params: append(append([]integrations.Field{}, placeParams...),
			integrations.Field{Name: "since", Kind: integrations.Duration, Default: "1h", Say: "how far back; a cluster keeps an hour"}),
		Output: []integrations.Field{
			{Name: "warnings", Kind: integrations.Int},
			{Name: "rows", Kind: integrations.Rows, Columns: []integrations.Field{
				{Name: "at", Kind: integrations.Text}, {Name: "type", Kind: integrations.Text}, {Name: "reason", Kind: integrations.Text},
				{Name: "about", Kind: integrations.Text}, {Name: "text", Kind: integrations.Text}, {Name: "count", Kind: integrations.Int},
			}},
		},
		Rights: "list on events, pods; apps: get on the workload; list on replicasets, controllerrevisions",
		Look:   f.lookAtEvents,
	}
}

func (f *fleet) lookAtEvents(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Table{}, err
	}
	s, err := c.survey(ctx)
	if err != nil {
		return integrations.Table{}, byHand(err, c.command("get", "events"))
	}
	all, err := c.cluster.events(ctx, c.namespace, "")
	if err != nil {
		return integrations.Table{}, err
	}
	since, _ := a["since"].(time.Duration)
	if since <= 0 {
		since = time.Hour
	}
	all = slices.DeleteFunc(all, func(e core.Event) bool { return !s.about(e) || s.at.Sub(eventTime(e)) > since })
	slices.SortFunc(all, func(a, b core.Event) int { return eventTime(b).Compare(eventTime(a)) })
	t := integrations.Table{Fields: map[string]any{}}
	warnings := 0
	for _, e := range all {
		if e.Type == core.EventTypeWarning {
			warnings++
		}
		if len(t.Rows) < mostEvents {
			t.Rows = append(t.Rows, eventRow(e, s.at))
		}
	}
	t.Capped, t.Fields["warnings"] = len(all) > mostEvents, int64(warnings)
	t.Summary = fmt.Sprintf("%s about %s, %s", integrations.Count(len(all), "event", "events"), c.subject(), integrations.Count(warnings, "warning", "warnings"))
	if len(all) > 0 {
		t.Summary += "; last: " + t.Rows[0].Label
	}
	return t, nil
}

// about reports whether an event is about the workload, what keeps its templates,
// or one of its pods.
func (s situation) about(e core.Event) bool {
	name := e.InvolvedObject.Name
	return e.InvolvedObject.UID == s.meta.UID ||
		slices.ContainsFunc(s.revisions, func(r revision) bool { return r.object == name }) ||
		slices.ContainsFunc(s.pods, func(p core.Pod) bool { return p.Name == name })
}

func eventRow(e core.Event, now time.Time) integrations.Row {
	text := integrations.Clip(masked(integrations.OneLine(e.Message)), 240)
	n := max(int64(e.Count), 1)
	if e.Series != nil {
		n = max(n, int64(e.Series.Count))
	}
	label := fmt.Sprintf("%s %s %s: %s", clock(eventTime(e), now), shown(e.InvolvedObject.Name, 80), shown(e.Reason, 60), text)
	if n > 1 {
		label += fmt.Sprintf(" (%d times)", n)
	}
	return integrations.Row{ID: string(e.UID), Label: label, Values: map[string]any{
		"at": eventTime(e).UTC().Format(time.RFC3339), "type": e.Type, "reason": shown(e.Reason, 60), "about": shown(e.InvolvedObject.Name, 80), "text": text, "count": n,
	}}
}

// eventTime is when an event was seen last; the two APIs of events keep it in
// different fields.
func eventTime(e core.Event) time.Time {
	at := e.LastTimestamp.Time
	if e.Series != nil && e.Series.LastObservedTime.After(at) {
		at = e.Series.LastObservedTime.Time
	}
	if e.EventTime.After(at) {
		at = e.EventTime.Time
	}
	if at.IsZero() {
		at = e.CreationTimestamp.Time
	}
	return at
}

func (c *cluster) events(ctx context.Context, namespace, fields string) ([]core.Event, error) {
	list, err := read(ctx, c, access{verb: "list", resource: "events", namespace: namespace},
		func(ctx context.Context, k *clients) (*core.EventList, error) {
			return k.core.Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: fields, Limit: 2000})
		})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}
