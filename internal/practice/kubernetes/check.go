package kubernetes

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// check refuses what the real server refuses, as far as a careful caller can run
// into it: names, selectors, counts, containers, and what may never change. Old is
// nil for a new object.
func check(k *kind, old, o Object) error {
	var wrong field.ErrorList
	if o.GetName() == "" {
		wrong = append(wrong, field.Required(field.NewPath("metadata", "name"), "name or generateName is required"))
	}
	for _, said := range validation.IsDNS1123Subdomain(o.GetName()) {
		wrong = append(wrong, field.Invalid(field.NewPath("metadata", "name"), o.GetName(), said))
	}
	wrong = append(wrong, checkSpec(old, o, field.NewPath("spec"))...)
	if len(wrong) == 0 {
		return nil
	}
	return apierrors.NewInvalid(k.groupKind(), o.GetName(), wrong)
}

func checkSpec(old, o Object, at *field.Path) field.ErrorList {
	switch o := o.(type) {
	case *appsv1.Deployment:
		before, _ := old.(*appsv1.Deployment)
		wrong := checkWorkload(o.Spec.Replicas, o.Spec.Selector, o.Spec.Template, at)
		if before != nil && !apiequality.Semantic.DeepEqual(before.Spec.Selector, o.Spec.Selector) {
			wrong = append(wrong, field.Invalid(at.Child("selector"), o.Spec.Selector, "field is immutable"))
		}
		return wrong
	case *appsv1.StatefulSet:
		before, _ := old.(*appsv1.StatefulSet)
		return append(checkWorkload(o.Spec.Replicas, o.Spec.Selector, o.Spec.Template, at), checkStatefulChange(before, o, at)...)
	case *appsv1.DaemonSet:
		before, _ := old.(*appsv1.DaemonSet)
		wrong := checkWorkload(nil, o.Spec.Selector, o.Spec.Template, at)
		if before != nil && !apiequality.Semantic.DeepEqual(before.Spec.Selector, o.Spec.Selector) {
			wrong = append(wrong, field.Invalid(at.Child("selector"), o.Spec.Selector, "field is immutable"))
		}
		return wrong
	case *appsv1.ReplicaSet:
		return checkWorkload(o.Spec.Replicas, o.Spec.Selector, o.Spec.Template, at)
	case *batchv1.CronJob:
		return checkCronJob(o, at)
	case *corev1.Pod:
		before, _ := old.(*corev1.Pod)
		return checkPod(before, o, at)
	}
	return nil
}

func checkWorkload(replicas *int32, selector *metav1.LabelSelector, template corev1.PodTemplateSpec, at *field.Path) field.ErrorList {
	var wrong field.ErrorList
	if replicas != nil && *replicas < 0 {
		wrong = append(wrong, field.Invalid(at.Child("replicas"), *replicas, "must be greater than or equal to 0"))
	}
	s, err := metav1.LabelSelectorAsSelector(selector)
	switch {
	case selector == nil:
		wrong = append(wrong, field.Required(at.Child("selector"), ""))
	case err != nil || s.Empty() || !s.Matches(labels.Set(template.Labels)):
		wrong = append(wrong, field.Invalid(at.Child("template", "metadata", "labels"), template.Labels, "`selector` does not match template `labels`"))
	}
	return append(wrong, checkContainers(template.Spec, at.Child("template", "spec"))...)
}

func checkContainers(s corev1.PodSpec, at *field.Path) field.ErrorList {
	var wrong field.ErrorList
	if len(s.Containers) == 0 {
		wrong = append(wrong, field.Required(at.Child("containers"), ""))
	}
	seen := map[string]bool{}
	for n, c := range s.Containers {
		here := at.Child("containers").Index(n)
		if c.Name == "" {
			wrong = append(wrong, field.Required(here.Child("name"), ""))
		}
		if seen[c.Name] {
			wrong = append(wrong, field.Duplicate(here.Child("name"), c.Name))
		}
		seen[c.Name] = true
		if strings.TrimSpace(c.Image) == "" {
			wrong = append(wrong, field.Required(here.Child("image"), ""))
		}
		for _, e := range c.Env {
			if e.Name == "" {
				wrong = append(wrong, field.Required(here.Child("env").Index(n).Child("name"), ""))
			}
		}
	}
	return wrong
}

// checkStatefulChange: only some fields of a StatefulSet may ever change.
func checkStatefulChange(before, o *appsv1.StatefulSet, at *field.Path) field.ErrorList {
	if before == nil {
		return nil
	}
	want := clone(o).Spec
	want.Replicas, want.Template, want.UpdateStrategy = before.Spec.Replicas, before.Spec.Template, before.Spec.UpdateStrategy
	want.MinReadySeconds, want.RevisionHistoryLimit = before.Spec.MinReadySeconds, before.Spec.RevisionHistoryLimit
	want.Ordinals, want.PersistentVolumeClaimRetentionPolicy = before.Spec.Ordinals, before.Spec.PersistentVolumeClaimRetentionPolicy
	if apiequality.Semantic.DeepEqual(want, before.Spec) {
		return nil
	}
	return field.ErrorList{field.Forbidden(at, "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "+
		"'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")}
}

func checkCronJob(o *batchv1.CronJob, at *field.Path) field.ErrorList {
	wrong := checkContainers(o.Spec.JobTemplate.Spec.Template.Spec, at.Child("jobTemplate", "spec", "template", "spec"))
	if _, err := readSchedule(o.Spec.Schedule); err != nil {
		wrong = append(wrong, field.Invalid(at.Child("schedule"), o.Spec.Schedule, err.Error()))
	}
	return wrong
}

func checkPod(before, o *corev1.Pod, at *field.Path) field.ErrorList {
	wrong := checkContainers(o.Spec, at)
	if before == nil {
		return wrong
	}
	want := clone(o).Spec
	for n := range want.Containers {
		if n < len(before.Spec.Containers) {
			want.Containers[n].Image = before.Spec.Containers[n].Image
		}
	}
	want.ActiveDeadlineSeconds, want.Tolerations, want.TerminationGracePeriodSeconds = before.Spec.ActiveDeadlineSeconds, before.Spec.Tolerations, before.Spec.TerminationGracePeriodSeconds
	if !apiequality.Semantic.DeepEqual(want, before.Spec) {
		wrong = append(wrong, field.Forbidden(at, "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"+
			"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"+
			"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"))
	}
	return wrong
}
