package kubernetes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

// operatorCRDs are small stand-ins for what the tools define.
func operatorCRDs() string {
	out := ""
	for _, d := range []struct{ group, version, kind, plural, more string }{
		{"argoproj.io", "v1alpha1", "Application", "applications", ""},
		{"argoproj.io", "v1alpha1", "Rollout", "rollouts", "\n      subresources: {status: {}}"},
		{"kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", ""},
		{"source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories", ""},
	} {
		out += fmt.Sprintf(`---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[4]s.%[1]s}
spec:
  group: %[1]s
  names: {kind: %[3]s, plural: %[4]s, singular: %[5]s}
  scope: Namespaced
  versions:
    - name: %[2]s
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}%[6]s
`, d.group, d.version, d.kind, d.plural, strings.ToLower(d.kind), d.more)
	}
	return out
}

var (
	applicationsOf = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	rolloutsOf     = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}
	sourcesOf      = schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}
)

// argoShop is a deployment that Argo CD keeps, with its application in the same
// namespace.
func argoShop(t testing.TB, s *clustertest.Space, more string) *fleet {
	t.Helper()
	s.Apply(operatorCRDs())
	s.Apply(clustertest.Deployment("web", "web:1", 1) + `---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop` + more + `}
spec: {project: default, syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}}
status: {sync: {status: Synced, revision: aaaa1111}, reconciledAt: "2020-01-01T00:00:00Z"}
`)
	patchedAs(t, s, "argocd-controller", "web", fmt.Sprintf(`{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:%s/web"}}}`, s.Name))
	text := fmt.Sprintf("connect:\n  k8s:\n    test: {kubeconfig: %q, argocd: %s}\nservices:\n  shop: {k8s: {cluster: test, namespace: %s, deployment: web}}\n", s.Kubeconfig(), s.Name, s.Name)
	return fleetOf(t, text)
}

func policyOf(s *clustertest.Space) string {
	u := clustertest.Get[unstructured.Unstructured](s, "applications.argoproj.io", "shop")
	m, _, _ := unstructured.NestedMap(u.Object, "spec", "syncPolicy")
	return fmt.Sprint(m)
}

func TestPauseArgoCDAndResume(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	f := argoShop(t, s, "")
	was := policyOf(s)
	scale := integrations.Args{"deployment": "shop", "replicas": int64(2)}

	p, err := act(t, f, scaleName).Plan(t.Context(), scale)
	if err != nil || !hasCheck(p, integrations.No, "Argo CD (shop) keeps it and puts Git's version back within seconds") {
		t.Fatalf("got %v, checks %v", err, p.Checks)
	}
	if len(p.Failing()) > 0 {
		t.Errorf("got failing %v, want that a person may go on in spite", p.Failing())
	}
	p = planned(t, f, "k8s.pause_gitops", integrations.Args{"deployment": "shop"})
	r := applied(t, f, p)
	settled(t, f, p)
	if got := policyOf(s); strings.Contains(got, "automated") || !strings.Contains(got, "CreateNamespace") {
		t.Errorf("got policy %s, want the automatic part gone and no other", got)
	}
	typedTwice(t, s, p.Command)
	p, err = act(t, f, scaleName).Plan(t.Context(), scale)
	if err != nil || !hasCheck(p, integrations.Yes, "its sync is paused (INC-42") {
		t.Errorf("got %v, checks %v", err, p.Checks)
	}

	// Rolled back by hand, and Git still wants the other version.
	patchedAs(t, s, "mayday", "web", `{"spec":{"template":{"metadata":{"annotations":{"x":"1"}}}}}`)
	resource := fmt.Sprintf(`[{"group":"apps","kind":"Deployment","name":"web","namespace":%q,"status":"OutOfSync"}]`, s.Name)
	patchedOther(t, s, "argocd", applicationsOf, "shop", `{"status":{"sync":{"status":"OutOfSync"},"resources":`+resource+`}}`)
	if _, err := act(t, f, "k8s.pause_gitops").Undo(t.Context(), r); !isRejected(err, "Git (aaaa1111) still wants what was rolled back") {
		t.Errorf("got %v, want a refusal", err)
	}
	// Git moved on and still differs: a person has to look.
	patchedOther(t, s, "argocd", applicationsOf, "shop", `{"status":{"sync":{"revision":"bbbb2222"}}}`)
	back, err := act(t, f, "k8s.pause_gitops").Undo(t.Context(), r)
	if err != nil || !hasCheck(back, integrations.No, "Git moved to bbbb2222") {
		t.Errorf("got %v, checks %v", err, back.Checks)
	}
	// It says that all is well, from before the last change.
	patchedOther(t, s, "argocd", applicationsOf, "shop", `{"status":{"sync":{"status":"Synced"},"resources":`+strings.Replace(resource, "OutOfSync", "Synced", 1)+`}}`)
	back, err = act(t, f, "k8s.pause_gitops").Undo(t.Context(), r)
	if err != nil || !hasCheck(back, integrations.Unknown, "has not compared since web changed") {
		t.Errorf("got %v, checks %v", err, back.Checks)
	}
	patchedOther(t, s, "argocd", applicationsOf, "shop", `{"status":{"reconciledAt":"`+time.Now().Add(time.Minute).UTC().Format(time.RFC3339)+`"}}`)
	back = undone(t, f, "k8s.pause_gitops", r)
	if !hasCheck(back, integrations.Yes, "Git wants what runs") {
		t.Errorf("got checks %v", back.Checks)
	}
	if got := policyOf(s); got != was {
		t.Errorf("got policy %s, want %s", got, was)
	}
	settled(t, f, back)
}

func hasCheck(p integrations.Plan, answer any, text string) bool {
	for _, c := range p.Checks {
		if any(c.Answer) == answer && strings.Contains(c.Text, text) {
			return true
		}
	}
	return false
}

func isRejected(err error, text string) bool {
	r, ok := integrations.AsRejected(err)
	return ok && strings.Contains(r.Why, text)
}

func TestAnApplicationThatIsOwnedIsRefused(t *testing.T) {
	t.Parallel()
	for more, owner := range map[string]string{
		`, ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, name: shops, uid: 3f1e3a52-0000-4000-8000-000000000001}]`: "ApplicationSet shops",
		`, annotations: {argocd.argoproj.io/tracking-id: "root:argoproj.io/Application:argocd/shop"}`:                                           "Argo CD application root",
	} {
		s := clustertest.New(t)
		f := argoShop(t, s, more)
		_, err := act(t, f, "k8s.pause_gitops").Plan(t.Context(), integrations.Args{"deployment": "shop"})
		if !isRejected(err, "is kept by "+owner) {
			t.Errorf("got %v, want a refusal with %s", err, owner)
		}
	}
}

func TestASyncThatMovedIsRefused(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	f := argoShop(t, s, "")
	for range 10 {
		patchedOther(t, s, "li", applicationsOf, "shop", `{"spec":{"syncPolicy":{"automated":{"selfHeal":true}}}}`)
		p := planned(t, f, "k8s.pause_gitops", integrations.Args{"deployment": "shop"})
		patchedOther(t, s, "argocd", applicationsOf, "shop", `{"status":{"reconciledAt":"2021-01-01T00:00:00Z"}}`) // alone, it does not matter
		patchedOther(t, s, "li", applicationsOf, "shop", `{"spec":{"syncPolicy":{"automated":{"selfHeal":false}}}}`)
		if _, err := act(t, f, p.Action).Apply(t.Context(), p, keepNothing); !isStale(err, "sync was automatic sync that heals itself and is automatic sync (by li") {
			t.Fatalf("got %v, want a refusal", err)
		}
	}
}

func TestPauseFluxAndResume(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(operatorCRDs())
	s.Apply(strings.Replace(clustertest.Deployment("web", "web:1", 1), "labels: {app: web}}\nspec:", fmt.Sprintf("labels: {app: web, kustomize.toolkit.fluxcd.io/name: apps, kustomize.toolkit.fluxcd.io/namespace: %s}}\nspec:", s.Name), 1) + `---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet}
status: {artifact: {revision: "main@sha1:aaaa"}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps}
spec: {interval: 10m, sourceRef: {kind: GitRepository, name: fleet}}
status: {lastAppliedRevision: "main@sha1:aaaa"}
`)
	f := on(t, s, "shop: {deployment: web}")
	scale, err := act(t, f, scaleName).Plan(t.Context(), integrations.Args{"deployment": "shop", "replicas": int64(2)})
	if err != nil || !hasCheck(scale, integrations.No, "Flux (apps) keeps it and puts Git's version back within 10m") {
		t.Fatalf("got %v, checks %v", err, scale.Checks)
	}
	p := planned(t, f, "k8s.pause_gitops", integrations.Args{"deployment": "shop"})
	r := applied(t, f, p)
	settled(t, f, p)
	typedTwice(t, s, p.Command)

	// The template is one that the test wrote after Flux: Git still wants its own.
	if _, err := act(t, f, "k8s.pause_gitops").Undo(t.Context(), r); !isRejected(err, "still wants what was rolled back") {
		t.Errorf("got %v, want a refusal", err)
	}
	patchedOther(t, s, "flux", sourcesOf, "fleet", `{"status":{"artifact":{"revision":"main@sha1:bbbb"}}}`)
	back, err := act(t, f, "k8s.pause_gitops").Undo(t.Context(), r)
	if err != nil || !hasCheck(back, integrations.No, "Git moved to main@sha1:bbbb since") {
		t.Errorf("got %v, checks %v", err, back.Checks)
	}
	applied(t, f, noted(back))
	u := clustertest.Get[unstructured.Unstructured](s, "kustomizations.kustomize.toolkit.fluxcd.io", "apps")
	if on, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend"); on || u.GetAnnotations()[pausedAtKey] != "" {
		t.Errorf("got %v, want it reconciling and what the pause left gone", u.Object["spec"])
	}
}

func TestAnArgoRolloutIsAbortedAndItsDeploymentLeftAlone(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(operatorCRDs())
	s.Apply(clustertest.Deployment("web", "web:1", 1) + `---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web-canary}
spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}, strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}}
`)
	patchedOther(t, s, "argo", rolloutsOf, "web-canary", `{"status":{"currentPodHash":"new1","stableRS":"old1","phase":"Paused","currentStepIndex":1}}`, "status")
	f := on(t, s, "shop: {deployment: web}")

	_, err := act(t, f, scaleName).Plan(t.Context(), integrations.Args{"deployment": "shop", "replicas": int64(0)})
	if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Fix, "k8s.rollout_abort on web-canary") {
		t.Fatalf("got %v, want a refusal that names the rollout", err)
	}
	p := planned(t, f, "k8s.rollout_abort", integrations.Args{"rollout": "shop"})
	if want := "rollout of new1 beside the stable old1, step 1 of 2 (Paused)"; p.From != want {
		t.Errorf("got %q, want %q", p.From, want)
	}
	aborted := func() bool {
		u := clustertest.Get[unstructured.Unstructured](s, "rollouts.argoproj.io", "web-canary")
		on, _, _ := unstructured.NestedBool(u.Object, "status", "abort")
		return on
	}
	r := applied(t, f, p)
	if !aborted() {
		t.Error("not aborted")
	}
	typedTwice(t, s, p.Command)
	patchedOther(t, s, "argo", rolloutsOf, "web-canary", `{"status":{"phase":"Degraded"}}`, "status")
	settled(t, f, p)
	undone(t, f, "k8s.rollout_abort", r)
	if aborted() {
		t.Error("still aborted")
	}
	for run := range 10 {
		p := planned(t, f, "k8s.rollout_abort", integrations.Args{"rollout": "shop"})
		patchedOther(t, s, "argo", rolloutsOf, "web-canary", fmt.Sprintf(`{"status":{"currentPodHash":"newer%d"}}`, run), "status")
		if _, err := act(t, f, p.Action).Apply(t.Context(), p, keepNothing); !isStale(err, "version was new") {
			t.Fatalf("got %v, want a refusal", err)
		}
	}
}
