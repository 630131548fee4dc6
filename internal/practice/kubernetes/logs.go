package kubernetes

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// logs answers what a container would have written: a line when it starts, and
// its last words when it crashed.
func (c *Cluster) logs(one *call) (int, any, error) {
	lines, err := c.linesOf(one)
	if err != nil {
		return 0, nil, err
	}
	if n, err := strconv.Atoi(one.URL.Query().Get("tailLines")); err == nil && n >= 0 && n < len(lines) {
		lines = lines[len(lines)-n:]
	}
	one.w.Header().Set("Content-Type", "text/plain")
	one.w.WriteHeader(http.StatusOK)
	for _, l := range lines {
		_, _ = fmt.Fprintln(one.w, l) // who went away needs no answer
	}
	return written, nil, nil
}

func (c *Cluster) linesOf(one *call) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, err := c.named(one)
	if err != nil {
		return nil, err
	}
	pod, _ := o.(*corev1.Pod)
	q := one.URL.Query()
	name := q.Get("container")
	if name == "" && len(pod.Spec.Containers) > 1 {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: [%s]", pod.Name, strings.Join(containers(pod), " ")))
	}
	for _, s := range pod.Status.ContainerStatuses {
		if name == "" || s.Name == name {
			return c.linesFrom(pod, s, q.Get("previous") == "true", q.Get("timestamps") == "true")
		}
	}
	if name == "" {
		return nil, nil
	}
	return nil, apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
}

func containers(p *corev1.Pod) []string {
	var out []string
	for _, c := range p.Spec.Containers {
		out = append(out, c.Name)
	}
	return out
}

func (c *Cluster) linesFrom(p *corev1.Pod, s corev1.ContainerStatus, previous, stamped bool) ([]string, error) {
	crashed := fateOf(s.Image) == crash
	if previous && s.LastTerminationState.Terminated == nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("previous terminated container %q in pod %q not found", s.Name, p.Name))
	}
	if w := s.State.Waiting; w != nil && !previous && !crashed {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("container %q in pod %q is waiting to start: %s", s.Name, p.Name, w.Reason))
	}
	at := p.Status.StartTime.UTC()
	out := []string{"starting " + s.Image, "listening on :8080"}
	if crashed {
		out = []string{"starting " + s.Image, "panic: cart: no such table: carts_v2", "exit status 1"}
	}
	if stamped {
		for n := range out {
			out[n] = at.Add(time.Duration(n)*time.Millisecond).Format(time.RFC3339Nano) + " " + out[n]
		}
	}
	return out, nil
}
