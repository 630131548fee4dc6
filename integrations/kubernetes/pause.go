package kubernetes

import (
	"context"
	"fmt"

	"mayday/integrations"
)

// holding is one of the two acts on a rollout that undo each other.
type holding struct {
	action, summary, verb, back string
	paused                      bool // what it leads to
}

var (
	pausing = holding{action: "k8s.pause_rollout", summary: "Pause the rollout of a deployment: no more pods are exchanged", verb: "pause", back: "resumed", paused: true}
	resumes = holding{action: "k8s.resume_rollout", summary: "Let the rollout of a deployment go on", verb: "resume", back: "paused again"}
)

func (h holding) other() holding {
	if h.paused {
		return resumes
	}
	return pausing
}

func (h holding) state() string {
	if h.paused {
		return "paused"
	}
	return "rolling out by itself"
}

func (f *fleet) hold(h holding) integrations.Action {
	a := integrations.Action{
		Name: h.action, Summary: h.summary, Grade: integrations.GradeChange, Version: 1, Params: placeParams,
		Checks: []string{"who keeps it as Git or a chart says", "rights for exactly this object", "dry run of the very patch"},
		Back:   h.back,
		Rights: "apps: get, patch on the deployment; list on replicasets; list on pods",
		Plan: func(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
			return f.planHold(ctx, h, a)
		},
		Apply: func(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
			return f.applyHold(ctx, h, p, keep)
		},
		Probe: func(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
			return f.probeHold(ctx, h, p)
		},
		Undo: func(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
			return f.undoHold(ctx, h, r)
		},
	}
	return a
}

func (f *fleet) planHold(ctx context.Context, h holding, a integrations.Args) (integrations.Plan, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	if c.kind.resource != deployments.resource {
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: "Only the rollout of a deployment can be paused; " + c.name + " is a " + c.kind.word + ".", Fix: "Look with k8s.rollout_status."}
	}
	s, err := c.survey(ctx)
	if err != nil {
		return integrations.Plan{}, byHand(err, c.command("rollout", h.verb, c.ref()))
	}
	p, err := c.outline(h.action, s.workload)
	if err != nil {
		return p, err
	}
	p.Title = map[bool]string{true: "Pause", false: "Resume"}[h.paused] + " the rollout of " + c.subject() + c.where()
	if s.paused == h.paused {
		p.Gone = "the rollout of " + c.subject() + " is " + h.state() + " already"
		return p, nil
	}
	p.From, p.To = h.other().state()+": "+s.world(), h.state()
	p.Details = []string{map[bool]string{
		true: "pods that were exchanged stay; no rollback and no restart takes effect before it is resumed", false: "what changed meanwhile rolls out at once: " + images(s.template),
	}[h.paused]}
	p.Undo, p.Command = "yes, "+h.back, c.command("rollout", h.verb, c.ref())
	p.Checks = s.commonChecks(ctx, held(s.workload, h, "dry run"))
	return p, nil
}

// holdKey names the step that paused or resumed a rollout last. Other acts on the
// same deployment leave it.
const holdKey = "mayday.dev/hold"

func held(w workload, h holding, mark string) []operation {
	return append([]operation{{Op: "add", Path: "/spec/paused", Value: h.paused}}, annotate(w.meta.Annotations, map[string]string{stepKey: mark, holdKey: mark})...)
}

func (f *fleet) applyHold(ctx context.Context, h holding, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	_, err := f.patch(ctx, p, keep, func(w workload) ([]operation, error) { return held(w, h, mark(p)), nil })
	if err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{
		Text:   "the rollout of " + p.Subject + " is " + h.state(),
		Values: map[string]string{keyMark: mark(p)},
	}, nil
}

// probeHold needs no watching: the effect is there with the answer.
func (f *fleet) probeHold(ctx context.Context, h holding, p integrations.Plan) (integrations.Evidence, error) {
	is := false
	e, err := f.probeWorkload(ctx, p, func(s situation) bool {
		is = s.paused == h.paused
		return is
	})
	if is && e.Applied == integrations.Yes {
		e.Text, e.Settled, e.Wrong = "the rollout is "+h.state(), true, ""
	}
	return e, err
}

// undoHold makes the plan of the other act, unless somebody made it already.
func (f *fleet) undoHold(ctx context.Context, h holding, r integrations.Receipt) (integrations.Plan, error) {
	at, err := f.placeOf(r.Values)
	if err != nil {
		return integrations.Plan{}, err
	}
	w, err := at.inspect(ctx)
	if err != nil {
		return integrations.Plan{}, absent(err, at)
	}
	if is := w.meta.Annotations[holdKey]; w.paused == h.paused && r.Values[keyMark] != "" && is != r.Values[keyMark] {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("the rollout of %s is %s by another step since (%s)", at.name, h.state(), orNone(is))}
	}
	return f.planHold(ctx, h.other(), f.again(ctx, r.Values, at))
}
