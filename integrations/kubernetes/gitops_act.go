package kubernetes

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// freezing is one of the two acts on a sync from Git that undo each other.
type freezing struct {
	action, summary, verb, back string
	pause                       bool
}

var (
	freezes = freezing{action: "k8s.pause_gitops", summary: "Stop Argo CD or Flux from putting Git's version of a workload back", verb: "Pause", back: "the sync that it had", pause: true}
	thaws   = freezing{action: "k8s.resume_gitops", summary: "Let Argo CD or Flux sync from Git again", verb: "Resume", back: "paused again"}
)

func (z freezing) other() freezing {
	if z.pause {
		return thaws
	}
	return freezes
}

const (
	keySync = "sync"
	keyTool = "tool" // the resource of the sync, "applications"
)

func (f *fleet) gitActs() []integrations.Action {
	var out []integrations.Action
	for _, z := range []freezing{freezes, thaws} {
		a := integrations.Action{
			Name: z.action, Summary: z.summary, Grade: integrations.GradeChange, Version: 1, Params: placeParams,
			Checks: []string{"what generates the application is named, and is a refusal", "rights for exactly this object", "dry run of the very patch"},
			Back:   z.back,
			Rights: "apps: get on the workload; argoproj.io: get, patch on applications in Argo CD's namespace; kustomize.toolkit.fluxcd.io: get, patch on kustomizations; " +
				"helm.toolkit.fluxcd.io: get, patch on helmreleases; source.toolkit.fluxcd.io: get on gitrepositories",
			Plan: func(ctx context.Context, a integrations.Args) (integrations.Plan, error) { return f.planGit(ctx, z, a) },
			Apply: func(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
				return f.applyGit(ctx, z, p, keep)
			},
			Probe: func(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
				return f.probeGit(ctx, z, p)
			},
			Undo: func(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
				return f.undoGit(ctx, z, r)
			},
		}
		if !z.pause {
			a.Checks = append([]string{"whether Git still wants what was rolled back, which is a refusal"}, a.Checks...)
		}
		out = append(out, a)
	}
	return out
}

func (f *fleet) planGit(ctx context.Context, z freezing, a integrations.Args) (integrations.Plan, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	w, err := c.inspect(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	g, err := c.cluster.gitOf(ctx, &w.meta)
	if err != nil {
		return integrations.Plan{}, err
	}
	if !g.found() {
		return integrations.Plan{
			Action: z.action, Version: 1, Grade: integrations.GradeChange, Target: "git/" + c.id(), Subject: c.subject(), Env: c.cluster.own.Env,
			Title: z.verb + " the sync of " + c.subject() + c.where(), Args: c.args(), Gone: "neither Argo CD nor Flux keeps " + c.subject(),
		}, nil
	}
	p := g.outline(z.action, g.u, c.args())
	p.Subject, p.Title = c.subject(), z.verb+" "+g.by()+" for "+c.subject()+c.where()
	p.From, p.To = g.state(), map[bool]string{true: "paused; Git is not looked at", false: "syncing from Git again"}[z.pause]
	p.Details = []string{"all that " + g.name + " keeps is meant, not only " + c.subject()}
	p.Pre[keySync] = g.state()
	p.Undo = "yes, " + z.back
	record := c.record()
	p.Record[keyService], p.Record[keyTarget], p.Record[keyTool] = record[keyService], record[keyTarget], g.plural
	if z.pause {
		p.Next = c.next("freeze-deploys")
	}
	if already := g.already(z); already != "" {
		p.Gone = already
		return p, nil
	}
	if owner := g.ownedBy(); owner != "" {
		return p, &integrations.Rejected{Code: "E8", Why: g.by() + " is kept by " + owner + ", which ignores or undoes an edit of its sync.", Fix: "Pause it there, or ask who keeps " + owner + "."}
	}
	return p, g.complete(ctx, z, w, &p)
}

// already is why there is nothing to do.
func (g gitSync) already(z freezing) string {
	switch {
	case z.pause && g.paused():
		return "the sync of " + g.by() + " is paused already"
	case z.pause && !g.automatic():
		return g.by() + " syncs only by hand; there is nothing to pause"
	case !z.pause && g.automatic():
		return g.by() + " syncs already"
	}
	return ""
}

// complete adds the checks, and the refusals that need more reading.
func (g gitSync) complete(ctx context.Context, z freezing, w workload, p *integrations.Plan) error {
	list, err := g.ops(z, "dry run")
	if err != nil {
		return err
	}
	if !z.pause {
		check, err := g.wants(ctx, w)
		if err != nil {
			return err
		}
		p.Checks = append(p.Checks, check)
	}
	p.Command = g.byHand(z)
	p.Checks = slices.Concat(p.Checks, g.cluster.may(ctx, g.access("patch", "")), []integrations.Check{g.rehearse(ctx, "", list)})
	return nil
}

func (g gitSync) ops(z freezing, mark string) ([]operation, error) {
	if z.pause {
		return g.pauseOps(mark)
	}
	return g.resumeOps(mark)
}

// byHand says how each shall be, so that it may be repeated.
func (g gitSync) byHand(z freezing) string {
	patch := any(map[string]any{"spec": map[string]any{"suspend": z.pause}})
	if g.argo() {
		var automated any
		if kept, err := g.kept(); !z.pause && err == nil {
			automated = kept
		}
		patch = map[string]any{"spec": map[string]any{"syncPolicy": map[string]any{"automated": automated}}}
	}
	return g.command("patch", g.ref(), "--type=merge", "-p", jsonText(patch))
}

// gitPlanned reads back which sync a plan was made for.
func (f *fleet) gitPlanned(ctx context.Context, values map[string]string) (object, error) {
	for _, r := range []resource{applications, kustomizations, helmReleases} {
		if values[keyTool] == r.plural {
			return f.objectOf(ctx, r, values)
		}
	}
	return object{}, &integrations.Rejected{Code: "E24", Why: "The plan does not say which sync it means.", Fix: "Make a new preview."}
}

func (f *fleet) applyGit(ctx context.Context, z freezing, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	o, err := f.gitPlanned(ctx, p.Record)
	if err != nil {
		return integrations.Receipt{}, err
	}
	t := turn{
		object: o,
		ops: func(u *unstructured.Unstructured) ([]operation, error) {
			return gitSync{object: o, tool: "Git", u: u}.ops(z, mark(p))
		},
		pre: func(u *unstructured.Unstructured) map[string]string {
			g := gitSync{object: o, tool: "Git", u: u}
			return map[string]string{keyUID: string(u.GetUID()), keySync: g.state()}
		},
	}
	if err := t.apply(ctx, p, keep); err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: o.name + ": " + p.To, Values: map[string]string{keyMark: mark(p)}}, nil
}

func (f *fleet) probeGit(ctx context.Context, z freezing, p integrations.Plan) (integrations.Evidence, error) {
	o, err := f.gitPlanned(ctx, p.Record)
	if err != nil {
		return integrations.Evidence{}, err
	}
	return o.standing(ctx, p, func(u *unstructured.Unstructured) (bool, string) {
		g := gitSync{object: o, tool: "Git", u: u}
		return g.automatic() != z.pause, o.name + ": " + g.state()
	})
}

// undoGit makes the plan of the other act. A resume is refused by that plan while
// Git still wants what was rolled back.
func (f *fleet) undoGit(ctx context.Context, z freezing, r integrations.Receipt) (integrations.Plan, error) {
	o, err := f.gitPlanned(ctx, r.Values)
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
	if g := (gitSync{object: o, tool: "Git", u: u}); g.automatic() == z.pause || !marked(u, r.Values) {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: o.name + " has " + g.state() + " now" + byWhom(u) + "; there is nothing to take back"}
	}
	return f.planGit(ctx, z.other(), recorded(r.Values))
}
