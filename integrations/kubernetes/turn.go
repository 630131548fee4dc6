package kubernetes

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"mayday/integrations"
)

// The keys of a plan's preconditions and record that the acts on a workload share.
const (
	keyUID        = "uid"
	keyGeneration = "generation"
	keySpec       = "spec"     // print of the whole spec
	keyTemplate   = "template" // print of the pod template
	keyReplicas   = "replicas"
	keyPaused     = "paused"

	keyCluster   = "cluster"
	keyNamespace = "namespace"
	keyKind      = "kind"
	keyName      = "name"
	keyService   = "service" // what was asked for, to ask again in an undo
	keyTarget    = "target"
	keyImages    = "images" // what the workload ran before the act
	keyMark      = "mark"   // by which the act is known again on what it changed
	keyMarkWas   = "marked" // what stood there at the preview
)

// rolloutSettle is how long pods may take to be exchanged.
const rolloutSettle = 10 * time.Minute

// pre is what must be the same at the tap (PROMISES rule 8), but for the generation:
// that of a deployment moves with its annotations too, and the controller itself
// sets one. Where it moved, the spec decides.
func (w workload) pre() (map[string]string, error) {
	own, err := shapeOf(w.raw)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		keyUID: string(w.meta.UID), keyGeneration: strconv.FormatInt(w.meta.Generation, 10), keyTemplate: own.print, keySpec: w.spec,
		keyReplicas: strconv.Itoa(int(w.progress.desired)), keyPaused: strconv.FormatBool(w.paused),
	}, nil
}

// record names the place again, for the probe and for the undo.
func (c chosen) record() map[string]string {
	out := map[string]string{keyCluster: c.cluster.name, keyNamespace: c.namespace, keyKind: c.kind.word, keyName: c.name}
	for key, value := range c.args() {
		if text, ok := value.(string); ok {
			out[map[string]string{"deployment": keyService, "target": keyTarget}[key]] = text
		}
	}
	return out
}

// recorded are the arguments that name a recorded place again.
func recorded(values map[string]string) integrations.Args {
	a := integrations.Args{"deployment": values[keyService]}
	if values[keyTarget] != "" {
		a["target"] = values[keyTarget]
	}
	return a
}

// again are the arguments that name a recorded place again, by its service as long
// as the catalogue still leads there, else by itself.
func (f *fleet) again(ctx context.Context, values map[string]string, at place) integrations.Args {
	a := recorded(withPlace(values, at))
	if c, err := f.choose(ctx, a); err != nil || c.id() != at.id() {
		return integrations.Args{"deployment": at.at()}
	}
	return a
}

// withPlace names the very place where no service was named.
func withPlace(values map[string]string, at place) map[string]string {
	if values[keyService] != "" {
		return values
	}
	return map[string]string{keyService: at.at()}
}

// placeOf reads back what a plan was made for.
func (f *fleet) placeOf(values map[string]string) (place, error) {
	c, known := f.clusters[values[keyCluster]]
	k, isKind := kindOf(values[keyKind])
	if !known || !isKind || values[keyName] == "" || values[keyNamespace] == "" {
		return place{}, &integrations.Rejected{Code: "E24", Why: "The plan names a workload that the config does not know now.", Fix: "Make a new preview."}
	}
	return place{cluster: c, namespace: values[keyNamespace], kind: k, name: values[keyName]}, nil
}

// outline is what the plans of acts on a workload have in common.
func (c chosen) outline(action string, w workload) (integrations.Plan, error) {
	pre, err := w.pre()
	if err != nil {
		return integrations.Plan{}, err
	}
	record := c.record()
	record[keyImages] = images(w.template)
	return integrations.Plan{
		Action: action, Version: 1, Grade: integrations.GradeChange, Target: c.id(), Subject: c.subject(),
		Env: c.cluster.own.Env, Credential: "k8s/" + c.cluster.name, Args: c.args(), Pre: pre, Record: record,
	}, nil
}

// where says in which environment and place an act is, for its title.
func (c chosen) where() string {
	if c.service != nil && len(c.service.targets) > 1 {
		return " (" + c.spot() + ")"
	}
	if c.cluster.own.Env == "prod" {
		return " (production)"
	}
	return " (" + c.cluster.own.Env + ")"
}

// mark is how an act of ours is known again in the cluster.
func mark(p integrations.Plan) string {
	if p.Note != "" {
		return shown(p.Note, 200)
	}
	return shown(p.Title, 200)
}

// patch reads the workload, holds it against the plan, and sends the one patch,
// which tests the resource version of that reading.
func (f *fleet) patch(ctx context.Context, p integrations.Plan, keep integrations.Keep, ops func(w workload) ([]operation, error)) (out workload, err error) {
	at, err := f.placeOf(p.Record)
	if err != nil {
		return workload{}, err
	}
	if p.Target != at.id() {
		return workload{}, &integrations.Rejected{Code: "E24", Why: "The plan is for another workload than it says.", Fix: "Make a new preview."}
	}
	err = attempt[workload]{
		name: at.name,
		look: func() (workload, string, error) {
			w, err := at.asPlanned(ctx, p)
			return w, w.meta.ResourceVersion, err
		},
		ops: ops,
		send: func(w workload, list []operation) (err error) {
			out, err = w.send(ctx, list, false)
			return err
		},
	}.apply(ctx, keep)
	return out, err
}

// send sends a patch of operations; the test of the resource version comes first.
func (w workload) send(ctx context.Context, list []operation, dry bool) (workload, error) {
	if !dry { // a rehearsal must not fail because a status moved
		list = append([]operation{unmoved(w.meta.ResourceVersion)}, list...)
	}
	body, err := jsonPatch(list)
	if err != nil {
		return workload{}, err
	}
	raw, err := w.cluster.change(ctx, change{access: w.access("patch"), as: types.JSONPatchType, body: body, dry: dry})
	if err != nil {
		return workload{}, err
	}
	if after, bad := w.understand(raw); bad == nil {
		return after, nil
	}
	return w, nil // accepted is accepted, whatever became of the rest of the answer
}

// asPlanned reads a workload and compares it with what the preview saw.
func (p place) asPlanned(ctx context.Context, plan integrations.Plan) (workload, error) {
	w, err := p.inspect(ctx)
	if err != nil {
		return w, absent(err, p)
	}
	now, err := w.pre()
	if err != nil {
		return w, err
	}
	for key := range now {
		if key != keyGeneration && now[key] != plan.Pre[key] {
			return w, &integrations.Stale{Code: "E10", Diff: w.difference(plan, now)}
		}
	}
	return w, nil
}

// absent makes of "there is none" what it is at the tap: the thing is gone.
func absent(err error, p place) error {
	if isNotFound(err) {
		return &integrations.Stale{Code: "E18", Diff: p.at() + " is gone"}
	}
	return err
}

// difference says what is not as the preview saw it, and who did it.
func (w workload) difference(plan integrations.Plan, now map[string]string) string {
	was := plan.Pre
	switch {
	case now[keyUID] != was[keyUID]:
		return fmt.Sprintf("%s was deleted and made anew, %s", w.name, clock(w.meta.CreationTimestamp.Time, time.Now()))
	case now[keyTemplate] != was[keyTemplate]:
		what := images(w.template)
		if what == plan.Record[keyImages] {
			what += " with another template"
		}
		return fmt.Sprintf("%s changed while you looked (%s%s)", w.name, what, w.by())
	case now[keyPaused] != was[keyPaused]:
		return w.name + map[bool]string{true: " is paused now", false: " is no longer paused"}[w.paused]
	case now[keyReplicas] != was[keyReplicas]:
		return fmt.Sprintf("%s went from %s to %s pods", w.name, was[keyReplicas], now[keyReplicas])
	}
	return w.name + " changed while you looked (its spec, not its pods)"
}

// by says who changed the template last, and when: " by ci, 14:12:03 UTC".
func (w workload) by() string {
	who, at := author(w.meta)
	if at.IsZero() {
		return ""
	}
	return " by " + who + ", " + clock(at, time.Now())
}
