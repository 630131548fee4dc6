package kubernetes

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/fault"
)

// grant is one rule of a Role.
type grant struct {
	group     string
	resources []string
	names     []string // nil: all of the namespace, where a name cannot be said
	verbs     []string
	why       string
}

func (g grant) yaml() string {
	group := g.group
	if group == "" {
		group = `""`
	}
	names := ""
	if len(g.names) > 0 {
		names = ", resourceNames: [" + joined(g.names) + "]"
	}
	return fmt.Sprintf("- {apiGroups: [%s], resources: [%s]%s, verbs: [%s]} # %s\n", group, joined(g.resources), names, joined(g.verbs), g.why)
}

// named are the objects of a namespace that the catalogue knows, by resource.
func (f *fleet) namedIn(s spot) map[string][]string {
	out := map[string][]string{}
	add := func(resource string, names ...string) { out[resource] = append(out[resource], names...) }
	for _, one := range f.services {
		for _, t := range one.targets {
			if t.cluster != s.cluster || t.namespace != s.namespace {
				continue
			}
			add(t.kind.resource, t.name)
			for _, w := range t.workers {
				add(w.kind.resource, w.name)
			}
			add("configmaps", t.config...)
			add("cronjobs", t.cronJobs...)
		}
	}
	for resource := range out {
		slices.Sort(out[resource])
		out[resource] = slices.Compact(out[resource])
	}
	return out
}

// grants are the rules of the Role of one namespace: everything may be looked at
// but secrets, and only what the catalogue names may be changed.
func (f *fleet) grants(s spot) []grant {
	out := []grant{
		{group: "apps", resources: []string{"deployments", "statefulsets", "daemonsets", "replicasets", "controllerrevisions"}, verbs: []string{"get", "list"}, why: "look at workloads and their history"},
		{resources: []string{"pods", "events"}, verbs: []string{"get", "list"}, why: "say why a rollout is stuck"},
		{resources: []string{"pods/log"}, verbs: []string{"get"}, why: "k8s.logs_tail"},
		{group: "autoscaling", resources: []string{"horizontalpodautoscalers"}, verbs: []string{"get", "list"}, why: "who else sets the count"},
	}
	named := f.namedIn(s)
	for _, k := range kinds {
		if names := named[k.resource]; len(names) > 0 {
			out = append(out, grant{group: "apps", resources: []string{k.resource}, names: names, verbs: []string{"patch"}, why: "roll back, restart, set env"})
			if k.resource != daemonSets.resource {
				out = append(out, grant{group: "apps", resources: []string{k.resource + "/scale"}, names: names, verbs: []string{"get", "patch"}, why: "k8s.scale"})
			}
		}
	}
	if names := named["configmaps"]; len(names) > 0 {
		out = append(out, grant{resources: []string{"configmaps"}, names: names, verbs: []string{"get", "patch"}, why: "k8s.configmap, k8s.patch_configmap"})
	}
	if names := named["cronjobs"]; len(names) > 0 {
		out = append(out, grant{group: "batch", resources: []string{"cronjobs"}, names: names, verbs: []string{"get", "patch"}, why: "k8s.suspend_cronjobs"},
			grant{group: "batch", resources: []string{"jobs"}, verbs: []string{"list"}, why: "which runs are in progress"})
	}
	if len(named) == 0 {
		return out
	}
	out = append(out, scalerGrants...)
	return append(out,
		grant{resources: []string{"pods/eviction"}, verbs: []string{"create"}, why: "k8s.evict_pod"},
		grant{resources: []string{"pods"}, verbs: []string{"delete"}, why: "k8s.delete_pod, and the broken pods of a stateful set"})
}

const (
	ownNamespace = "mayday" // where the account lives
	ownName      = "mayday"
)

// rbac writes an account, and a Role with its binding per namespace of a cluster.
func (f *fleet) rbac(cluster string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What Mayday may do on cluster %s. Made from the services of its configuration.\n", cluster)
	fmt.Fprintf(&b, "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n---\n", ownNamespace)
	fmt.Fprintf(&b, "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s, namespace: %s}\n", ownName, ownNamespace)
	for _, ns := range f.namespacesOf(cluster) {
		fmt.Fprintf(&b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: %s, namespace: %s}\nrules:\n", ownName, ns)
		for _, g := range f.grants(spot{f.clusters[cluster], ns}) {
			b.WriteString(g.yaml())
		}
		fmt.Fprintf(&b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: %[1]s, namespace: %[2]s}\n"+
			"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %[1]s}\nsubjects: [{kind: ServiceAccount, name: %[1]s, namespace: %[3]s}]\n", ownName, ns, ownNamespace)
	}
	return b.String()
}

// printRights prints the rights for one cluster, to be applied as they are. With
// several clusters, only says which; "" will do when there is one.
func printRights(section config.Section, services []integrations.Service, only string) (string, error) {
	f, err := newFleet(section, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	if err := f.adopt(services); err != nil {
		return "", err
	}
	if only == "" && len(f.names) == 1 {
		only = f.names[0]
	}
	switch {
	case len(f.names) == 0:
		return "", fault.New(fault.Invalid, "E24", "No cluster is configured.", "Add connect.k8s.NAME: {kubeconfig: file:/path} and services.NAME.k8s to the config.").WithState("")
	case f.clusters[only] == nil:
		return "", fault.New(fault.Invalid, "E24", "Say which cluster the rights are for.", "There is: "+joined(f.names)+".").WithState("")
	case len(f.namespacesOf(only)) == 0:
		return "", fault.New(fault.Invalid, "E24", "No service runs on "+only+".", "Add services.NAME.k8s: {cluster: "+only+", namespace: shop, deployment: checkout} to the config.").WithState("")
	}
	return f.rbac(only), nil
}

// setup prints what is to be done at a cluster.
func setup(section config.Section, _ string) string {
	name := "prod"
	if names := section.Keys(); len(names) > 0 {
		name = names[0]
	}
	return fmt.Sprintf(`Kubernetes, four steps for each cluster

1. In mayday.yaml, say what runs where:
     connect:
       k8s:
         %[1]s: {kubeconfig: file:/etc/mayday/kube-%[1]s}     # or kubeconfig: in-cluster
     services:
       checkout:
         migrations: none                # only when its deploys bring none
         k8s: {cluster: %[1]s, namespace: shop, deployment: checkout, config: [checkout-config]}
2. Give Mayday an account of its own, with a Role per namespace that names those workloads:
     mayday setup k8s --print-rbac --cluster %[1]s | kubectl --context %[1]s apply -f -
   It may look at workloads, pods, events and logs, and change only what the configuration names. It gets no
   secrets, no exec, no wildcard. Print it again when a service is added.
3. Outside of the cluster, make a kubeconfig for that account and put it where Mayday reads it:
     kubectl --context %[1]s -n mayday create token mayday --duration 8760h
   Inside, run Mayday as service account mayday in namespace mayday and write kubeconfig: in-cluster.
4. mayday doctor                         says what works, and objects to rights that are too wide

An account that may do everything (cluster-admin) is refused when Mayday starts, unless
connect.k8s.%[1]s.allow_cluster_admin: true says that this is wanted.

Patch on a deployment means running any image with any service account of the namespace. Where that is too much,
add an admission policy for this account that forbids hostPath, host network, privileged and other service accounts.
`, name)
}
