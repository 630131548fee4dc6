package nodes

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// describe writes a life into the pod's status.
func (l *life) describe(pod *corev1.Pod) {
	s := &pod.Status
	began := metav1.NewTime(l.began).Rfc3339Copy() // as stored, or each look would find a difference
	s.StartTime = &began
	s.HostIP, s.HostIPs = "127.0.0.1", []corev1.HostIP{{IP: "127.0.0.1"}}
	s.PodIP, s.PodIPs = l.ip, []corev1.PodIP{{IP: l.ip}}
	s.ContainerStatuses = nil
	for _, c := range l.containers {
		s.ContainerStatuses = append(s.ContainerStatuses, stored(c.status(pod)))
	}
	s.InitContainerStatuses = l.initDone(pod, began)
	s.Phase = l.phase(pod)
	l.conditions(pod)
}

// stored cuts times to the seconds that the API keeps.
func stored(s corev1.ContainerStatus) corev1.ContainerStatus {
	for _, state := range []*corev1.ContainerState{&s.State, &s.LastTerminationState} {
		if state.Running != nil {
			state.Running.StartedAt = state.Running.StartedAt.Rfc3339Copy()
		}
		if state.Terminated != nil {
			ended := *state.Terminated
			ended.StartedAt, ended.FinishedAt = ended.StartedAt.Rfc3339Copy(), ended.FinishedAt.Rfc3339Copy()
			state.Terminated = &ended
		}
	}
	return s
}

// initDone reports init containers as through: they are not acted out.
func (l *life) initDone(pod *corev1.Pod, at metav1.Time) []corev1.ContainerStatus {
	var all []corev1.ContainerStatus
	for _, c := range pod.Spec.InitContainers {
		status := corev1.ContainerStatus{Name: c.Name, Image: c.Image, Ready: true}
		status.State.Terminated = &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: at, FinishedAt: at}
		all = append(all, status)
	}
	return all
}

func (l *life) phase(pod *corev1.Pod) corev1.PodPhase {
	begun, over, failed := true, true, false
	for _, c := range l.containers {
		begun = begun && c.id > 0
		over = over && c.state == done
		failed = failed || c.final != nil && c.final.ExitCode != 0
	}
	switch {
	case over && failed:
		return corev1.PodFailed
	case over:
		return corev1.PodSucceeded
	case begun:
		return corev1.PodRunning
	default:
		return corev1.PodPending
	}
}

func (l *life) conditions(pod *corev1.Pod) {
	s := &pod.Status
	for _, t := range []corev1.PodConditionType{corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodScheduled} {
		setCondition(s, corev1.PodCondition{Type: t, Status: corev1.ConditionTrue})
	}
	ready := corev1.PodCondition{Status: corev1.ConditionTrue}
	var waitsFor []string
	for _, c := range l.containers {
		if !c.ready {
			waitsFor = append(waitsFor, c.spec.Name)
		}
	}
	if len(waitsFor) > 0 {
		ready.Status, ready.Reason = corev1.ConditionFalse, "ContainersNotReady"
		ready.Message = "containers with unready status: [" + strings.Join(waitsFor, " ") + "]"
	}
	if s.Phase == corev1.PodSucceeded {
		ready.Reason, ready.Message = "PodCompleted", ""
	}
	for _, t := range []corev1.PodConditionType{corev1.ContainersReady, corev1.PodReady} {
		ready.Type = t
		setCondition(s, ready)
	}
}
