package kubernetes

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// shift moves pods from the old replica sets to the current one, as far as the
// strategy allows at this moment.
func (c *Cluster) shift(r *rollout) {
	if r.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		c.recreate(r)
		return
	}
	if c.scaleAlone(r) {
		return
	}
	c.growCurrent(r)
	c.shrinkOld(r)
}

// scaleAlone: with nothing old left, the current one simply follows the wish.
func (c *Cluster) scaleAlone(r *rollout) bool {
	for _, rs := range r.old {
		if *rs.Spec.Replicas > 0 {
			return false
		}
	}
	c.resize(r, r.current, int(*r.d.Spec.Replicas))
	return true
}

func (c *Cluster) recreate(r *rollout) {
	left := 0
	for n, rs := range r.old {
		left += len(owned[*corev1.Pod](c, pods, rs))
		r.old[n] = c.resize(r, rs, 0)
	}
	if left == 0 {
		r.current = c.resize(r, r.current, int(*r.d.Spec.Replicas))
	}
}

// growCurrent adds pods of the new template up to the surge.
func (c *Cluster) growCurrent(r *rollout) {
	wish, have := int(*r.d.Spec.Replicas), int(*r.current.Spec.Replicas)
	surge, _ := bounds(r.d)
	total := have
	for _, rs := range r.old {
		total += int(*rs.Spec.Replicas)
	}
	switch {
	case have > wish:
		r.current = c.resize(r, r.current, wish)
	case have < wish && total < wish+surge:
		r.current = c.resize(r, r.current, have+min(wish+surge-total, wish-have))
	}
}

// shrinkOld takes old pods away: first those that do not work, then as many as
// can be spared.
func (c *Cluster) shrinkOld(r *rollout) {
	_, lack := bounds(r.d)
	least := int(*r.d.Spec.Replicas) - lack
	newHave, newWell := int(*r.current.Spec.Replicas), c.well(r.current)
	total, well := newHave, newWell
	for _, rs := range r.old {
		total += int(*rs.Spec.Replicas)
		well += c.well(rs)
	}
	spare := total - least - (newHave - newWell)
	for n, rs := range r.old {
		ill := min(spare, int(*rs.Spec.Replicas)-c.well(rs))
		if ill > 0 {
			r.old[n] = c.resize(r, rs, int(*rs.Spec.Replicas)-ill)
			spare -= ill
		}
	}
	spare = min(spare, well-least)
	for n, rs := range r.old {
		fewer := min(spare, int(*rs.Spec.Replicas))
		if fewer > 0 {
			r.old[n] = c.resize(r, rs, int(*rs.Spec.Replicas)-fewer)
			spare -= fewer
		}
	}
}

// well counts the pods that serve.
func (c *Cluster) well(rs *appsv1.ReplicaSet) int { return int(countReady(c.working(rs))) }

// resize wishes another count of a replica set.
func (c *Cluster) resize(r *rollout, rs *appsv1.ReplicaSet, to int) *appsv1.ReplicaSet {
	o := clone(rs)
	o.Annotations = with(o.Annotations, nil)
	if o.Annotations == nil {
		o.Annotations = map[string]string{}
	}
	c.annotateCounts(r, o)
	was := int(*rs.Spec.Replicas)
	wish := int32(to)
	o.Spec.Replicas = &wish
	if was != to {
		o.Generation++
		how := "up"
		if to < was {
			how = "down"
		}
		c.say(r.d, deployments, corev1.EventTypeNormal, "ScalingReplicaSet", fmt.Sprintf("Scaled %s replica set %s from %d to %d", how, rs.Name, was, to))
	}
	if !c.set(replicaSets, rs, o) {
		return rs
	}
	return o
}

// scalePaused: while paused the count is followed and nothing else.
func (c *Cluster) scalePaused(r *rollout) {
	if r.current != nil {
		c.scaleAlone(r)
		return
	}
	if len(r.old) > 0 {
		last := r.old[len(r.old)-1]
		c.resize(r, last, int(*r.d.Spec.Replicas))
	}
}
