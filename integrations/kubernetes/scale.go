package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	apps "k8s.io/api/apps/v1"
	scaling "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

const scaleName = "k8s.scale"

// The keys of a scale's preconditions and record.
const (
	keyHPA    = "autoscaler"
	keyKEDA   = "keda"
	keyPinned = "keda_paused_replicas"
	keyFrozen = "keda_paused"
	keyWanted = "wanted"
	keyWas    = "was"
)

// mostReplicas bounds what can be asked for: a typing error must not order ten
// thousand pods.
const mostReplicas = 500

// scaleSettle is how long pods may take to come or to go, with the minute for
// which zero is watched.
const scaleSettle = 3 * time.Minute

func (f *fleet) scale() integrations.Action {
	return integrations.Action{
		Name: scaleName, Summary: "Set how many pods a workload has, also to zero", Grade: integrations.GradeChange, Version: 1,
		Params: append(slices.Clone(placeParams), integrations.Field{Name: "replicas", Kind: integrations.Int, Required: true, Say: "how many pods; 0 stops it"}),
		Output: []integrations.Field{
			{Name: keyWas, Kind: integrations.Text, Say: "the count before"},
			{Name: keyWanted, Kind: integrations.Text, Say: "the count that was set"},
		},
		Settle: scaleSettle,
		Checks: []string{
			"whether an autoscaler, KEDA or Argo Rollouts decides on the count", "an autoscaler that would overwrite the count is a refusal", "who keeps it as Git or a chart says",
			"rights for exactly this object", "dry run of the very patch",
		},
		Back: "to the count it had; where KEDA was paused, the annotations that were added go",
		Rights: "apps: get on the workload, patch on deployments/scale or statefulsets/scale; list on pods; autoscaling: list on horizontalpodautoscalers; " +
			"with KEDA keda.sh: get, list, patch on scaledobjects; with Argo Rollouts argoproj.io: list on rollouts",
		Plan: f.planScale, Apply: f.applyScale, Probe: f.probeScale, Undo: f.undoScale,
	}
}

func (f *fleet) planScale(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	want, ok := a["replicas"].(int64)
	if !ok || want < 0 || want > mostReplicas {
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: fmt.Sprintf("The count is a whole number from 0 to %d.", mostReplicas), Fix: "Give `replicas`."}
	}
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	if c.kind.resource == daemonSets.resource {
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: c.name + " is a daemon set: it has one pod on each node, and no count.", Fix: "Look with k8s.workloads."}
	}
	w, err := c.inspect(ctx)
	if err != nil {
		return integrations.Plan{}, byHand(err, c.scaleCommand(want))
	}
	return f.planCount(ctx, c, w, int32(want))
}

func (c chosen) scaleCommand(want int64) string {
	return c.command("scale", c.ref(), fmt.Sprintf("--replicas=%d", want))
}

// planCount is the plan for a workload that was read.
func (f *fleet) planCount(ctx context.Context, c chosen, w workload, want int32) (integrations.Plan, error) {
	s := c.scalers(ctx)
	now := w.progress.desired
	p := integrations.Plan{
		Action: scaleName, Version: 1, Grade: integrations.GradeChange, Target: c.id(), Subject: c.subject(), Env: c.cluster.own.Env,
		Credential: "k8s/" + c.cluster.name, Args: c.args(), Pre: s.pre(), Record: c.record(),
		Title: fmt.Sprintf("Scale %s to %d%s", c.subject(), want, c.where()), Many: fmt.Sprintf("Scale %%d workloads to %d%s", want, c.where()),
		From: podsText(now) + " wanted, " + strconv.Itoa(int(w.progress.ready)) + " ready", To: podsText(want),
		Undo: "yes, back to " + podsText(now),
	}
	p.Args["replicas"] = int64(want)
	if p.Next = c.next("scale"); p.Next != nil {
		p.Next.Inputs["replicas"] = strconv.Itoa(int(want))
	}
	p.Pre[keyUID] = string(w.meta.UID)
	p.Record[keyWas], p.Record[keyWanted] = strconv.Itoa(int(now)), strconv.Itoa(int(want))
	if err := s.notByItself(c.name); err != nil {
		return p, err
	}
	if why := f.grave(c.place, now, want, least(s.hpa)); why != "" {
		p.Grade, p.Details = integrations.GradeDanger, append(p.Details, why)
	}
	loses, err := c.losesVolumes(ctx)
	if err != nil {
		return p, err
	}
	if loses && want < now {
		p.Grade, p.Undo, p.NoUndo = integrations.GradeDanger, "", "This cannot be undone: the volumes of the pods that go are deleted with them (whenScaled: Delete)."
	}
	if s.keda != nil {
		return f.planPinned(ctx, c, s, p, want)
	}
	p.Pre[keyReplicas] = strconv.Itoa(int(now))
	if now == want {
		p.Gone = fmt.Sprintf("%s is at %s already", c.subject(), podsText(want))
		return p, nil
	}
	says, err := hpaSays(s.hpa, c.name, now, want)
	if err != nil {
		return p, err
	}
	p.Command = c.scaleCommand(int64(want))
	o := c.object()
	p.Checks = slices.Concat(says, s.open, w.cluster.ownership(ctx, &w.meta), w.cluster.may(ctx, o.access("patch", "scale")),
		[]integrations.Check{o.rehearse(ctx, "scale", countOps(want))})
	return p, nil
}

// countOps change the count. A count of zero is left out by the server, so the
// field is added rather than replaced.
func countOps(want int32) []operation {
	return []operation{{Op: "add", Path: "/spec/replicas", Value: want}}
}

func podsText(n int32) string { return integrations.Count(int(n), "pod", "pods") }

// grave is why a count is a danger: grades follow the effect (INTERACTION, decision
// 2). "" when it is none.
func (f *fleet) grave(p place, now, want, least int32) string {
	switch {
	case !f.serves(p) || want >= now:
		return ""
	case want == 0:
		return "it serves users: with 0 pods nobody is answered"
	case want*2 < now:
		return fmt.Sprintf("it serves users, and %d is less than half of %d", want, now)
	case want < least:
		return fmt.Sprintf("it serves users, and %d is below the least of its autoscaler, %d", want, least)
	}
	return ""
}

// serves reports whether a workload is what a service of the catalogue runs, not
// one of its workers.
func (f *fleet) serves(p place) bool {
	return slices.ContainsFunc(f.services, func(s service) bool {
		return slices.ContainsFunc(s.targets, func(t serviceTarget) bool { return t.id() == p.id() })
	})
}

// hpaSays is what an autoscaler makes of a count. One whose least is above zero is
// off while the count is zero; any other count it overwrites.
func hpaSays(h *scaling.HorizontalPodAutoscaler, name string, now, want int32) ([]integrations.Check, error) {
	switch {
	case h == nil:
		return nil, nil
	case want == 0 && least(h) == 0:
		return nil, &integrations.Rejected{
			Code: "E8", Why: fmt.Sprintf("The autoscaler %s may go down to 0 by itself, so it also brings %s back from 0: a zero by hand does not hold.", bounds(h), name),
			Fix: "First give it a least of 1 with k8s.set_hpa {min: 1}: then it is off while the count is 0.",
		}
	case want == 0:
		return []integrations.Check{{Text: fmt.Sprintf("the autoscaler %s is off while the count is 0; any other count switches it on again", bounds(h)), Answer: integrations.Yes}}, nil
	case now == 0 && least(h) > 0:
		return []integrations.Check{{Text: fmt.Sprintf("the autoscaler %s takes over again from %d", bounds(h), want), Answer: integrations.Yes}}, nil
	}
	return nil, &integrations.Rejected{
		Code: "E8", Why: fmt.Sprintf("The autoscaler %s keeps the count of %s and would overwrite %d within seconds.", bounds(h), name, want),
		Fix: "Change what it may do with k8s.set_hpa {min, max}.",
	}
}

// scaleTurn is how the count of a workload is patched. The server tests the count
// itself rather than the resource version: in the middle of a rollout the status is
// written many times a second, which is no reason to refuse.
func (f *fleet) scaleTurn(at place, want int32) turn {
	return turn{
		object: at.object(), sub: "scale",
		around: func(ctx context.Context) (map[string]string, error) {
			s := at.scalers(ctx)
			return s.pre(), s.notByItself(at.name)
		},
		pre: func(u *unstructured.Unstructured) map[string]string {
			return map[string]string{keyUID: string(u.GetUID()), keyReplicas: strconv.FormatInt(replicasIn(u), 10)}
		},
		tests: func(u *unstructured.Unstructured) []operation {
			if n := replicasIn(u); n > 0 {
				return []operation{{Op: "test", Path: "/metadata/uid", Value: string(u.GetUID())}, {Op: "test", Path: "/spec/replicas", Value: n}}
			}
			return []operation{unmoved(u.GetResourceVersion())} // a count of 0 is left out and cannot be tested
		},
		ops: func(*unstructured.Unstructured) ([]operation, error) { return countOps(want), nil },
	}
}

// replicasIn is the count that a workload asks for.
func replicasIn(u *unstructured.Unstructured) int64 {
	n, there, _ := unstructured.NestedInt64(u.Object, "spec", "replicas")
	if !there {
		return 1
	}
	return n
}

func (f *fleet) applyScale(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	at, want, err := f.scaled(p)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if p.Pre[keyKEDA] != "" {
		return f.pin(ctx, p, at, keep)
	}
	if err := f.scaleTurn(at, want).apply(ctx, p, keep); err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: fmt.Sprintf("%s goes from %s to %s", p.Subject, p.Record[keyWas], podsText(want)), Values: map[string]string{keyWas: p.Record[keyWas], keyWanted: p.Record[keyWanted]}}, nil
}

// scaled reads back what a plan scales, and to how much.
func (f *fleet) scaled(p integrations.Plan) (place, int32, error) {
	at, err := f.placeOf(p.Record)
	if err != nil {
		return at, 0, err
	}
	want, err := strconv.ParseInt(p.Record[keyWanted], 10, 32)
	if err != nil || p.Target != at.id() {
		return at, 0, &integrations.Rejected{Code: "E24", Why: "The plan does not say what it scales.", Fix: "Make a new preview."}
	}
	return at, int32(want), nil
}

// undoScale makes the plan that goes back to the count before. Where KEDA was
// paused, it is the plan that takes the pause away.
func (f *fleet) undoScale(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
	v := r.Values
	at, err := f.placeOf(v)
	if err != nil {
		return integrations.Plan{}, err
	}
	again := f.again(ctx, v, at)
	if v[keyKEDA] != "" {
		return f.undoPin(ctx, v, at, again)
	}
	was, err := strconv.ParseInt(v[keyWas], 10, 32)
	if err != nil {
		return integrations.Plan{}, &integrations.Rejected{Code: "E15", Why: "The count before was not recorded.", Fix: "Use k8s.scale with a count."}
	}
	w, err := at.inspect(ctx)
	if err != nil {
		return integrations.Plan{}, absent(err, at)
	}
	now := strconv.Itoa(int(w.progress.desired))
	woken := v[keyHPA] != "" && now != "0" && v[keyWanted] != "0" // then the autoscaler has gone on from there
	if now != v[keyWanted] && now != v[keyWas] && !woken {
		who, when := countSetBy(w)
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("%s has a count of %s now%s, not %s as this step left it", at.name, now, byAt(who, when), v[keyWanted])}
	}
	maps.Copy(again, integrations.Args{"replicas": was})
	return f.planScale(ctx, again)
}

// countSetBy is who set the count last, and when.
func countSetBy(w workload) (string, time.Time) {
	return lastBy(w.meta, func(m metav1.ManagedFieldsEntry) bool {
		return m.FieldsV1 != nil && strings.Contains(string(m.FieldsV1.Raw), `"f:replicas"`)
	})
}

func byAt(who string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " by " + who + ", " + clock(at, time.Now())
}

// losesVolumes reports whether a stateful set deletes the volumes of pods that it
// scales away.
func (p place) losesVolumes(ctx context.Context) (bool, error) {
	if p.kind.resource != statefulSets.resource {
		return false, nil
	}
	u, err := p.object().get(ctx)
	if err != nil {
		return false, err
	}
	s, err := into[apps.StatefulSet](u)
	if err != nil {
		return false, err
	}
	r := s.Spec.PersistentVolumeClaimRetentionPolicy
	return len(s.Spec.VolumeClaimTemplates) > 0 && r != nil && r.WhenScaled == apps.DeletePersistentVolumeClaimRetentionPolicyType, nil
}
