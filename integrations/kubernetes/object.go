package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"mayday/integrations"
)

// resource is a sort of object that is acted on.
type resource struct {
	group, version string
	plural         string // as the API has it, "cronjobs"
	short          string // as kubectl takes it, "cronjob"
	word           string // as people say it, "cron job"
	everywhere     bool   // it is in no namespace
}

var (
	cronJobs    = resource{group: "batch", version: "v1", plural: "cronjobs", short: "cronjob", word: "cron job"}
	configMaps  = resource{version: "v1", plural: "configmaps", short: "configmap", word: "config map"}
	podObjects  = resource{version: "v1", plural: "pods", short: "pod", word: "pod"}
	nodeObjects = resource{version: "v1", plural: "nodes", short: "node", word: "node", everywhere: true}
	autoscalers = resource{group: "autoscaling", version: "v2", plural: "horizontalpodautoscalers", short: "hpa", word: "autoscaler"}

	// What other people's operators define. The version is the one that the cluster
	// prefers; these are where it does not say.
	scaledObjects  = resource{group: "keda.sh", version: "v1alpha1", plural: "scaledobjects", short: "scaledobject", word: "scaled object"}
	argoRollouts   = resource{group: "argoproj.io", version: "v1alpha1", plural: "rollouts", short: "rollouts.argoproj.io", word: "Argo rollout"}
	applications   = resource{group: "argoproj.io", version: "v1alpha1", plural: "applications", short: "applications.argoproj.io", word: "Argo CD application"}
	kustomizations = resource{group: "kustomize.toolkit.fluxcd.io", version: "v1", plural: "kustomizations", short: "kustomizations.kustomize.toolkit.fluxcd.io", word: "Flux kustomization"}
	helmReleases   = resource{group: "helm.toolkit.fluxcd.io", version: "v2", plural: "helmreleases", short: "helmreleases.helm.toolkit.fluxcd.io", word: "Flux Helm release"}
)

// object is one thing in a cluster.
type object struct {
	resource
	cluster   *cluster
	namespace string
	name      string
}

// object is a workload as a thing among others.
func (p place) object() object {
	return object{resource: resource{group: "apps", version: "v1", plural: p.kind.resource, short: p.kind.short, word: p.kind.word}, cluster: p.cluster, namespace: p.namespace, name: p.name}
}

func (o object) id() string {
	return strings.Join([]string{"k8s", o.cluster.name, o.namespace, o.short, o.name}, "/")
}

func (o object) ref() string { return o.short + "/" + o.name }

// at names it so that it is found again: "prod:shop/cronjob/report".
func (o object) at() string {
	if o.namespace == "" {
		return o.cluster.name + ":" + o.ref()
	}
	return o.cluster.name + ":" + o.namespace + "/" + o.ref()
}

func (o object) access(verb, sub string) access {
	return access{verb: verb, group: o.group, resource: o.plural, sub: sub, namespace: o.namespace, name: o.name}
}

// command is the command by which a person does the same.
func (o object) command(words ...string) string {
	if o.namespace == "" {
		words = append([]string{"kubectl"}, words...)
		if o.cluster.own.Context != "" {
			words = slices.Insert(words, 1, "--context", quoted(o.cluster.own.Context))
		}
		return strings.Join(words, " ")
	}
	return (chosen{place: place{cluster: o.cluster, namespace: o.namespace}}).command(words...)
}

// get reads the object with every field that the server has.
func (o object) get(ctx context.Context) (*unstructured.Unstructured, error) {
	return read(ctx, o.cluster, o.access("get", ""), func(ctx context.Context, k *clients) (*unstructured.Unstructured, error) {
		all := k.custom.Resource(schema.GroupVersionResource{Group: o.group, Version: o.version, Resource: o.plural})
		if o.everywhere {
			return all.Get(ctx, o.name, metav1.GetOptions{})
		}
		return all.Namespace(o.namespace).Get(ctx, o.name, metav1.GetOptions{})
	})
}

// all lists what there is of a resource in a namespace.
func (c *cluster) all(ctx context.Context, r resource, namespace string) ([]unstructured.Unstructured, error) {
	list, err := read(ctx, c, access{verb: "list", group: r.group, resource: r.plural, namespace: namespace},
		func(ctx context.Context, k *clients) (*unstructured.UnstructuredList, error) {
			return k.custom.Resource(schema.GroupVersionResource{Group: r.group, Version: r.version, Resource: r.plural}).Namespace(namespace).List(ctx, metav1.ListOptions{})
		})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// into gives an object its Go type.
func into[T any](u *unstructured.Unstructured) (*T, error) {
	out := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, out); err != nil {
		return nil, fmt.Errorf("read %s %s: %w", u.GetKind(), u.GetName(), err)
	}
	return out, nil
}

// send sends operations as one patch of the object, or of a subresource. first are
// the tests that make the server refuse it when the object has moved; a rehearsal
// has none: a status that moves meanwhile says nothing about whether the change
// would be accepted.
func (o object) send(ctx context.Context, sub string, first, list []operation, dry bool) error {
	if !dry {
		list = slices.Concat(first, list)
	}
	body, err := jsonPatch(list)
	if err != nil {
		return err
	}
	_, err = o.cluster.change(ctx, change{access: o.access("patch", sub), version: o.version, as: types.JSONPatchType, body: body, dry: dry})
	return err
}

// rehearse sends the patch as a dry run.
func (o object) rehearse(ctx context.Context, sub string, list []operation) integrations.Check {
	return rehearsed(o.send(ctx, sub, nil, list, true))
}

// turn is how one object is acted on.
type turn struct {
	object
	sub string // subresource that the patch goes to
	// around reads what else must be as in the preview; nil when that is nothing. It
	// comes first, so that the object itself is read right before the patch.
	around func(ctx context.Context) (map[string]string, error)
	// pre is what of the object must be as in the preview.
	pre func(u *unstructured.Unstructured) map[string]string
	// tests are those by which the server checks once more; unset, the resource version.
	tests func(u *unstructured.Unstructured) []operation
	ops   func(u *unstructured.Unstructured) ([]operation, error)
}

// apply reads the object, holds it against the plan and sends the one patch.
func (t turn) apply(ctx context.Context, p integrations.Plan, keep integrations.Keep) error {
	return attempt[*unstructured.Unstructured]{
		name: t.name,
		look: func() (*unstructured.Unstructured, string, error) {
			u, err := t.asPlanned(ctx, p)
			if err != nil {
				return nil, "", err
			}
			return u, u.GetResourceVersion(), nil
		},
		ops: t.ops,
		send: func(u *unstructured.Unstructured, list []operation) error {
			first := []operation{unmoved(u.GetResourceVersion())}
			if t.tests != nil {
				first = t.tests(u)
			}
			return t.send(ctx, t.sub, first, list, false)
		},
	}.apply(ctx, keep)
}

func (t turn) asPlanned(ctx context.Context, p integrations.Plan) (*unstructured.Unstructured, error) {
	now := map[string]string{}
	if t.around != nil {
		var err error
		if now, err = t.around(ctx); err != nil {
			return nil, err
		}
	}
	u, err := t.get(ctx)
	if isNotFound(err) {
		return nil, &integrations.Stale{Code: "E18", Diff: t.at() + " is gone"}
	}
	if err != nil {
		return nil, err
	}
	maps.Copy(now, t.pre(u))
	if diff := t.difference(u, p.Pre, now); diff != "" {
		return nil, &integrations.Stale{Code: "E10", Diff: diff}
	}
	return u, nil
}

// difference says what is not as the preview saw it, and who did it; "" when all is.
func (o object) difference(u *unstructured.Unstructured, was, now map[string]string) string {
	if was[keyUID] != now[keyUID] {
		return fmt.Sprintf("%s was deleted and made anew, %s", o.name, clock(u.GetCreationTimestamp().Time, time.Now()))
	}
	for _, key := range sortedKeys(now) {
		if was[key] != now[key] {
			return fmt.Sprintf("%s changed while you looked: %s was %s and is %s%s", o.name, strings.ReplaceAll(key, "_", " "), orNone(was[key]), orNone(now[key]), byWhom(u))
		}
	}
	return ""
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return shown(value, 80)
}

// byWhom says who changed an object last, and when: " by ci, 14:12:03 UTC".
func byWhom(u *unstructured.Unstructured) string {
	who, at := lastBy(metav1.ObjectMeta{ManagedFields: u.GetManagedFields()}, func(metav1.ManagedFieldsEntry) bool { return true })
	if at.IsZero() {
		return ""
	}
	return " (by " + who + ", " + clock(at, time.Now()) + ")"
}

// standing is how an act stands whose effect is there with the answer: by our mark,
// which is in the same patch, and by what the object says.
func (o object) standing(ctx context.Context, p integrations.Plan, is func(u *unstructured.Unstructured) (wanted bool, words string)) (integrations.Evidence, error) {
	u, err := o.get(ctx)
	if isNotFound(err) {
		return unsure(o.at() + " is gone"), nil
	}
	if err != nil {
		return integrations.Evidence{}, err
	}
	wanted, words := is(u)
	ours := u.GetAnnotations()[stepKey] == mark(p)
	was, has := p.Record[keyMarkWas]
	switch {
	case p.Pre[keyUID] != "" && string(u.GetUID()) != p.Pre[keyUID]:
		return unsure(o.name + " was deleted and made anew since"), nil
	case ours && wanted:
		return integrations.Evidence{Text: words, Applied: integrations.Yes, Settled: true}, nil
	case ours:
		return integrations.Evidence{Text: words + "; my change was made, and was changed again since" + byWhom(u), Applied: integrations.Yes, Wrong: "it was changed again since" + byWhom(u) + ": " + words}, nil
	case wanted:
		return unsure(words + ", which is what was wanted, without my mark" + byWhom(u)), nil
	case has && u.GetAnnotations()[stepKey] != was:
		return unsure(words + "; another step came after the preview, and may have replaced my mark" + byWhom(u)), nil
	}
	return integrations.Evidence{Text: words + "; nothing of mine is to be seen", Applied: integrations.No}, nil
}

// marked reports whether an object still carries the mark of the act that is to be
// taken back: then nobody's act came after it. Where the answer of the act was lost
// its mark was not kept, and any of ours will do.
func marked(u *unstructured.Unstructured, values map[string]string) bool {
	is := u.GetAnnotations()[stepKey]
	return is != "" && (values[keyMark] == "" || is == values[keyMark])
}

// objectOf reads back which object a plan was made for.
func (f *fleet) objectOf(ctx context.Context, r resource, values map[string]string) (object, error) {
	c, known := f.clusters[values[keyCluster]]
	if !known || values[keyName] == "" {
		return object{}, &integrations.Rejected{Code: "E24", Why: "The plan names something that the config does not know now.", Fix: "Make a new preview."}
	}
	r = c.preferred(ctx, r)
	return object{resource: r, cluster: c, namespace: values[keyNamespace], name: values[keyName]}, nil
}

// record names the object again, for the probe and for the undo.
func (o object) record() map[string]string {
	return map[string]string{keyCluster: o.cluster.name, keyNamespace: o.namespace, keyName: o.name}
}

// outline is what the plans of acts on one object have in common.
func (o object) outline(action string, u *unstructured.Unstructured, args map[string]any) integrations.Plan {
	record := o.record()
	record[keyMarkWas] = u.GetAnnotations()[stepKey]
	return integrations.Plan{
		Action: action, Version: 1, Grade: integrations.GradeChange, Target: o.id(), Subject: o.name,
		Env: o.cluster.own.Env, Credential: "k8s/" + o.cluster.name, Args: args,
		Pre: map[string]string{keyUID: string(u.GetUID())}, Record: record,
	}
}

func (o object) where() string { return (chosen{place: place{cluster: o.cluster}}).where() }

// jsonText is a value as it stands in a command.
func jsonText(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return "'" + strings.ReplaceAll(string(raw), "'", `'\''`) + "'"
}
