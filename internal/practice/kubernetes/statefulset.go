package kubernetes

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func (c *Cluster) eachStatefulSet() {
	for _, o := range c.store.list(statefulSets, "") {
		if s, ok := o.(*appsv1.StatefulSet); ok {
			c.keepOrdered(s)
		}
	}
}

// keepOrdered keeps the pods of a StatefulSet one after the other. A pod that
// does not become ready blocks all that come after it, a rollback included
// (kubernetes#67250): it has to be deleted by hand.
func (c *Cluster) keepOrdered(s *appsv1.StatefulSet) {
	update := c.recordRevision(s, statefulSets, s.Spec.Template, s.Spec.RevisionHistoryLimit)
	o := clone(s)
	o.Status.ObservedGeneration = s.Generation
	o.Status.UpdateRevision = update.Name
	usual(&o.Status.CurrentRevision, update.Name)
	c.ordinals(s, o.Status.CurrentRevision, update)
	c.countOrdered(s, o, update)
	c.set(statefulSets, s, o)
}

// ordinals does one step: make the next pod, or take the last one away, or
// replace one of an old revision, beginning with the last.
func (c *Cluster) ordinals(s *appsv1.StatefulSet, current string, update *appsv1.ControllerRevision) {
	there := map[int]*corev1.Pod{}
	last := -1
	for _, p := range owned[*corev1.Pod](c, pods, s) {
		n := ordinal(s, p)
		there[n] = p
		last = max(last, n)
	}
	wish := int(*s.Spec.Replicas)
	inOrder := s.Spec.PodManagementPolicy == appsv1.OrderedReadyPodManagement
	for n := range wish {
		p := there[n]
		if p == nil {
			c.makeOrdinal(s, n, current, update)
		}
		if (p == nil || !ready(p) || p.DeletionTimestamp != nil) && inOrder {
			return
		}
	}
	if last >= wish {
		if there[last].DeletionTimestamp == nil {
			c.farewell(s, statefulSets, there[last])
		}
		return
	}
	if s.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return
	}
	c.replaceOrdinal(s, there, update)
}

func ordinal(s *appsv1.StatefulSet, p *corev1.Pod) int {
	n, err := strconv.Atoi(p.Name[min(len(p.Name), len(s.Name)+1):])
	if err != nil {
		return -1
	}
	return n
}

func partition(s *appsv1.StatefulSet) int {
	if r := s.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		return int(*r.Partition)
	}
	return 0
}

// makeOrdinal makes a pod: of the update when the partition lets it, else of the
// current revision, as far as that is the template that is known.
func (c *Cluster) makeOrdinal(s *appsv1.StatefulSet, n int, current string, update *appsv1.ControllerRevision) {
	revision, t := update.Name, s.Spec.Template
	if n < partition(s) && current != update.Name {
		if o, ok := c.store.get(revisions, s.Namespace, current); ok {
			if old, err := templateOf(o); err == nil {
				revision, t = current, old
			}
		}
	}
	name := s.Name + "-" + strconv.Itoa(n)
	c.spawn(s, statefulSets, name, t, map[string]string{
		revisionLabel: revision, appsv1.StatefulSetPodNameLabel: name, appsv1.PodIndexLabel: strconv.Itoa(n),
	})
}

func (c *Cluster) replaceOrdinal(s *appsv1.StatefulSet, there map[int]*corev1.Pod, update *appsv1.ControllerRevision) {
	for n := int(*s.Spec.Replicas) - 1; n >= partition(s); n-- {
		p := there[n]
		if p == nil || p.DeletionTimestamp != nil {
			return
		}
		if p.Labels[revisionLabel] != update.Name {
			c.farewell(s, statefulSets, p)
			return
		}
		if !ready(p) {
			return
		}
	}
}

func (c *Cluster) countOrdered(s, o *appsv1.StatefulSet, update *appsv1.ControllerRevision) {
	all := c.working(s)
	o.Status.Replicas, o.Status.ReadyReplicas = int32(len(all)), countReady(all)
	o.Status.AvailableReplicas = o.Status.ReadyReplicas
	o.Status.UpdatedReplicas, o.Status.CurrentReplicas = 0, 0
	for _, p := range all {
		switch p.Labels[revisionLabel] {
		case update.Name:
			o.Status.UpdatedReplicas++
		case o.Status.CurrentRevision:
			o.Status.CurrentReplicas++
		}
	}
	wish := *s.Spec.Replicas
	if o.Status.UpdatedReplicas == wish && o.Status.ReadyReplicas == wish && partition(s) == 0 {
		o.Status.CurrentRevision = update.Name
	}
	if o.Status.CurrentRevision == update.Name {
		o.Status.CurrentReplicas = o.Status.UpdatedReplicas
	}
}
