package kubernetes

import (
	"context"
	"fmt"
	"strings"

	"mayday/integrations"
)

// back are the operations of a rollback: the template and nothing else of the
// spec. Annotations that others set stay, unlike with kubectl; the change cause
// is that of the template, because controllers copy it to what keeps the template.
func back(w workload, to shape, cause, mark string) []operation {
	set := map[string]string{stepKey: mark}
	has := w.meta.Annotations[causeKey]
	switch {
	case cause != "" && cause != has:
		set[causeKey] = cause
	case cause == "" && has != "":
		set[causeKey] = "rolled back with Mayday: " + mark
	}
	return append([]operation{{Op: "replace", Path: "/spec/template", Value: to.value}}, annotate(w.meta.Annotations, set)...)
}

// applyRollback checks both ends once more, patches once, and deletes the broken
// pods that the preview named.
func (f *fleet) applyRollback(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	out, err := f.patch(ctx, p, keep, func(w workload) ([]operation, error) {
		to, err := w.kept(ctx, p)
		if err != nil {
			return nil, err
		}
		return back(w, to.shape, p.Record[keyToCause], mark(p)), nil
	})
	if err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	r := integrations.Receipt{
		Text:   fmt.Sprintf("%s goes to the template of rev %s, %s", p.Subject, p.Record[keyToRev], p.Record[keyToImages]),
		Values: map[string]string{"image": p.Record[keyToImages], "was": p.Record[keyImages]},
	}
	if p.Pre[keyBroken] != "" {
		out.heeded(ctx)
		r.Text += "; " + out.deletePods(ctx, p.Pre[keyBroken])
	}
	return r, nil
}

// kept reads what keeps the template that a plan goes back to. It must be the very
// one that the preview showed.
func (w workload) kept(ctx context.Context, p integrations.Plan) (revision, error) {
	name := p.Pre[keyToObject]
	raw, err := read(ctx, w.cluster, access{verb: "get", group: "apps", resource: w.kind.history(), namespace: w.namespace, name: name},
		func(ctx context.Context, k *clients) ([]byte, error) {
			return rawOf(ctx, k.apps.RESTClient().Get().Namespace(w.namespace).Resource(w.kind.history()).Name(name))
		})
	if isNotFound(err) {
		return revision{}, &integrations.Stale{Code: "E10", Diff: "rev " + p.Record[keyToRev] + " of " + w.name + " is gone from its history"}
	}
	if err != nil {
		return revision{}, err
	}
	r, owner, err := w.revisionOf(raw)
	if err != nil {
		return r, fmt.Errorf("read the history of %s: %w", w.ref(), err)
	}
	if r.uid != p.Pre[keyToUID] || r.shape.print != p.Pre[keyToPrint] || owner != p.Pre[keyUID] {
		return r, &integrations.Stale{Code: "E10", Diff: "rev " + p.Record[keyToRev] + " of " + w.name + " is not the template that was shown"}
	}
	return r, nil
}

// deletePods deletes pods, each only if it is still the one that was shown.
func (w workload) deletePods(ctx context.Context, list string) string {
	var done, failed []string
	for _, item := range strings.Split(list, ",") {
		name, uid, _ := strings.Cut(item, "=")
		err := w.cluster.deletePod(ctx, w.namespace, name, uid)
		if err != nil && !isNotFound(err) && !outran(err) { // gone, or another one: that is what was wanted
			w.cluster.log.Warn("a broken pod was not deleted", "pod", name, "cause", err)
			failed = append(failed, name)
			continue
		}
		done = append(done, name)
	}
	var parts []string
	if len(done) > 0 {
		parts = append(parts, "deleted "+joined(done))
	}
	if len(failed) > 0 {
		parts = append(parts, "not deleted, or not known: "+joined(failed)+", delete by hand")
	}
	return strings.Join(parts, "; ")
}

// undoRollback makes the plan that goes back to the template before. It names the
// template by its id, because numbers have moved forward meanwhile.
func (f *fleet) undoRollback(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
	v := r.Values
	at, err := f.placeOf(v)
	if err != nil {
		return integrations.Plan{}, err
	}
	if v[keyWasID] == "" {
		return integrations.Plan{}, &integrations.Rejected{Code: "E15", Why: "What " + at.name + " ran before was kept by no revision.", Fix: "Deploy " + v[keyImages] + " again."}
	}
	s, err := at.survey(ctx)
	if err != nil {
		return integrations.Plan{}, absent(err, at)
	}
	own, err := shapeOf(s.raw)
	if err != nil {
		return integrations.Plan{}, err
	}
	if string(s.meta.UID) != v[keyUID] {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: at.name + " was deleted and made anew since"}
	}
	if set, was := v[keyToPrint], v[keyWasPrint]; own.print != set && own.print != was {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("%s runs %s now%s, not %s as this step left it", at.name, images(s.template), s.by(), v[keyToImages])}
	}
	if _, err := s.pick(v[keyWasID]); err != nil {
		return integrations.Plan{}, &integrations.Rejected{
			Code: "E15", Why: fmt.Sprintf("Can't undo: %s is gone from the history of %s. Current: %s, %s.", v[keyImages], at.name, images(s.template), s.world()), Fix: "Deploy " + v[keyImages] + " again.",
		}
	}
	again := f.again(ctx, v, at)
	again["to"] = v[keyWasID]
	return f.planRollback(ctx, again)
}
