package kubernetes

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

func (c *Cluster) delete(one *call) (int, any, error) {
	how, err := one.deleteOptions()
	if err != nil {
		return 0, nil, err
	}
	o, err := c.named(one)
	if err != nil {
		return 0, nil, err
	}
	if err := preconditions(one.kind, o, how.Preconditions); err != nil {
		return 0, nil, err
	}
	if policy := how.PropagationPolicy; policy != nil && *policy == metav1.DeletePropagationOrphan && !one.dryRun {
		c.orphan(o.GetUID())
	}
	if !one.dryRun {
		one.received.Applied = true
		c.vanish(one.kind, o, how.GracePeriodSeconds)
	}
	if pod, ok := o.(*corev1.Pod); ok {
		return http.StatusOK, labelled(one.kind, pod), nil
	}
	return http.StatusOK, metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess,
		Details: &metav1.StatusDetails{Name: o.GetName(), Group: one.kind.group, Kind: one.kind.resource, UID: o.GetUID()},
	}, nil
}

func preconditions(k *kind, o Object, p *metav1.Preconditions) error {
	if p == nil {
		return nil
	}
	differs := func(what string, want, got any) error {
		return apierrors.NewConflict(k.groupResource(), o.GetName(), wording(fmt.Sprintf("Precondition failed: %[1]s in precondition: %[2]v, %[1]s in object meta: %[3]v", what, want, got)))
	}
	if p.UID != nil && *p.UID != o.GetUID() {
		return differs("UID", *p.UID, o.GetUID())
	}
	if p.ResourceVersion != nil && *p.ResourceVersion != o.GetResourceVersion() {
		return differs("ResourceVersion", *p.ResourceVersion, o.GetResourceVersion())
	}
	return nil
}

// orphan lets go of everything that an object owns.
func (c *Cluster) orphan(owner types.UID) {
	for _, k := range kinds {
		for _, o := range c.store.list(k, "") {
			if owned := metav1.GetControllerOf(o); owned != nil && owned.UID == owner {
				free := clone(o)
				free.SetOwnerReferences(slices.DeleteFunc(free.GetOwnerReferences(), func(r metav1.OwnerReference) bool { return r.UID == owner }))
				c.store.put(k, free)
			}
		}
	}
}

// vanish removes an object. A pod that was placed says good-bye first.
func (c *Cluster) vanish(k *kind, o Object, grace *int64) {
	pod, ok := o.(*corev1.Pod)
	if !ok || pod.Spec.NodeName == "" || grace != nil && *grace == 0 {
		c.store.remove(k, o)
		return
	}
	if pod.DeletionTimestamp != nil {
		return
	}
	leaving := clone(pod)
	at := metav1.NewTime(time.Now())
	leaving.DeletionTimestamp = &at
	standard(&leaving.DeletionGracePeriodSeconds, 30)
	c.store.put(k, leaving)
}

// evict deletes a pod unless a disruption budget stands against it.
func (c *Cluster) evict(one *call) (int, any, error) {
	if one.what.verb != "create" {
		return 0, nil, apierrors.NewMethodNotSupported(one.kind.groupResource(), one.what.verb)
	}
	how, err := one.deleteOptions()
	if err != nil {
		return 0, nil, err
	}
	o, err := c.named(one)
	if err != nil {
		return 0, nil, err
	}
	pod, _ := o.(*corev1.Pod)
	if err := preconditions(one.kind, o, how.Preconditions); err != nil {
		return 0, nil, err
	}
	if err := c.protected(pod); err != nil {
		return 0, nil, err
	}
	if !one.dryRun {
		one.received.Applied = true
		c.vanish(one.kind, o, how.GracePeriodSeconds)
	}
	return http.StatusCreated, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess, Code: http.StatusCreated}, nil
}

// protected tells whether a budget forbids that a pod goes.
func (c *Cluster) protected(pod *corev1.Pod) error {
	for _, o := range c.store.list(budgets, pod.Namespace) {
		b, _ := o.(*policyv1.PodDisruptionBudget)
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || !selector.Matches(labels.Set(pod.Labels)) || !ready(pod) {
			continue
		}
		healthy, all := 0, 0
		for _, other := range c.store.list(pods, pod.Namespace) {
			if p, _ := other.(*corev1.Pod); selector.Matches(labels.Set(p.Labels)) {
				all++
				if ready(p) && p.DeletionTimestamp == nil {
					healthy++
				}
			}
		}
		if healthy-1 >= desiredHealthy(b.Spec, all) {
			continue
		}
		refusal := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
		refusal.ErrStatus.Details.Causes = append(refusal.ErrStatus.Details.Causes, metav1.StatusCause{
			Type:    policyv1.DisruptionBudgetCause,
			Message: fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", b.Name, desiredHealthy(b.Spec, all), healthy),
		})
		return refusal
	}
	return nil
}

func desiredHealthy(s policyv1.PodDisruptionBudgetSpec, all int) int {
	if s.MinAvailable != nil {
		return share(s.MinAvailable, all, true)
	}
	return max(0, all-share(s.MaxUnavailable, all, true))
}

// deleteOptions are the body of a delete, and inside the body of an eviction.
func (one *call) deleteOptions() (metav1.DeleteOptions, error) {
	var how metav1.DeleteOptions
	if len(one.body) == 0 {
		return how, nil
	}
	if one.what.sub != "eviction" {
		return how, one.unmarshal(&how)
	}
	var in policyv1.Eviction
	if err := one.unmarshal(&in); err != nil || in.DeleteOptions == nil {
		return how, err
	}
	return *in.DeleteOptions, nil
}
