package kubernetes

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// mostRounds bounds how often the controllers look again at one moment, so that
// two that disagree cannot keep the lock.
const mostRounds = 20

// control runs the controllers whenever something changed or became due.
func (c *Cluster) control(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		changed, wait := c.settleDown(time.Now())
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-timer.C:
		}
	}
}

// settleDown goes round until nothing changes, and tells what to wait for.
func (c *Cluster) settleDown(at time.Time) (changed <-chan struct{}, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range mostRounds {
		version := c.store.version
		c.due = time.Time{}
		c.round(at)
		if c.store.version == version {
			break
		}
	}
	wait = time.Hour
	if !c.due.IsZero() {
		wait = max(time.Millisecond, c.due.Sub(at))
	}
	return c.store.changed, wait
}

// round lets every controller look once, owners before what they own.
func (c *Cluster) round(at time.Time) {
	c.collect()
	c.eachDeployment(at)
	c.eachStatefulSet()
	c.eachDaemonSet()
	c.eachCronJob(at)
	c.eachJob()
	c.eachReplicaSet()
	c.eachPod(at)
	c.eachAutoscaler(at)
}

// again asks for another round at a time.
func (c *Cluster) again(at time.Time) {
	if c.due.IsZero() || at.Before(c.due) {
		c.due = at
	}
}

// set keeps what a controller made of an object, if it made something of it.
func (c *Cluster) set(k *kind, old, o Object) bool {
	if apiequality.Semantic.DeepEqual(old, o) {
		return false
	}
	c.store.put(k, o)
	return true
}

// collect removes what belonged to something that is gone.
func (c *Cluster) collect() {
	alive := map[types.UID]bool{}
	for _, o := range c.store.objects {
		alive[o.GetUID()] = true
	}
	for _, k := range kinds {
		for _, o := range c.store.list(k, "") {
			if owner := metav1.GetControllerOf(o); owner != nil && !alive[owner.UID] {
				c.vanish(k, o, nil)
			}
		}
	}
}

// owned are the objects of a kind that an object controls.
func owned[T Object](c *Cluster, k *kind, owner Object) []T {
	var out []T
	for _, o := range c.store.list(k, owner.GetNamespace()) {
		if one, ok := o.(T); ok && metav1.IsControlledBy(o, owner) {
			out = append(out, one)
		}
	}
	return out
}

// working are the pods of an owner that are neither over nor going.
func (c *Cluster) working(owner Object) []*corev1.Pod {
	var out []*corev1.Pod
	for _, p := range owned[*corev1.Pod](c, pods, owner) {
		if p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodFailed && p.Status.Phase != corev1.PodSucceeded {
			out = append(out, p)
		}
	}
	return out
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func countReady(all []*corev1.Pod) int32 {
	var n int32
	for _, p := range all {
		if ready(p) {
			n++
		}
	}
	return n
}

// spawn makes a pod of a template.
func (c *Cluster) spawn(owner Object, k *kind, name string, t corev1.PodTemplateSpec, more map[string]string) *corev1.Pod {
	p := &corev1.Pod{Spec: *t.Spec.DeepCopy()}
	p.Name, p.Namespace = name, owner.GetNamespace()
	p.Labels, p.Annotations = with(t.Labels, more), with(t.Annotations, nil)
	p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, k.groupVersion().WithKind(k.kind))}
	if c.seeding {
		p.CreationTimestamp = owner.GetCreationTimestamp()
	}
	c.born(pods, p)
	c.say(owner, k, corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: "+p.Name)
	return p
}

// with copies labels and adds to them.
func with(labels, more map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range labels {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// share is a count or a percentage of a total.
func share(of *intstr.IntOrString, total int, up bool) int {
	if of == nil {
		return 0
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(of, total, up)
	if err != nil {
		return 0
	}
	return n
}
