package kubernetes

import (
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (c *Cluster) eachAutoscaler(at time.Time) {
	for _, o := range c.store.list(autoscalers, "") {
		if h, ok := o.(*autoscalingv2.HorizontalPodAutoscaler); ok {
			c.autoscale(h, at)
		}
	}
}

// autoscale keeps a count between the bounds; there is no load to follow. A
// target at zero switches it off until somebody raises it by hand, unless the
// minimum itself is zero.
func (c *Cluster) autoscale(h *autoscalingv2.HorizontalPodAutoscaler, at time.Time) {
	k, target, ok := c.targetOf(h)
	if !ok {
		return
	}
	wish, is, _ := counted(target)
	have := **wish
	o := clone(h)
	o.Status.ObservedGeneration = &h.Generation
	o.Status.CurrentReplicas, o.Status.DesiredReplicas = is, have
	if have == 0 && *h.Spec.MinReplicas > 0 {
		scalingActive(o, corev1.ConditionFalse, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero", at)
		c.set(autoscalers, h, o)
		return
	}
	scalingActive(o, corev1.ConditionTrue, "ValidMetricFound", "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)", at)
	to := min(max(have, *h.Spec.MinReplicas), h.Spec.MaxReplicas)
	o.Status.DesiredReplicas = to
	if to != have {
		scaled := clone(target)
		n, _, _ := counted(scaled)
		*n = &to
		scaled.SetGeneration(scaled.GetGeneration() + 1)
		c.store.put(k, scaled)
		stamp := metav1.NewTime(at)
		o.Status.LastScaleTime = &stamp
	}
	c.set(autoscalers, h, o)
}

func (c *Cluster) targetOf(h *autoscalingv2.HorizontalPodAutoscaler) (*kind, Object, bool) {
	ref := h.Spec.ScaleTargetRef
	for _, k := range []*kind{deployments, replicaSets, statefulSets} {
		if k.kind != ref.Kind {
			continue
		}
		o, ok := c.store.get(k, h.Namespace, ref.Name)
		return k, o, ok
	}
	return nil, nil, false
}

func scalingActive(h *autoscalingv2.HorizontalPodAutoscaler, status corev1.ConditionStatus, reason, message string, at time.Time) {
	all := slices.Clone(h.Status.Conditions)
	fresh := autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingActive, Status: status, Reason: reason, Message: message, LastTransitionTime: metav1.NewTime(at)}
	n := slices.IndexFunc(all, func(c autoscalingv2.HorizontalPodAutoscalerCondition) bool {
		return c.Type == autoscalingv2.ScalingActive
	})
	switch {
	case n < 0:
		all = append(all, fresh)
	case all[n].Status != status:
		all[n] = fresh
	}
	h.Status.Conditions = all
}
