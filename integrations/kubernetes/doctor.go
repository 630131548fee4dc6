package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	authorization "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiversion "k8s.io/apimachinery/pkg/version"

	"mayday/integrations"
)

// tooMuch are rights that Mayday never needs: each of them leads to all others,
// or to secrets (PROMISES P20).
var tooMuch = []access{
	{verb: "get", resource: "secrets"}, {verb: "list", resource: "secrets"},
	{verb: "create", resource: "pods", sub: "exec"},
	{verb: "impersonate", resource: "users"}, {verb: "impersonate", resource: "serviceaccounts"},
	{verb: "escalate", group: "rbac.authorization.k8s.io", resource: "roles"},
	{verb: "bind", group: "rbac.authorization.k8s.io", resource: "roles"},
}

func (c *cluster) finding(text string) string { return "k8s " + c.name + ": " + text }

// check asks who we are and what we may do, in each namespace that the
// configuration knows.
func (c *cluster) check(ctx context.Context, namespaces []string) []integrations.Finding {
	ctx, cancel := context.WithTimeout(ctx, 3*tryTimeout)
	defer cancel()
	v, err := c.serverVersion(ctx)
	if err != nil {
		return []integrations.Finding{c.failed("not reachable", err)}
	}
	out := []integrations.Finding{{OK: true, Text: c.finding("answers, version " + shown(v.GitVersion, 40))}}
	admin, err := c.isAdmin(ctx)
	switch {
	case err != nil:
		return append(out, c.failed("own rights cannot be asked", err))
	case admin && c.own.AllowClusterAdmin:
		out = append(out, integrations.Finding{Warn: true, Text: c.finding("my account may do everything, and allow_cluster_admin says that this is wanted"), Fix: c.ownAccount()})
		return out
	case admin:
		return append(out, integrations.Finding{Text: c.finding("my account may do everything (cluster-admin); serve refuses to start with it"), Fix: c.ownAccount()})
	}
	if len(namespaces) == 0 {
		out = append(out, integrations.Finding{Warn: true, Text: c.finding("no namespace is known"), Fix: "Add services.NAME.k8s to the config, or namespaces to connect.k8s." + c.name + "."})
	}
	for _, ns := range namespaces {
		out = append(out, c.checkNamespace(ctx, ns)...)
	}
	return out
}

func (c *cluster) ownAccount() string {
	return "Give Mayday an account of its own with a Role per namespace: `mayday setup k8s --print-rbac | kubectl apply -f -`."
}

func (c *cluster) failed(what string, err error) integrations.Finding {
	if r, ok := integrations.AsRejected(err); ok {
		return integrations.Finding{Text: c.finding(what + ": " + r.Why), Fix: r.Fix}
	}
	return integrations.Finding{Text: c.finding(what), Fix: "Check connect.k8s." + c.name + "."}
}

func (c *cluster) serverVersion(ctx context.Context) (apiversion.Info, error) {
	return read(ctx, c, access{verb: "get", resource: "/version"}, func(ctx context.Context, k *clients) (v apiversion.Info, err error) {
		raw, err := rawOf(ctx, k.core.RESTClient().Get().AbsPath("/version"))
		if err != nil {
			return v, err
		}
		return v, json.Unmarshal(raw, &v)
	})
}

// isAdmin reports whether our account may do everything everywhere.
func (c *cluster) isAdmin(ctx context.Context) (bool, error) {
	return c.allowed(ctx, access{verb: "*", group: "*", resource: "*"})
}

// checkNamespace holds what we may do in a namespace against what we need.
func (c *cluster) checkNamespace(ctx context.Context, ns string) []integrations.Finding {
	rules, err := c.rulesIn(ctx, ns)
	if err != nil {
		return []integrations.Finding{c.failed("rights in "+ns+" cannot be asked", err)}
	}
	var out []integrations.Finding
	if wildcard(rules) {
		out = append(out, integrations.Finding{Text: c.finding("a rule for my account in " + ns + " has `*`"), Fix: c.ownAccount()})
	}
	for _, a := range tooMuch {
		a.namespace = ns
		if granted(rules, a) {
			out = append(out, integrations.Finding{Text: c.finding("my account may " + a.words() + ", which Mayday never needs"), Fix: "Remove it from the Role. " + c.ownAccount()})
		}
	}
	if len(out) == 0 {
		out = append(out, integrations.Finding{OK: true, Text: c.finding(fmt.Sprintf("rights in %s are narrow (%s)", ns, integrations.Count(len(rules), "rule", "rules")))})
	}
	return out
}

// rulesIn are the rules for our account in a namespace, without those that
// everybody has about themselves.
func (c *cluster) rulesIn(ctx context.Context, ns string) ([]authorization.ResourceRule, error) {
	review := &authorization.SelfSubjectRulesReview{Spec: authorization.SelfSubjectRulesReviewSpec{Namespace: ns}}
	said, err := read(ctx, c, access{verb: "create", group: "authorization.k8s.io", resource: "selfsubjectrulesreviews"},
		func(ctx context.Context, k *clients) (*authorization.SelfSubjectRulesReview, error) {
			return k.auth.SelfSubjectRulesReviews().Create(ctx, review, metav1.CreateOptions{})
		})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(said.Status.ResourceRules, func(r authorization.ResourceRule) bool {
		return slices.Contains(r.APIGroups, "authorization.k8s.io") || slices.Contains(r.APIGroups, "authentication.k8s.io")
	}), nil
}

func wildcard(rules []authorization.ResourceRule) bool {
	return slices.ContainsFunc(rules, func(r authorization.ResourceRule) bool {
		return slices.Contains(r.Verbs, "*") || slices.Contains(r.Resources, "*") || slices.Contains(r.APIGroups, "*")
	})
}

// granted reports whether a rule names the right; wildcards are objected to by
// themselves.
func granted(rules []authorization.ResourceRule, a access) bool {
	resource := a.resource
	if a.sub != "" {
		resource += "/" + a.sub
	}
	return slices.ContainsFunc(rules, func(r authorization.ResourceRule) bool {
		return slices.Contains(r.Verbs, a.verb) && slices.Contains(r.Resources, resource) && slices.Contains(r.APIGroups, a.group)
	})
}

// refuse is why Mayday must not start: an account that may do everything, unless
// the configuration says that this is wanted (P20). A cluster that does not answer
// is no reason: Mayday must start when others burn (P14).
func (f *fleet) refuse(ctx context.Context) error {
	for _, name := range f.names {
		c := f.clusters[name]
		if c.own.AllowClusterAdmin {
			continue
		}
		if admin, err := c.isAdmin(ctx); err == nil && admin {
			return &integrations.Rejected{
				Code: "E6", Why: "The account for cluster " + name + " may do everything (cluster-admin).",
				Fix: c.ownAccount() + " Or write connect.k8s." + name + ".allow_cluster_admin: true.",
			}
		}
	}
	return nil
}
