package kubernetes

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mostRestarts is where a crashing container stops to count, so that the
// controllers come to rest.
const mostRestarts = 8

// runContainer is what a container is at an age of its pod. A pull fails after a
// quarter of the startup, a start happens after half of it, readiness is reached
// with all of it, and a job is over after twice as long.
func (c *Cluster) runContainer(p *corev1.Pod, s *corev1.ContainerStatus, age time.Duration, job bool) {
	what := fateOf(s.Image)
	full := c.startup
	if what == slow {
		full *= 10
	}
	start := p.Status.StartTime.Time
	switch {
	case age < full/4:
		c.waiting(s, "ContainerCreating", "")
		c.again(start.Add(full / 4))
	case what == missing:
		c.cannotPull(p, s, age >= full/2)
		if age < full/2 {
			c.again(start.Add(full / 2))
		}
	case age < full/2:
		c.waiting(s, "ContainerCreating", "")
		c.again(start.Add(full / 2))
	case what == crash:
		c.crash(p, s, age)
	default:
		c.work(p, s, age, full, job)
	}
}

// work runs a container that works, more or less.
func (c *Cluster) work(p *corev1.Pod, s *corev1.ContainerStatus, age, full time.Duration, job bool) {
	begun := p.Status.StartTime.Add(full / 2)
	if job && age >= 2*full {
		s.Ready = false
		s.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			Reason: "Completed", StartedAt: metav1.NewTime(begun), FinishedAt: metav1.NewTime(p.Status.StartTime.Add(2 * full)),
		}}
		return
	}
	if s.State.Running == nil {
		s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(begun)}}
		c.say(p, pods, corev1.EventTypeNormal, "Started", "Started container "+s.Name)
	}
	on := true
	s.Started = &on
	s.ContainerID, s.ImageID = "practice://"+string(p.UID), s.Image
	if age < full {
		c.again(p.Status.StartTime.Add(full))
		return
	}
	if fateOf(s.Image) == unready {
		c.say(p, pods, corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
		return
	}
	s.Ready = true
	if job {
		c.again(p.Status.StartTime.Add(2 * full))
	}
}

func (c *Cluster) waiting(s *corev1.ContainerStatus, reason, message string) {
	s.Ready = false
	s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func (c *Cluster) cannotPull(p *corev1.Pod, s *corev1.ContainerStatus, backingOff bool) {
	if backingOff {
		said := fmt.Sprintf("Back-off pulling image %q", s.Image)
		if s.State.Waiting == nil || s.State.Waiting.Reason != "ImagePullBackOff" {
			c.say(p, pods, corev1.EventTypeNormal, "BackOff", said)
		}
		c.waiting(s, "ImagePullBackOff", said)
		return
	}
	said := fmt.Sprintf("failed to pull and unpack image %q: not found", s.Image)
	if s.State.Waiting == nil || s.State.Waiting.Reason != "ErrImagePull" {
		c.say(p, pods, corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", s.Image, said))
	}
	c.waiting(s, "ErrImagePull", said)
}

// crash ends the container at once, and again after every further startup time.
func (c *Cluster) crash(p *corev1.Pod, s *corev1.ContainerStatus, age time.Duration) {
	restarts := min(mostRestarts, 1+int32((age-c.startup/2)/c.startup))
	ended := p.Status.StartTime.Add(c.startup/2 + time.Duration(restarts-1)*c.startup)
	if restarts < mostRestarts {
		c.again(ended.Add(c.startup))
	}
	over := &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", StartedAt: metav1.NewTime(ended), FinishedAt: metav1.NewTime(ended)}
	if isJob(p) || p.Spec.RestartPolicy == corev1.RestartPolicyNever {
		s.State = corev1.ContainerState{Terminated: over}
		return
	}
	said := fmt.Sprintf("back-off 10s restarting failed container=%s pod=%s_%s(%s)", s.Name, p.Name, p.Namespace, p.UID)
	if s.RestartCount != restarts {
		c.say(p, pods, corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)", s.Name, p.Name, p.Namespace, p.UID))
		s.LastTerminationState = corev1.ContainerState{Terminated: over}
	}
	s.RestartCount = restarts
	c.waiting(s, "CrashLoopBackOff", said)
}
