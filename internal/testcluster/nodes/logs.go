package nodes

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
)

// logs is the kubelets' endpoint: /containerLogs/NAMESPACE/POD/CONTAINER with
// previous, tailLines, limitBytes, timestamps and follow.
type logs struct {
	pods corelisters.PodLister
}

func (l *logs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) != 4 || parts[0] != "containerLogs" {
		http.NotFound(w, r)
		return
	}
	space, name, part := parts[1], parts[2], parts[3]
	pod, err := l.pods.Pods(space).Get(name)
	if err != nil {
		http.Error(w, fmt.Sprintf("pod %q does not exist", name), http.StatusNotFound)
		return
	}
	for _, s := range pod.Status.ContainerStatuses {
		if s.Name == part {
			answer(w, r, pod, s)
			return
		}
	}
	http.Error(w, fmt.Sprintf("container %q not found in pod %q", part, name), http.StatusNotFound)
}

// answer has the real kubelet's words for what cannot be had.
func answer(w http.ResponseWriter, r *http.Request, pod *corev1.Pod, s corev1.ContainerStatus) {
	query := r.URL.Query()
	if query.Get("previous") == "true" {
		if s.LastTerminationState.Terminated == nil {
			http.Error(w, fmt.Sprintf("previous terminated container %q in pod %q not found", s.Name, pod.Name), http.StatusBadRequest)
			return
		}
		write(w, query, s.LastTerminationState.Terminated.StartedAt.Time, lines(pod, s))
		return
	}
	if s.ContainerID == "" {
		why := "is waiting to start: " + s.State.Waiting.Reason
		if s.State.Waiting.Reason != "ContainerCreating" {
			why = "is waiting to start: trying and failing to pull image"
		}
		http.Error(w, fmt.Sprintf("container %q in pod %q %s", s.Name, pod.Name, why), http.StatusBadRequest)
		return
	}
	write(w, query, begun(s), lines(pod, s))
	if query.Get("follow") == "true" && s.State.Running != nil {
		_ = http.NewResponseController(w).Flush() // the reader has gone: the next line ends it
		<-r.Context().Done()
	}
}

// begun is when the newest run of the container began.
func begun(s corev1.ContainerStatus) time.Time {
	if s.State.Running != nil {
		return s.State.Running.StartedAt.Time
	}
	if s.State.Terminated != nil {
		return s.State.Terminated.StartedAt.Time
	}
	return s.LastTerminationState.Terminated.StartedAt.Time
}

// lines are what a small service would write. Two hold what looks like a
// secret, so that whoever shows logs can be seen to mask them.
func lines(pod *corev1.Pod, s corev1.ContainerStatus) []string {
	all := []string{
		fmt.Sprintf("level=info msg=starting service=%s image=%s restarts=%d", s.Name, s.Image, s.RestartCount),
		"level=debug msg=\"connect to database\" url=postgres://shop:not-a-real-password@db.internal:5432/shop",
		"level=debug msg=\"call payments\" header=\"Authorization: Bearer not-a-real-token-0123456789abcdef\"",
	}
	spec := corev1.Container{Name: s.Name, Image: s.Image}
	switch {
	case has(pod, spec, crash):
		return append(all,
			"level=error msg=\"load prices\" err=\"column \\\"tax\\\" does not exist\"",
			"panic: runtime error: invalid memory address or nil pointer dereference",
			"goroutine 1 [running]:",
			"main.main()",
			"\t/src/main.go:42 +0x1d")
	case has(pod, spec, unready):
		return append(all, "level=warn msg=\"not ready\" probe=/ready status=503 reason=\"no connection to the queue\"")
	default:
		for i := range 5 {
			all = append(all, fmt.Sprintf("level=info msg=request method=GET path=/orders/%d status=200 took=%dms", 1001+i, 3+i))
		}
		return append(all, "level=info msg=ready")
	}
}

func write(w http.ResponseWriter, query url.Values, began time.Time, all []string) {
	if tail, err := strconv.Atoi(query.Get("tailLines")); err == nil && tail < len(all) {
		all = all[len(all)-max(tail, 0):]
	}
	var b strings.Builder
	for i, line := range all {
		if query.Get("timestamps") == "true" {
			fmt.Fprintf(&b, "%s ", began.Add(time.Duration(i)*time.Millisecond).UTC().Format(time.RFC3339Nano))
		}
		b.WriteString(line + "\n")
	}
	text := b.String()
	if limit, err := strconv.Atoi(query.Get("limitBytes")); err == nil && limit < len(text) {
		text = text[:limit]
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprint(w, text)
}
