package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	batch "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// suspending is one of the two acts on cron jobs that undo each other.
type suspending struct {
	action, summary, verb, back string
	suspend                     bool // what it leads to
}

var (
	suspends = suspending{action: "k8s.suspend_cronjobs", summary: "Stop cron jobs from starting; jobs that run go on", verb: "Suspend", back: "exactly those that it suspended start again", suspend: true}
	resumed  = suspending{action: "k8s.resume_cronjobs", summary: "Let cron jobs start again", verb: "Resume", back: "exactly those that it resumed are suspended again"}
)

func (s suspending) other() suspending {
	if s.suspend {
		return resumed
	}
	return suspends
}

func (s suspending) state() string {
	if s.suspend {
		return "suspended"
	}
	return "on schedule"
}

const keyCronJobs = "cronjobs" // the names that an act is about, joined with commas

func (f *fleet) cronActs() []integrations.Action {
	var out []integrations.Action
	for _, s := range []suspending{suspends, resumed} {
		out = append(out, integrations.Action{
			Name: s.action, Summary: s.summary, Grade: integrations.GradeChange, Version: 1,
			Params: []integrations.Field{
				{Name: "name", Kind: integrations.Text, Required: true, Say: "a service of the catalogue with all its cron jobs, or one cron job: report, shop/report, prod:shop/report"},
				clusterField, targetField,
				{Name: "only", Kind: integrations.List, Say: "of a service's cron jobs only these"},
			},
			Output: []integrations.Field{{Name: keyCronJobs, Kind: integrations.Text, Say: "the names of those that changed"}},
			Settle: time.Minute,
			Checks: []string{"jobs that run now are named", "how many missed jobs start at once", "who keeps them as Git or a chart says", "rights for exactly these objects", "dry run of the very patches"},
			Back:   s.back, Rights: "batch: get, patch on cronjobs",
			Plan: func(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
				return f.planCron(ctx, s, a)
			},
			Apply: func(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
				return f.applyCron(ctx, s, p, keep)
			},
			Probe: func(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
				return f.probeCron(ctx, s, p)
			},
			Undo: func(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
				return f.undoCron(ctx, s, r)
			},
		})
	}
	return out
}

// cronJob is one as it was read.
type cronJob struct {
	object
	u   *unstructured.Unstructured
	own *batch.CronJob
}

func (c cronJob) suspended() bool { return c.own.Spec.Suspend != nil && *c.own.Spec.Suspend }

// cronSet is what a name means: all cron jobs of a service, or the one.
type cronSet struct {
	subject string
	args    map[string]any // that name the same again
	list    []object
	next    *integrations.Offer
}

func (f *fleet) cronJobs(ctx context.Context, a integrations.Args) (cronSet, error) {
	name := a.Text("name")
	if _, isService := f.named(name); !isService {
		o, err := f.locate(ctx, a, name, cronJobs)
		return cronSet{subject: o.name, args: map[string]any{"name": o.at()}, list: []object{o}}, err
	}
	c, err := f.choose(ctx, integrations.Args{"deployment": name, "cluster": a["cluster"], "target": a["target"]})
	if err != nil {
		return cronSet{}, err
	}
	out := cronSet{subject: name, args: map[string]any{"name": name}, next: c.next("pause-workers")}
	if target, ok := c.args()["target"]; ok {
		out.args["target"] = target
	}
	only, _ := a["only"].([]any)
	if len(only) > 0 {
		out.args["only"], out.next = only, nil
	}
	t, _ := c.target()
	for _, n := range t.cronJobs {
		if len(only) == 0 || slices.Contains(only, any(n)) {
			out.list = append(out.list, object{resource: cronJobs, cluster: c.cluster, namespace: c.namespace, name: n})
		}
	}
	return out, nil
}

func (o object) cronJob(ctx context.Context) (cronJob, error) {
	u, err := o.get(ctx)
	if err != nil {
		return cronJob{}, err
	}
	own, err := into[batch.CronJob](u)
	return cronJob{object: o, u: u, own: own}, err
}

func (f *fleet) planCron(ctx context.Context, s suspending, a integrations.Args) (integrations.Plan, error) {
	set, err := f.cronJobs(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	subject, args, list := set.subject, set.args, set.list
	p := integrations.Plan{Action: s.action, Version: 1, Grade: integrations.GradeChange, Subject: subject, Args: args, Title: s.verb + " the cron jobs of " + subject,
		Pre: map[string]string{}, Record: map[string]string{"name": args["name"].(string)}}
	if target, ok := args["target"].(string); ok {
		p.Record[keyTarget] = target
	}
	if len(list) == 0 {
		p.Gone, p.Target = subject+" names no cron jobs", "k8s//cronjobs/"+subject
		return p, nil
	}
	at := list[0]
	p.Env, p.Credential = at.cluster.own.Env, "k8s/"+at.cluster.name
	p.Target = "k8s/" + at.cluster.name + "/" + at.namespace + "/cronjobs/" + subject
	p.Record[keyCluster], p.Record[keyNamespace] = at.cluster.name, at.namespace
	acted, already, missing, err := sorted(ctx, list, s.suspend)
	if err != nil {
		return p, byHand(err, cronCommand(list, s.suspend))
	}
	if len(acted) == 0 {
		p.Gone = joined(append(slices.Clone(already), missing...)) + ": " + s.state() + " already, or not there"
		return p, nil
	}
	describeCron(&p, s, acted, already, missing)
	if s.suspend {
		p.Next = set.next
	}
	p.Checks = append(p.Checks, cronChecks(ctx, s, acted)...)
	return p, nil
}

// cronChecks are those of each cron job; what is said of several is said once.
func cronChecks(ctx context.Context, s suspending, acted []cronJob) []integrations.Check {
	var kept, rehearsals []integrations.Check
	var rights []access
	for _, c := range acted {
		kept = append(kept, c.cluster.ownership(ctx, c.u)...)
		rights = append(rights, c.access("patch", ""))
		rehearsals = append(rehearsals, c.rehearse(ctx, "", suspendOps(c.u, s.suspend, "dry run")))
	}
	var out []integrations.Check
	for _, c := range slices.Concat(kept, acted[0].cluster.may(ctx, rights...), rehearsals) {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// sorted reads cron jobs and tells those that an act changes from those that are
// so already, and from those that are not there.
func sorted(ctx context.Context, list []object, suspend bool) (acted []cronJob, already, missing []string, err error) {
	for _, o := range list {
		c, err := o.cronJob(ctx)
		switch {
		case isNotFound(err):
			missing = append(missing, o.name)
		case err != nil:
			return nil, nil, nil, err
		case c.suspended() == suspend:
			already = append(already, o.name)
		default:
			acted = append(acted, c)
		}
	}
	return acted, already, missing, nil
}

func describeCron(p *integrations.Plan, s suspending, acted []cronJob, already, missing []string) {
	now := time.Now()
	var names, from, running []string
	var ups []catchUp
	var list []object
	for _, c := range acted {
		names, list = append(names, c.name), append(list, c.object)
		p.Pre["uid_of_"+c.name], p.Pre[c.name] = string(c.u.GetUID()), s.other().state()
		p.Record["mark_of_"+c.name] = c.u.GetAnnotations()[stepKey]
		for _, j := range c.own.Status.Active {
			running = append(running, shown(j.Name, 60))
		}
		from = append(from, c.name+" ("+shown(c.own.Spec.Schedule, 40)+")")
		if s.suspend {
			continue
		}
		up, err := catchUpOf(c.own, now)
		if err != nil {
			p.Checks = append(p.Checks, integrations.Check{Text: "what " + c.name + " missed is not known: its schedule cannot be read", Answer: integrations.Unknown})
			continue
		}
		ups = append(ups, up)
		p.Details = append(p.Details, up.words(c.name, now))
	}
	p.Title = s.verb + " " + joined(names) + acted[0].where()
	p.From, p.To = integrations.Clip(joined(from), 200)+" "+s.other().state(), s.state()
	p.Record[keyCronJobs] = strings.Join(names, ",")
	if !s.suspend {
		p.To += "; " + startText(ups)
	}
	for what, found := range map[string][]string{"run now, and are left running: ": running, s.state() + " already, and left alone: ": already, "not there: ": missing} {
		if len(found) > 0 {
			p.Details = append(p.Details, what+integrations.Clip(joined(found), 160))
		}
	}
	slices.Sort(p.Details[min(len(ups), len(p.Details)):])
	p.Details = p.Details[:min(4, len(p.Details))]
	p.Undo, p.Command = "yes, "+s.back, cronCommand(list, s.suspend)
}

// cronCommand is safe to repeat: it says how each shall be.
func cronCommand(list []object, suspend bool) string {
	var out []string
	for _, o := range list {
		out = append(out, o.command("patch", o.ref(), "--type=merge", "-p", fmt.Sprintf(`'{"spec":{"suspend":%t}}'`, suspend)))
	}
	return strings.Join(out, " && ")
}

// suspendOps mark what we change: an undo tells ours from others by it.
func suspendOps(u *unstructured.Unstructured, suspend bool, mark string) []operation {
	return append([]operation{{Op: "add", Path: "/spec/suspend", Value: suspend}}, annotate(u.GetAnnotations(), map[string]string{stepKey: mark})...)
}
