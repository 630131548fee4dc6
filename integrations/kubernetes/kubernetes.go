// Package kubernetes looks at workloads and changes them: rollouts, scale,
// restarts, config maps. Its actions begin with `k8s.`.
//
//	connect:
//	  k8s:
//	    prod: {kubeconfig: file:/etc/mayday/kube, context: prod}
//	services:
//	  checkout:
//	    k8s: {cluster: prod, namespace: shop, deployment: checkout}
//
// An act is one request, sent once and never repeated: not by client-go, not by
// the HTTP transport, not by us (PROMISES rule 2). Before it the object is read
// again and compared with the preview, and the patch itself tests the resource
// version of that reading (rule 8). Reads are tried three times.
//
// Addresses, tokens and the content of secrets never leave this package: clusters
// have names, and errors are put into words of our own.
package kubernetes

import (
	"context"
	"log/slog"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
)

// Integration is Kubernetes as a target.
var Integration = integrations.Integration{Name: "k8s", Prefix: "k8s", Title: "Kubernetes", New: newParts, Setup: setup, Rights: printRights}

// fleet is what the actions share: the configured clusters and the services that
// run on them.
type fleet struct {
	clusters map[string]*cluster
	names    []string
	services []service // in the order of the configuration
	log      *slog.Logger

	zeroWatch time.Duration // how long a count of zero has to hold
}

func newParts(section config.Section, log *slog.Logger) (integrations.Parts, error) {
	f, err := newFleet(section, log)
	if err != nil {
		return integrations.Parts{}, err
	}
	parts := integrations.Parts{
		Actions:     f.actions(),
		Connections: f.names,
		Adopt:       f.adopt,
		Close:       f.close,
	}
	if len(f.names) > 0 {
		parts.Checker, parts.Changes, parts.Refuse = f, f, f.refuse
	}
	return parts, nil
}

func newFleet(section config.Section, log *slog.Logger) (*fleet, error) {
	names, all, err := decode(section)
	if err != nil {
		return nil, err
	}
	f := &fleet{clusters: make(map[string]*cluster, len(names)), names: names, log: log, zeroWatch: zeroWatch}
	for _, name := range names {
		f.clusters[name] = newCluster(name, all[name], log)
		f.clusters[name].learn = section.Learn
		// Nothing is asked of the cluster; a file that cannot be read is said when
		// it is needed.
		if cfg, err := all[name].load(); err == nil {
			f.clusters[name].tell(cfg)
		}
	}
	return f, nil
}

func (f *fleet) close() {
	for _, c := range f.clusters {
		c.close()
	}
}

var _ integrations.Checker = (*fleet)(nil)

// Check asks every cluster what Mayday may do there. It changes nothing.
func (f *fleet) Check(ctx context.Context) []integrations.Finding {
	var out []integrations.Finding
	for _, name := range f.names {
		out = append(out, f.clusters[name].check(ctx, f.namespacesOf(name))...)
	}
	return out
}
