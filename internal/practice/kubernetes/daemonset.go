package kubernetes

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func (c *Cluster) eachDaemonSet() {
	for _, o := range c.store.list(daemonSets, "") {
		if d, ok := o.(*appsv1.DaemonSet); ok {
			c.spread(d)
		}
	}
}

// spread keeps one pod of a DaemonSet on every node that its selector takes, and
// replaces old ones a few at a time.
func (c *Cluster) spread(d *appsv1.DaemonSet) {
	update := c.recordRevision(d, daemonSets, d.Spec.Template, d.Spec.RevisionHistoryLimit)
	on := map[string]*corev1.Pod{}
	for _, p := range owned[*corev1.Pod](c, pods, d) {
		on[p.Labels[daemonNode]] = p
	}
	wanted := c.nodesFor(d)
	o := clone(d)
	o.Status = appsv1.DaemonSetStatus{ObservedGeneration: d.Generation, DesiredNumberScheduled: int32(len(wanted))}
	var old []*corev1.Pod
	for _, node := range wanted {
		p := on[node]
		if p == nil {
			c.spawn(d, daemonSets, d.Name+"-"+suffix(), d.Spec.Template, map[string]string{revisionLabel: hashOf(update), daemonNode: node})
			continue
		}
		o.Status.CurrentNumberScheduled++
		current := p.Labels[revisionLabel] == hashOf(update)
		if current {
			o.Status.UpdatedNumberScheduled++
		}
		if ready(p) && p.DeletionTimestamp == nil {
			o.Status.NumberReady++
		}
		if !current && p.DeletionTimestamp == nil {
			old = append(old, p)
		}
	}
	o.Status.NumberAvailable = o.Status.NumberReady
	o.Status.NumberUnavailable = o.Status.DesiredNumberScheduled - o.Status.NumberReady
	c.replaceDaemons(d, old, int(o.Status.NumberUnavailable), len(wanted))
	c.set(daemonSets, d, o)
}

func (c *Cluster) nodesFor(d *appsv1.DaemonSet) []string {
	var out []string
	for _, n := range c.store.list(nodes, "") {
		if labels.SelectorFromSet(d.Spec.Template.Spec.NodeSelector).Matches(labels.Set(n.GetLabels())) {
			out = append(out, n.GetName())
		}
	}
	return out
}

// replaceDaemons: a pod that is not ready anyway costs nothing; of the others as
// many go as may lack.
func (c *Cluster) replaceDaemons(d *appsv1.DaemonSet, old []*corev1.Pod, lacking, all int) {
	rolling := d.Spec.UpdateStrategy.RollingUpdate
	if d.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType || rolling == nil {
		return
	}
	spare := max(1, share(rolling.MaxUnavailable, all, true)) - lacking
	for _, p := range old {
		if !ready(p) {
			c.farewell(d, daemonSets, p)
			continue
		}
		if spare > 0 {
			c.farewell(d, daemonSets, p)
			spare--
		}
	}
}
