package kubernetes

import (
	"context"
	"fmt"
	"sync"

	"mayday/integrations"
)

// rows of k8s.workers: `workload` goes into the parameter `deployment` of acts.
var workerColumns = []integrations.Field{
	{Name: "workload", Kind: integrations.Text, Say: "its whole name"},
	{Name: "name", Kind: integrations.Text},
	{Name: "wanted", Kind: integrations.Int, Say: "how many pods it shall have"},
	{Name: "ready", Kind: integrations.Int, Say: "how many serve"},
	{Name: "image", Kind: integrations.Text},
}

func (f *fleet) workers() integrations.Action {
	return integrations.Action{
		Name: "k8s.workers", Summary: "What reads the queues of a service", Grade: integrations.GradeLook, Version: 1,
		Params: placeParams,
		Output: []integrations.Field{
			{Name: "rows", Kind: integrations.Rows, Columns: workerColumns},
			{Name: "running", Kind: integrations.Int, Say: "how many of them have pods"},
		},
		Rights: "apps: get on deployments, statefulsets",
		Look:   f.lookWorkers,
	}
}

// lookWorkers lists the workers that a service names; the service's own workload
// when it names none.
func (f *fleet) lookWorkers(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Table{}, err
	}
	places := []place{c.place}
	t, _ := c.target()
	if len(t.workers) > 0 {
		places = t.workers
	}
	read, failed := make([]workload, len(places)), make([]error, len(places))
	var all sync.WaitGroup
	for n, p := range places {
		all.Go(func() { read[n], failed[n] = p.inspect(ctx) })
	}
	all.Wait()
	out := integrations.Table{Fields: map[string]any{}}
	running := 0
	var missing []string
	for n, w := range read {
		switch {
		case isNotFound(failed[n]):
			missing = append(missing, places[n].name)
			continue
		case failed[n] != nil:
			return out, failed[n]
		case w.progress.desired > 0:
			running++
		}
		out.Rows = append(out.Rows, w.workerRow())
	}
	out.Fields["running"] = int64(running)
	out.Summary = fmt.Sprintf("%d of %s of %s run", running, integrations.Count(len(out.Rows), "worker", "workers"), c.subject())
	if len(t.workers) == 0 {
		out.Summary = c.subject() + " names no workers; this is itself"
	}
	if len(missing) > 0 {
		out.Summary += "; not there: " + joined(missing)
	}
	return out, nil
}

func (w workload) workerRow() integrations.Row {
	return integrations.Row{
		ID: w.at(), Label: fmt.Sprintf("%s, %d of %s ready", w.name, w.progress.ready, podsText(w.progress.desired)),
		Values: map[string]any{
			"workload": w.at(), "name": w.name, "wanted": int64(w.progress.desired), "ready": int64(w.progress.ready), "image": images(w.template),
		},
	}
}
