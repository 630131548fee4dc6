package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

const valueLength = 300 // of a config map's value that is shown

func (f *fleet) lookConfigMap() integrations.Action {
	return integrations.Action{
		Name: "k8s.configmap", Summary: "What config maps say; what looks like a secret is masked", Grade: integrations.GradeLook, Version: 1,
		Params: []integrations.Field{
			{Name: "name", Kind: integrations.Text, Required: true, Say: "a service: all its config maps; or NAME, NAMESPACE/NAME, CLUSTER:NAMESPACE/NAME"},
			{Name: "key", Kind: integrations.Text, Say: "only this key"},
			clusterField,
		},
		Output: []integrations.Field{{Name: "count", Kind: integrations.Int}, {Name: "rows", Kind: integrations.Rows, Columns: []integrations.Field{
			{Name: "config_map", Kind: integrations.Text}, {Name: "key", Kind: integrations.Text}, {Name: "value", Kind: integrations.Text}, {Name: "bytes", Kind: integrations.Int},
		}}},
		Rights: "get on the named configmaps; apps: get on the workload of a service",
		Look:   f.lookAtConfig,
	}
}

// configPlace is one config map of one cluster. It is named, not known to exist.
type configPlace struct {
	cluster         *cluster
	namespace, name string
}

func (p configPlace) at() string { return p.cluster.name + ":" + p.namespace + "/" + p.name }

func (f *fleet) lookAtConfig(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	places, err := f.configPlaces(ctx, a)
	if err != nil {
		return integrations.Table{}, err
	}
	t := integrations.Table{}
	var names []string
	for _, p := range places {
		m, err := p.cluster.configMap(ctx, p.namespace, p.name)
		if err != nil {
			return integrations.Table{}, byHand(err, (chosen{place: place{cluster: p.cluster, namespace: p.namespace}}).command("get", "configmap", p.name, "-o", "yaml"))
		}
		names = append(names, p.name)
		t.Rows = append(t.Rows, p.rows(m, a.Text("key"))...)
	}
	t.Fields = map[string]any{"count": int64(len(t.Rows))}
	t.Summary = fmt.Sprintf("%s in %s", integrations.Count(len(t.Rows), "key", "keys"), joined(names))
	return t, nil
}

// configPlaces finds the config maps that are meant: those of a service are what
// its templates take from, and what the catalogue adds.
func (f *fleet) configPlaces(ctx context.Context, a integrations.Args) ([]configPlace, error) {
	name := a.Text("name")
	if s, ok := f.named(name); ok {
		return s.configPlaces(ctx, a.Text("cluster"))
	}
	r, ok := parseRef(name)
	if !ok || r.kind != nil {
		return nil, &integrations.Rejected{Code: "E24", Why: shown(name, 80) + " is not the name of a config map.", Fix: "Write a service, NAME, NAMESPACE/NAME or CLUSTER:NAMESPACE/NAME."}
	}
	if r.cluster == "" {
		r.cluster = a.Text("cluster")
	}
	spots := f.spots(reference{cluster: r.cluster, namespace: r.namespace, name: r.name, kind: &deployments})
	var found []configPlace
	for _, p := range spots {
		_, err := p.cluster.configMap(ctx, p.namespace, r.name)
		if err == nil || len(spots) == 1 {
			found = append(found, configPlace{p.cluster, p.namespace, r.name})
		}
	}
	switch len(found) {
	case 1:
		return found, nil
	case 0:
		return nil, &integrations.Rejected{Code: "E24", Why: "There is no config map " + r.name + " that I may read in " + joined(whereabouts(spots)) + ".", Fix: "Write CLUSTER:NAMESPACE/NAME."}
	}
	var names []string
	for _, p := range found {
		names = append(names, p.at())
	}
	return nil, &integrations.Rejected{Code: "E24", Why: r.name + " is in several places.", Fix: "Name one: " + joined(names) + "."}
}

func (s service) configPlaces(ctx context.Context, inCluster string) ([]configPlace, error) {
	var out []configPlace
	for _, t := range s.targets {
		if inCluster != "" && t.cluster.name != inCluster {
			continue
		}
		w, err := t.inspect(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range t.configOf(w) {
			out = append(out, configPlace{t.cluster, t.namespace, name})
		}
	}
	if len(out) == 0 {
		return nil, &integrations.Rejected{Code: "E24", Why: s.name + " takes from no config map.", Fix: "List them in services." + s.name + ".k8s.config, or name one."}
	}
	return out, nil
}

// configOf are the config maps of a target: what its template takes from, and what
// the catalogue names.
func (t serviceTarget) configOf(w workload) []string {
	out := append(configNames(w.template), t.config...)
	slices.Sort(out)
	return slices.Compact(out)
}

func (p configPlace) rows(m *core.ConfigMap, only string) []integrations.Row {
	var out []integrations.Row
	add := func(key, value string, size int) {
		if only != "" && key != only {
			return
		}
		out = append(out, integrations.Row{ID: p.at() + "/" + key, Label: shown(p.name+"/"+key, 120) + " = " + integrations.Clip(value, 120), Values: map[string]any{
			"config_map": p.at(), "key": key, "value": value, "bytes": int64(size),
		}})
	}
	for _, key := range sortedKeys(m.Data) {
		add(key, configValue(key, m.Data[key]), len(m.Data[key]))
	}
	for _, key := range sortedKeys(m.BinaryData) {
		add(key, "[binary]", len(m.BinaryData[key]))
	}
	return out
}

// configValue is a value as it may be shown: lines stay, each of them masked.
func configValue(key, value string) string {
	if secretKey.MatchString(key) {
		return "[masked]"
	}
	var lines []string
	for line := range strings.SplitSeq(masked(value), "\n") {
		lines = append(lines, integrations.OneLine(line))
	}
	return integrations.Clip(strings.Join(lines, "\n"), valueLength)
}
