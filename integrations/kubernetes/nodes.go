package kubernetes

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// cordoning is one of the two acts on a node that undo each other.
type cordoning struct {
	action, summary, verb, back string
	cordon                      bool
}

var (
	cordons   = cordoning{action: "k8s.cordon", summary: "Put no more pods on a node; those that run there stay", verb: "cordon", back: "pods may come again", cordon: true}
	uncordons = cordoning{action: "k8s.uncordon", summary: "Let pods come to a node again", verb: "uncordon", back: "cordoned again"}
)

func (c cordoning) other() cordoning {
	if c.cordon {
		return uncordons
	}
	return cordons
}

func (c cordoning) state() string {
	if c.cordon {
		return "cordoned"
	}
	return "open for pods"
}

const keyOpen = "node"

func (f *fleet) nodeActs() []integrations.Action {
	var out []integrations.Action
	for _, c := range []cordoning{cordons, uncordons} {
		out = append(out, integrations.Action{
			Name: c.action, Summary: c.summary, Grade: integrations.GradeChange, Version: 1,
			Params: []integrations.Field{{Name: "node", Kind: integrations.Text, Required: true, Say: "a node: node-7, prod:node-7"}, clusterField},
			Checks: []string{"rights for exactly this object", "dry run of the very patch"},
			Back:   c.back, Rights: "in a ClusterRole: get, patch on nodes",
			Plan: func(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
				return f.planCordon(ctx, c, a)
			},
			Apply: func(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
				return f.applyCordon(ctx, c, p, keep)
			},
			Probe: func(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
				return f.probeCordon(ctx, c, p)
			},
			Undo: func(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
				return f.undoCordon(ctx, c, r)
			},
		})
	}
	return out
}

func (f *fleet) planCordon(ctx context.Context, c cordoning, a integrations.Args) (integrations.Plan, error) {
	o, err := f.locate(ctx, a, a.Text("node"), nodeObjects)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := o.get(ctx)
	if err != nil {
		return integrations.Plan{}, byHand(err, o.command(c.verb, o.name))
	}
	p := o.outline(c.action, u, map[string]any{"node": o.at()})
	p.Title = map[bool]string{true: "Cordon", false: "Uncordon"}[c.cordon] + " node " + o.name + o.where()
	p.From, p.To, p.Undo = c.other().state(), c.state(), "yes, "+c.back
	p.Pre[keyOpen] = nodeState(u)
	p.Details = []string{"pods that run there stay; none is moved"}
	if nodeState(u) == c.state() {
		p.Gone = "node " + o.name + " is " + c.state() + " already"
		return p, nil
	}
	p.Command = o.command(c.verb, o.name)
	p.Checks = slices.Concat(o.cluster.may(ctx, o.access("patch", "")), []integrations.Check{o.rehearse(ctx, "", c.ops(u, "dry run"))})
	return p, nil
}

func nodeState(u *unstructured.Unstructured) string {
	closed, _, _ := unstructured.NestedBool(u.Object, "spec", "unschedulable")
	return cordoning{cordon: closed}.state()
}

func (c cordoning) ops(u *unstructured.Unstructured, mark string) []operation {
	return append([]operation{{Op: "add", Path: "/spec/unschedulable", Value: c.cordon}}, annotate(u.GetAnnotations(), map[string]string{stepKey: mark})...)
}

func (f *fleet) applyCordon(ctx context.Context, c cordoning, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	o, err := f.objectOf(ctx, nodeObjects, p.Record)
	if err != nil {
		return integrations.Receipt{}, err
	}
	t := turn{
		object: o,
		ops:    func(u *unstructured.Unstructured) ([]operation, error) { return c.ops(u, mark(p)), nil },
		pre: func(u *unstructured.Unstructured) map[string]string {
			return map[string]string{keyUID: string(u.GetUID()), keyOpen: nodeState(u)}
		},
	}
	if err := t.apply(ctx, p, keep); err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: "node " + o.name + " is " + c.state(), Values: map[string]string{keyMark: mark(p)}}, nil
}

func (f *fleet) probeCordon(ctx context.Context, c cordoning, p integrations.Plan) (integrations.Evidence, error) {
	o, err := f.objectOf(ctx, nodeObjects, p.Record)
	if err != nil {
		return integrations.Evidence{}, err
	}
	return o.standing(ctx, p, func(u *unstructured.Unstructured) (bool, string) {
		return nodeState(u) == c.state(), "node " + o.name + " is " + nodeState(u)
	})
}

func (f *fleet) undoCordon(ctx context.Context, c cordoning, r integrations.Receipt) (integrations.Plan, error) {
	o, err := f.objectOf(ctx, nodeObjects, r.Values)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := o.get(ctx)
	switch {
	case isNotFound(err):
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: "node " + o.name + " is gone"}
	case err != nil:
		return integrations.Plan{}, err
	case nodeState(u) != c.state() || !marked(u, r.Values):
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: "node " + o.name + " is " + nodeState(u) + " now" + byWhom(u) + "; there is nothing to take back"}
	}
	return f.planCordon(ctx, c.other(), integrations.Args{"node": o.at()})
}
