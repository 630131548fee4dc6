package kubernetes

import (
	"reflect"
	"slices"

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

var (
	deployments  = &kind{group: "apps", version: "v1", resource: "deployments", kind: "Deployment", singular: "deployment", short: []string{"deploy"}, namespaced: true, subs: []string{scalePart, statusPart}, empty: func() Object { return &appsv1.Deployment{} }}
	replicaSets  = &kind{group: "apps", version: "v1", resource: "replicasets", kind: "ReplicaSet", singular: "replicaset", short: []string{"rs"}, namespaced: true, subs: []string{scalePart, statusPart}, empty: func() Object { return &appsv1.ReplicaSet{} }}
	statefulSets = &kind{group: "apps", version: "v1", resource: "statefulsets", kind: "StatefulSet", singular: "statefulset", short: []string{"sts"}, namespaced: true, subs: []string{scalePart, statusPart}, empty: func() Object { return &appsv1.StatefulSet{} }}
	daemonSets   = &kind{group: "apps", version: "v1", resource: "daemonsets", kind: "DaemonSet", singular: "daemonset", short: []string{"ds"}, namespaced: true, subs: []string{statusPart}, empty: func() Object { return &appsv1.DaemonSet{} }}
	revisions    = &kind{group: "apps", version: "v1", resource: "controllerrevisions", kind: "ControllerRevision", singular: "controllerrevision", namespaced: true, empty: func() Object { return &appsv1.ControllerRevision{} }}
	pods         = &kind{version: "v1", resource: "pods", kind: "Pod", singular: "pod", short: []string{"po"}, namespaced: true, subs: []string{"eviction", "log", statusPart}, empty: func() Object { return &corev1.Pod{} }}
	events       = &kind{version: "v1", resource: "events", kind: "Event", singular: "event", short: []string{"ev"}, namespaced: true, empty: func() Object { return &corev1.Event{} }}
	configMaps   = &kind{version: "v1", resource: "configmaps", kind: "ConfigMap", singular: "configmap", short: []string{"cm"}, namespaced: true, empty: func() Object { return &corev1.ConfigMap{} }}
	secrets      = &kind{version: "v1", resource: "secrets", kind: "Secret", singular: "secret", namespaced: true, empty: func() Object { return &corev1.Secret{} }}
	nodes        = &kind{version: "v1", resource: "nodes", kind: "Node", singular: "node", short: []string{"no"}, subs: []string{statusPart}, empty: func() Object { return &corev1.Node{} }}
	namespaces   = &kind{version: "v1", resource: "namespaces", kind: "Namespace", singular: "namespace", short: []string{"ns"}, subs: []string{statusPart}, empty: func() Object { return &corev1.Namespace{} }}
	jobs         = &kind{group: "batch", version: "v1", resource: "jobs", kind: "Job", singular: "job", namespaced: true, subs: []string{statusPart}, empty: func() Object { return &batchv1.Job{} }}
	cronJobs     = &kind{group: "batch", version: "v1", resource: "cronjobs", kind: "CronJob", singular: "cronjob", short: []string{"cj"}, namespaced: true, subs: []string{statusPart}, empty: func() Object { return &batchv1.CronJob{} }}
	autoscalers  = &kind{group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers", kind: "HorizontalPodAutoscaler", singular: "horizontalpodautoscaler", short: []string{"hpa"}, namespaced: true, subs: []string{statusPart}, empty: func() Object { return &autoscalingv2.HorizontalPodAutoscaler{} }}
	budgets      = &kind{group: "policy", version: "v1", resource: "poddisruptionbudgets", kind: "PodDisruptionBudget", singular: "poddisruptionbudget", short: []string{"pdb"}, namespaced: true, subs: []string{statusPart}, empty: func() Object { return &policyv1.PodDisruptionBudget{} }}
)

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
