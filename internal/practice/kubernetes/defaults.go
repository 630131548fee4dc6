package kubernetes

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// standard sets a value that nobody gave.
func standard[T any](to **T, value T) {
	if *to == nil {
		*to = &value
	}
}

func usual[T comparable](to *T, value T) {
	var nothing T
	if *to == nothing {
		*to = value
	}
}

// fill gives an object the defaults that the real server gives it, as far as a
// reader or a controller here looks at them.
func fill(o Object) {
	switch o := o.(type) {
	case *appsv1.Deployment:
		fillDeployment(&o.Spec)
	case *appsv1.ReplicaSet:
		standard(&o.Spec.Replicas, 1)
		fillPod(&o.Spec.Template.Spec)
	case *appsv1.StatefulSet:
		fillStatefulSet(&o.Spec)
	case *appsv1.DaemonSet:
		standard(&o.Spec.RevisionHistoryLimit, 10)
		usual(&o.Spec.UpdateStrategy.Type, appsv1.RollingUpdateDaemonSetStrategyType)
		if o.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
			standard(&o.Spec.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
			standard(&o.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		}
		fillPod(&o.Spec.Template.Spec)
	case *batchv1.CronJob:
		standard(&o.Spec.Suspend, false)
		usual(&o.Spec.ConcurrencyPolicy, batchv1.AllowConcurrent)
		standard(&o.Spec.SuccessfulJobsHistoryLimit, 3)
		standard(&o.Spec.FailedJobsHistoryLimit, 1)
		fillPod(&o.Spec.JobTemplate.Spec.Template.Spec)
	case *batchv1.Job:
		standard(&o.Spec.Parallelism, 1)
		standard(&o.Spec.Completions, 1)
		standard(&o.Spec.BackoffLimit, 6)
		standard(&o.Spec.Suspend, false)
		fillPod(&o.Spec.Template.Spec)
	case *autoscalingv2.HorizontalPodAutoscaler:
		standard(&o.Spec.MinReplicas, 1)
	case *corev1.Pod:
		fillPod(&o.Spec)
		usual(&o.Status.Phase, corev1.PodPending)
	}
}

func fillDeployment(s *appsv1.DeploymentSpec) {
	standard(&s.Replicas, 1)
	standard(&s.RevisionHistoryLimit, 10)
	standard(&s.ProgressDeadlineSeconds, 600)
	usual(&s.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if s.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		standard(&s.Strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
		standard(&s.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
		standard(&s.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
	}
	fillPod(&s.Template.Spec)
}

func fillStatefulSet(s *appsv1.StatefulSetSpec) {
	standard(&s.Replicas, 1)
	standard(&s.RevisionHistoryLimit, 10)
	usual(&s.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	usual(&s.UpdateStrategy.Type, appsv1.RollingUpdateStatefulSetStrategyType)
	if s.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType {
		standard(&s.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
		standard(&s.UpdateStrategy.RollingUpdate.Partition, 0)
	}
	fillPod(&s.Template.Spec)
}

func fillPod(s *corev1.PodSpec) {
	usual(&s.RestartPolicy, corev1.RestartPolicyAlways)
	usual(&s.DNSPolicy, corev1.DNSClusterFirst)
	usual(&s.SchedulerName, "default-scheduler")
	standard(&s.TerminationGracePeriodSeconds, 30)
	standard(&s.SecurityContext, corev1.PodSecurityContext{})
	for n := range s.Containers {
		c := &s.Containers[n]
		usual(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
		usual(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
		pull := corev1.PullIfNotPresent
		if strings.HasSuffix(c.Image, ":latest") || !strings.Contains(c.Image, ":") {
			pull = corev1.PullAlways
		}
		usual(&c.ImagePullPolicy, pull)
		for p := range c.Ports {
			usual(&c.Ports[p].Protocol, corev1.ProtocolTCP)
		}
	}
}
