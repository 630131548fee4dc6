package kubernetes

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

const rollbackName = "k8s.rollback"

// The keys of a rollback's own preconditions and record.
const (
	keyToObject = "to_object" // what keeps the template that is rolled back to
	keyToUID    = "to_uid"
	keyToPrint  = "to_template"
	keyBroken   = "broken" // pods that are deleted with it, NAME=UID

	keyWasID    = "was_id" // the revision that ran before, by its id
	keyWasRev   = "was_revision"
	keyWasPrint = "was_template"
	keyToRev    = "to_revision"
	keyToImages = "to_images"
	keyToCause  = "to_cause"
)

func (f *fleet) rollback() integrations.Action {
	return integrations.Action{
		Name: rollbackName, Summary: "Put a workload back to an earlier template", Grade: integrations.GradeChange, Version: 1,
		Params: append(append([]integrations.Field{}, placeParams...), integrations.Field{
			Name: "to", Kind: integrations.Text, Say: "a revision: its number, its image or its id; unset is the newest one that does not run now",
		}),
		Output: []integrations.Field{
			{Name: "image", Kind: integrations.Text, Say: "what it runs afterwards"},
			{Name: "was", Kind: integrations.Text, Say: "what it ran before"},
		},
		Settle: rolloutSettle,
		Checks: []string{
			"how long the template ran before", "what keeps the template is still there", "whether the registry still has the image: not asked",
			"migrations in between: only where the service says none", "nobody else is changing it", "config maps that do not roll back with it, or are gone",
			"who keeps it as Git or a chart says", "rights for exactly this object", "dry run of the very patch",
		},
		Back:   "to the image it had, by another rollback",
		Rights: "apps: get, patch on the workload; list on replicasets, controllerrevisions; list on pods; delete on pods for a stuck stateful set",
		Plan:   f.planRollback, Apply: f.applyRollback, Probe: f.probeRollback, Undo: f.undoRollback,
	}
}

// planRollback reads everything there is to know, and says what will happen.
func (f *fleet) planRollback(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := f.planBack(ctx, c, a.Text("to"))
	return p, byHand(err, c.command("rollout", "history", c.ref()))
}

func (f *fleet) planBack(ctx context.Context, c chosen, want string) (integrations.Plan, error) {
	s, err := c.survey(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	to, err := s.pick(want)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := c.outline(rollbackName, s.workload)
	if err != nil {
		return p, err
	}
	p.Args["to"] = to.id
	s.describe(&p, c, to)
	if to.shape.print == p.Pre[keyTemplate] {
		p.Gone = c.subject() + " runs " + to.words() + " already"
		return p, nil
	}
	if s.paused {
		return p, &integrations.Rejected{Code: "E8", Why: "The rollout of " + c.subject() + " is paused: nothing would happen before it is resumed.", Fix: "Resume it first with k8s.resume_rollout."}
	}
	p.Checks = c.backChecks(ctx, s, to)
	return p, nil
}

// pick chooses the revision to go back to. Numbers move forward with every
// rollback, ids stay; an image may have run in several, the newest counts.
func (s situation) pick(want string) (revision, error) {
	for _, r := range s.revisions {
		switch {
		case want == "" && !r.current && r.number > 0:
			return r, nil
		case want != "" && (r.id == want || strconv.FormatInt(r.number, 10) == want):
			return r, nil
		}
	}
	var held *revision
	for n, r := range s.revisions {
		if want != "" && runs(r.template, want) {
			if !r.current {
				return r, nil
			}
			held = &s.revisions[n]
		}
	}
	switch {
	case held != nil:
		return *held, nil
	case want == "":
		return revision{}, &integrations.Rejected{
			Code: "E7", Why: s.name + " has only one revision (history limit " + s.limit() + ").", Fix: "There is nothing to roll back to; a flag or the scale may help.",
		}
	}
	var known []string
	for _, r := range s.revisions {
		known = append(known, fmt.Sprintf("%d (%s)", r.number, images(r.template)))
	}
	return revision{}, &integrations.Rejected{Code: "E7", Why: s.name + " has no revision " + shown(want, 80) + " any more.", Fix: "There is: " + integrations.Clip(joined(known), 300) + "."}
}

// describe fills in what people read.
func (s situation) describe(p *integrations.Plan, c chosen, to revision) {
	now := current(s.revisions)
	from := images(s.template)
	verb := "Roll back "
	if now != nil {
		from = now.name() + ", " + from
		p.Record[keyWasID], p.Record[keyWasRev] = now.id, strconv.FormatInt(now.number, 10)
		if to.first > now.first || to.created.After(now.created) {
			verb = "Roll forward "
		}
	}
	if _, at := author(s.meta); !at.IsZero() {
		from += ", since " + clock(at, s.at)
	}
	p.Title, p.From, p.To = verb+c.subject()+c.where(), from, to.words()+", "+ageText(s.at.Sub(to.created))+" ago"
	if to.ranKnown {
		p.To += ", ran " + ageText(to.ran)
	}
	p.Pre[keyToObject], p.Pre[keyToUID], p.Pre[keyToPrint] = to.object, to.uid, to.shape.print
	p.Record[keyUID], p.Record[keyToPrint] = p.Pre[keyUID], to.shape.print
	p.Record[keyWasPrint], p.Record[keyToRev], p.Record[keyToImages], p.Record[keyToCause] = p.Pre[keyTemplate], strconv.FormatInt(to.number, 10), images(to.template), to.cause
	p.Command = c.command("rollout", "undo", c.ref(), "--to-revision="+strconv.FormatInt(to.number, 10))
	p.Grade, p.Undo = s.grade(), "yes, back to "+images(s.template)
	if now == nil {
		p.Undo, p.NoUndo = "", "This cannot be undone: what runs now is kept by no revision."
	}
	p.Details = s.details(p, to)
	p.Next = c.next("rollback")
}

// details are the lines of the preview beside from and to, at most 4.
func (s situation) details(p *integrations.Plan, to revision) []string {
	var out []string
	if broken := s.stuckPods(to); len(broken) > 0 {
		var names, ids []string
		for _, pod := range broken {
			names, ids = append(names, pod.Name), append(ids, pod.Name+"="+string(pod.UID))
		}
		p.Pre[keyBroken] = strings.Join(ids, ",")
		out = append(out, "deleted with it, being stuck on a broken revision: "+joined(names))
		for _, pod := range broken { // by its uid: the pod that comes after it has the same name
			o := object{resource: podObjects, cluster: s.cluster, namespace: s.namespace, name: pod.Name}
			p.Command += " && " + o.endCommand(ending{}, pod.UID)
		}
	}
	if s.onDelete {
		out = append(out, "its strategy is OnDelete: each pod keeps the old template until somebody deletes it")
	} else {
		out = append(out, s.podsText()+", "+s.surge)
	}
	if s.progress.partition > 0 {
		out = append(out, fmt.Sprintf("partition %d: pods below that number keep their template", s.progress.partition))
	}
	if lines := differences(s.template, to.template); len(lines) > 0 {
		out = append(out, "changes "+integrations.Clip(strings.Join(lines, "; "), 240))
	}
	return out[:min(4, len(out))]
}

// narrow is how many pods an act may exchange and still be a change; more are a
// danger, whatever the verb.
const narrow = 20

func (w workload) grade() integrations.Grade {
	if w.progress.desired > narrow {
		return integrations.GradeDanger
	}
	return integrations.GradeChange
}

func (w workload) podsText() string {
	out := integrations.Count(int(w.progress.desired), "pod", "pods")
	if w.grade() == integrations.GradeDanger {
		out += fmt.Sprintf(" (a danger, being more than %d)", narrow)
	}
	return out
}

// stuckPods are the pods that a rollback has to delete: a stateful set waits for
// its broken pods for ever.
func (s situation) stuckPods(to revision) []core.Pod {
	if s.kind.resource != statefulSets.resource || s.onDelete {
		return nil
	}
	return s.broken(to.id)
}

func (s situation) limit() string {
	if s.historyLimit == nil {
		return "10"
	}
	return strconv.Itoa(int(*s.historyLimit))
}

// command is the command by which a person does the same. Everything in it is a
// name that Kubernetes allows, or quoted.
func (c chosen) command(words ...string) string {
	out := "kubectl"
	if c.cluster.own.Context != "" {
		out += " --context " + quoted(c.cluster.own.Context)
	}
	return out + " -n " + c.namespace + " " + strings.Join(words, " ")
}

func quoted(text string) string {
	if goodName.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
