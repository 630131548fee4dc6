package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

func (f *fleet) lookStatus() integrations.Action {
	return integrations.Action{
		Name: "k8s.rollout_status", Summary: "How a rollout stands, and why it is stuck", Grade: integrations.GradeLook, Version: 1,
		Params: placeParams,
		Output: []integrations.Field{
			{Name: "done", Kind: integrations.Bool, Say: "all pods are new and serve"},
			{Name: "stuck", Kind: integrations.Bool, Say: "it will not end by itself"},
			{Name: "why", Kind: integrations.Text, Say: "why it is stuck"},
			{Name: "ready", Kind: integrations.Int}, {Name: "pods", Kind: integrations.Int},
			{Name: "rows", Kind: integrations.Rows, Columns: []integrations.Field{
				{Name: "pod", Kind: integrations.Text}, {Name: "node", Kind: integrations.Text}, {Name: "revision", Kind: integrations.Int},
				{Name: "ready", Kind: integrations.Bool}, {Name: "restarts", Kind: integrations.Int}, {Name: "why", Kind: integrations.Text},
			}},
		},
		Rights: "apps: get on the workload; list on replicasets, controllerrevisions; list on pods, events",
		Look:   f.rolloutStatus,
	}
}

func (f *fleet) rolloutStatus(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Table{}, err
	}
	s, err := c.survey(ctx)
	if err != nil {
		return integrations.Table{}, byHand(err, c.command("rollout", "status", c.ref()))
	}
	v := s.verdict()
	why := v.stuck
	t := integrations.Table{}
	probes := s.probeFailures(ctx)
	for _, pod := range s.pods {
		row := s.podRow(pod, probes[pod.Name])
		if text, _ := row.Values["why"].(string); why == "" && text != "" && !v.done {
			why = text
		}
		t.Rows = append(t.Rows, row)
	}
	slices.SortStableFunc(t.Rows, func(a, b integrations.Row) int { return strings.Compare(troubleFirst(a), troubleFirst(b)) })
	t.Fields = map[string]any{"done": v.done, "stuck": v.stuck != "", "why": why, "ready": int64(s.progress.ready), "pods": int64(s.progress.desired)}
	t.Summary = c.subject() + ": " + v.text + "; " + v.world
	switch {
	case v.stuck != "":
		t.Summary = c.subject() + " is stuck: " + v.stuck + ". " + v.world
	case why != "":
		t.Summary += "; " + why
	}
	return t, nil
}

// troubleFirst puts pods with trouble first.
func troubleFirst(r integrations.Row) string {
	if text, _ := r.Values["why"].(string); text != "" {
		return "0" + r.ID
	}
	return "1" + r.ID
}

func (s situation) podRow(pod core.Pod, probe string) integrations.Row {
	var restarts int64
	for _, c := range pod.Status.ContainerStatuses {
		restarts += int64(c.RestartCount)
	}
	why := ""
	if t := troubleOf(pod, s.at); t != nil {
		why = t.text
	} else if unready(pod) {
		why = "runs and does not serve"
		if probe != "" {
			why = probe
		}
	}
	var number int64
	for _, r := range s.revisions {
		if r.id == s.hashOf(pod) {
			number = r.number
		}
	}
	label := fmt.Sprintf("%s rev %d", pod.Name, number)
	switch {
	case pod.DeletionTimestamp != nil:
		label += ", ending"
	case why != "":
		label += ", " + why
	case ready(pod):
		label += ", serves"
	default:
		label += ", " + strings.ToLower(string(pod.Status.Phase))
	}
	return integrations.Row{ID: pod.Name, Label: label, Values: map[string]any{
		"pod": pod.Name, "node": pod.Spec.NodeName, "revision": number, "ready": ready(pod), "restarts": restarts, "why": why, "uid": string(pod.UID),
	}}
}

// probeFailures are the newest words of failing probes, by pod. They are only in
// events; where those may not be read, a pod that does not serve says so without.
func (s situation) probeFailures(ctx context.Context) map[string]string {
	if !slices.ContainsFunc(s.pods, unready) {
		return nil
	}
	events, err := s.cluster.events(ctx, s.namespace, "reason=Unhealthy")
	if err != nil {
		return nil
	}
	out, newest := map[string]string{}, map[string]time.Time{}
	for _, e := range events {
		if at := eventTime(e); e.InvolvedObject.Kind == "Pod" && !at.Before(newest[e.InvolvedObject.Name]) {
			newest[e.InvolvedObject.Name] = at
			out[e.InvolvedObject.Name] = integrations.Clip(masked(integrations.OneLine(e.Message)), 200)
		}
	}
	return out
}
