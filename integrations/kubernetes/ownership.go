package kubernetes

import (
	"context"
	"errors"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
)

// ownership says who else keeps an object as they want it, and would put it back:
// Argo CD, Flux, Helm.
func (c *cluster) ownership(ctx context.Context, obj metav1.Object) []integrations.Check {
	g, err := c.gitOf(ctx, obj)
	switch {
	case errors.Is(err, errElsewhere):
		return []integrations.Check{{Text: g.by() + " keeps it from another cluster; whether it puts Git's version back is not known", Answer: integrations.Unknown}}
	case err != nil:
		return []integrations.Check{*notAsked("whether "+g.by()+" would put it back", err)}
	case g.found():
		return []integrations.Check{g.check()}
	}
	return helmCheck(obj)
}

// ownership says who else keeps a workload. A deployment that an Argo Rollout takes
// its template from is never acted on by itself.
func (p place) ownership(ctx context.Context, obj metav1.Object) []integrations.Check {
	out := p.cluster.ownership(ctx, obj)
	name, open := p.argoRollout(ctx)
	switch {
	case open != nil:
		out = append(out, *open)
	case name != "":
		out = append(out, integrations.Check{Text: "Argo Rollouts runs it by the rollout " + shown(name, 60) + "; use k8s.rollout_abort on that", Answer: integrations.No, Code: "E8"})
	}
	return out
}

func helmCheck(obj metav1.Object) []integrations.Check {
	release := obj.GetAnnotations()["meta.helm.sh/release-name"]
	if release == "" && obj.GetLabels()["app.kubernetes.io/managed-by"] != "Helm" && !managedBy(obj, "helm") {
		return nil
	}
	text := "Helm keeps it"
	if release != "" {
		text += " (release " + shown(release, 60) + ")"
	}
	return []integrations.Check{{Text: text + "; the next upgrade puts its own version back", Answer: integrations.Yes}}
}

// check is what a sync from Git means for an act on something that it keeps. One
// that heals itself undoes the act within seconds; a person may go on in spite.
func (g gitSync) check() integrations.Check {
	switch {
	case g.paused():
		text := g.by() + " keeps it; its sync is paused"
		if who := shown(g.u.GetAnnotations()[stepKey], 60); who != "" {
			text += " (" + who + ")"
		}
		return integrations.Check{Text: text, Answer: integrations.Yes}
	case !g.automatic():
		return integrations.Check{Text: g.by() + " keeps it and syncs only by hand; the next sync puts Git's version back", Answer: integrations.Yes}
	case g.heals():
		return integrations.Check{Text: g.by() + " keeps it and puts Git's version back " + g.soon() + "; pause it first with k8s.pause_gitops", Answer: integrations.No, Code: "E8", Override: true}
	}
	return integrations.Check{Text: g.by() + " keeps it; when its next sync puts Git's version back is not known", Answer: integrations.Unknown}
}

// managedBy reports whether a manager of that name wrote fields of the object.
func managedBy(obj metav1.Object, name string) bool {
	for _, m := range obj.GetManagedFields() {
		if strings.EqualFold(m.Manager, name) {
			return true
		}
	}
	return false
}
