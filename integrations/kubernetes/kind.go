package kubernetes

import "slices"

// kind is a sort of workload.
type kind struct {
	word     string // as people and error messages write it, "deployment"
	short    string // as kubectl takes it, "deploy"
	resource string // "deployments", in the group apps
	also     []string
}

var (
	deployments  = kind{word: "deployment", short: "deploy", resource: "deployments", also: []string{"deployments", "deployments.apps"}}
	statefulSets = kind{word: "statefulset", short: "sts", resource: "statefulsets", also: []string{"statefulsets", "statefulsets.apps"}}
	daemonSets   = kind{word: "daemonset", short: "ds", resource: "daemonsets", also: []string{"daemonsets", "daemonsets.apps"}}
)

// kinds are the workloads that roll out, in the order in which a plain name is
// looked for.
var kinds = []kind{deployments, statefulSets, daemonSets}

// kindOf finds a kind by any of the words that kubectl takes for it.
func kindOf(word string) (kind, bool) {
	for _, k := range kinds {
		if word == k.word || word == k.short || slices.Contains(k.also, word) {
			return k, true
		}
	}
	return kind{}, false
}

// history is the resource that keeps a workload's earlier templates.
func (k kind) history() string {
	if k.resource == deployments.resource {
		return "replicasets"
	}
	return "controllerrevisions"
}
