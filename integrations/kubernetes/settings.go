package kubernetes

import (
	"regexp"
	"strings"

	"mayday/internal/config"
)

// inCluster is the kubeconfig of a Mayday that runs in the cluster it acts on.
const inCluster = "in-cluster"

// settings is connect.k8s.NAME.
type settings struct {
	Kubeconfig        string         `yaml:"kubeconfig"` // a path, "file:" before it or not; or in-cluster
	Context           string         `yaml:"context"`    // of the kubeconfig; "" is its current one
	Env               string         `yaml:"env"`        // of the connection; unset means prod
	Namespaces        config.Strings `yaml:"namespaces"` // looked at beside those of the services
	ArgoCD            string         `yaml:"argocd"`     // the namespace of its Applications; argocd unless set
	AllowClusterAdmin bool           `yaml:"allow_cluster_admin"`
}

var (
	// A cluster's name is part of a target's name and of typed references
	// (prod:shop/checkout), so it has no spaces, slashes or colons.
	goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)
	// The names of Kubernetes: DNS-1123 subdomains.
	goodObject    = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	goodNamespace = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

func decode(section config.Section) ([]string, map[string]settings, error) {
	all := map[string]settings{}
	if !section.Exists() {
		return nil, all, nil
	}
	if err := section.Decode(&all); err != nil {
		return nil, nil, err
	}
	var found []error
	names := section.Keys()
	for _, name := range names {
		found = append(found, checkSettings(section, name, all[name]))
		all[name] = withDefaults(all[name])
	}
	return names, all, config.Join(found...)
}

func checkSettings(section config.Section, name string, s settings) error {
	at := section.Sub(name)
	if !goodName.MatchString(name) {
		return section.Fault(name, "a cluster's name has letters, digits, dots, dashes and underscores, at most 40.")
	}
	if s.Kubeconfig == "" {
		return at.Fault("", "`kubeconfig` is missing in `%s`: write kubeconfig: file:/path, or kubeconfig: in-cluster.", at.Path())
	}
	if strings.HasPrefix(s.Kubeconfig, "env:") {
		return at.Fault("kubeconfig", "`kubeconfig` is the path of a file, like file:/etc/mayday/kube, or in-cluster.")
	}
	if s.ArgoCD != "" && !goodNamespace.MatchString(s.ArgoCD) {
		return at.Fault("argocd", "`argocd` is the namespace of Argo CD's Applications.")
	}
	for _, ns := range s.Namespaces {
		if !goodNamespace.MatchString(ns) {
			return at.Fault("namespaces", "%q is not the name of a namespace.", ns)
		}
	}
	return nil
}

// withDefaults takes the careful reading: what is not said to be something else
// is production, in either spelling.
func withDefaults(s settings) settings {
	if s.Env == "" || s.Env == "production" {
		s.Env = "prod"
	}
	if s.ArgoCD == "" {
		s.ArgoCD = "argocd"
	}
	s.Kubeconfig = strings.TrimPrefix(s.Kubeconfig, "file:")
	return s
}
