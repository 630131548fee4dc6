package kubernetes

import (
	"net/http"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// review answers what the caller may do. Everybody may ask that.
func (c *Cluster) review(one *call) (int, any, error) {
	if one.what.verb != "create" {
		return 0, nil, errNoSuchPath
	}
	switch one.what.resource {
	case "selfsubjectaccessreviews":
		return one.accessReview()
	case "selfsubjectrulesreviews":
		return one.rulesReview()
	}
	return 0, nil, errNoSuchPath
}

func (one *call) accessReview() (int, any, error) {
	var r authorizationv1.SelfSubjectAccessReview
	if err := one.unmarshal(&r); err != nil {
		return 0, nil, err
	}
	a := r.Spec.ResourceAttributes
	if a == nil {
		return 0, nil, apierrors.NewBadRequest("spec.resourceAttributes is what the practice cluster can review")
	}
	r.APIVersion, r.Kind = "authorization.k8s.io/v1", "SelfSubjectAccessReview"
	r.Status.Allowed = one.who.may(attempt{verb: a.Verb, group: a.Group, resource: a.Resource, sub: a.Subresource, namespace: a.Namespace, name: a.Name})
	return http.StatusCreated, r, nil
}

func (one *call) rulesReview() (int, any, error) {
	var r authorizationv1.SelfSubjectRulesReview
	if err := one.unmarshal(&r); err != nil {
		return 0, nil, err
	}
	if r.Spec.Namespace == "" {
		return 0, nil, apierrors.NewBadRequest("no namespace on request")
	}
	r.APIVersion, r.Kind = "authorization.k8s.io/v1", "SelfSubjectRulesReview"
	r.Status.ResourceRules = []authorizationv1.ResourceRule{{
		Verbs: []string{"create"}, APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"selfsubjectaccessreviews", "selfsubjectrulesreviews"},
	}}
	r.Status.NonResourceRules = []authorizationv1.NonResourceRule{}
	for _, rule := range one.who.Rules {
		if rule.Namespace == "" || rule.Namespace == r.Spec.Namespace {
			r.Status.ResourceRules = append(r.Status.ResourceRules, authorizationv1.ResourceRule{
				Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
			})
		}
	}
	return http.StatusCreated, r, nil
}
