package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mayday/integrations"
)

const mostWorkloads = 200

func (f *fleet) lookWorkloads() integrations.Action {
	return integrations.Action{
		Name: "k8s.workloads", Summary: "What runs of a service or in a namespace, and how it fares", Grade: integrations.GradeLook, Version: 1,
		Params: []integrations.Field{
			{Name: "of", Kind: integrations.Text, Say: "a service, or a namespace, or cluster:namespace; unset is all that the config knows"},
			clusterField,
		},
		Output: []integrations.Field{
			{Name: "bad", Kind: integrations.Int, Say: "how many do not have all their pods"},
			{Name: "rows", Kind: integrations.Rows, Columns: []integrations.Field{
				{Name: "kind", Kind: integrations.Text}, {Name: "name", Kind: integrations.Text}, {Name: "namespace", Kind: integrations.Text},
				{Name: "cluster", Kind: integrations.Text}, {Name: "image", Kind: integrations.Text}, {Name: "pods", Kind: integrations.Int},
				{Name: "ready", Kind: integrations.Int}, {Name: "service", Kind: integrations.Text}, {Name: "paused", Kind: integrations.Bool},
			}},
		},
		Rights: "apps: list on deployments, statefulsets, daemonsets",
		Look:   f.workloads,
	}
}

// spot is one namespace of one cluster.
type spot struct {
	cluster   *cluster
	namespace string
}

func (s spot) name() string { return s.cluster.name + ":" + s.namespace }

func (f *fleet) workloads(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	spots, only, err := f.spotsOf(a.Text("of"), a.Text("cluster"))
	if err != nil {
		return integrations.Table{}, err
	}
	all, err := eachSpot(spots, func(s spot) ([]workload, error) { return s.list(ctx) })
	if err != nil {
		return integrations.Table{}, err
	}
	t := integrations.Table{Fields: map[string]any{}}
	bad := 0
	for _, w := range all {
		if only != nil && !only(w.place) {
			continue
		}
		if !w.whole() {
			bad++
		}
		t.Rows = append(t.Rows, w.row(f.serviceOf(w.place)))
	}
	slices.SortStableFunc(t.Rows, func(a, b integrations.Row) int { return sortKey(a) - sortKey(b) })
	if t.Capped = len(t.Rows) > mostWorkloads; t.Capped {
		t.Rows = t.Rows[:mostWorkloads]
	}
	t.Fields["bad"] = int64(bad)
	t.Summary = integrations.Count(len(t.Rows), "workload", "workloads") + ", all with all their pods"
	if bad > 0 {
		t.Summary = fmt.Sprintf("%d of %s without all pods", bad, integrations.Count(len(t.Rows), "workload", "workloads"))
	}
	return t, nil
}

func sortKey(r integrations.Row) int {
	if whole, _ := r.Values["whole"].(bool); whole {
		return 1
	}
	return 0
}

// whole reports whether a workload has all its pods, of the newest template.
func (w workload) whole() bool {
	p := w.progress
	return p.available >= p.desired && (w.onDelete || p.updated >= p.desired) && p.observed >= p.generation
}

func (w workload) row(service string) integrations.Row {
	p := w.progress
	label := fmt.Sprintf("%s %s: %d of %d ready, %s", w.kind.short, w.name, p.ready, p.desired, images(w.template))
	if w.paused {
		label += ", paused"
	}
	return integrations.Row{ID: w.at(), Label: label, Values: map[string]any{
		"kind": w.kind.word, "name": w.name, "namespace": w.namespace, "cluster": w.cluster.name, "image": images(w.template),
		"pods": int64(p.desired), "ready": int64(p.ready), "service": service, "paused": w.paused, "whole": w.whole(),
	}}
}

// spotsOf finds the namespaces that a look is about, and which workloads in them.
func (f *fleet) spotsOf(of, inCluster string) ([]spot, func(place) bool, error) {
	if s, ok := f.named(of); ok {
		var out []spot
		for _, t := range s.targets {
			out = append(out, spot{t.cluster, t.namespace})
		}
		return uniqueSpots(out), func(p place) bool { return f.serviceOf(p) == s.name }, nil
	}
	if name, ns, ok := strings.Cut(of, ":"); ok {
		inCluster, of = name, ns
	}
	if inCluster != "" && f.clusters[inCluster] == nil || len(f.names) == 0 {
		return nil, nil, &integrations.Rejected{Code: "E24", Why: "There is no cluster " + shown(inCluster, 40) + ".", Fix: "Known: " + joined(f.names) + "."}
	}
	if of != "" && !goodNamespace.MatchString(of) {
		return nil, nil, &integrations.Rejected{Code: "E24", Why: shown(of, 60) + " is neither a service nor a namespace.", Fix: "Write a service, NAMESPACE or CLUSTER:NAMESPACE."}
	}
	var out []spot
	for _, name := range f.names {
		if inCluster != "" && name != inCluster {
			continue
		}
		known := f.namespacesOf(name)
		if of != "" && (slices.Contains(known, of) || inCluster != "" || len(f.names) == 1) {
			known = []string{of}
		} else if of != "" {
			continue
		}
		for _, ns := range known {
			out = append(out, spot{f.clusters[name], ns})
		}
	}
	if len(out) == 0 {
		return nil, nil, &integrations.Rejected{Code: "E24", Why: "No namespace " + shown(of, 60) + " is known.", Fix: "Write CLUSTER:NAMESPACE, or list connect.k8s.NAME.namespaces in the config."}
	}
	return out, nil, nil
}

func uniqueSpots(all []spot) []spot {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(s spot) bool {
		was := seen[s.name()]
		seen[s.name()] = true
		return was
	})
}

// eachSpot asks several namespaces at once. It fails when one fails: a list with
// holes would look complete.
func eachSpot[T any](spots []spot, ask func(spot) ([]T, error)) ([]T, error) {
	parts, errs := make([][]T, len(spots)), make([]error, len(spots))
	var all sync.WaitGroup
	gate := make(chan struct{}, 8)
	for n, s := range spots {
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			parts[n], errs[n] = ask(s)
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(parts...), nil
}

// list reads the workloads of a namespace, all kinds at once.
func (s spot) list(ctx context.Context) ([]workload, error) {
	parts, errs := make([][]workload, len(kinds)), make([]error, len(kinds))
	var all sync.WaitGroup
	for n, k := range kinds {
		all.Go(func() { parts[n], errs[n] = s.listKind(ctx, k) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(parts...), nil
}

func (s spot) listKind(ctx context.Context, k kind) ([]workload, error) {
	raw, err := s.listRaw(ctx, access{verb: "list", group: "apps", resource: k.resource, namespace: s.namespace})
	if err != nil {
		return nil, err
	}
	var out []workload
	for _, item := range raw {
		var named struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(item, &named); err != nil {
			return nil, fmt.Errorf("read a %s: %w", k.word, err)
		}
		w, err := place{cluster: s.cluster, namespace: s.namespace, kind: k, name: named.Metadata.Name}.understand(item)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// listRaw lists a resource of the group apps as the server wrote it.
func (s spot) listRaw(ctx context.Context, what access) ([]json.RawMessage, error) {
	raw, err := read(ctx, s.cluster, what, func(ctx context.Context, k *clients) ([]byte, error) {
		return rawOf(ctx, k.apps.RESTClient().Get().Namespace(s.namespace).Resource(what.resource))
	})
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("read a list of %s: %w", what.resource, err)
	}
	return list.Items, nil
}
