package kubernetes

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func (c *Cluster) eachReplicaSet() {
	for _, o := range c.store.list(replicaSets, "") {
		if rs, ok := o.(*appsv1.ReplicaSet); ok {
			c.fillUp(rs)
		}
	}
}

// fillUp makes or takes away pods until their number is the one that is wished.
func (c *Cluster) fillUp(rs *appsv1.ReplicaSet) {
	all := c.working(rs)
	for n := len(all); n < int(*rs.Spec.Replicas); n++ {
		all = append(all, c.spawn(rs, replicaSets, rs.Name+"-"+suffix(), rs.Spec.Template, nil))
	}
	slices.SortStableFunc(all, byWorth)
	for len(all) > int(*rs.Spec.Replicas) {
		c.farewell(rs, replicaSets, all[0])
		all = all[1:]
	}
	o := clone(rs)
	o.Status.ObservedGeneration = rs.Generation
	o.Status.Replicas, o.Status.FullyLabeledReplicas = int32(len(all)), int32(len(all))
	o.Status.ReadyReplicas = countReady(all)
	o.Status.AvailableReplicas = o.Status.ReadyReplicas
	c.set(replicaSets, rs, o)
}

// byWorth puts first what is taken away first: what does not work, then the
// youngest.
func byWorth(a, b *corev1.Pod) int {
	worth := func(p *corev1.Pod) int {
		if ready(p) {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(worth(a), worth(b)), b.CreationTimestamp.Compare(a.CreationTimestamp.Time))
}

func (c *Cluster) farewell(owner Object, k *kind, p *corev1.Pod) {
	c.vanish(pods, p, nil)
	c.say(owner, k, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: "+p.Name)
}
