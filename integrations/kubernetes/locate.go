package kubernetes

import (
	"context"
	"strings"
	"sync"

	"mayday/integrations"
)

// locate finds one object by what people type: [CLUSTER:][NAMESPACE/]NAME, the kind
// before the name or not. A name alone is looked for in the namespaces that the
// configuration knows.
func (f *fleet) locate(ctx context.Context, a integrations.Args, text string, r resource) (object, error) {
	if len(f.names) == 0 {
		return object{}, noCluster()
	}
	inCluster, parts, ok := splitRef(text, r)
	if !ok {
		return object{}, &integrations.Rejected{
			Code: "E24", Why: shown(text, 80) + " is not the name of a " + r.word + ".", Fix: "Write NAME, NAMESPACE/NAME or CLUSTER:NAMESPACE/NAME.",
		}
	}
	if inCluster == "" {
		inCluster = a.Text("cluster")
	}
	if inCluster != "" && f.clusters[inCluster] == nil {
		return object{}, &integrations.Rejected{Code: "E24", Why: "There is no cluster " + shown(inCluster, 40) + ".", Fix: "Known: " + joined(f.names) + "."}
	}
	var spots []object
	for _, name := range f.names {
		if inCluster == "" || inCluster == name {
			spots = append(spots, f.candidates(name, parts, r)...)
		}
	}
	return only(ctx, spots, parts[len(parts)-1])
}

func noCluster() error {
	return &integrations.Rejected{Code: "E24", Why: "No cluster is configured.", Fix: "Add connect.k8s.NAME: {kubeconfig: file:/path} to the config."}
}

// splitRef takes a reference apart: the cluster, and a name with perhaps its
// namespace before it.
func splitRef(text string, r resource) (cluster string, parts []string, ok bool) {
	rest := text
	if before, after, found := strings.Cut(text, ":"); found {
		cluster, rest = before, after
		if !goodName.MatchString(before) {
			return "", nil, false
		}
	}
	parts = strings.Split(rest, "/")
	if n := len(parts); n > 1 && (parts[n-2] == r.short || parts[n-2] == r.plural) {
		parts = append(parts[:n-2], parts[n-1])
	}
	switch {
	case !goodObject.MatchString(parts[len(parts)-1]):
		return "", nil, false
	case len(parts) == 1:
		return cluster, parts, true
	}
	return cluster, parts, len(parts) == 2 && !r.everywhere && goodNamespace.MatchString(parts[0])
}

func (f *fleet) candidates(cluster string, parts []string, r resource) []object {
	c := f.clusters[cluster]
	name := parts[len(parts)-1]
	if r.everywhere {
		return []object{{resource: r, cluster: c, name: name}}
	}
	namespaces := f.namespacesOf(cluster)
	if len(parts) == 2 {
		namespaces = parts[:1]
	}
	var out []object
	for _, ns := range namespaces {
		out = append(out, object{resource: r, cluster: c, namespace: ns, name: name})
	}
	return out
}

// only is the one of the places that holds something. When it is but one, whether
// it does is found out when it is read.
func only(ctx context.Context, spots []object, name string) (object, error) {
	switch len(spots) {
	case 0:
		return object{}, &integrations.Rejected{Code: "E24", Why: "In which namespace " + name + " is, is not known.", Fix: "Write NAMESPACE/" + name + ", or list connect.k8s.NAME.namespaces in the config."}
	case 1:
		return spots[0], nil
	}
	failed := make([]error, len(spots))
	var all sync.WaitGroup
	for n, o := range spots {
		all.Go(func() { _, failed[n] = o.get(ctx) })
	}
	all.Wait()
	var found []object
	var names []string
	for n, o := range spots {
		switch {
		case failed[n] == nil:
			found, names = append(found, o), append(names, o.at())
		case isNotFound(failed[n]):
			failed[n] = nil
		}
	}
	switch trouble := unheard(len(found) > 0, failed); {
	case trouble != nil && len(found) < 2:
		return object{}, trouble
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return object{}, &integrations.Rejected{Code: "E24", Why: name + " is in several places.", Fix: "Name one: " + joined(names) + "."}
	}
	return object{}, &integrations.Rejected{Code: "E24", Why: "There is no " + spots[0].word + " " + name + " in the namespaces that the config knows.", Fix: "Write CLUSTER:NAMESPACE/" + name + "."}
}
