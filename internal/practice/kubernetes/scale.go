package kubernetes

import (
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// counted is what has a count of pods: the count that is wished, the one that
// is, and the selector.
func counted(o Object) (wish **int32, is int32, selector *metav1.LabelSelector) {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector
	case *appsv1.ReplicaSet:
		return &o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector
	case *appsv1.StatefulSet:
		return &o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector
	}
	return nil, 0, nil
}

// scaleOf is the scale subresource of an object.
func scaleOf(o Object) *autoscalingv1.Scale {
	wish, is, selector := counted(o)
	s := &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{Kind: "Scale", APIVersion: "autoscaling/v1"},
		ObjectMeta: metav1.ObjectMeta{
			Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion(), CreationTimestamp: o.GetCreationTimestamp(),
		},
		Status: autoscalingv1.ScaleStatus{Replicas: is, Selector: metav1.FormatLabelSelector(selector)},
	}
	if wish != nil && *wish != nil {
		s.Spec.Replicas = **wish
	}
	return s
}

// rescale changes the count, and nothing else.
func (c *Cluster) rescale(one *call) (int, any, error) {
	old, err := c.named(one)
	if err != nil {
		return 0, nil, err
	}
	wanted := &autoscalingv1.Scale{}
	if one.what.verb == "patch" {
		err = one.patched(scaleOf(old), wanted)
	} else {
		err = one.unmarshal(wanted)
	}
	if err != nil {
		return 0, nil, err
	}
	if wanted.Spec.Replicas < 0 {
		return 0, nil, apierrors.NewInvalid(autoscalingv1.SchemeGroupVersion.WithKind("Scale").GroupKind(), one.what.name, field.ErrorList{
			field.Invalid(field.NewPath("spec", "replicas"), wanted.Spec.Replicas, "must be greater than or equal to 0"),
		})
	}
	if err := sameThing(one, old, wanted); err != nil {
		return 0, nil, err
	}
	o := clone(old)
	wish, _, _ := counted(o)
	if **wish == wanted.Spec.Replicas {
		return http.StatusOK, scaleOf(old), nil
	}
	*wish = &wanted.Spec.Replicas
	o.SetGeneration(o.GetGeneration() + 1)
	sign(one, old, o)
	c.keep(one, o)
	return http.StatusOK, scaleOf(o), nil
}
