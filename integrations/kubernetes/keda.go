package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

const resumeKedaName = "k8s.resume_keda"

// The two annotations that pause KEDA, on the ScaledObject. Both are set: alone,
// the one let pods bounce (keda#5165), and with the other an autoscaler between 1
// and 1 came back at 0 (keda#7663).
const (
	pinnedKey = "autoscaling.keda.sh/paused-replicas"
	frozenKey = "autoscaling.keda.sh/paused"
)

// planPinned is scaling a workload whose count KEDA decides: KEDA is paused at the
// count.
func (f *fleet) planPinned(ctx context.Context, c chosen, s scalers, p integrations.Plan, want int32) (integrations.Plan, error) {
	o := object{resource: c.cluster.preferred(ctx, scaledObjects), cluster: c.cluster, namespace: c.namespace, name: s.keda.GetName()}
	was := s.keda.GetAnnotations()
	set := pins(strconv.Itoa(int(want)), "true")
	if was[pinnedKey] == set[pinnedKey] && was[frozenKey] == set[frozenKey] && p.Record[keyWas] == p.Record[keyWanted] {
		p.Gone = fmt.Sprintf("%s is paused at %s already", c.subject(), podsText(want))
		return p, nil
	}
	p.Record[keyKEDA], p.Record[keyPinned], p.Record[keyFrozen] = o.name, was[pinnedKey], was[frozenKey]
	p.To = podsText(want) + ", KEDA paused"
	p.Undo = "yes, KEDA decides again (" + kedaBounds(s.keda) + ")"
	if was[pinnedKey] != "" || was[frozenKey] != "" {
		p.Undo = "yes, back to KEDA paused as it was (" + pausedText(was) + ")"
	}
	p.Details = append(p.Details, "KEDA keeps the count (scaled object "+o.name+", "+kedaBounds(s.keda)+"); it is paused by both of its annotations")
	p.Command = o.command("annotate", o.ref(), pinnedKey+"="+set[pinnedKey], frozenKey+"=true", "--overwrite")
	p.Checks = slices.Concat(s.open, c.cluster.ownership(ctx, s.keda), c.cluster.may(ctx, o.access("patch", "")),
		[]integrations.Check{o.rehearse(ctx, "", annotate(was, set))})
	return p, nil
}

func pins(pinned, frozen string) map[string]string {
	return map[string]string{pinnedKey: pinned, frozenKey: frozen}
}

func kedaBounds(u *unstructured.Unstructured) string {
	low, _, _ := unstructured.NestedInt64(u.Object, "spec", "minReplicaCount")
	high, there, _ := unstructured.NestedInt64(u.Object, "spec", "maxReplicaCount")
	if !there {
		high = 100 // what KEDA takes when nothing is said
	}
	return fmt.Sprintf("%d to %d", low, high)
}

func pausedText(annotations map[string]string) string {
	if n := annotations[pinnedKey]; n != "" {
		return "at " + shown(n, 10)
	}
	return "as it stands"
}

// pinTurn is how KEDA's annotations are patched.
func (f *fleet) pinTurn(o object, at place, set map[string]string, mark string) turn {
	return turn{
		object: o,
		ops: func(u *unstructured.Unstructured) ([]operation, error) {
			all := map[string]string{stepKey: mark}
			for k, v := range set {
				all[k] = v
			}
			return annotate(u.GetAnnotations(), all), nil
		},
		around: func(ctx context.Context) (map[string]string, error) {
			w, err := at.inspect(ctx)
			if err != nil {
				return nil, absent(err, at)
			}
			return map[string]string{keyUID: string(w.meta.UID)}, nil
		},
		pre: func(u *unstructured.Unstructured) map[string]string { return scalers{keda: u}.pre() },
	}
}

// pin pauses KEDA at the count.
func (f *fleet) pin(ctx context.Context, p integrations.Plan, at place, keep integrations.Keep) (integrations.Receipt, error) {
	o, err := f.scaledObjectOf(ctx, at, p.Record[keyKEDA])
	if err != nil {
		return integrations.Receipt{}, err
	}
	if err := f.pinTurn(o, at, pins(p.Record[keyWanted], "true"), mark(p)).apply(ctx, p, keep); err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{
		Text:   fmt.Sprintf("KEDA is paused and takes %s from %s to %s", p.Subject, p.Record[keyWas], p.Record[keyWanted]),
		Values: map[string]string{keyWas: p.Record[keyWas], keyWanted: p.Record[keyWanted]},
	}, nil
}

func (f *fleet) scaledObjectOf(ctx context.Context, at place, name string) (object, error) {
	if !goodObject.MatchString(name) {
		return object{}, &integrations.Rejected{Code: "E24", Why: "The plan does not name a scaled object.", Fix: "Make a new preview."}
	}
	return object{resource: at.cluster.preferred(ctx, scaledObjects), cluster: at.cluster, namespace: at.namespace, name: name}, nil
}

// undoPin makes the plan that takes exactly those annotations away that were added,
// and puts back what they were before.
func (f *fleet) undoPin(ctx context.Context, v map[string]string, at place, again integrations.Args) (integrations.Plan, error) {
	u, check := at.scaledObject(ctx)
	switch {
	case check != nil:
		return integrations.Plan{}, &integrations.Rejected{Code: "E15", Why: "Can't undo: " + check.Text + ".", Fix: "Look again."}
	case u == nil || u.GetName() != v[keyKEDA]:
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: "the scaled object " + v[keyKEDA] + " no longer keeps " + at.name}
	}
	now := u.GetAnnotations()
	set, was := pins(v[keyWanted], "true"), pins(v[keyPinned], v[keyFrozen])
	if !samePins(now, set) && !samePins(now, was) {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("KEDA is paused %s now%s, not at %s as this step left it", pausedText(now), byWhom(u), v[keyWanted])}
	}
	again["paused_replicas"], again["paused"] = v[keyPinned], v[keyFrozen]
	return f.planResumeKeda(ctx, again)
}

func samePins(a, b map[string]string) bool {
	return a[pinnedKey] == b[pinnedKey] && a[frozenKey] == b[frozenKey]
}

func (f *fleet) resumeKeda() integrations.Action {
	return integrations.Action{
		Name: resumeKedaName, Summary: "Let KEDA decide on the count of a workload again", Grade: integrations.GradeChange, Version: 1,
		Params: append(slices.Clone(placeParams),
			integrations.Field{Name: "paused_replicas", Kind: integrations.Text, Match: `[0-9]{0,6}`, Say: "what the annotation of that name shall be; unset takes it away"},
			integrations.Field{Name: "paused", Kind: integrations.Text, Match: `[A-Za-z]{0,10}`, Say: "what the annotation of that name shall be; unset takes it away"}),
		Checks: []string{"who keeps it as Git or a chart says", "rights for exactly this object", "dry run of the very patch"},
		Back:   "paused again as it was",
		Rights: "apps: get on the workload; keda.sh: get, list, patch on scaledobjects",
		Plan:   f.planResumeKeda, Apply: f.applyResumeKeda, Probe: f.probeResumeKeda, Undo: f.undoResumeKeda,
	}
}

func (f *fleet) planResumeKeda(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	w, err := c.inspect(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, check := c.scaledObject(ctx)
	if check != nil {
		return integrations.Plan{}, &integrations.Rejected{Code: "E6", Why: check.Text + ".", Fix: "Grant get, list and patch on scaledobjects of keda.sh."}
	}
	if u == nil {
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: "KEDA does not keep the count of " + c.name + ".", Fix: "Use k8s.scale."}
	}
	o := object{resource: c.cluster.preferred(ctx, scaledObjects), cluster: c.cluster, namespace: c.namespace, name: u.GetName()}
	was, set := u.GetAnnotations(), pins(a.Text("paused_replicas"), a.Text("paused"))
	s := scalers{keda: u}
	p := integrations.Plan{
		Action: resumeKedaName, Version: 1, Grade: integrations.GradeChange, Target: c.id(), Subject: c.subject(), Env: c.cluster.own.Env,
		Credential: "k8s/" + c.cluster.name, Args: c.args(), Pre: s.pre(), Record: c.record(),
		Title: "Let KEDA scale " + c.subject() + " again" + c.where(), From: podsText(w.progress.desired) + ", KEDA paused " + pausedText(was),
		To: "KEDA decides: " + kedaBounds(u), Undo: "yes, paused again " + pausedText(was),
	}
	if !samePins(set, pins("", "")) {
		p.Title, p.To = "Pause KEDA for "+c.subject()+" as before"+c.where(), "KEDA paused "+pausedText(set)
	}
	p.Pre[keyUID] = string(w.meta.UID)
	p.Args["paused_replicas"], p.Args["paused"] = set[pinnedKey], set[frozenKey]
	p.Record[keyKEDA], p.Record[keyPinned], p.Record[keyFrozen] = o.name, was[pinnedKey], was[frozenKey]
	p.Record["set_"+keyPinned], p.Record["set_"+keyFrozen] = set[pinnedKey], set[frozenKey]
	if samePins(was, set) {
		p.Gone = "KEDA is not paused by what this would take away"
		return p, nil
	}
	p.Command = o.command(append([]string{"annotate", o.ref(), "--overwrite"}, annotationWords(set)...)...)
	p.Checks = slices.Concat(c.cluster.ownership(ctx, u), c.cluster.may(ctx, o.access("patch", "")), []integrations.Check{o.rehearse(ctx, "", annotate(was, set))})
	return p, nil
}

// annotationWords are annotations as kubectl takes them; an empty one is removed.
func annotationWords(set map[string]string) []string {
	var out []string
	for _, k := range sortedKeys(set) {
		if set[k] == "" {
			out = append(out, k+"-")
			continue
		}
		out = append(out, k+"="+quoted(set[k]))
	}
	return out
}

func (f *fleet) applyResumeKeda(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	at, err := f.placeOf(p.Record)
	if err != nil {
		return integrations.Receipt{}, err
	}
	o, err := f.scaledObjectOf(ctx, at, p.Record[keyKEDA])
	if err != nil {
		return integrations.Receipt{}, err
	}
	set := pins(p.Record["set_"+keyPinned], p.Record["set_"+keyFrozen])
	if err := f.pinTurn(o, at, set, mark(p)).apply(ctx, p, keep); err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: p.Subject + ": " + p.To}, nil
}

func (f *fleet) probeResumeKeda(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	at, err := f.placeOf(p.Record)
	if err != nil {
		return integrations.Evidence{}, err
	}
	o, err := f.scaledObjectOf(ctx, at, p.Record[keyKEDA])
	if err != nil {
		return integrations.Evidence{}, err
	}
	set := pins(p.Record["set_"+keyPinned], p.Record["set_"+keyFrozen])
	p.Pre = nil // the uid in it is the workload's
	return o.standing(ctx, p, func(u *unstructured.Unstructured) (bool, string) {
		now := u.GetAnnotations()
		words := "KEDA decides on the count"
		if !samePins(now, pins("", "")) {
			words = "KEDA is paused " + pausedText(now)
		}
		return samePins(now, set), words
	})
}

func (f *fleet) undoResumeKeda(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
	v := r.Values
	at, err := f.placeOf(v)
	if err != nil {
		return integrations.Plan{}, err
	}
	again := f.again(ctx, v, at)
	again["paused_replicas"], again["paused"] = v[keyPinned], v[keyFrozen]
	u, check := at.scaledObject(ctx)
	switch {
	case check != nil || u == nil:
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: "the scaled object " + v[keyKEDA] + " cannot be found"}
	case !samePins(u.GetAnnotations(), pins(v["set_"+keyPinned], v["set_"+keyFrozen])) && !samePins(u.GetAnnotations(), pins(v[keyPinned], v[keyFrozen])):
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: "KEDA is paused " + pausedText(u.GetAnnotations()) + " now" + byWhom(u)}
	}
	return f.planResumeKeda(ctx, again)
}
