package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	authorization "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
)

// rule is the rule of a Role that grants the right, on one line of YAML.
func (a access) rule() string {
	resource := a.resource
	if a.sub != "" {
		resource += "/" + a.sub
	}
	group := a.group
	if group == "" {
		group = `""`
	}
	names := ""
	// A list cannot be bound to names, and neither can what makes a new object.
	if a.name != "" && a.verb != "list" && a.verb != "watch" && (a.verb != "create" || a.sub != "") {
		names = ", resourceNames: [" + a.name + "]"
	}
	return fmt.Sprintf("- {apiGroups: [%s], resources: [%s]%s, verbs: [%s]}", group, resource, names, a.verb)
}

// fix says what to add to which Role.
func (a access) fix() string {
	where := "to the Role of my account in " + a.namespace
	if a.namespace == "" {
		where = "to a ClusterRole of my account"
	}
	return "Add " + where + ": `" + a.rule() + "`. `mayday setup k8s --print-rbac` prints the whole Role."
}

// may asks the cluster for each right, for exactly this verb and object, and
// answers a check per right that is missing (E6, with the rule to add), or one
// that says they are all there. When the cluster does not say, that is unknown:
// the review is advisory, the act itself decides.
func (c *cluster) may(ctx context.Context, rights ...access) []integrations.Check {
	answers := make([]*integrations.Check, len(rights))
	var all sync.WaitGroup
	for n, a := range rights {
		all.Go(func() { answers[n] = c.lacks(ctx, a) })
	}
	all.Wait()
	var out []integrations.Check
	for _, one := range answers {
		if one != nil {
			out = append(out, *one)
		}
	}
	if len(out) > 0 {
		return out
	}
	var verbs []string
	for _, a := range rights {
		verbs = append(verbs, a.verb+" "+a.object())
	}
	return []integrations.Check{{Text: "my account may " + strings.Join(verbs, ", "), Answer: integrations.Yes}}
}

// lacks is the check of a right that is missing; nil when it is there.
func (c *cluster) lacks(ctx context.Context, a access) *integrations.Check {
	ok, err := c.allowed(ctx, a)
	switch {
	case err != nil:
		return &integrations.Check{Text: "whether my account may " + a.words() + " cannot be asked", Answer: integrations.Unknown}
	case !ok:
		return &integrations.Check{Text: "my account may not " + a.words() + "; add " + a.rule(), Answer: integrations.No, Code: "E6"}
	}
	return nil
}

// allowed is one SelfSubjectAccessReview. It creates nothing, so it may be repeated.
func (c *cluster) allowed(ctx context.Context, a access) (bool, error) {
	review := &authorization.SelfSubjectAccessReview{Spec: authorization.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorization.ResourceAttributes{
			Verb: a.verb, Group: a.group, Resource: a.resource, Subresource: a.sub, Namespace: a.namespace, Name: a.name,
		}}}
	said, err := read(ctx, c, access{verb: "create", group: "authorization.k8s.io", resource: "selfsubjectaccessreviews"},
		func(ctx context.Context, k *clients) (*authorization.SelfSubjectAccessReview, error) {
			return k.auth.SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		})
	if err != nil {
		return false, err
	}
	return said.Status.Allowed, nil
}

// rehearsed is what came of a dry run. A refusal is a failing check with the
// server's words.
func rehearsed(err error) integrations.Check {
	if err == nil {
		return integrations.Check{Text: "the cluster accepts the change (dry run)", Answer: integrations.Yes}
	}
	if r, ok := integrations.AsRejected(err); ok && r.Code != "E5" {
		return integrations.Check{Text: "dry run: " + strings.TrimSuffix(r.Why, "."), Answer: integrations.No, Code: r.Code}
	}
	if s, ok := integrations.AsStale(err); ok {
		return integrations.Check{Text: "dry run: " + s.Diff, Answer: integrations.No, Code: s.Code}
	}
	return integrations.Check{Text: "the dry run got no answer", Answer: integrations.Unknown}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
