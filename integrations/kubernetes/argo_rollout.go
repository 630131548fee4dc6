package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// aborting is one of the two acts on an Argo rollout that undo each other.
type aborting struct {
	action, summary, verb, back string
	abort                       bool
}

var (
	aborts  = aborting{action: "k8s.rollout_abort", summary: "Abort an Argo rollout: traffic goes back to the stable version", verb: "Abort", back: "the rollout is tried again", abort: true}
	retries = aborting{action: "k8s.rollout_retry", summary: "Try an aborted Argo rollout again", verb: "Retry", back: "aborted again"}
)

func (b aborting) other() aborting {
	if b.abort {
		return retries
	}
	return aborts
}

const (
	keyAborted = "aborted"
	keyHash    = "version" // the pod hash of what is rolled out
)

func (f *fleet) argoActs() []integrations.Action {
	var out []integrations.Action
	for _, b := range []aborting{aborts, retries} {
		out = append(out, integrations.Action{
			Name: b.action, Summary: b.summary, Grade: integrations.GradeChange, Version: 1,
			Params: []integrations.Field{
				{Name: "rollout", Kind: integrations.Text, Required: true, Say: "a service of the catalogue, or an Argo rollout: checkout, shop/checkout, prod:shop/checkout"},
				clusterField, targetField,
			},
			Settle: rolloutSettle,
			Checks: []string{"the rollout is under way", "who keeps it as Git or a chart says", "rights for exactly this object", "dry run of the very patch"},
			Back:   b.back, Rights: "argoproj.io: get, list on rollouts, patch on rollouts/status",
			Plan: func(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
				return f.planAbort(ctx, b, a)
			},
			Apply: func(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
				return f.applyAbort(ctx, b, p, keep)
			},
			Probe: func(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
				return f.probeAbort(ctx, b, p)
			},
			Undo: func(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
				return f.undoAbort(ctx, b, r)
			},
		})
	}
	return out
}

// rolloutOf finds the Argo rollout that runs a service, or the one that is named.
func (f *fleet) rolloutOf(ctx context.Context, a integrations.Args) (object, map[string]any, error) {
	name := a.Text("rollout")
	if _, isService := f.named(name); !isService {
		o, err := f.locate(ctx, a, name, argoRollouts)
		if err != nil {
			return o, nil, err
		}
		o.resource = o.cluster.preferred(ctx, argoRollouts)
		return o, map[string]any{"rollout": o.at()}, nil
	}
	c, err := f.choose(ctx, integrations.Args{"deployment": name, "cluster": a["cluster"], "target": a["target"]})
	if err != nil {
		return object{}, nil, err
	}
	args := map[string]any{"rollout": name}
	if target, ok := c.args()["target"]; ok {
		args["target"] = target
	}
	found, check := c.argoRollout(ctx)
	if check != nil {
		return object{}, nil, &integrations.Rejected{Code: "E6", Why: check.Text + ".", Fix: "Grant get and list on rollouts of argoproj.io."}
	}
	if found == "" {
		found = c.name // a rollout with a template of its own stands in the place of the deployment
	}
	return object{resource: c.cluster.preferred(ctx, argoRollouts), cluster: c.cluster, namespace: c.namespace, name: found}, args, nil
}

// argoState is what an Argo rollout says about itself.
type argoState struct {
	hash, stable, phase string
	aborted             bool
	step, steps         int64
}

func argoStateOf(u *unstructured.Unstructured) argoState {
	var s argoState
	s.hash, _, _ = unstructured.NestedString(u.Object, "status", "currentPodHash")
	s.stable, _, _ = unstructured.NestedString(u.Object, "status", "stableRS")
	s.phase, _, _ = unstructured.NestedString(u.Object, "status", "phase")
	s.aborted, _, _ = unstructured.NestedBool(u.Object, "status", "abort")
	s.step, _, _ = unstructured.NestedInt64(u.Object, "status", "currentStepIndex")
	steps, _, _ := unstructured.NestedSlice(u.Object, "spec", "strategy", "canary", "steps")
	s.steps = int64(len(steps))
	return s
}

func (s argoState) words() string {
	out := "rollout of " + shown(s.hash, 20) + " beside the stable " + shown(s.stable, 20)
	if s.steps > 0 {
		out += fmt.Sprintf(", step %d of %d", s.step, s.steps)
	}
	if s.aborted {
		out += ", aborted"
	}
	if s.phase != "" {
		out += " (" + shown(s.phase, 20) + ")"
	}
	return out
}

func (s argoState) over() bool { return s.hash == s.stable && s.hash != "" }

func (f *fleet) planAbort(ctx context.Context, b aborting, a integrations.Args) (integrations.Plan, error) {
	o, args, err := f.rolloutOf(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := o.get(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	s := argoStateOf(u)
	p := o.outline(b.action, u, args)
	p.Title, p.From = b.verb+" the rollout "+o.name+o.where(), s.words()
	p.To = map[bool]string{true: "all traffic on the stable " + shown(s.stable, 20), false: "the rollout of " + shown(s.hash, 20) + " begins anew"}[b.abort]
	p.Pre[keyHash], p.Pre[keyAborted] = s.hash, strconv.FormatBool(s.aborted)
	p.Record["rollout"], _ = args["rollout"].(string)
	p.Record[keyTarget], _ = args["target"].(string)
	p.Record[keyHash] = s.hash
	p.Undo = "yes, " + b.back
	p.Details = []string{"Argo Rollouts keeps it; its deployment and replica sets are left alone"}
	switch {
	case s.over():
		p.Gone = "the rollout " + o.name + " is over: " + shown(s.hash, 20) + " is the stable version"
		return p, nil
	case s.aborted == b.abort:
		p.Gone = "the rollout " + o.name + map[bool]string{true: " is aborted already", false: " is not aborted"}[b.abort]
		return p, nil
	}
	p.Command = o.command("patch", o.ref(), "--subresource=status", "--type=merge", "-p", fmt.Sprintf(`'{"status":{"abort":%t}}'`, b.abort))
	p.Checks = slices.Concat(o.cluster.ownership(ctx, u), o.cluster.may(ctx, o.access("patch", "status")),
		[]integrations.Check{o.rehearse(ctx, "status", b.ops())})
	return p, nil
}

func (b aborting) ops() []operation {
	return []operation{{Op: "add", Path: "/status/abort", Value: b.abort}}
}

func (f *fleet) applyAbort(ctx context.Context, b aborting, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	o, err := f.objectOf(ctx, argoRollouts, p.Record)
	if err != nil {
		return integrations.Receipt{}, err
	}
	t := turn{
		object: o, sub: "status",
		ops: func(*unstructured.Unstructured) ([]operation, error) { return b.ops(), nil },
		pre: func(u *unstructured.Unstructured) map[string]string {
			s := argoStateOf(u)
			return map[string]string{keyUID: string(u.GetUID()), keyHash: s.hash, keyAborted: strconv.FormatBool(s.aborted)}
		},
	}
	if err := t.apply(ctx, p, keep); err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: o.name + ": " + p.To}, nil
}

// probeAbort has no mark to go by: the patch goes to the status, which has none.
func (f *fleet) probeAbort(ctx context.Context, b aborting, p integrations.Plan) (integrations.Evidence, error) {
	o, err := f.objectOf(ctx, argoRollouts, p.Record)
	if err != nil {
		return integrations.Evidence{}, err
	}
	u, err := o.get(ctx)
	if isNotFound(err) {
		return unsure(o.at() + " is gone"), nil
	}
	if err != nil {
		return integrations.Evidence{}, err
	}
	s := argoStateOf(u)
	switch {
	case string(u.GetUID()) != p.Pre[keyUID]:
		return unsure(o.name + " was deleted and made anew since"), nil
	case s.hash != p.Record[keyHash]:
		return integrations.Evidence{Text: s.words(), Applied: integrations.Unknown, Wrong: "another version is rolled out now: " + s.words()}, nil
	case b.abort && s.aborted:
		// Aborted is what the controller calls Degraded: it has seen it.
		return integrations.Evidence{Text: s.words(), Applied: integrations.Yes, Settled: s.phase == "Degraded" || s.phase == ""}, nil
	case !b.abort && !s.aborted:
		return integrations.Evidence{Text: s.words(), Applied: integrations.Yes, Settled: s.over(), Wrong: degraded(s)}, nil
	}
	return integrations.Evidence{Text: s.words() + ", as before the act", Applied: integrations.No}, nil
}

func degraded(s argoState) string {
	if s.phase == "Degraded" {
		return "Argo Rollouts calls it degraded: " + s.words()
	}
	return ""
}

func (f *fleet) undoAbort(ctx context.Context, b aborting, r integrations.Receipt) (integrations.Plan, error) {
	v := r.Values
	o, err := f.objectOf(ctx, argoRollouts, v)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := o.get(ctx)
	if isNotFound(err) {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: o.at() + " is gone"}
	}
	if err != nil {
		return integrations.Plan{}, err
	}
	if s := argoStateOf(u); s.hash != v[keyHash] || s.aborted != b.abort {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: o.name + " has moved on: " + s.words()}
	}
	again := integrations.Args{"rollout": v["rollout"]}
	if v[keyTarget] != "" {
		again["target"] = v[keyTarget]
	}
	return f.planAbort(ctx, b.other(), again)
}
