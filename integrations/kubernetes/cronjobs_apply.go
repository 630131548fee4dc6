package kubernetes

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// plannedCron are the cron jobs that a plan is about.
func (f *fleet) plannedCron(p integrations.Plan) ([]object, error) {
	c, known := f.clusters[p.Record[keyCluster]]
	names := strings.Split(p.Record[keyCronJobs], ",")
	if !known || p.Record[keyNamespace] == "" || names[0] == "" {
		return nil, &integrations.Rejected{Code: "E24", Why: "The plan names cron jobs that the config does not know now.", Fix: "Make a new preview."}
	}
	var out []object
	for _, name := range names {
		out = append(out, object{resource: cronJobs, cluster: c, namespace: p.Record[keyNamespace], name: name})
	}
	return out, nil
}

// applyCron patches one after the other. All are held against the preview before
// the first is touched. When a later one is refused, that is said in the receipt:
// the ones before it have changed.
func (f *fleet) applyCron(ctx context.Context, s suspending, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	list, err := f.plannedCron(p)
	if err != nil {
		return integrations.Receipt{}, err
	}
	for _, o := range list {
		if _, err := s.turn(o, p).asPlanned(ctx, s.planOf(o, p)); err != nil {
			return integrations.Receipt{}, byHand(err, p.Command)
		}
	}
	var done, left []string
	for _, o := range list {
		err := s.turn(o, p).apply(ctx, s.planOf(o, p), keep)
		_, stale := integrations.AsStale(err)
		_, rejected := integrations.AsRejected(err)
		switch {
		case err == nil:
			done = append(done, o.name)
		case !stale && !rejected:
			return integrations.Receipt{}, err // nobody knows; the probe says which have changed
		case len(done) == 0:
			return integrations.Receipt{}, byHand(err, p.Command)
		default:
			left = append(left, o.name+" ("+strings.TrimSuffix(err.Error(), ".")+")")
		}
	}
	r := integrations.Receipt{Text: joined(done) + " " + s.state(), Values: map[string]string{keyCronJobs: strings.Join(done, ","), keyMark: mark(p)}}
	if len(left) > 0 {
		r.Text += "; not changed: " + joined(left)
	}
	return r, nil
}

// planOf is the part of a plan that is about one of the cron jobs.
func (s suspending) planOf(o object, p integrations.Plan) integrations.Plan {
	p.Pre = map[string]string{keyUID: p.Pre["uid_of_"+o.name], "schedule": p.Pre[o.name]}
	p.Record = map[string]string{keyMarkWas: p.Record["mark_of_"+o.name]}
	return p
}

func (s suspending) turn(o object, p integrations.Plan) turn {
	return turn{
		object: o,
		ops: func(u *unstructured.Unstructured) ([]operation, error) {
			return suspendOps(u, s.suspend, mark(p)), nil
		},
		pre: func(u *unstructured.Unstructured) map[string]string {
			return map[string]string{keyUID: string(u.GetUID()), "schedule": scheduleState(u)}
		},
	}
}

func scheduleState(u *unstructured.Unstructured) string {
	suspended, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend")
	return suspending{suspend: suspended}.state()
}

func (f *fleet) probeCron(ctx context.Context, s suspending, p integrations.Plan) (integrations.Evidence, error) {
	list, err := f.plannedCron(p)
	if err != nil {
		return integrations.Evidence{}, err
	}
	var done, left []string
	unclear := false
	for _, o := range list {
		e, err := o.standing(ctx, s.planOf(o, p), func(u *unstructured.Unstructured) (bool, string) {
			return scheduleState(u) == s.state(), o.name + " is " + scheduleState(u)
		})
		switch {
		case err != nil:
			return integrations.Evidence{}, err
		case e.Settled:
			done = append(done, o.name)
		default:
			left = append(left, e.Text)
			unclear = unclear || e.Applied != integrations.No
		}
	}
	text := joined(left)
	switch {
	case len(left) == 0:
		return integrations.Evidence{Text: joined(done) + " " + s.state(), Applied: integrations.Yes, Settled: true}, nil
	case len(done) > 0:
		text = joined(done) + " " + s.state() + "; " + text
		return integrations.Evidence{Text: text, Applied: integrations.Yes, Wrong: text}, nil
	case unclear:
		return integrations.Evidence{Text: text, Applied: integrations.Unknown, Wrong: text}, nil
	}
	return integrations.Evidence{Text: text, Applied: integrations.No, Wrong: text}, nil
}

// undoCron makes the plan of the other act, for exactly those that this one changed
// and that nobody touched since.
func (f *fleet) undoCron(ctx context.Context, s suspending, r integrations.Receipt) (integrations.Plan, error) {
	v := r.Values
	list, err := f.plannedCron(integrations.Plan{Record: v})
	if err != nil {
		return integrations.Plan{}, err
	}
	var ours []any
	var theirs []string
	for _, o := range list {
		u, err := o.get(ctx)
		switch {
		case err != nil && !isNotFound(err):
			return integrations.Plan{}, err
		case err != nil:
			theirs = append(theirs, o.name+" is gone")
		case !marked(u, v) || scheduleState(u) != s.state():
			theirs = append(theirs, o.name+" is "+scheduleState(u)+" now"+byWhom(u))
		default:
			ours = append(ours, o.name)
		}
	}
	if len(ours) == 0 {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: "nothing of this step is left to take back: " + joined(theirs)}
	}
	again := integrations.Args{"name": v["name"], "only": ours}
	if v[keyTarget] != "" {
		again["target"] = v[keyTarget]
	}
	p, err := f.planCron(ctx, s.other(), again)
	if len(theirs) > 0 && err == nil {
		p.Details = append([]string{"left alone: " + joined(theirs)}, p.Details...)
		p.Details = p.Details[:min(4, len(p.Details))]
	}
	return p, err
}
