package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"mayday/integrations"
	"mayday/internal/clustertest"
	"mayday/internal/config"
)

// documented are the rules of the Role that is printed for the services of a fleet.
func documented(t testing.TB, f *fleet, namespace string) []rbacv1.PolicyRule {
	t.Helper()
	for doc := range strings.SplitSeq(f.rbac(f.names[0]), "---\n") {
		var role rbacv1.Role
		if err := yaml.Unmarshal([]byte(doc), &role); err != nil {
			t.Fatalf("read %s: %v", doc, err)
		}
		if role.Kind == "Role" && role.Namespace == namespace {
			return role.Rules
		}
	}
	t.Fatalf("got no Role for %s in %s", namespace, f.rbac(f.names[0]))
	return nil
}

// withoutVerb takes one verb on one resource away.
func withoutVerb(rules []rbacv1.PolicyRule, resource, verb string) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for _, r := range rules {
		r := *r.DeepCopy()
		if !slices.Contains(r.Resources, resource) || !slices.Contains(r.Verbs, verb) {
			out = append(out, r)
			continue
		}
		rest := *r.DeepCopy()
		rest.Resources = slices.DeleteFunc(rest.Resources, func(x string) bool { return x == resource })
		if len(rest.Resources) > 0 {
			out = append(out, rest)
		}
		r.Resources = []string{resource}
		r.Verbs = slices.DeleteFunc(r.Verbs, func(x string) bool { return x == verb })
		if len(r.Verbs) > 0 {
			out = append(out, r)
		}
	}
	return out
}

func shopServices(t testing.TB, s *clustertest.Space) *fleet {
	s.Apply(cart("cart:1", "info", "one", "10m", "cart v1") + statefulSet("db", "db:1", "RollingUpdate") + daemonSet("agent", "agent:1"))
	s.WaitRolledOut("cart")
	waitSts(s, "db")
	s.Apply(cart("cart:2", "info", "one", "10m", "cart v2") + statefulSet("db", "db:missing", "RollingUpdate") + daemonSet("agent", "agent:2"))
	s.WaitRolledOut("cart")
	s.WaitWaiting("app=db", "ImagePullBackOff")
	return on(t, s, shopConfig...)
}

var shopConfig = []string{"shop: {deployment: cart, config: [cart-config]}", "store: {statefulset: db}", "agents: {daemonset: agent}"}

func TestTheDocumentedRoleIsEnough(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	admin := shopServices(t, s)
	f := with(t, s, s.Account("mayday", documented(t, admin, s.Name)...).Kubeconfig, shopConfig...)
	for _, a := range f.looks() {
		args := integrations.Args{}
		if len(a.Params) > 0 {
			args[a.Params[0].Name] = "shop"
		}
		if _, err := a.Look(t.Context(), args); err != nil {
			t.Errorf("%s: got %v", a.Name, err)
		}
	}
	for _, service := range []string{"shop", "store", "agents"} {
		p := planned(t, f, rollbackName, integrations.Args{"deployment": service, "to": "1"})
		for _, c := range p.Checks {
			if strings.Contains(c.Text, "config map cart-config") && c.Answer == integrations.Unknown {
				t.Errorf("got %q, want the config map read", c.Text)
			}
		}
		applied(t, f, p)
		settled(t, f, p)
		again := planned(t, f, restartName, integrations.Args{"deployment": service})
		applied(t, f, again)
		settled(t, f, again)
	}
	for _, h := range []holding{pausing, resumes} {
		applied(t, f, planned(t, f, h.action, integrations.Args{"deployment": "shop"}))
	}
	if all, err := f.Changes(t.Context(), lastHour()); err != nil || len(all) == 0 {
		t.Errorf("got %d changes (%v)", len(all), err)
	}
	for _, finding := range f.Check(t.Context()) {
		if !finding.OK {
			t.Errorf("doctor: %+v", finding)
		}
	}
	if err := f.refuse(t.Context()); err != nil {
		t.Errorf("got %v, want it to serve", err)
	}
}

// With one verb less, the rule to add is named before anything happens.
func TestAMissingRightIsNamedBeforeAnythingHappens(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	rules := documented(t, shopServices(t, s), s.Name)
	for n, tt := range []struct{ resource, verb, service, want string }{
		{"deployments", "patch", "shop", "- {apiGroups: [apps], resources: [deployments], resourceNames: [cart], verbs: [patch]}"},
		{"deployments", "get", "shop", "- {apiGroups: [apps], resources: [deployments], resourceNames: [cart], verbs: [get]}"},
		{"replicasets", "list", "shop", "- {apiGroups: [apps], resources: [replicasets], verbs: [list]}"},
		{"replicasets", "get", "shop", "- {apiGroups: [apps], resources: [replicasets], resourceNames: [cart-"},
		{"pods", "list", "shop", `- {apiGroups: [""], resources: [pods], verbs: [list]}`},
		{"statefulsets", "patch", "store", "- {apiGroups: [apps], resources: [statefulsets], resourceNames: [db], verbs: [patch]}"},
		{"controllerrevisions", "list", "store", "- {apiGroups: [apps], resources: [controllerrevisions], verbs: [list]}"},
		{"pods", "delete", "store", `- {apiGroups: [""], resources: [pods], verbs: [delete]}`},
		{"daemonsets", "patch", "agents", "- {apiGroups: [apps], resources: [daemonsets], resourceNames: [agent], verbs: [patch]}"},
	} {
		t.Run(tt.verb+" "+tt.resource, func(t *testing.T) {
			t.Parallel()
			f := with(t, s, s.Account(fmt.Sprintf("less-%d", n), withoutVerb(rules, tt.resource, tt.verb)...).Kubeconfig, shopConfig...)
			p, err := act(t, f, rollbackName).Plan(t.Context(), integrations.Args{"deployment": tt.service, "to": "1"})
			said := ""
			if r, ok := integrations.AsRejected(err); ok && r.Code == "E6" {
				said = r.Fix
				wantIn(t, r.Fix, "to the Role of my account in "+s.Name)
			}
			for _, c := range p.Failing() {
				if c.Code == "E6" {
					said += c.Text
				}
			}
			if !strings.Contains(said, tt.want) {
				t.Errorf("got %q (%v, checks %+v), want %q", said, err, p.Checks, tt.want)
			}
		})
	}
}

// A right that is taken away between the preview and the press is a proven no.
func TestARightThatIsGoneAtTheTapIsARefusal(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	rules := documented(t, on(t, s, "shop: {deployment: web}"), s.Name)
	f := with(t, s, s.Account("mayday", rules...).Kubeconfig, "shop: {deployment: web}")
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "shop"})
	s.Account("mayday", withoutVerb(rules, "deployments", "patch")...)
	var err error
	for range 100 { // the authorizer learns of it in a moment
		if _, err = act(t, f, rollbackName).Plan(t.Context(), integrations.Args{"deployment": "shop"}); err != nil {
			break
		}
		if q, _ := act(t, f, rollbackName).Plan(t.Context(), integrations.Args{"deployment": "shop"}); len(q.Failing()) > 0 {
			break
		}
	}
	_, err = act(t, f, rollbackName).Apply(t.Context(), p, keepNothing)
	r, ok := integrations.AsRejected(err)
	if !ok || r.Code != "E6" || !strings.Contains(r.Why, "may not patch deployments web in "+s.Name) || !strings.Contains(r.Fix, "verbs: [patch]") {
		t.Fatalf("got %v, want E6 with the rule", err)
	}
	if got := imageOf(s, "web"); got != "web:2" {
		t.Errorf("got %s, want nothing done", got)
	}
}

func TestDoctorObjectsToTooMuch(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	admin := on(t, s)
	said := fmt.Sprintf("%+v", admin.Check(t.Context()))
	wantIn(t, said, "answers, version v1.", "may do everything (cluster-admin)", "--print-rbac")
	err := admin.refuse(t.Context())
	r, ok := integrations.AsRejected(err)
	if !ok || !strings.Contains(r.Why, "cluster-admin") || !strings.Contains(r.Fix, "allow_cluster_admin: true") {
		t.Errorf("got %v, want serve refused", err)
	}
	admin.clusters["test"].own.AllowClusterAdmin = true
	if err := admin.refuse(t.Context()); err != nil {
		t.Errorf("got %v, want it allowed", err)
	}

	for n, tt := range []struct {
		rule rbacv1.PolicyRule
		want string
	}{
		{rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}}, "may get secrets in"},
		{rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create"}}, "may create pods/exec in"},
		{rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"*"}, Verbs: []string{"get"}}, "has `*`"},
		{rbacv1.PolicyRule{APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"roles"}, Verbs: []string{"bind", "escalate"}}, "may bind roles"},
		{rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"serviceaccounts"}, Verbs: []string{"impersonate"}}, "may impersonate serviceaccounts"},
	} {
		wide := with(t, s, s.Account(fmt.Sprintf("wide-%d", n), tt.rule).Kubeconfig)
		said := ""
		for range 200 { // the authorizer learns of a new Role in a moment
			if said = fmt.Sprintf("%+v", wide.Check(t.Context())); strings.Contains(said, tt.want) {
				break
			}
		}
		wantIn(t, said, tt.want)
	}
}

func TestPrintedRightsNeedACluster(t *testing.T) {
	t.Parallel()
	const two = "connect: {k8s: {eu: {kubeconfig: /a}, us: {kubeconfig: /b}}}\nservices: {shop: {k8s: [{cluster: eu, namespace: shop, deployment: web}, {cluster: us, namespace: shop, deployment: web}]}}\n"
	file, err := config.Parse("mayday.yaml", []byte(two))
	if err != nil {
		t.Fatal(err)
	}
	services := []integrations.Service{{Name: "shop", Own: file.Section("services", "shop", "k8s")}}
	if _, err := printRights(file.Section("connect", "k8s"), services, ""); err == nil || !strings.Contains(err.Error(), "which cluster") {
		t.Errorf("got %v, want to be asked which", err)
	}
	text, err := printRights(file.Section("connect", "k8s"), services, "eu")
	if err != nil {
		t.Fatal(err)
	}
	wantIn(t, text, "namespace: shop}", "resources: [deployments], resourceNames: [web], verbs: [patch]")
	for _, never := range []string{"secrets", "exec", "*", "ClusterRole", "impersonate", "escalate", "bind]"} {
		if strings.Contains(text, never) {
			t.Errorf("got %q in the rights", never)
		}
	}
}
