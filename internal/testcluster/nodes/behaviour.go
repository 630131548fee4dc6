package nodes

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Annotation on a pod holds words for all its containers.
const Annotation = "testcluster/behaviour"

// The words, see the package comment.
const (
	missing       = "missing"
	crash         = "crash"
	slow          = "slow"
	unready       = "unready"
	oomkill       = "oomkill"
	endless       = "endless"
	stubborn      = "stubborn"
	unschedulable = "unschedulable"
)

// The paces of a node. All are shorter than real ones, and long enough for a
// watcher to see each state.
const (
	pullTakes    = 150 * time.Millisecond
	readyAfter   = 100 * time.Millisecond
	slowTakes    = 8 * time.Second
	failAfter    = 150 * time.Millisecond
	jobTakes     = 400 * time.Millisecond
	errorShown   = 200 * time.Millisecond // ErrImagePull, before ImagePullBackOff
	endTakes     = 200 * time.Millisecond
	complainsAll = 2 * time.Second // events of what stays wrong
	backOffFirst = 500 * time.Millisecond
	backOffMost  = 8 * time.Second
)

// has tells whether a container is to behave in a way.
func has(pod *corev1.Pod, c corev1.Container, word string) bool {
	return strings.Contains(c.Image, word) || strings.Contains(pod.Annotations[Annotation], word)
}

// behaves tells whether any container of the pod is to behave in a way.
func behaves(pod *corev1.Pod, word string) bool {
	for _, c := range pod.Spec.Containers {
		if has(pod, c, word) {
			return true
		}
	}
	return false
}

// failure is how a container ends soon after each start, 0 when it does not.
func failure(pod *corev1.Pod, c corev1.Container) (code int32, reason string) {
	switch {
	case has(pod, c, crash):
		return 1, "Error"
	case has(pod, c, oomkill):
		return 137, "OOMKilled"
	default:
		return 0, ""
	}
}

// ends tells containers that stop by themselves: those of jobs.
func ends(pod *corev1.Pod, c corev1.Container) bool {
	return pod.Spec.RestartPolicy != corev1.RestartPolicyAlways && !has(pod, c, endless)
}

func takes(pod *corev1.Pod, c corev1.Container, usual time.Duration) time.Duration {
	if has(pod, c, slow) {
		return slowTakes
	}
	return usual
}

// backOff is the pause before a container is started for the nth time again.
func backOff(restarts int32) time.Duration {
	return min(backOffFirst<<min(restarts, 8), backOffMost)
}
