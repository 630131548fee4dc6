package nodes

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
)

const kubeletWorkers = 4

// kubelet looks after the pods of all nodes. What a pod says of itself follows
// from its life, which is kept here and not read back.
type kubelet struct {
	client kubernetes.Interface
	pods   corelisters.PodLister
	queue  queue
	events map[string]record.EventRecorder // by node

	mu    sync.Mutex
	lives map[string]*life // by namespace/name
	ips   atomic.Int32
}

// life is one pod's, and only its queue worker touches it.
type life struct {
	uid        types.UID
	ip         string
	began      time.Time
	containers []*container
	killed     time.Time // when the end was asked for
}

func newKubelet(client kubernetes.Interface, pods coreinformers.PodInformer, recorder func(component, host string) record.EventRecorder) *kubelet {
	k := &kubelet{
		client: client, pods: pods.Lister(),
		queue:  newQueue(pods, func(p *corev1.Pod) bool { return p.Spec.NodeName != "" }),
		events: map[string]record.EventRecorder{},
		lives:  map[string]*life{},
	}
	for _, name := range names {
		k.events[name] = recorder("kubelet", name)
	}
	return k
}

func (k *kubelet) run(ctx context.Context) { k.queue.work(ctx, kubeletWorkers, k.sync) }

func (k *kubelet) sync(ctx context.Context, key string) (time.Duration, error) {
	space, name, _ := cache.SplitMetaNamespaceKey(key)
	pod, err := k.pods.Pods(space).Get(name)
	if apierrors.IsNotFound(err) {
		k.forget(key)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	events, ok := k.events[pod.Spec.NodeName]
	if !ok {
		return 0, nil // bound by hand to a node that has no kubelet
	}
	l, isNew := k.life(key, pod)
	if isNew {
		for _, c := range l.containers {
			events.Eventf(pod, corev1.EventTypeNormal, "Pulling", "Pulling image %q", c.spec.Image)
		}
	}
	if pod.DeletionTimestamp != nil {
		return k.end(ctx, pod, l, events)
	}
	var again time.Duration
	for _, c := range l.containers {
		news, wait := c.step(pod, time.Now())
		for _, e := range news {
			events.Event(pod, e.kind, e.reason, e.message)
		}
		if wait > 0 && (again == 0 || wait < again) {
			again = wait
		}
	}
	return again, k.publish(ctx, pod, l)
}

func (k *kubelet) life(key string, pod *corev1.Pod) (*life, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l := k.lives[key]; l != nil && l.uid == pod.UID {
		return l, false
	}
	n := k.ips.Add(1)
	now := time.Now()
	l := &life{uid: pod.UID, began: now, ip: fmt.Sprintf("10.1.%d.%d", n/250%250, n%250+1)}
	for _, spec := range pod.Spec.Containers {
		l.containers = append(l.containers, &container{spec: spec, since: now})
	}
	k.lives[key] = l
	return l, true
}

func (k *kubelet) forget(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.lives, key)
}

// end stops the containers of a pod that is being deleted and then takes the
// pod itself away, which is the kubelet's to do.
func (k *kubelet) end(ctx context.Context, pod *corev1.Pod, l *life, events record.EventRecorder) (time.Duration, error) {
	now := time.Now()
	if l.killed.IsZero() {
		l.killed = now
		for _, c := range l.containers {
			if c.state == running {
				events.Eventf(pod, corev1.EventTypeNormal, "Killing", "Stopping container %s", c.spec.Name)
			}
		}
	}
	var grace time.Duration
	if seconds := pod.DeletionGracePeriodSeconds; seconds != nil {
		grace = time.Duration(*seconds) * time.Second
	}
	due := min(grace, endTakes)
	if behaves(pod, stubborn) {
		due = grace
	}
	if age := now.Sub(l.killed); age < due {
		return due - age, nil
	}
	for _, c := range l.containers {
		c.kill(now)
	}
	if err := k.publish(ctx, pod, l); err != nil && !apierrors.IsNotFound(err) {
		return 0, err
	}
	none := int64(0)
	err := k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &none, Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return 0, nil
	}
	return 0, err
}

// kill is the end from outside.
func (c *container) kill(now time.Time) {
	if c.state == done {
		return
	}
	c.ready = false
	c.final = &corev1.ContainerStateTerminated{ExitCode: 143, Reason: "Error", FinishedAt: metav1.NewTime(now), StartedAt: metav1.NewTime(c.started)}
	if c.state != running {
		c.final = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "ContainerStatusUnknown", Message: "The container could not be located when the pod was terminated"}
	}
	c.enter(done, now)
}

// publish writes the pod's status when it has changed.
func (k *kubelet) publish(ctx context.Context, pod *corev1.Pod, l *life) error {
	next := pod.DeepCopy()
	l.describe(next)
	if equality.Semantic.DeepEqual(pod.Status, next.Status) {
		return nil
	}
	_, err := k.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, next, metav1.UpdateOptions{})
	return err
}
