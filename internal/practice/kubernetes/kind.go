package kubernetes

import (
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Object is anything that the cluster keeps.
type Object interface {
	runtime.Object
	metav1.Object
}

// kind is a resource that the API serves.
type kind struct {
	group, version, resource, kind, singular string

	short      []string
	namespaced bool
	subs       []string
	empty      func() Object
}

const statusPart, scalePart = "status", "scale"

// The resources, in the notation that discovery shows: kind, resource and short name.
var (
	deployments  = inApps("Deployment", "deployments", "deploy", func() Object { return &appsv1.Deployment{} }, scalePart, statusPart)
	replicaSets  = inApps("ReplicaSet", "replicasets", "rs", func() Object { return &appsv1.ReplicaSet{} }, scalePart, statusPart)
	statefulSets = inApps("StatefulSet", "statefulsets", "sts", func() Object { return &appsv1.StatefulSet{} }, scalePart, statusPart)
	daemonSets   = inApps("DaemonSet", "daemonsets", "ds", func() Object { return &appsv1.DaemonSet{} }, statusPart)
	revisions    = inApps("ControllerRevision", "controllerrevisions", "", func() Object { return &appsv1.ControllerRevision{} })
	pods         = core("Pod", "pods", "po", func() Object { return &corev1.Pod{} }, "eviction", "log", statusPart)
	events       = core("Event", "events", "ev", func() Object { return &corev1.Event{} })
	configMaps   = core("ConfigMap", "configmaps", "cm", func() Object { return &corev1.ConfigMap{} })
	secrets      = core("Secret", "secrets", "", func() Object { return &corev1.Secret{} })
	nodes        = core("Node", "nodes", "no", func() Object { return &corev1.Node{} }, statusPart).ofCluster()
	namespaces   = core("Namespace", "namespaces", "ns", func() Object { return &corev1.Namespace{} }, statusPart).ofCluster()
	jobs         = newKind("batch", "v1", "Job", "jobs", "", func() Object { return &batchv1.Job{} }, statusPart)
	cronJobs     = newKind("batch", "v1", "CronJob", "cronjobs", "cj", func() Object { return &batchv1.CronJob{} }, statusPart)
	autoscalers  = newKind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa",
		func() Object { return &autoscalingv2.HorizontalPodAutoscaler{} }, statusPart)
	budgets = newKind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb",
		func() Object { return &policyv1.PodDisruptionBudget{} }, statusPart)
)

func newKind(group, version, name, resource, short string, empty func() Object, subs ...string) *kind {
	k := &kind{group: group, version: version, kind: name, resource: resource, singular: strings.ToLower(name), namespaced: true, subs: subs, empty: empty}
	if short != "" {
		k.short = []string{short}
	}
	return k
}

func inApps(name, resource, short string, empty func() Object, subs ...string) *kind {
	return newKind("apps", "v1", name, resource, short, empty, subs...)
}

func core(name, resource, short string, empty func() Object, subs ...string) *kind {
	return newKind("", "v1", name, resource, short, empty, subs...)
}

// ofCluster is a kind that lies in no namespace.
func (k *kind) ofCluster() *kind {
	k.namespaced = false
	return k
}

var kinds = []*kind{
	deployments, replicaSets, statefulSets, daemonSets, revisions,
	pods, events, configMaps, secrets, nodes, namespaces,
	jobs, cronJobs, autoscalers, budgets,
}

func (k *kind) groupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: k.group, Version: k.version}
}

func (k *kind) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: k.group, Resource: k.resource}
}

func (k *kind) groupKind() schema.GroupKind {
	return schema.GroupKind{Group: k.group, Kind: k.kind}
}

// kindOf is the kind of an object, told by its Go type.
func kindOf(o Object) (*kind, bool) {
	n := slices.IndexFunc(kinds, func(k *kind) bool { return reflect.TypeOf(k.empty()) == reflect.TypeOf(o) })
	if n < 0 {
		return nil, false
	}
	return kinds[n], true
}

func findKind(group, version, resource string) (*kind, bool) {
	n := slices.IndexFunc(kinds, func(k *kind) bool { return k.group == group && k.version == version && k.resource == resource })
	if n < 0 {
		return nil, false
	}
	return kinds[n], true
}

// clone is a copy that may be changed; what the store holds never changes.
func clone[T Object](o T) T {
	copied, _ := o.DeepCopyObject().(T)
	return copied
}

// part is the field "Spec" or "Status" of an object; invalid where it has none.
func part(o Object, name string) reflect.Value {
	return reflect.ValueOf(o).Elem().FieldByName(name)
}

// keepPart puts a part of one object into another of the same kind.
func keepPart(from, into Object, name string) {
	if p := part(into, name); p.IsValid() {
		p.Set(part(from, name))
	}
}
