package nodes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	podresource "k8s.io/component-helpers/resource"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// retryEvery is how long a pod waits for room before it is looked at again.
const retryEvery = time.Second

// scheduler binds pods to nodes that may have them, in turn. It knows node
// selectors and affinity, cordons, taints and requests, and nothing of
// spreading, priorities or volumes.
type scheduler struct {
	client kubernetes.Interface
	pods   corelisters.PodLister
	nodes  corelisters.NodeLister
	events record.EventRecorder
	queue  queue
	turn   int
	// placed remembers what was bound before the informer tells so.
	placed map[string]*corev1.Pod
}

func newScheduler(client kubernetes.Interface, pods coreinformers.PodInformer, nodes coreinformers.NodeInformer, events record.EventRecorder) *scheduler {
	return &scheduler{
		client: client, pods: pods.Lister(), nodes: nodes.Lister(), events: events,
		queue: newQueue(pods, func(p *corev1.Pod) bool {
			return p.Spec.NodeName == "" && p.DeletionTimestamp == nil && p.Spec.SchedulerName == corev1.DefaultSchedulerName
		}),
		placed: map[string]*corev1.Pod{},
	}
}

// run has one worker, because each decision depends on the last.
func (s *scheduler) run(ctx context.Context) { s.queue.work(ctx, 1, s.sync) }

func (s *scheduler) sync(ctx context.Context, key string) (time.Duration, error) {
	space, name, _ := cache.SplitMetaNamespaceKey(key)
	pod, err := s.pods.Pods(space).Get(name)
	if apierrors.IsNotFound(err) || err == nil && (pod.Spec.NodeName != "" || pod.DeletionTimestamp != nil || len(pod.Spec.SchedulingGates) > 0) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	node, refusals, err := s.choose(pod)
	if err != nil {
		return 0, err
	}
	if node == "" {
		return retryEvery, s.refuse(ctx, pod, refusals)
	}
	err = s.client.CoreV1().Pods(space).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: space, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: node},
	}, metav1.CreateOptions{})
	if err != nil {
		return 0, err
	}
	bound := pod.DeepCopy()
	bound.Spec.NodeName = node
	s.placed[string(pod.UID)] = bound
	s.events.Eventf(pod, corev1.EventTypeNormal, "Scheduled", "Successfully assigned %s to %s", key, node)
	return 0, nil
}

// choose names a node, or says for each why it will not do.
func (s *scheduler) choose(pod *corev1.Pod) (string, []string, error) {
	nodes, err := s.nodes.List(labels.Everything())
	if err != nil {
		return "", nil, err
	}
	all, err := s.pods.List(labels.Everything())
	if err != nil {
		return "", nil, err
	}
	slices.SortFunc(nodes, func(a, b *corev1.Node) int { return strings.Compare(a.Name, b.Name) })
	used := s.used(all)
	s.turn++
	var refusals []string
	for i := range nodes {
		node := nodes[(s.turn+i)%len(nodes)]
		why := refusal(pod, node, used[node.Name])
		if why == "" {
			return node.Name, nil, nil
		}
		refusals = append(refusals, why)
	}
	return "", refusals, nil
}

// used adds up the requests on each node.
func (s *scheduler) used(all []*corev1.Pod) map[string]corev1.ResourceList {
	known := map[string]bool{}
	for _, p := range all {
		known[string(p.UID)] = true
		if p.Spec.NodeName != "" {
			delete(s.placed, string(p.UID))
		}
	}
	for uid, p := range s.placed {
		if !known[uid] {
			delete(s.placed, uid)
			continue
		}
		all = append(all, p)
	}
	used := map[string]corev1.ResourceList{}
	for _, p := range all {
		if p.Spec.NodeName == "" || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		if used[p.Spec.NodeName] == nil {
			used[p.Spec.NodeName] = corev1.ResourceList{}
		}
		add(used[p.Spec.NodeName], requests(p))
	}
	return used
}

func requests(pod *corev1.Pod) corev1.ResourceList {
	return podresource.PodRequests(pod, podresource.PodResourcesOptions{})
}

func add(sum, more corev1.ResourceList) {
	for name, quantity := range more {
		total := sum[name]
		total.Add(quantity)
		sum[name] = total
	}
}

// refusal is the real scheduler's wording, "" when the node will do.
func refusal(pod *corev1.Pod, node *corev1.Node, used corev1.ResourceList) string {
	if behaves(pod, unschedulable) {
		return "Insufficient memory"
	}
	if fits, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node); err != nil || !fits {
		return "node(s) didn't match Pod's node affinity/selector"
	}
	cordon := &corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	if node.Spec.Unschedulable && !corev1helpers.TolerationsTolerateTaint(pod.Spec.Tolerations, cordon) {
		return "node(s) were unschedulable"
	}
	taint, found := corev1helpers.FindMatchingUntoleratedTaint(node.Spec.Taints, pod.Spec.Tolerations, func(t *corev1.Taint) bool {
		return t.Effect != corev1.TaintEffectPreferNoSchedule
	})
	if found {
		return fmt.Sprintf("node(s) had untolerated taint {%s: %s}", taint.Key, taint.Value)
	}
	for name, want := range requests(pod) {
		want.Add(used[name])
		if have := node.Status.Allocatable[name]; want.Cmp(have) > 0 {
			return "Insufficient " + string(name)
		}
	}
	return ""
}

// refuse writes on the pod and in an event that it has to wait.
func (s *scheduler) refuse(ctx context.Context, pod *corev1.Pod, refusals []string) error {
	message := explain(refusals)
	s.events.Event(pod, corev1.EventTypeWarning, "FailedScheduling", message)
	pod = pod.DeepCopy()
	changed := setCondition(&pod.Status, corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message,
	})
	if !changed {
		return nil
	}
	_, err := s.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

func explain(refusals []string) string {
	count := map[string]int{}
	for _, r := range refusals {
		count[r]++
	}
	var parts []string
	for r, n := range count {
		parts = append(parts, fmt.Sprintf("%d %s", n, r))
	}
	slices.Sort(parts)
	n := len(refusals)
	return fmt.Sprintf("0/%d nodes are available: %s. preemption: 0/%d nodes are available: %d No preemption victims found for incoming pod.",
		n, strings.Join(parts, ", "), n, n)
}

// setCondition reports whether anything but the time is new.
func setCondition(status *corev1.PodStatus, want corev1.PodCondition) bool {
	want.LastTransitionTime = metav1.Now()
	for i, have := range status.Conditions {
		if have.Type != want.Type {
			continue
		}
		if have.Status == want.Status && have.Reason == want.Reason && have.Message == want.Message {
			return false
		}
		if have.Status == want.Status {
			want.LastTransitionTime = have.LastTransitionTime
		}
		status.Conditions[i] = want
		return true
	}
	status.Conditions = append(status.Conditions, want)
	return true
}
