package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"mayday/integrations"
)

// The parameters by which actions find what they act on.
var (
	workloadField = integrations.Field{
		Name: "deployment", Kind: integrations.Text, Required: true,
		Say: "a service of the catalogue, or a workload: checkout, sts/orders, shop/checkout, prod:shop/ds/agent",
	}
	clusterField = integrations.Field{Name: "cluster", Kind: integrations.Connection, Say: "the cluster, where a name is in several"}
	targetField  = integrations.Field{
		Name: "target", Kind: integrations.Text,
		Say: "which target of a service with several: its number, or cluster/namespace",
	}
	// placeParams are the parameters of every action on one workload.
	placeParams = []integrations.Field{workloadField, clusterField, targetField}
)

// reference is what people type: [CLUSTER:][NAMESPACE/][KIND/]NAME.
type reference struct {
	cluster, namespace, name string
	kind                     *kind
}

// parseRef reads a reference; ok is false when it cannot be one. Whether
// "sts/orders" is a kind and a name or a namespace and a name is settled by the
// words for kinds, which nobody gives to a namespace.
func parseRef(text string) (r reference, ok bool) {
	rest := text
	if before, after, found := strings.Cut(text, ":"); found {
		r.cluster, rest = before, after
		if !goodName.MatchString(before) {
			return r, false
		}
	}
	parts := strings.Split(rest, "/")
	r.name = parts[len(parts)-1]
	parts = parts[:len(parts)-1]
	if len(parts) > 0 {
		if k, isKind := kindOf(strings.ToLower(parts[len(parts)-1])); isKind {
			r.kind, parts = &k, parts[:len(parts)-1]
		}
	}
	if len(parts) == 1 {
		r.namespace, parts = parts[0], nil
		if !goodNamespace.MatchString(r.namespace) {
			return r, false
		}
	}
	return r, len(parts) == 0 && goodObject.MatchString(r.name)
}

// chosen is the workload that an action is about.
type chosen struct {
	place
	service *service // nil when it was named directly
	index   int      // of its target in the service, from 0
}

// subject is what people call it.
func (c chosen) subject() string {
	if c.service != nil {
		return c.service.name
	}
	return c.name
}

// spot tells one of several targets of a service from the others: "prod/shop".
func (c chosen) spot() string { return c.cluster.name + "/" + c.namespace }

// target is what the service says about this place; false when it was named directly.
func (c chosen) target() (serviceTarget, bool) {
	if c.service == nil {
		return serviceTarget{}, false
	}
	return c.service.targets[c.index], true
}

// args name this very place again, for the plan and for its undo.
func (c chosen) args() map[string]any {
	if c.service == nil {
		return map[string]any{"deployment": c.at()}
	}
	out := map[string]any{"deployment": c.service.name}
	if len(c.service.targets) > 1 {
		out["target"] = strconv.Itoa(c.index + 1)
	}
	return out
}

// next offers the same playbook on the service's next target: one is acted on and
// verified before the next is offered. nil when this is the last.
func (c chosen) next(playbook string) *integrations.Offer {
	if c.service == nil || c.index+1 >= len(c.service.targets) {
		return nil
	}
	n := chosen{place: c.service.targets[c.index+1].place, service: c.service, index: c.index + 1}
	return &integrations.Offer{
		Label: integrations.Clip("Next: "+n.spot(), 24), Playbook: playbook,
		Inputs: map[string]string{"service": c.service.name, "target": strconv.Itoa(n.index + 1)},
	}
}

// choose finds the one workload that the arguments name. A service of the
// catalogue comes first; a plain name is looked for in the namespaces that the
// configuration knows. It is a refusal when there is none, or more than one.
func (f *fleet) choose(ctx context.Context, a integrations.Args) (chosen, error) {
	text := a.Text("deployment")
	if len(f.names) == 0 {
		return chosen{}, &integrations.Rejected{Code: "E24", Why: "No cluster is configured.", Fix: "Add connect.k8s.NAME: {kubeconfig: file:/path} to the config."}
	}
	if s, ok := f.named(text); ok {
		return s.choose(a)
	}
	r, ok := parseRef(text)
	if !ok {
		return chosen{}, &integrations.Rejected{
			Code: "E24", Why: shown(text, 80) + " is not the name of a workload.",
			Fix: "Write NAME, KIND/NAME, NAMESPACE/NAME or CLUSTER:NAMESPACE/KIND/NAME, or the name of a service.",
		}
	}
	if r.cluster == "" {
		r.cluster = a.Text("cluster")
	}
	if r.cluster != "" && f.clusters[r.cluster] == nil {
		return chosen{}, &integrations.Rejected{Code: "E24", Why: "There is no cluster " + shown(r.cluster, 40) + ".", Fix: "Known: " + joined(f.names) + "."}
	}
	p, err := f.find(ctx, r)
	if err != nil {
		return chosen{}, err
	}
	return chosen{place: p}, nil
}

// choose picks a target of a service: the one that is named, else the first.
func (s service) choose(a integrations.Args) (chosen, error) {
	want, inCluster := a.Text("target"), a.Text("cluster")
	for n, t := range s.targets {
		c := chosen{place: t.place, service: &s, index: n}
		if inCluster != "" && t.cluster.name != inCluster {
			continue
		}
		if want == "" || want == strconv.Itoa(n+1) || want == c.spot() || want == t.cluster.name || want == c.at() {
			return c, nil
		}
	}
	var known []string
	for n, t := range s.targets {
		known = append(known, fmt.Sprintf("%d = %s/%s", n+1, t.cluster.name, t.namespace))
	}
	return chosen{}, &integrations.Rejected{
		Code: "E24", Why: fmt.Sprintf("%s has no target %s.", s.name, shown(strings.TrimSpace(want+" "+inCluster), 60)), Fix: "There is: " + joined(known) + ".",
	}
}

// find looks for a workload by name. Everything that is named is not looked for:
// whether it exists is found out when it is read.
func (f *fleet) find(ctx context.Context, r reference) (place, error) {
	spots := f.spots(r)
	if len(spots) == 0 {
		return place{}, &integrations.Rejected{
			Code: "E24", Why: "In which namespace " + r.name + " is, is not known.", Fix: "Write NAMESPACE/" + r.name + ", or list connect.k8s.NAME.namespaces in the config.",
		}
	}
	if len(spots) == 1 && r.kind != nil {
		return spots[0], nil
	}
	found, err := existing(ctx, spots)
	switch {
	case err != nil:
		return place{}, err
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return place{}, &integrations.Rejected{Code: "E24", Why: "There is no workload " + r.name + " in " + joined(whereabouts(spots)) + ".", Fix: "Look with k8s.workloads."}
	}
	var names []string
	for _, p := range found {
		names = append(names, p.at())
	}
	return place{}, &integrations.Rejected{Code: "E24", Why: r.name + " is in several places.", Fix: "Name one: " + joined(names) + "."}
}

// spots are the places where a reference may lead.
func (f *fleet) spots(r reference) []place {
	var out []place
	for _, name := range f.names {
		if r.cluster != "" && r.cluster != name {
			continue
		}
		namespaces := f.namespacesOf(name)
		if r.namespace != "" {
			namespaces = []string{r.namespace}
		}
		for _, ns := range namespaces {
			for _, k := range kinds {
				if r.kind == nil || r.kind.word == k.word {
					out = append(out, place{cluster: f.clusters[name], namespace: ns, kind: k, name: r.name})
				}
			}
		}
	}
	return out
}

func whereabouts(spots []place) []string {
	var out []string
	for _, p := range spots {
		out = append(out, p.cluster.name+":"+p.namespace)
	}
	return slices.Compact(out)
}

// existing asks which of the places hold something. A place that may not be read
// is passed over as long as another one is found: a name is looked for in many
// namespaces, and a narrow role does not cover them all.
func existing(ctx context.Context, spots []place) ([]place, error) {
	found, failed := make([]bool, len(spots)), make([]error, len(spots))
	var all sync.WaitGroup
	gate := make(chan struct{}, 16)
	for n, p := range spots {
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			found[n], failed[n] = p.exists(ctx)
		})
	}
	all.Wait()
	var out []place
	for n, p := range spots {
		if found[n] {
			out = append(out, p)
		}
	}
	return out, unheard(len(out) > 0, failed)
}

// unheard is the first error of places that were asked. One that may not be read is
// passed over when another place was found; one that does not answer is not, since
// the name may mean what is there.
func unheard(found bool, failed []error) error {
	for _, err := range failed {
		r, refused := integrations.AsRejected(err)
		if err != nil && !(found && refused && r.Code == "E6") {
			return err
		}
	}
	return nil
}

func (p place) exists(ctx context.Context) (bool, error) {
	_, err := read(ctx, p.cluster, p.access("get"), func(ctx context.Context, k *clients) ([]byte, error) {
		return rawOf(ctx, k.apps.RESTClient().Get().Namespace(p.namespace).Resource(p.kind.resource).Name(p.name))
	})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
