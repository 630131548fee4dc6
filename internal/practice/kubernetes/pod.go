package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func (c *Cluster) eachPod(at time.Time) {
	for _, o := range c.store.list(pods, "") {
		if p, ok := o.(*corev1.Pod); ok {
			c.live(p, at)
		}
	}
}

// live is one moment in the life of a pod: placed, started, ready or failing,
// and at the end gone.
func (c *Cluster) live(p *corev1.Pod, at time.Time) {
	if p.DeletionTimestamp != nil {
		end := p.DeletionTimestamp.Add(c.startup / 4)
		if at.Before(end) {
			c.again(end)
			return
		}
		c.store.remove(pods, p)
		return
	}
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return
	}
	o := clone(p)
	if o.Spec.NodeName == "" && !c.place(o, at) {
		c.set(pods, p, o)
		return
	}
	c.run(o, at)
	c.set(pods, p, o)
}

// place finds a node, or says why there is none.
func (c *Cluster) place(p *corev1.Pod, at time.Time) bool {
	all := c.store.list(nodes, "")
	var fit []string
	for _, o := range all {
		n, _ := o.(*corev1.Node)
		if c.accepts(n, p) {
			fit = append(fit, n.Name)
		}
	}
	if len(fit) == 0 {
		said := fmt.Sprintf("0/%d nodes are available: %d node(s) were unschedulable or didn't match Pod's node affinity/selector.", len(all), len(all))
		podCondition(p, corev1.PodScheduled, false, "Unschedulable", said, at)
		c.say(p, pods, corev1.EventTypeWarning, "FailedScheduling", said)
		return false
	}
	p.Spec.NodeName = fit[int(c.store.version)%len(fit)]
	podCondition(p, corev1.PodScheduled, true, "", "", at)
	start := metav1.NewTime(at)
	if c.seeding {
		start = p.CreationTimestamp
	}
	p.Status.StartTime = &start
	c.say(p, pods, corev1.EventTypeNormal, "Scheduled", fmt.Sprintf("Successfully assigned %s/%s to %s", p.Namespace, p.Name, p.Spec.NodeName))
	return true
}

func (c *Cluster) accepts(n *corev1.Node, p *corev1.Pod) bool {
	if name, ok := p.Labels[daemonNode]; ok {
		return n.Name == name // a daemon set tolerates a cordon
	}
	return !n.Spec.Unschedulable && labels.SelectorFromSet(p.Spec.NodeSelector).Matches(labels.Set(n.Labels))
}

// fate is what the tag of an image makes of its container.
type fate string

const (
	fine    fate = "fine"
	missing fate = "missing"
	crash   fate = "crash"
	unready fate = "unready"
	slow    fate = "slow"
)

// fateOf is the worst fate among the images of a pod.
func fateOf(image string) fate {
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	for _, f := range []fate{missing, crash, unready, slow} {
		if strings.Contains(tag, string(f)) {
			return f
		}
	}
	return fine
}

// run lets the containers be what they are after this time.
func (c *Cluster) run(p *corev1.Pod, at time.Time) {
	age := at.Sub(p.Status.StartTime.Time)
	job := isJob(p)
	p.Status.ContainerStatuses = slices.Clone(p.Status.ContainerStatuses)
	allReady, over, failed := true, true, false
	for n, spec := range p.Spec.Containers {
		if n == len(p.Status.ContainerStatuses) {
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: spec.Name})
		}
		s := &p.Status.ContainerStatuses[n]
		s.Image = spec.Image
		c.runContainer(p, s, age, job)
		allReady = allReady && s.Ready
		over = over && s.State.Terminated != nil
		failed = failed || s.State.Terminated != nil && s.State.Terminated.ExitCode != 0
	}
	podCondition(p, corev1.PodInitialized, true, "", "", at)
	switch {
	case allReady:
		podCondition(p, corev1.ContainersReady, true, "", "", at)
		podCondition(p, corev1.PodReady, true, "", "", at)
	default:
		names := notReady(p)
		podCondition(p, corev1.ContainersReady, false, "ContainersNotReady", names, at)
		podCondition(p, corev1.PodReady, false, "ContainersNotReady", names, at)
	}
	p.Status.Phase = phaseOf(p, job, over, failed)
}

func notReady(p *corev1.Pod) string {
	var names []string
	for _, s := range p.Status.ContainerStatuses {
		if !s.Ready {
			names = append(names, s.Name)
		}
	}
	return "containers with unready status: [" + strings.Join(names, " ") + "]"
}

func phaseOf(p *corev1.Pod, job, over, failed bool) corev1.PodPhase {
	started := slices.ContainsFunc(p.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool {
		return s.State.Running != nil || s.State.Terminated != nil || s.RestartCount > 0
	})
	switch {
	case job && over && failed:
		return corev1.PodFailed
	case job && over:
		return corev1.PodSucceeded
	case started:
		return corev1.PodRunning
	}
	return corev1.PodPending
}

func podCondition(p *corev1.Pod, kind corev1.PodConditionType, holds bool, reason, message string, at time.Time) {
	fresh := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: metav1.NewTime(at)}
	if holds {
		fresh.Status = corev1.ConditionTrue
	}
	p.Status.Conditions = slices.Clone(p.Status.Conditions)
	for n, old := range p.Status.Conditions {
		if old.Type != kind {
			continue
		}
		if old.Status == fresh.Status {
			fresh.LastTransitionTime = old.LastTransitionTime
		}
		p.Status.Conditions[n] = fresh
		return
	}
	p.Status.Conditions = append(p.Status.Conditions, fresh)
}

func isJob(p *corev1.Pod) bool {
	owner := metav1.GetControllerOf(p)
	return owner != nil && owner.Kind == jobs.kind
}

// daemonNode is the label by which the pod of a daemon set belongs to a node.
// The real one uses a node affinity for it.
const daemonNode = "practice/node"
