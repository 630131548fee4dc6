package kubernetes

import (
	"net/http"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Account is somebody who may call the API.
type Account struct {
	Name  string // "system:serviceaccount:mayday:mayday"
	Token string // made up unless set
	// Rules are what it may do. An account without rules may do nothing but look
	// at itself; Admin has one rule for everything.
	Rules []Rule
}

// Rule is an RBAC rule in a namespace; "" is the whole cluster.
type Rule struct {
	Namespace string
	rbacv1.PolicyRule
}

// Admin is the name of the account that may do everything, and that is always there.
const Admin = "practice-admin"

func everything() []Rule {
	all := []string{"*"}
	return []Rule{{PolicyRule: rbacv1.PolicyRule{APIGroups: all, Resources: all, Verbs: all}}}
}

// attempt is what somebody wants to do.
type attempt struct {
	verb, group, resource, sub, namespace, name string
}

func (r Rule) allows(a attempt) bool {
	resource := a.resource
	if a.sub != "" {
		resource += "/" + a.sub
	}
	return (r.Namespace == "" || r.Namespace == a.namespace) &&
		has(r.Verbs, a.verb) && has(r.APIGroups, a.group) &&
		(has(r.Resources, resource) || a.sub != "" && slices.Contains(r.Resources, "*/"+a.sub)) &&
		(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, a.name))
}

func has(list []string, one string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, one)
}

func (a Account) may(what attempt) bool {
	return slices.ContainsFunc(a.Rules, func(r Rule) bool { return r.allows(what) })
}

// Grant replaces what an account may do from now on.
func (c *Cluster) Grant(account string, rules ...Rule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := range c.accounts {
		if c.accounts[n].Name == account {
			c.accounts[n].Rules = rules
		}
	}
}

// who finds the account of a request.
func (c *Cluster) who(r *http.Request) (Account, error) {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	c.mu.Lock()
	defer c.mu.Unlock()
	n := slices.IndexFunc(c.accounts, func(a Account) bool { return ok && a.Token == given })
	if n < 0 {
		return Account{}, apierrors.NewUnauthorized("Unauthorized")
	}
	return c.accounts[n], nil
}

// forbidden says it in the words of the real authorizer.
func forbidden(a Account, what attempt) error {
	resource := what.resource
	if what.sub != "" {
		resource += "/" + what.sub
	}
	said := `User "` + a.Name + `" cannot ` + what.verb + ` resource "` + resource + `" in API group "` + what.group + `"`
	where := " at the cluster scope"
	if what.namespace != "" {
		where = ` in the namespace "` + what.namespace + `"`
	}
	return apierrors.NewForbidden(schema.GroupResource{Group: what.group, Resource: what.resource}, what.name, wording(said+where))
}

// wording is an error that is nothing but its words.
type wording string

func (w wording) Error() string { return string(w) }
