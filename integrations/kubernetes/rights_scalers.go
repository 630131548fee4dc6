package kubernetes

// scalerGrants are the rules for what decides on counts and versions beside people.
// A rule for an operator that a cluster does not have grants nothing. Their objects
// have names of their own, which the catalogue does not know.
//
// What keeps applications as Git says stands in namespaces of its own, and nodes in
// none: the rights for those are not in the Role of a service's namespace.
var scalerGrants = []grant{
	{group: "autoscaling", resources: []string{"horizontalpodautoscalers"}, verbs: []string{"patch"}, why: "k8s.set_hpa"},
	{group: "policy", resources: []string{"poddisruptionbudgets"}, verbs: []string{"list"}, why: "say which budget forbids an eviction"},
	{group: "keda.sh", resources: []string{"scaledobjects"}, verbs: []string{"get", "list", "patch"}, why: "k8s.scale pauses KEDA"},
	{group: "argoproj.io", resources: []string{"rollouts"}, verbs: []string{"get", "list"}, why: "Argo Rollouts are recognised"},
	{group: "argoproj.io", resources: []string{"rollouts/status"}, verbs: []string{"patch"}, why: "k8s.rollout_abort"},
}
