package nodes

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// state is where a container stands. It only moves along: creating, then
// failing and backingOff in turn, or running, crashed and running again, or
// running and done.
type state int

const (
	creating state = iota
	pullFailed
	pullBackOff
	running
	crashLoop
	done
)

// container is the life of one container of one pod.
type container struct {
	spec     corev1.Container
	state    state
	since    time.Time
	ready    bool
	restarts int32
	nag      time.Time // of the last event about what stays wrong
	started  time.Time
	last     *corev1.ContainerStateTerminated // of the run before
	final    *corev1.ContainerStateTerminated // when done
	id       int
}

// event is one that the kubelet writes about the pod.
type event struct{ kind, reason, message string }

// step moves the container along as far as it is by now. It returns the events
// of that and how long until there is something to do again, 0 for never.
func (c *container) step(pod *corev1.Pod, now time.Time) ([]event, time.Duration) {
	var all []event
	for {
		wait, events := c.next(pod, now)
		all = append(all, events...)
		if wait != 0 || c.state == done {
			return all, max(wait, 0)
		}
	}
}

// forever is a wait that only a change of the pod ends.
const forever = -1

// next makes at most one move. A wait of 0 means that it made one.
func (c *container) next(pod *corev1.Pod, now time.Time) (time.Duration, []event) {
	age := now.Sub(c.since)
	switch c.state {
	case creating:
		return c.pull(pod, now, age)
	case pullFailed:
		if age < errorShown {
			return errorShown - age, nil
		}
		c.enter(pullBackOff, now)
		return 0, nil
	case pullBackOff:
		return c.complain(now,
			event{corev1.EventTypeNormal, "BackOff", fmt.Sprintf("Back-off pulling image %q", c.spec.Image)},
			event{corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff"})
	case running:
		return c.live(pod, now, age)
	case crashLoop:
		if pause := backOff(c.restarts); age < pause {
			return pause - age, nil
		}
		c.restarts++
		return 0, c.start(now, "Container image %q already present on machine")
	default:
		return forever, nil
	}
}

func (c *container) enter(s state, now time.Time) {
	c.state, c.since, c.nag = s, now, time.Time{}
}

func (c *container) pull(pod *corev1.Pod, now time.Time, age time.Duration) (time.Duration, []event) {
	if age < pullTakes {
		return pullTakes - age, nil
	}
	if !has(pod, c.spec, missing) {
		return 0, c.start(now, "Successfully pulled image %q in 150ms (150ms including waiting). Image size: 28413029 bytes.")
	}
	c.enter(pullFailed, now)
	return 0, []event{
		{corev1.EventTypeWarning, "Failed", c.pullError()},
		{corev1.EventTypeWarning, "Failed", "Error: ErrImagePull"},
	}
}

func (c *container) pullError() string {
	return fmt.Sprintf("Failed to pull image %q: rpc error: code = NotFound desc = failed to pull and unpack image %q: failed to resolve reference %q: %s: not found",
		c.spec.Image, c.spec.Image, c.spec.Image, c.spec.Image)
}

func (c *container) start(now time.Time, pulled string) []event {
	c.enter(running, now)
	c.started, c.ready = now, false
	c.id++
	return []event{
		{corev1.EventTypeNormal, "Pulled", fmt.Sprintf(pulled, c.spec.Image)},
		{corev1.EventTypeNormal, "Created", "Created container: " + c.spec.Name},
		{corev1.EventTypeNormal, "Started", "Started container " + c.spec.Name},
	}
}

// live is what happens to a container that runs.
func (c *container) live(pod *corev1.Pod, now time.Time, age time.Duration) (time.Duration, []event) {
	if code, reason := failure(pod, c.spec); code != 0 {
		if age < failAfter {
			return failAfter - age, nil
		}
		return 0, c.end(pod, now, code, reason)
	}
	if ends(pod, c.spec) {
		if due := takes(pod, c.spec, jobTakes); age < due {
			return due - age, nil
		}
		return 0, c.end(pod, now, 0, "Completed")
	}
	if has(pod, c.spec, unready) {
		return c.complain(now, event{corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"})
	}
	if due := takes(pod, c.spec, readyAfter); age < due {
		return due - age, nil
	}
	c.ready = true
	return forever, nil
}

// end is the exit of a container: for good, or until it is started again.
func (c *container) end(pod *corev1.Pod, now time.Time, code int32, reason string) []event {
	c.ready = false
	ended := &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, ContainerID: c.containerID(),
		StartedAt: metav1.NewTime(c.started), FinishedAt: metav1.NewTime(now),
	}
	policy := pod.Spec.RestartPolicy
	if policy == corev1.RestartPolicyNever || policy == corev1.RestartPolicyOnFailure && code == 0 {
		c.enter(done, now)
		c.final = ended
		return nil
	}
	c.enter(crashLoop, now)
	c.last = ended
	return []event{{corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)", c.spec.Name, pod.Name, pod.Namespace, pod.UID)}}
}

// complain repeats events about what stays wrong.
func (c *container) complain(now time.Time, events ...event) (time.Duration, []event) {
	if quiet := now.Sub(c.nag); quiet < complainsAll {
		return complainsAll - quiet, nil
	}
	c.nag = now
	return complainsAll, events
}

func (c *container) containerID() string {
	return fmt.Sprintf("containerd://%s-%d", c.spec.Name, c.id)
}

// status is what the pod says of the container.
func (c *container) status(pod *corev1.Pod) corev1.ContainerStatus {
	s := corev1.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, RestartCount: c.restarts, Ready: c.ready,
	}
	if c.id > 0 {
		s.ContainerID, s.ImageID = c.containerID(), c.spec.Image+"@sha256:0000"
	}
	started := c.state == running
	s.Started = &started
	s.LastTerminationState.Terminated = c.last
	waiting := func(reason, message string) {
		s.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
	}
	switch c.state {
	case creating:
		waiting("ContainerCreating", "")
	case pullFailed:
		waiting("ErrImagePull", c.pullError())
	case pullBackOff:
		waiting("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", c.spec.Image, c.pullError()))
	case running:
		s.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(c.started)}
	case crashLoop:
		waiting("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)", backOff(c.restarts), c.spec.Name, pod.Name, pod.Namespace, pod.UID))
	case done:
		s.State.Terminated = c.final
	}
	return s
}
