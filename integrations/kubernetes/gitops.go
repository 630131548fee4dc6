package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// Where the tools leave their name on what they keep.
const (
	argoTracking = "argocd.argoproj.io/tracking-id"
	argoInstance = "app.kubernetes.io/instance"
	fluxKustom   = "kustomize.toolkit.fluxcd.io/"
	fluxHelm     = "helm.toolkit.fluxcd.io/"
)

// What a pause leaves on what it pauses, so that a resume needs nothing else.
const (
	automatedKey = "mayday.dev/automated"       // the sync policy that was taken out, as JSON
	pausedAtKey  = "mayday.dev/paused-revision" // what Git was at then
)

// gitSync is what keeps an object as Git says.
type gitSync struct {
	object
	tool string // "Argo CD", "Flux"
	u    *unstructured.Unstructured
}

func (g gitSync) found() bool { return g.u != nil }

// by names it: "Argo CD (shop)".
func (g gitSync) by() string {
	if g.tool == "" {
		return "Argo CD or Flux"
	}
	return g.tool + " (" + shown(g.name, 60) + ")"
}

func (g gitSync) argo() bool { return g.plural == applications.plural }

// gitOf finds what keeps an object as Git says; nothing when nothing does. When
// there is an error, the name is known but what it does is not.
func (c *cluster) gitOf(ctx context.Context, obj metav1.Object) (gitSync, error) {
	g, sure := c.gitNamed(obj)
	if g.tool == "" {
		return g, nil
	}
	has, err := c.has(ctx, g.resource)
	if err != nil {
		return g, err
	}
	switch {
	case !has && sure:
		return g, g.elsewhere()
	case !has:
		return gitSync{}, nil
	}
	g.resource = c.preferred(ctx, g.resource)
	u, err := g.get(ctx)
	switch {
	case err == nil:
		g.u = u
		return g, nil
	case isNotFound(err) && !sure:
		return gitSync{}, nil
	}
	return g, err
}

// elsewhere is the answer where the marks are certain and the tool runs in another
// cluster, which Mayday does not see.
func (g gitSync) elsewhere() *integrations.Rejected {
	return &integrations.Rejected{
		Code: "E8", Why: g.by() + " keeps it from another cluster, so its sync cannot be looked at or paused from here.", Fix: "Pause it there.", Err: errElsewhere,
	}
}

var errElsewhere = errors.New("kept from another cluster")

// gitNamed reads the marks. sure is false for a label that charts set as well.
func (c *cluster) gitNamed(obj metav1.Object) (g gitSync, sure bool) {
	labels := obj.GetLabels()
	for prefix, r := range map[string]resource{fluxKustom: kustomizations, fluxHelm: helmReleases} {
		if name, ns := labels[prefix+"name"], labels[prefix+"namespace"]; name != "" && ns != "" {
			return gitSync{tool: "Flux", object: object{resource: r, cluster: c, namespace: ns, name: name}}, true
		}
	}
	ns := c.own.ArgoCD
	app, rest, tracked := strings.Cut(obj.GetAnnotations()[argoTracking], ":")
	if !tracked || rest == "" {
		app = labels[argoInstance]
	}
	if before, after, other := strings.Cut(app, "_"); other { // of an application outside of Argo CD's namespace
		ns, app = before, after
	}
	if !goodObject.MatchString(app) || !goodNamespace.MatchString(ns) {
		return gitSync{}, false
	}
	return gitSync{tool: "Argo CD", object: object{resource: applications, cluster: c, namespace: ns, name: app}}, tracked
}

// automated is the automatic sync policy of an Argo CD application; nil when it
// has none.
func (g gitSync) automated() map[string]any {
	m, there, _ := unstructured.NestedMap(g.u.Object, "spec", "syncPolicy", "automated")
	if enabled, said, _ := unstructured.NestedBool(m, "enabled"); !there || said && !enabled {
		return nil
	}
	return m
}

func (g gitSync) automatic() bool {
	if g.argo() {
		return g.automated() != nil
	}
	return !g.suspended()
}

func (g gitSync) suspended() bool {
	on, _, _ := unstructured.NestedBool(g.u.Object, "spec", "suspend")
	return on
}

// paused reports whether it does nothing now that it would do otherwise.
func (g gitSync) paused() bool {
	if g.argo() {
		return g.automated() == nil && g.u.GetAnnotations()[automatedKey] != ""
	}
	return g.suspended()
}

// heals reports whether it puts back what others change.
func (g gitSync) heals() bool {
	if g.argo() {
		on, _, _ := unstructured.NestedBool(g.automated(), "selfHeal")
		return on
	}
	if g.plural == helmReleases.plural {
		mode, _, _ := unstructured.NestedString(g.u.Object, "spec", "driftDetection", "mode")
		return mode == "enabled"
	}
	return true
}

func (g gitSync) soon() string {
	if g.argo() {
		return "within seconds"
	}
	every, _, _ := unstructured.NestedString(g.u.Object, "spec", "interval")
	if every == "" {
		return "at its next interval"
	}
	return "within " + shown(every, 20)
}

// ownedBy is what would put an edit of the sync itself back: the generator of an
// Argo CD application, or the application that it is a part of. "" when nothing.
func (g gitSync) ownedBy() string {
	for _, o := range g.u.GetOwnerReferences() {
		if o.Kind == "ApplicationSet" {
			return "ApplicationSet " + shown(o.Name, 60)
		}
	}
	if !g.argo() {
		return ""
	}
	app, _, tracked := strings.Cut(g.u.GetAnnotations()[argoTracking], ":")
	if !tracked {
		app = g.u.GetLabels()[argoInstance]
	}
	if app != "" && app != g.name {
		return "Argo CD application " + shown(app, 60)
	}
	return ""
}

// revision is what of Git it has applied or compared last.
func (g gitSync) revision() string {
	path := []string{"status", "lastAppliedRevision"}
	if g.argo() {
		path = []string{"status", "sync", "revision"}
	}
	if g.plural == helmReleases.plural {
		path = []string{"status", "lastAttemptedRevision"}
	}
	rev, _, _ := unstructured.NestedString(g.u.Object, path...)
	return rev
}

// state is the part of the spec that a pause is about, in words.
func (g gitSync) state() string {
	switch {
	case !g.argo():
		return map[bool]string{true: "suspended", false: "reconciling"}[g.suspended()]
	case g.automated() == nil:
		return "no automatic sync"
	case g.heals():
		return "automatic sync that heals itself"
	}
	return "automatic sync"
}

// pauseOps take the automatic sync out and keep it in an annotation.
func (g gitSync) pauseOps(mark string) ([]operation, error) {
	set := map[string]string{stepKey: mark, pausedAtKey: g.revision()}
	if !g.argo() {
		return append([]operation{{Op: "add", Path: "/spec/suspend", Value: true}}, annotate(g.u.GetAnnotations(), set)...), nil
	}
	kept, err := json.Marshal(g.automated())
	if err != nil {
		return nil, fmt.Errorf("keep the sync policy: %w", err)
	}
	set[automatedKey] = string(kept)
	return append([]operation{{Op: "remove", Path: "/spec/syncPolicy/automated"}}, annotate(g.u.GetAnnotations(), set)...), nil
}

// resumeOps put back what a pause took out.
func (g gitSync) resumeOps(mark string) ([]operation, error) {
	set := map[string]string{stepKey: mark, pausedAtKey: "", automatedKey: ""}
	if !g.argo() {
		return append([]operation{{Op: "add", Path: "/spec/suspend", Value: false}}, annotate(g.u.GetAnnotations(), set)...), nil
	}
	kept, err := g.kept()
	if err != nil {
		return nil, err
	}
	list := []operation{{Op: "add", Path: "/spec/syncPolicy/automated", Value: kept}}
	if _, there, _ := unstructured.NestedMap(g.u.Object, "spec", "syncPolicy"); !there {
		list = []operation{{Op: "add", Path: "/spec/syncPolicy", Value: map[string]any{"automated": kept}}}
	}
	return append(list, annotate(g.u.GetAnnotations(), set)...), nil
}

func (g gitSync) kept() (map[string]any, error) {
	kept := map[string]any{}
	text := g.u.GetAnnotations()[automatedKey]
	if text == "" || json.Unmarshal([]byte(text), &kept) != nil {
		return nil, &integrations.Rejected{Code: "E15", Why: "How " + g.by() + " synced before is not kept on it.", Fix: "Turn its automatic sync on by hand."}
	}
	return kept, nil
}
