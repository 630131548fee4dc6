package kubernetes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// revisionLabel is on every pod of a StatefulSet and a DaemonSet.
const revisionLabel = appsv1.ControllerRevisionHashLabelKey

// recordRevision finds or makes the controller revision of a template, as the
// newest. The data is a strategic merge patch that brings the template back.
func (c *Cluster) recordRevision(owner Object, k *kind, t corev1.PodTemplateSpec, limit *int32) (current *appsv1.ControllerRevision) {
	data := revisionData(t)
	all := owned[*appsv1.ControllerRevision](c, revisions, owner)
	slices.SortFunc(all, func(a, b *appsv1.ControllerRevision) int { return cmp.Compare(a.Revision, b.Revision) })
	var newest int64
	for _, one := range all {
		newest = max(newest, one.Revision)
		if bytes.Equal(one.Data.Raw, data) {
			current = one
		}
	}
	switch {
	case current == nil:
		current = c.newRevision(owner, k, t, data, newest+1)
	case current.Revision < newest:
		renumbered := clone(current)
		renumbered.Revision = newest + 1
		c.store.put(revisions, renumbered)
		current = renumbered
	}
	for n := 0; n < len(all)-int(*limit)-1; n++ {
		if all[n].UID != current.UID {
			c.store.remove(revisions, all[n])
		}
	}
	return current
}

func (c *Cluster) newRevision(owner Object, k *kind, t corev1.PodTemplateSpec, data []byte, number int64) *appsv1.ControllerRevision {
	hash := templateHash(t)
	r := &appsv1.ControllerRevision{Data: runtime.RawExtension{Raw: data}, Revision: number}
	r.Name, r.Namespace = owner.GetName()+"-"+hash, owner.GetNamespace()
	r.Labels = with(t.Labels, map[string]string{revisionLabel: hash})
	r.Annotations = with(owner.GetAnnotations(), nil)
	delete(r.Annotations, lastAppliedNote)
	r.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, k.groupVersion().WithKind(k.kind))}
	if c.seeding {
		r.CreationTimestamp = owner.GetCreationTimestamp()
	}
	c.born(revisions, r)
	return r
}

func revisionData(t corev1.PodTemplateSpec) []byte {
	raw, err := json.Marshal(t)
	if err != nil {
		return nil
	}
	var plain map[string]any
	if json.Unmarshal(raw, &plain) != nil {
		return nil
	}
	plain["$patch"] = "replace"
	out, err := json.Marshal(map[string]any{"spec": map[string]any{"template": plain}})
	if err != nil {
		return nil
	}
	return out
}

// hashOf is what the pods of a DaemonSet carry; those of a StatefulSet carry the
// whole name of the revision.
func hashOf(r *appsv1.ControllerRevision) string { return r.Labels[revisionLabel] }

// templateOf reads the template back.
func templateOf(o Object) (corev1.PodTemplateSpec, error) {
	var in struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	r, _ := o.(*appsv1.ControllerRevision)
	if err := json.Unmarshal(r.Data.Raw, &in); err != nil {
		return in.Spec.Template, fmt.Errorf("read revision %s: %w", r.Name, err)
	}
	return in.Spec.Template, nil
}
