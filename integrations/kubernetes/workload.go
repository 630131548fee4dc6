package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// workload is a deployment, stateful set or daemon set as it was read.
type workload struct {
	place
	meta     metav1.ObjectMeta
	template core.PodTemplateSpec
	raw      json.RawMessage // the template as the server wrote it, with fields that this build does not know
	spec     string          // print of the whole spec
	selector *metav1.LabelSelector
	paused   bool
	onDelete bool   // its strategy rolls nothing out by itself
	surge    string // how many pods are exchanged at a time, in words
	progress progress

	historyLimit *int32 // how many revisions are kept beside the current one; unset is 10
}

// progress is what a workload's status says about a rollout.
type progress struct {
	generation, observed                         int64
	desired, updated, ready, available, existing int32
	partition                                    int32  // of a stateful set: pods below it keep the old template
	current, update                              string // revisions of a stateful set
	conditions                                   []apps.DeploymentCondition
}

// inspect reads one workload.
func (p place) inspect(ctx context.Context) (workload, error) {
	raw, err := read(ctx, p.cluster, p.access("get"), func(ctx context.Context, k *clients) ([]byte, error) {
		return rawOf(ctx, k.apps.RESTClient().Get().Namespace(p.namespace).Resource(p.kind.resource).Name(p.name))
	})
	if err != nil {
		return workload{}, err
	}
	return p.understand(raw)
}

// understand decodes the answer of the server about a place.
func (p place) understand(raw []byte) (workload, error) {
	template, spec, err := outlineOf(raw)
	if err != nil {
		return workload{}, fmt.Errorf("read %s: %w", p.ref(), err)
	}
	w := workload{place: p, raw: template, spec: printOf(spec)}
	switch p.kind.resource {
	case deployments.resource:
		err = decodeInto(raw, &w, fromDeployment)
	case statefulSets.resource:
		err = decodeInto(raw, &w, fromStatefulSet)
	case daemonSets.resource:
		err = decodeInto(raw, &w, fromDaemonSet)
	}
	if err != nil {
		return workload{}, fmt.Errorf("read %s: %w", p.ref(), err)
	}
	return w, nil
}

func decodeInto[T any](raw []byte, w *workload, take func(*workload, *T)) error {
	var obj T
	if err := json.Unmarshal(raw, &obj); err != nil {
		return err
	}
	take(w, &obj)
	return nil
}

func fromDeployment(w *workload, d *apps.Deployment) {
	w.meta, w.template, w.selector, w.paused = d.ObjectMeta, d.Spec.Template, d.Spec.Selector, d.Spec.Paused
	w.historyLimit = d.Spec.RevisionHistoryLimit
	w.progress = progress{
		generation: d.Generation, observed: d.Status.ObservedGeneration, desired: orOne(d.Spec.Replicas),
		updated: d.Status.UpdatedReplicas, ready: d.Status.ReadyReplicas, available: d.Status.AvailableReplicas,
		existing: d.Status.Replicas, conditions: d.Status.Conditions,
	}
	w.surge = "all at once, with a gap"
	if r := d.Spec.Strategy.RollingUpdate; d.Spec.Strategy.Type == apps.RollingUpdateDeploymentStrategyType && r != nil {
		w.surge = fmt.Sprintf("at most %s more and %s fewer at a time", r.MaxSurge, r.MaxUnavailable)
	}
}

func fromStatefulSet(w *workload, s *apps.StatefulSet) {
	w.meta, w.template, w.selector = s.ObjectMeta, s.Spec.Template, s.Spec.Selector
	w.historyLimit = s.Spec.RevisionHistoryLimit
	w.onDelete = s.Spec.UpdateStrategy.Type == apps.OnDeleteStatefulSetStrategyType
	w.progress = progress{
		generation: s.Generation, observed: s.Status.ObservedGeneration, desired: orOne(s.Spec.Replicas),
		updated: s.Status.UpdatedReplicas, ready: s.Status.ReadyReplicas, available: s.Status.AvailableReplicas,
		existing: s.Status.Replicas, current: s.Status.CurrentRevision, update: s.Status.UpdateRevision,
	}
	w.surge = "one at a time, the last first"
	if r := s.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		w.progress.partition = *r.Partition
	}
}

func fromDaemonSet(w *workload, d *apps.DaemonSet) {
	w.meta, w.template, w.selector = d.ObjectMeta, d.Spec.Template, d.Spec.Selector
	w.historyLimit = d.Spec.RevisionHistoryLimit
	w.onDelete = d.Spec.UpdateStrategy.Type == apps.OnDeleteDaemonSetStrategyType
	w.progress = progress{
		generation: d.Generation, observed: d.Status.ObservedGeneration, desired: d.Status.DesiredNumberScheduled,
		updated: d.Status.UpdatedNumberScheduled, ready: d.Status.NumberReady, available: d.Status.NumberAvailable,
		existing: d.Status.CurrentNumberScheduled,
	}
	w.surge = "node by node"
	if r := d.Spec.UpdateStrategy.RollingUpdate; r != nil && r.MaxUnavailable != nil {
		w.surge = fmt.Sprintf("node by node, at most %s fewer at a time", r.MaxUnavailable)
	}
}

func orOne(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

// picks is the selector of its pods, as a list takes it; "" picks nothing.
func (w workload) picks() (string, error) {
	s, err := metav1.LabelSelectorAsSelector(w.selector)
	if err != nil || s.Empty() {
		return "", fmt.Errorf("read the selector of %s: it picks everything or nothing", w.ref())
	}
	return s.String(), nil
}

// pods are the pods of a workload, those that it controls and nobody else's.
func (w workload) pods(ctx context.Context) ([]core.Pod, error) {
	picks, err := w.picks()
	if err != nil {
		return nil, err
	}
	list, err := read(ctx, w.cluster, access{verb: "list", resource: "pods", namespace: w.namespace},
		func(ctx context.Context, k *clients) (*core.PodList, error) {
			return k.core.Pods(w.namespace).List(ctx, metav1.ListOptions{LabelSelector: picks})
		})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(pod core.Pod) bool { return !w.controls(pod) }), nil
}

// controls reports whether a pod is the workload's own: a selector also picks jobs,
// canaries and whatever else carries the same labels. The pods of a deployment
// belong to its replica sets, which are called after it and the hash of their pods.
func (w workload) controls(pod core.Pod) bool {
	maker := metav1.GetControllerOf(&pod)
	switch {
	case maker == nil:
		return false
	case w.kind.resource == deployments.resource:
		return maker.Kind == "ReplicaSet" && maker.Name == w.name+"-"+pod.Labels[apps.DefaultDeploymentUniqueLabelKey]
	}
	return maker.UID == w.meta.UID
}
