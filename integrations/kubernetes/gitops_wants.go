package kubernetes

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// wants asks whether Git still wants something else than what runs: then a resume
// would deploy again what was rolled back, and is refused. Where Git moved on but
// still differs, a person has to look; where nobody has compared, it is not known.
func (g gitSync) wants(ctx context.Context, w workload) (integrations.Check, error) {
	if g.argo() {
		return g.argoWants(w)
	}
	return g.fluxWants(ctx, w)
}

func (g gitSync) argoWants(w workload) (integrations.Check, error) {
	status, own := g.compared(w)
	_, changed := author(w.meta)
	at, seen := g.comparedAt()
	switch {
	case status == "" || status == "Unknown":
		return integrations.Check{Text: g.by() + " has not compared Git with what runs", Answer: integrations.Unknown}, nil
	case own == "OutOfSync" && g.unmoved():
		return integrations.Check{}, g.stillWants(g.revision(), "Revert it there, let Argo CD compare, and resume then.")
	case own == "OutOfSync":
		return integrations.Check{Text: "Git moved to " + revText(g.revision()) + " and still wants something else than what runs: look at the difference in Argo CD", Answer: integrations.No, Code: "E8", Override: true}, nil
	case !seen || at.Before(changed):
		return integrations.Check{Text: g.by() + " has not compared since " + w.name + " changed, " + clock(changed, time.Now()), Answer: integrations.Unknown}, nil
	case status == "OutOfSync":
		return integrations.Check{Text: "Git wants " + w.name + " as it runs; other parts of " + g.name + " differ and will be synced", Answer: integrations.Yes}, nil
	}
	return integrations.Check{Text: "Git wants what runs", Answer: integrations.Yes}, nil
}

// compared is what Argo CD says of the application, and of the workload in it.
func (g gitSync) compared(w workload) (status, own string) {
	status, _, _ = unstructured.NestedString(g.u.Object, "status", "sync", "status")
	all, _, _ := unstructured.NestedSlice(g.u.Object, "status", "resources")
	for _, item := range all {
		r, _ := item.(map[string]any)
		kind, _ := r["kind"].(string)
		if k, ok := kindOf(strings.ToLower(kind)); ok && k.word == w.kind.word && r["name"] == w.name && (r["namespace"] == w.namespace || r["namespace"] == nil) {
			own, _ = r["status"].(string)
			return status, own
		}
	}
	return status, status // it says nothing of the workload: what it says of all counts
}

func (g gitSync) comparedAt() (time.Time, bool) {
	text, _, _ := unstructured.NestedString(g.u.Object, "status", "reconciledAt")
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

// unmoved reports whether Git is where it was at the pause; also when that is not
// known.
func (g gitSync) unmoved() bool {
	was := g.u.GetAnnotations()[pausedAtKey]
	return was == "" || was == g.revision()
}

func (g gitSync) stillWants(revision, fix string) error {
	return &integrations.Rejected{
		Code: "E8", Why: "Git (" + revText(revision) + ") still wants what was rolled back: to resume " + g.by() + " would deploy it again.", Fix: fix,
	}
}

// revText is a revision as people recognise it.
func revText(rev string) string {
	if rev == "" {
		return "its revision is not known"
	}
	if at := strings.LastIndexAny(rev, ":/"); at >= 0 && len(rev)-at > 30 {
		rev = rev[:at+8+1]
	}
	if len(rev) == 40 {
		rev = rev[:8]
	}
	return shown(rev, 40)
}

// fluxManagers write what Flux applies.
var fluxManagers = []string{"kustomize-controller", "helm-controller"}

func (g gitSync) fluxWants(ctx context.Context, w workload) (integrations.Check, error) {
	who, at := touchedSince(w.meta, fluxManagers)
	if who == "" {
		return integrations.Check{Text: "nobody but Flux changed the template of " + w.name, Answer: integrations.Yes}, nil
	}
	source, err := g.sourceRevision(ctx)
	applied := g.revision()
	if err == nil && source != "" && source != applied {
		return integrations.Check{Text: "Git moved to " + revText(source) + " since; whether it still wants what was rolled back is not known", Answer: integrations.No, Code: "E8", Override: true}, nil
	}
	return integrations.Check{}, g.stillWants(applied, "The template was changed by "+who+", "+clock(at, time.Now())+". Revert it in Git, and resume when Flux has fetched that.")
}

// restartOnly reports whether a manager wrote nothing of the template but when it was
// restarted: Git wants nothing else because of that.
func restartOnly(fields []byte) bool {
	var set struct {
		Spec struct {
			Template map[string]json.RawMessage `json:"f:template"`
		} `json:"f:spec"`
	}
	var meta, annotations map[string]json.RawMessage
	if json.Unmarshal(fields, &set) != nil || !alone(set.Spec.Template, "f:metadata") || json.Unmarshal(set.Spec.Template["f:metadata"], &meta) != nil {
		return false
	}
	return alone(meta, "f:annotations") && json.Unmarshal(meta["f:annotations"], &annotations) == nil && alone(annotations, "f:"+restartedKey)
}

// alone reports whether a set of fields holds that one.
func alone(fields map[string]json.RawMessage, name string) bool {
	_, has := fields[name]
	_, self := fields["."]
	return has && (len(fields) == 1 || self && len(fields) == 2)
}

// touchedSince is who changed the template after those managers did.
func touchedSince(meta metav1.ObjectMeta, managers []string) (who string, at time.Time) {
	template := func(m metav1.ManagedFieldsEntry) bool {
		return m.FieldsV1 != nil && strings.Contains(string(m.FieldsV1.Raw), `"f:template"`) && !restartOnly(m.FieldsV1.Raw)
	}
	_, theirs := lastBy(meta, func(m metav1.ManagedFieldsEntry) bool { return template(m) && slices.Contains(managers, m.Manager) })
	who, at = lastBy(meta, func(m metav1.ManagedFieldsEntry) bool { return template(m) && !slices.Contains(managers, m.Manager) })
	if at.Before(theirs) {
		return "", at
	}
	return who, at
}

// sourceRevision is what Flux has fetched last for a kustomization.
func (g gitSync) sourceRevision(ctx context.Context) (string, error) {
	kind, _, _ := unstructured.NestedString(g.u.Object, "spec", "sourceRef", "kind")
	name, _, _ := unstructured.NestedString(g.u.Object, "spec", "sourceRef", "name")
	ns, _, _ := unstructured.NestedString(g.u.Object, "spec", "sourceRef", "namespace")
	plural := map[string]string{"GitRepository": "gitrepositories", "OCIRepository": "ocirepositories", "Bucket": "buckets"}[kind]
	if plural == "" {
		return "", nil
	}
	if ns == "" {
		ns = g.namespace
	}
	r := g.cluster.preferred(ctx, resource{group: "source.toolkit.fluxcd.io", version: "v1", plural: plural, short: plural, word: "Flux source"})
	u, err := object{resource: r, cluster: g.cluster, namespace: ns, name: name}.get(ctx)
	if err != nil {
		return "", err
	}
	rev, _, _ := unstructured.NestedString(u.Object, "status", "artifact", "revision")
	return rev, nil
}
