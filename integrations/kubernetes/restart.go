package kubernetes

import (
	"context"
	"time"

	"mayday/integrations"
)

const restartName = "k8s.restart"

// restartedKey is the annotation by which `kubectl rollout restart` makes a
// template a new one.
const restartedKey = "kubectl.kubernetes.io/restartedAt"

const keyAt = "at" // the moment that goes into the annotation

func (f *fleet) restart() integrations.Action {
	return integrations.Action{
		Name: restartName, Summary: "Exchange all pods of a workload for new ones of the same template", Grade: integrations.GradeDanger, Version: 1,
		Params: placeParams, Settle: rolloutSettle,
		Checks: []string{"the rollout is not paused", "nobody else is changing it", "who keeps it as Git or a chart says", "rights for exactly this object", "dry run of the very patch"},
		Back:   "none: the old pods are gone",
		Rights: "apps: get, patch on the workload; list on replicasets, controllerrevisions; list on pods",
		Plan:   f.planRestart, Apply: f.applyRestart, Probe: f.probeRestart,
	}
}

func (f *fleet) planRestart(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	s, err := c.survey(ctx)
	if err != nil {
		return integrations.Plan{}, byHand(err, c.command("rollout", "status", c.ref()))
	}
	p, err := c.outline(restartName, s.workload)
	if err != nil {
		return p, err
	}
	switch {
	case s.paused:
		return p, &integrations.Rejected{Code: "E8", Why: "The rollout of " + c.subject() + " is paused: no pod would be exchanged.", Fix: "Resume it first with k8s.resume_rollout."}
	case s.onDelete:
		return p, &integrations.Rejected{Code: "E8", Why: c.subject() + " exchanges its pods only when somebody deletes them (OnDelete).", Fix: "Delete its pods one by one with k8s.delete_pod."}
	}
	at := s.at.UTC().Format(time.RFC3339)
	p.Grade, p.Title, p.Record[keyAt] = integrations.GradeDanger, "Restart "+c.subject()+c.where(), at
	p.From, p.To = s.world()+" ("+images(s.template)+")", "the same template in "+integrations.Count(int(s.progress.desired), "new pod", "new pods")
	p.Details = []string{s.surge}
	p.NoUndo = "This cannot be undone: the pods that run now end."
	p.Command = c.command("patch", c.ref(), "-p", `'{"spec":{"template":{"metadata":{"annotations":{"`+restartedKey+`":"`+at+`"}}}}}'`)
	p.Next = c.next("restart")
	p.Checks = append([]integrations.Check{s.othersCheck(c.subject())}, s.commonChecks(ctx, restarted(s.workload, at, "dry run"))...)
	return p, nil
}

// restarted are the operations of a restart.
func restarted(w workload, at, mark string) []operation {
	var out []operation
	if len(w.template.Annotations) == 0 {
		out = append(out, operation{Op: "add", Path: "/spec/template/metadata/annotations", Value: map[string]string{}})
	}
	out = append(out, operation{Op: "add", Path: "/spec/template/metadata/annotations/" + escaped(restartedKey), Value: at})
	return append(out, annotate(w.meta.Annotations, map[string]string{stepKey: mark})...)
}

func (f *fleet) applyRestart(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	_, err := f.patch(ctx, p, keep, func(w workload) ([]operation, error) { return restarted(w, p.Record[keyAt], mark(p)), nil })
	if err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: "the pods of " + p.Subject + " are being exchanged"}, nil
}

func (f *fleet) probeRestart(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	return f.probeWorkload(ctx, p, func(s situation) bool { return s.template.Annotations[restartedKey] == p.Record[keyAt] })
}
