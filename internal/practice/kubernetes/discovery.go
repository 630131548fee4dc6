package kubernetes

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiversion "k8s.io/apimachinery/pkg/version"
)

// discover answers what the server is and has. Everybody who is known may ask.
func (c *Cluster) discover(path string) (any, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/version":
		return apiversion.Info{Major: "1", Minor: "37", GitVersion: "v1.37.2", GoVersion: "go1.26", Platform: "linux/amd64"}, true
	case path == "/readyz" || path == "/livez" || path == "/healthz":
		return "ok", true
	case parts[0] == "api" && len(parts) == 1:
		return metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
			ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{{ClientCIDR: "0.0.0.0/0", ServerAddress: strings.TrimPrefix(c.url, "https://")}}}, true
	case parts[0] == "api" && len(parts) == 2 && parts[1] == "v1":
		return resources("", "v1"), true
	case parts[0] == "apis" && len(parts) == 1:
		return groups(), true
	case parts[0] == "apis" && len(parts) == 3:
		list := resources(parts[1], parts[2])
		return list, len(list.APIResources) > 0
	}
	return nil, false
}

func groups() metav1.APIGroupList {
	out := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, gv := range append(served(), "authorization.k8s.io/v1") {
		group, v, _ := strings.Cut(gv, "/")
		only := metav1.GroupVersionForDiscovery{GroupVersion: gv, Version: v}
		out.Groups = append(out.Groups, metav1.APIGroup{Name: group, Versions: []metav1.GroupVersionForDiscovery{only}, PreferredVersion: only})
	}
	return out
}

// served are the groups with a name, each with its one version.
func served() []string {
	var out []string
	for _, k := range kinds {
		if gv := k.groupVersion().String(); k.group != "" && !slices.Contains(out, gv) {
			out = append(out, gv)
		}
	}
	return out
}

var allVerbs = metav1.Verbs{"create", "delete", "get", "list", "patch", "update", "watch"}

func resources(group, v string) metav1.APIResourceList {
	out := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}}
	out.GroupVersion = strings.TrimPrefix(group+"/"+v, "/")
	if group == "authorization.k8s.io" && v == "v1" {
		for _, name := range []string{"SelfSubjectAccessReview", "SelfSubjectRulesReview"} {
			out.APIResources = append(out.APIResources, metav1.APIResource{Name: strings.ToLower(name) + "s", Kind: name, SingularName: strings.ToLower(name), Verbs: metav1.Verbs{"create"}})
		}
	}
	for _, k := range kinds {
		if k.group != group || k.version != v {
			continue
		}
		out.APIResources = append(out.APIResources, metav1.APIResource{Name: k.resource, SingularName: k.singular, Namespaced: k.namespaced, Kind: k.kind, ShortNames: k.short, Verbs: allVerbs})
		for _, sub := range k.subs {
			out.APIResources = append(out.APIResources, k.part(sub))
		}
	}
	return out
}

func (k *kind) part(sub string) metav1.APIResource {
	r := metav1.APIResource{Name: k.resource + "/" + sub, Namespaced: k.namespaced, Kind: k.kind, Verbs: metav1.Verbs{"get", "patch", "update"}}
	switch sub {
	case scalePart:
		r.Group, r.Version, r.Kind = "autoscaling", "v1", "Scale"
	case "eviction":
		r.Group, r.Version, r.Kind, r.Verbs = "policy", "v1", "Eviction", metav1.Verbs{"create"}
	case "log":
		r.Verbs = metav1.Verbs{"get"}
	}
	return r
}
