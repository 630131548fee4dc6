package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

// trouble is why a pod does not serve, in words. lasting is set when it will not
// pass by itself, as far as anybody can tell.
type trouble struct {
	text    string // "ImagePullBackOff on cart:1.9.8"
	lasting bool
}

// The reasons of a waiting container that do not pass without a change. ErrImagePull
// comes before ImagePullBackOff and may be one bad answer of the registry.
var lastingReasons = []string{"ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}

// unschedulableFor is how long a pod may wait for a node before it counts as
// stuck: a cluster autoscaler needs a minute or two to add one.
const unschedulableFor = 2 * time.Minute

// crashesUntilStuck is how many restarts make a crash loop of a crash.
const crashesUntilStuck = 2

// troubleOf reads why a pod does not serve; nil when nothing is wrong with it, or
// when it is only on its way.
func troubleOf(pod core.Pod, now time.Time) *trouble {
	if pod.DeletionTimestamp != nil {
		return nil
	}
	if pod.Status.Phase == core.PodFailed {
		return &trouble{text: strings.TrimSpace(shown(pod.Status.Reason, 60)+" "+shown(pod.Status.Message, 120)) + " (failed)"}
	}
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if t := containerTrouble(s); t != nil {
			return t
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == core.PodScheduled && c.Status == core.ConditionFalse && c.Reason == core.PodReasonUnschedulable {
			return &trouble{text: "unschedulable: " + shown(c.Message, 160), lasting: now.Sub(c.LastTransitionTime.Time) > unschedulableFor}
		}
	}
	return nil
}

func containerTrouble(s core.ContainerStatus) *trouble {
	w := s.State.Waiting
	switch {
	case w == nil:
		return crashed(s)
	case w.Reason == "CrashLoopBackOff":
		return &trouble{text: fmt.Sprintf("CrashLoopBackOff of %s%s, %s", shown(s.Name, 40), lastExit(s), integrations.Count(int(s.RestartCount), "restart", "restarts")), lasting: s.RestartCount >= crashesUntilStuck}
	case w.Reason == "ErrImagePull", w.Reason == "ImagePullBackOff", w.Reason == "InvalidImageName", w.Reason == "ErrImageNeverPull":
		return &trouble{text: w.Reason + " on " + imageText(s.Image), lasting: slices.Contains(lastingReasons, w.Reason)}
	case slices.Contains(lastingReasons, w.Reason):
		return &trouble{text: w.Reason + " of " + shown(s.Name, 40) + ": " + shown(w.Message, 160), lasting: true}
	}
	return nil
}

// crashed is a container between two crashes: it runs or has just ended, and did
// so before.
func crashed(s core.ContainerStatus) *trouble {
	if s.State.Terminated != nil && s.State.Terminated.ExitCode != 0 {
		return &trouble{text: fmt.Sprintf("%s ended with exit %d%s", shown(s.Name, 40), s.State.Terminated.ExitCode, because(*s.State.Terminated))}
	}
	if s.State.Running != nil && !s.Ready && s.LastTerminationState.Terminated != nil {
		return &trouble{text: fmt.Sprintf("%s crashes%s, %s", shown(s.Name, 40), lastExit(s), integrations.Count(int(s.RestartCount), "restart", "restarts")), lasting: s.RestartCount >= crashesUntilStuck}
	}
	return nil
}

// lastExit says how a container ended the last time: ", last exit 1 (Error): no database".
func lastExit(s core.ContainerStatus) string {
	t := s.LastTerminationState.Terminated
	if t == nil {
		return ""
	}
	return fmt.Sprintf(", last exit %d%s", t.ExitCode, because(*t))
}

func because(t core.ContainerStateTerminated) string {
	out := ""
	if t.Reason != "" {
		out = " (" + shown(t.Reason, 40) + ")"
	}
	if text := masked(shown(t.Message, 400)); text != "" {
		out += ": " + integrations.Clip(text, 160)
	}
	return out
}

// ready reports whether a pod serves.
func ready(pod core.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c core.PodCondition) bool {
		return c.Type == core.PodReady && c.Status == core.ConditionTrue
	})
}

// unready is a pod that runs and does not serve.
func unready(pod core.Pod) bool {
	return pod.Status.Phase == core.PodRunning && pod.DeletionTimestamp == nil && !ready(pod)
}
