package kubernetes

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// reportDeployment writes the status: the counts, and the two conditions by which
// everybody tells how a rollout goes.
func (c *Cluster) reportDeployment(r *rollout) {
	s := &r.o.Status
	before := r.d.Status
	s.ObservedGeneration = r.d.Generation
	s.Replicas, s.UpdatedReplicas, s.ReadyReplicas = 0, 0, 0
	for _, rs := range append(slices.Clone(r.old), r.current) {
		if rs == nil {
			continue
		}
		all := c.working(rs)
		s.Replicas += int32(len(all))
		s.ReadyReplicas += countReady(all)
		if rs == r.current {
			s.UpdatedReplicas = int32(len(all))
		}
	}
	s.AvailableReplicas = s.ReadyReplicas
	wish := *r.d.Spec.Replicas
	s.UnavailableReplicas = max(0, wish-s.AvailableReplicas)
	_, lack := bounds(r.d)
	switch {
	case int(s.AvailableReplicas) >= int(wish)-lack:
		s.Conditions = condition(s.Conditions, appsv1.DeploymentAvailable, corev1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.", r.at)
	default:
		s.Conditions = condition(s.Conditions, appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", r.at)
	}
	c.reportProgress(r, before)
}

func (c *Cluster) reportProgress(r *rollout, before appsv1.DeploymentStatus) {
	s := &r.o.Status
	now := conditionOf(s.Conditions, appsv1.DeploymentProgressing)
	if r.d.Spec.Paused {
		s.Conditions = progressing(s.Conditions, corev1.ConditionUnknown, "DeploymentPaused", "Deployment is paused", r.at)
		return
	}
	if r.current == nil || r.created {
		return
	}
	if now != nil && now.Reason == "DeploymentPaused" {
		s.Conditions = progressing(s.Conditions, corev1.ConditionUnknown, "DeploymentResumed", "Deployment is resumed", r.at)
		return
	}
	done := now != nil && now.Reason == "NewReplicaSetAvailable" && s.Replicas == s.UpdatedReplicas
	if done {
		return
	}
	wish := *r.d.Spec.Replicas
	moved := s.UpdatedReplicas > before.UpdatedReplicas || s.ReadyReplicas > before.ReadyReplicas || s.AvailableReplicas > before.AvailableReplicas ||
		s.Replicas-s.UpdatedReplicas < before.Replicas-before.UpdatedReplicas
	name := r.current.Name
	switch {
	case s.UpdatedReplicas == wish && s.Replicas == wish && s.AvailableReplicas == wish:
		s.Conditions = progressing(s.Conditions, corev1.ConditionTrue, "NewReplicaSetAvailable", fmt.Sprintf("ReplicaSet %q has successfully progressed.", name), r.at)
	case moved:
		s.Conditions = touched(progressing(s.Conditions, corev1.ConditionTrue, "ReplicaSetUpdated", fmt.Sprintf("ReplicaSet %q is progressing.", name), r.at), r.at)
	case now == nil:
		s.Conditions = progressing(s.Conditions, corev1.ConditionTrue, "FoundNewReplicaSet", fmt.Sprintf("Found new replica set %q", name), r.at)
	case now.Reason == "NewReplicaSetAvailable":
		// A rollout began and nothing has moved yet. The clock of its deadline
		// starts with the first move, as in the real controller.
	case now.Reason != "ProgressDeadlineExceeded":
		c.reportDeadline(r, now)
	}
}

// reportDeadline gives a rollout up that did not move for too long.
func (c *Cluster) reportDeadline(r *rollout, now *appsv1.DeploymentCondition) {
	end := now.LastUpdateTime.Add(time.Duration(*r.d.Spec.ProgressDeadlineSeconds) * time.Second)
	if r.at.Before(end) {
		c.again(end)
		return
	}
	r.o.Status.Conditions = progressing(r.o.Status.Conditions, corev1.ConditionFalse, "ProgressDeadlineExceeded", fmt.Sprintf("ReplicaSet %q has timed out progressing.", r.current.Name), r.at)
}

func conditionOf(all []appsv1.DeploymentCondition, kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	n := slices.IndexFunc(all, func(c appsv1.DeploymentCondition) bool { return c.Type == kind })
	if n < 0 {
		return nil
	}
	return &all[n]
}

func progressing(all []appsv1.DeploymentCondition, status corev1.ConditionStatus, reason, message string, at time.Time) []appsv1.DeploymentCondition {
	return condition(all, appsv1.DeploymentProgressing, status, reason, message, at)
}

// condition says something anew unless it is what was said last.
func condition(all []appsv1.DeploymentCondition, kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string, at time.Time) []appsv1.DeploymentCondition {
	all = slices.Clone(all)
	fresh := appsv1.DeploymentCondition{Type: kind, Status: status, Reason: reason, Message: message, LastUpdateTime: metav1.NewTime(at), LastTransitionTime: metav1.NewTime(at)}
	old := conditionOf(all, kind)
	if old == nil {
		return append(all, fresh)
	}
	if old.Status == status && old.Reason == reason && old.Message == message {
		return all
	}
	if old.Status == status {
		fresh.LastTransitionTime = old.LastTransitionTime
	}
	*old = fresh
	return all
}

// touched notes that a rollout moved again, though there is nothing new to say.
func touched(all []appsv1.DeploymentCondition, at time.Time) []appsv1.DeploymentCondition {
	if p := conditionOf(all, appsv1.DeploymentProgressing); p != nil {
		p.LastUpdateTime = metav1.NewTime(at)
	}
	return all
}
