package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

const (
	mostPods   = 10       // whose logs one look reads
	mostLines  = 200      // of one container
	mostLog    = 64 << 10 // bytes of one container
	lineLength = 400
	usualLines = 20
)

func (f *fleet) lookLogs() integrations.Action {
	return integrations.Action{
		Name: "k8s.logs_tail", Summary: "The last lines of the pods, those with trouble first; secrets masked", Grade: integrations.GradeLook, Version: 1,
		Params: append(append([]integrations.Field{}, placeParams...),
			integrations.Field{Name: "pod", Kind: integrations.Text, Say: "only this pod"},
			integrations.Field{Name: "container", Kind: integrations.Text, Say: "only this container; unset is all of them"},
			integrations.Field{Name: "previous", Kind: integrations.Bool, Say: "of the container before its last restart; unset: for one that crashes"},
			integrations.Field{Name: "contains", Kind: integrations.Text, Match: `[^\x00-\x1f]{1,200}`, Say: "only lines with this text"},
			integrations.Field{Name: "lines", Kind: integrations.Int, Default: usualLines, Say: "how many of each container, at most 200"},
		),
		Output: []integrations.Field{
			{Name: "count", Kind: integrations.Int, Say: "lines that were found"},
			{Name: "rows", Kind: integrations.Rows, Columns: []integrations.Field{
				{Name: "pod", Kind: integrations.Text}, {Name: "container", Kind: integrations.Text}, {Name: "previous", Kind: integrations.Bool}, {Name: "text", Kind: integrations.Text},
			}},
		},
		Rights: "get on pods/log; list on pods; apps: get on the workload",
		Look:   f.logsTail,
	}
}

// tail is one container whose log is read.
type tail struct {
	pod, container string
	previous       bool
}

func (t tail) name() string {
	out := t.pod + "/" + t.container
	if t.previous {
		out += " before its restart"
	}
	return out
}

func (f *fleet) logsTail(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Table{}, err
	}
	w, err := c.inspect(ctx)
	if err != nil {
		return integrations.Table{}, byHand(err, c.command("logs", c.ref(), "--tail=20"))
	}
	pods, err := w.pods(ctx)
	if err != nil {
		return integrations.Table{}, err
	}
	tails, more := tailsOf(pods, a)
	if len(tails) == 0 {
		return integrations.Table{Summary: "no pod of " + c.subject() + " has a log of that kind", Fields: map[string]any{"count": int64(0)}}, nil
	}
	lines, _ := a["lines"].(int64)
	if lines <= 0 {
		lines = usualLines
	}
	t := integrations.Table{Capped: more}
	for _, one := range tails {
		text, err := c.cluster.tail(ctx, c.namespace, one, min(lines, mostLines))
		if r, refused := integrations.AsRejected(err); refused && r.Code != "E17" {
			return integrations.Table{}, err
		}
		t.Rows = append(t.Rows, logRows(one, text, a.Text("contains"))...)
	}
	t.Fields = map[string]any{"count": int64(len(t.Rows))}
	t.Summary = fmt.Sprintf("%s of %s", integrations.Count(len(t.Rows), "line", "lines"), integrations.Count(len(tails), "container", "containers"))
	if len(t.Rows) > 0 {
		t.Summary += "; last: " + integrations.Clip(t.Rows[len(t.Rows)-1].Label, 160)
	}
	return t, nil
}

// tailsOf chooses the containers, those with trouble first. A container that
// crashes has said why before its restart.
func tailsOf(pods []core.Pod, a integrations.Args) (out []tail, more bool) {
	now := time.Now()
	pods = slices.Clone(pods)
	slices.SortStableFunc(pods, func(a, b core.Pod) int { return rank(a, now) - rank(b, now) })
	only, container := a.Text("pod"), a.Text("container")
	asked, isAsked := a["previous"].(bool)
	n := 0
	for _, pod := range pods {
		if only != "" && pod.Name != only {
			continue
		}
		if n++; n > mostPods {
			return out, true
		}
		for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if container != "" && s.Name != container {
				continue
			}
			ended := s.LastTerminationState.Terminated != nil
			before := ended && !s.Ready
			if isAsked {
				before = asked
			}
			if before && !ended || !before && s.State.Running == nil && s.State.Terminated == nil {
				continue
			}
			out = append(out, tail{pod: pod.Name, container: s.Name, previous: before})
		}
	}
	return out, false
}

func rank(pod core.Pod, now time.Time) int {
	if troubleOf(pod, now) != nil || unready(pod) {
		return 0
	}
	return 1
}

func logRows(t tail, text, contains string) []integrations.Row {
	var out []integrations.Row
	// A private key spans lines, so that the text is masked as a whole.
	for n, line := range strings.Split(strings.TrimRight(masked(text), "\n"), "\n") {
		line = shown(line, lineLength)
		if line == "" || contains != "" && !strings.Contains(line, contains) {
			continue
		}
		out = append(out, integrations.Row{ID: fmt.Sprintf("%s/%s/%d", t.pod, t.container, n), Label: t.name() + ": " + line, Values: map[string]any{
			"pod": t.pod, "container": t.container, "previous": t.previous, "text": line,
		}})
	}
	return out
}

// tail reads the last lines of one container.
func (c *cluster) tail(ctx context.Context, namespace string, t tail, lines int64) (string, error) {
	limit := int64(mostLog)
	what := access{verb: "get", resource: "pods", sub: "log", namespace: namespace, name: t.pod}
	return read(ctx, c, what, func(ctx context.Context, k *clients) (string, error) {
		stream, err := k.core.Pods(namespace).GetLogs(t.pod, &core.PodLogOptions{
			Container: t.container, Previous: t.previous, TailLines: &lines, LimitBytes: &limit,
		}).Stream(ctx)
		if err != nil {
			return "", err
		}
		defer func() { _ = stream.Close() }()
		text, err := io.ReadAll(io.LimitReader(stream, mostLog))
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil // what came counts
		}
		return string(text), err
	})
}
