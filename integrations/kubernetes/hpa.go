package kubernetes

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	scaling "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

const setHPAName = "k8s.set_hpa"

const (
	keyMin    = "min"
	keyMax    = "max"
	keySetMin = "set_min"
	keySetMax = "set_max"
)

func (f *fleet) setHPA() integrations.Action {
	return integrations.Action{
		Name: setHPAName, Summary: "Change between which counts an autoscaler may choose", Grade: integrations.GradeChange, Version: 1,
		Params: append(slices.Clone(placeParams),
			integrations.Field{Name: "min", Kind: integrations.Int, Say: "the least count, at least 1; unset leaves it"},
			integrations.Field{Name: "max", Kind: integrations.Int, Say: "the greatest count; unset leaves it"},
			integrations.Field{Name: "back", Kind: integrations.Bool, Default: false, Say: "counts that it had, as an undo puts them back"}),
		Checks: []string{"whether KEDA keeps the autoscaler", "who keeps it as Git or a chart says", "rights for exactly this object", "dry run of the very patch"},
		Back:   "to the counts it had",
		Rights: "apps: get on the workload; autoscaling: list on horizontalpodautoscalers, get, patch on the autoscaler",
		Plan:   f.planHPA, Apply: f.applyHPA, Probe: f.probeHPA, Undo: f.undoHPA,
	}
}

func (f *fleet) planHPA(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	w, err := c.inspect(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	s := c.scalers(ctx)
	switch {
	case s.keda != nil:
		return integrations.Plan{}, &integrations.Rejected{Code: "E8", Why: "KEDA keeps the autoscaler of " + c.name + " and would put it back.", Fix: "Use k8s.scale: it pauses KEDA at a count."}
	case s.hpa == nil && len(s.open) > 0:
		return integrations.Plan{}, &integrations.Rejected{Code: "E6", Why: s.open[0].Text + ".", Fix: "Grant list on horizontalpodautoscalers."}
	case s.hpa == nil:
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: c.name + " has no autoscaler.", Fix: "Use k8s.scale."}
	}
	low, high, err := wantedBounds(a, s.hpa)
	if err != nil {
		return integrations.Plan{}, err
	}
	o := c.hpaObject(s.hpa.Name)
	u, err := o.get(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	args := c.args()
	args["min"], args["max"] = int64(low), int64(high)
	if back, _ := a["back"].(bool); back {
		args["back"] = true
	}
	p := o.outline(setHPAName, u, args)
	p.Subject, p.Title = c.subject(), fmt.Sprintf("Let %s have %d to %d pods%s", c.subject(), low, high, c.where())
	p.From, p.To = fmt.Sprintf("%s, %d pods now", bounds(s.hpa), w.progress.desired), fmt.Sprintf("%d to %d", low, high)
	p.Undo = fmt.Sprintf("yes, back to %d to %d", least(s.hpa), s.hpa.Spec.MaxReplicas)
	p.Pre[keyMin], p.Pre[keyMax] = strconv.Itoa(int(least(s.hpa))), strconv.Itoa(int(s.hpa.Spec.MaxReplicas))
	p.Record[keyService], p.Record[keyTarget] = c.record()[keyService], c.record()[keyTarget]
	p.Record[keyMin], p.Record[keyMax], p.Record[keySetMin], p.Record[keySetMax] = p.Pre[keyMin], p.Pre[keyMax], strconv.Itoa(int(low)), strconv.Itoa(int(high))
	if low == least(s.hpa) && high == s.hpa.Spec.MaxReplicas {
		p.Gone = fmt.Sprintf("the autoscaler of %s is at %d to %d already", c.subject(), low, high)
		return p, nil
	}
	if why := f.grave(c.place, w.progress.desired, min(high, w.progress.desired), 0); why != "" {
		p.Grade, p.Details = integrations.GradeDanger, append(p.Details, why)
	}
	p.Details = append(p.Details, hpaEffect(w.progress.desired, low, high))
	p.Command = o.command("patch", o.ref(), "--type=merge", "-p", fmt.Sprintf(`'{"spec":{"minReplicas":%d,"maxReplicas":%d}}'`, low, high))
	p.Checks = slices.Concat(s.open, c.cluster.ownership(ctx, u), c.cluster.may(ctx, o.access("patch", "")),
		[]integrations.Check{o.rehearse(ctx, "", hpaOps(u, low, high, "dry run"))})
	return p, nil
}

func (p place) hpaObject(name string) object {
	return object{resource: autoscalers, cluster: p.cluster, namespace: p.namespace, name: name}
}

func wantedBounds(a integrations.Args, h *scaling.HorizontalPodAutoscaler) (low, high int32, err error) {
	low, high = least(h), h.Spec.MaxReplicas
	if back, _ := a["back"].(bool); back {
		l, _ := a["min"].(int64)
		h, _ := a["max"].(int64)
		if l < 0 || h < 1 || l > h || h > math.MaxInt32 {
			return 0, 0, &integrations.Rejected{Code: "E24", Why: "These are no counts that an autoscaler had.", Fix: "Leave out `back`."}
		}
		return int32(l), int32(h), nil
	}
	if n, ok := a["min"].(int64); ok {
		low = int32(max(-1, min(n, math.MaxInt32)))
	}
	if n, ok := a["max"].(int64); ok {
		high = int32(max(-1, min(n, math.MaxInt32)))
	}
	if low < 1 && low != least(h) || high < 1 || low > high || high > max(mostReplicas, h.Spec.MaxReplicas) {
		return 0, 0, &integrations.Rejected{Code: "E24", Why: fmt.Sprintf("An autoscaler goes from at least 1 to at most %d, the least first.", mostReplicas), Fix: "Give `min` and `max`; now it is " + bounds(h) + "."}
	}
	return low, high, nil
}

// hpaEffect is what the bounds do at once.
func hpaEffect(now, low, high int32) string {
	switch {
	case now == 0:
		return "the count is 0, so the autoscaler is off; nothing moves"
	case now < low:
		return fmt.Sprintf("it goes from %d to at least %d at once", now, low)
	case now > high:
		return fmt.Sprintf("it goes from %d to %d at once", now, high)
	}
	return "the count does not move at once"
}

func hpaOps(u *unstructured.Unstructured, low, high int32, mark string) []operation {
	return append([]operation{{Op: "add", Path: "/spec/minReplicas", Value: low}, {Op: "add", Path: "/spec/maxReplicas", Value: high}},
		annotate(u.GetAnnotations(), map[string]string{stepKey: mark})...)
}

func boundsOf(u *unstructured.Unstructured) (low, high string) {
	l, there, _ := unstructured.NestedInt64(u.Object, "spec", "minReplicas")
	if !there {
		l = 1
	}
	h, _, _ := unstructured.NestedInt64(u.Object, "spec", "maxReplicas")
	return strconv.FormatInt(l, 10), strconv.FormatInt(h, 10)
}

func (f *fleet) applyHPA(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	o, err := f.objectOf(ctx, autoscalers, p.Record)
	if err != nil {
		return integrations.Receipt{}, err
	}
	low, lowErr := strconv.ParseInt(p.Record[keySetMin], 10, 32)
	high, highErr := strconv.ParseInt(p.Record[keySetMax], 10, 32)
	if lowErr != nil || highErr != nil || p.Target != o.id() {
		return integrations.Receipt{}, &integrations.Rejected{Code: "E24", Why: "The plan does not say what it sets.", Fix: "Make a new preview."}
	}
	t := turn{
		object: o,
		ops: func(u *unstructured.Unstructured) ([]operation, error) {
			return hpaOps(u, int32(low), int32(high), mark(p)), nil
		},
		pre: func(u *unstructured.Unstructured) map[string]string {
			l, h := boundsOf(u)
			return map[string]string{keyUID: string(u.GetUID()), keyMin: l, keyMax: h}
		},
	}
	if err := t.apply(ctx, p, keep); err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: fmt.Sprintf("the autoscaler %s goes from %d to %d", o.name, low, high)}, nil
}

func (f *fleet) probeHPA(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	o, err := f.objectOf(ctx, autoscalers, p.Record)
	if err != nil {
		return integrations.Evidence{}, err
	}
	return o.standing(ctx, p, func(u *unstructured.Unstructured) (bool, string) {
		low, high := boundsOf(u)
		return low == p.Record[keySetMin] && high == p.Record[keySetMax], "the autoscaler " + o.name + " goes from " + low + " to " + high
	})
}

func (f *fleet) undoHPA(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
	v := r.Values
	o, err := f.objectOf(ctx, autoscalers, v)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := o.get(ctx)
	if isNotFound(err) {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: "the autoscaler " + o.name + " is gone"}
	}
	if err != nil {
		return integrations.Plan{}, err
	}
	low, high := boundsOf(u)
	if (low != v[keySetMin] || high != v[keySetMax]) && (low != v[keyMin] || high != v[keyMax]) {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("the autoscaler %s goes from %s to %s now%s, not from %s to %s as this step left it", o.name, low, high, byWhom(u), v[keySetMin], v[keySetMax])}
	}
	again := recorded(v)
	again["back"] = true
	for key, param := range map[string]string{keyMin: "min", keyMax: "max"} {
		n, err := strconv.ParseInt(v[key], 10, 32)
		if err != nil {
			return integrations.Plan{}, &integrations.Rejected{Code: "E15", Why: "What the autoscaler had before was not recorded.", Fix: "Use k8s.set_hpa."}
		}
		again[param] = n
	}
	return f.planHPA(ctx, again)
}
