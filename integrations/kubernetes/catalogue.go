package kubernetes

import (
	"slices"

	"mayday/integrations"
	"mayday/internal/config"
)

// place is one workload of one cluster. It is named, not known to exist.
type place struct {
	cluster   *cluster
	namespace string
	kind      kind
	name      string
}

// id is the unique name of a place: at most one act at a time per id (E16).
func (p place) id() string {
	return "k8s/" + p.cluster.name + "/" + p.namespace + "/" + p.kind.word + "/" + p.name
}

// at is how people name a place when its name alone does not tell.
func (p place) at() string { return p.cluster.name + ":" + p.namespace + "/" + p.ref() }

// ref is how kubectl names it, "deploy/checkout".
func (p place) ref() string { return p.kind.short + "/" + p.name }

// service is a service of the configuration that runs here.
type service struct {
	name       string
	env        string
	migrations string // "none" when it says that it has none
	targets    []serviceTarget
}

// serviceTarget is one place of a service, and what belongs to it there.
type serviceTarget struct {
	place
	config   []string // config maps that matter beside those that the template names
	workers  []place  // what reads its queues
	cronJobs []string
}

// entry is services.NAME.k8s: one, or a list of them that is acted on one at a time.
type entry struct {
	Cluster     string         `yaml:"cluster"` // may be left out when there is one
	Namespace   string         `yaml:"namespace"`
	Deployment  string         `yaml:"deployment"`
	StatefulSet string         `yaml:"statefulset"`
	DaemonSet   string         `yaml:"daemonset"`
	Config      config.Strings `yaml:"config"`
	Workers     config.Strings `yaml:"workers"` // NAME of a deployment, or KIND/NAME
	CronJobs    config.Strings `yaml:"cronjobs"`
}

// adopt reads what each service says about Kubernetes.
func (f *fleet) adopt(all []integrations.Service) error {
	var found []error
	for _, s := range all {
		if !s.Own.Exists() {
			continue
		}
		one, err := f.service(s)
		found = append(found, err)
		f.services = append(f.services, one)
	}
	return config.Join(found...)
}

func (f *fleet) service(s integrations.Service) (service, error) {
	var entries config.List[entry]
	if err := s.Own.Decode(&entries); err != nil {
		return service{}, err
	}
	out := service{name: s.Name, env: s.Env, migrations: s.Migrations}
	for n, e := range entries {
		at := s.Own
		if items := s.Own.Items(); n < len(items) {
			at = items[n]
		}
		t, err := f.target(at, e)
		if err != nil {
			return service{}, err
		}
		out.targets = append(out.targets, t)
	}
	if len(out.targets) == 0 {
		return service{}, s.Own.Fault("", "`%s` names no workload: write {cluster: prod, namespace: shop, deployment: checkout}.", s.Own.Path())
	}
	return out, nil
}

func (f *fleet) target(at config.Section, e entry) (serviceTarget, error) {
	c, err := f.clusterOf(at, e.Cluster)
	if err != nil {
		return serviceTarget{}, err
	}
	if !goodNamespace.MatchString(e.Namespace) {
		return serviceTarget{}, at.Fault("namespace", "`namespace` of `%s` is the name of a namespace, like shop.", at.Path())
	}
	t := serviceTarget{config: e.Config, cronJobs: e.CronJobs}
	for name, k := range map[string]kind{e.Deployment: deployments, e.StatefulSet: statefulSets, e.DaemonSet: daemonSets} {
		if name == "" {
			continue
		}
		if t.name != "" {
			return t, at.Fault("", "`%s` names two workloads; make a list of two entries.", at.Path())
		}
		t.place = place{cluster: c, namespace: e.Namespace, kind: k, name: name}
	}
	if t.name == "" {
		return t, at.Fault("", "`%s` names no workload: add deployment, statefulset or daemonset.", at.Path())
	}
	for _, name := range slices.Concat([]string{t.name}, e.Config, e.CronJobs) {
		if !goodObject.MatchString(name) {
			return t, at.Fault("", "%q in `%s` is not a name that Kubernetes has.", name, at.Path())
		}
	}
	for _, text := range e.Workers {
		r, ok := parseRef(text)
		if !ok || r.cluster != "" || r.namespace != "" {
			return t, at.Fault("workers", "`workers` are names of deployments, or like statefulset/indexer; not %q.", text)
		}
		k := deployments
		if r.kind != nil {
			k = *r.kind
		}
		t.workers = append(t.workers, place{cluster: c, namespace: e.Namespace, kind: k, name: r.name})
	}
	return t, nil
}

func (f *fleet) clusterOf(at config.Section, name string) (*cluster, error) {
	if name == "" && len(f.names) == 1 {
		name = f.names[0]
	}
	c, ok := f.clusters[name]
	switch {
	case ok:
		return c, nil
	case len(f.names) == 0:
		return nil, at.Fault("cluster", "no cluster is configured: add connect.k8s.prod: {kubeconfig: file:/etc/mayday/kube}.")
	case name == "":
		return nil, at.Fault("", "`cluster` is missing in `%s`; there is: %s.", at.Path(), joined(f.names))
	}
	return nil, at.Fault("cluster", "there is no cluster %q; known: %s.", name, joined(f.names))
}

// named finds a service of the catalogue.
func (f *fleet) named(name string) (service, bool) {
	n := slices.IndexFunc(f.services, func(s service) bool { return s.name == name })
	if n < 0 {
		return service{}, false
	}
	return f.services[n], true
}

// serviceOf is the service that a workload belongs to, as itself or as one of its
// workers; "" when the catalogue does not say.
func (f *fleet) serviceOf(p place) string {
	for _, s := range f.services {
		for _, t := range s.targets {
			if t.id() == p.id() || slices.ContainsFunc(t.workers, func(w place) bool { return w.id() == p.id() }) {
				return s.name
			}
		}
	}
	return ""
}

// namespacesOf are the namespaces of a cluster that the configuration knows.
func (f *fleet) namespacesOf(cluster string) []string {
	c, ok := f.clusters[cluster]
	if !ok {
		return nil
	}
	out := slices.Clone(c.own.Namespaces)
	for _, s := range f.services {
		for _, t := range s.targets {
			if t.cluster == c {
				out = append(out, t.namespace)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
