package kubernetes

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

// A tool that left its name on a workload and is not in this cluster runs in another
// one: what it does is not known, and it cannot be paused from here.
func TestWhatIsKeptFromAnotherClusterIsNotKnown(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(strings.Replace(clustertest.Deployment("web", "web:1", 1), "labels: {app: web}}\nspec:",
		"labels: {app: web, helm.toolkit.fluxcd.io/name: apps, helm.toolkit.fluxcd.io/namespace: flux-system}}\nspec:", 1))
	f := on(t, s, "shop: {deployment: web}")
	p, err := act(t, f, scaleName).Plan(t.Context(), integrations.Args{"deployment": "shop", "replicas": int64(2)})
	if err != nil || !hasCheck(p, integrations.Unknown, "Flux (apps) keeps it from another cluster") {
		t.Errorf("got %v, checks %v; want that it is not known", err, p.Checks)
	}
	if _, err := act(t, f, "k8s.pause_gitops").Plan(t.Context(), integrations.Args{"deployment": "shop"}); !isRejected(err, "from another cluster") {
		t.Errorf("got %v, want a refusal that says where", err)
	}
}

// A selector picks whatever carries the labels: only what the workload made is its.
func TestPodsOfOthersAreNotItsOwn(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(statefulSet("db", "db:1", "RollingUpdate") + "---\n" + clustertest.Deployment("web", "web:1", 2))
	waitSts(s, "db")
	s.WaitRolledOut("web")
	for _, app := range []string{"db", "web"} {
		s.Apply(fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %[1]s-migrate, labels: {app: %[1]s}}\nspec: {containers: [{name: app, image: \"%[1]s:missing\"}]}\n", app))
		s.WaitWaiting("app="+app, "ImagePullBackOff")
	}
	f := on(t, s, "store: {statefulset: db}", "shop: {deployment: web}")
	for service, want := range map[string]int{"store": 3, "shop": 2} {
		c, err := f.choose(t.Context(), integrations.Args{"deployment": service})
		if err != nil {
			t.Fatal(err)
		}
		w, err := c.inspect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pods, err := w.pods(t.Context())
		if err != nil || len(pods) != want {
			t.Errorf("%s: got %d pods, %v; want its own %d", service, len(pods), err, want)
		}
		for _, pod := range pods {
			if strings.HasSuffix(pod.Name, "-migrate") {
				t.Errorf("%s counts %s", service, pod.Name)
			}
		}
	}
}

// What another step made of it since is not taken back with the first.
func TestUndoLeavesWhatAnotherStepDid(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 1))
	s.WaitRolledOut("web")
	f := on(t, s, "shop: {deployment: web}")
	first := applied(t, f, planned(t, f, "k8s.pause_rollout", integrations.Args{"deployment": "shop"}))
	s.Kubectl("rollout", "resume", "deployment/web")
	second := planned(t, f, "k8s.pause_rollout", integrations.Args{"deployment": "shop"})
	second.Note = "INC-50, step 9f8e7d6c, asked by li"
	again := applied(t, f, second)
	if _, err := act(t, f, "k8s.pause_rollout").Undo(t.Context(), first); !isStale(err, "paused by another step since (INC-50") {
		t.Errorf("got %v, want a refusal that names the step", err)
	}
	undone(t, f, "k8s.pause_rollout", again)
}

// The cron jobs of one step may have been resumed and suspended by another.
func TestUndoOfASuspendKnowsItsOwn(t *testing.T) {
	t.Parallel()
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetAnnotations(map[string]string{stepKey: "INC-50"})
	for _, tt := range []struct {
		values map[string]string
		want   bool
	}{{map[string]string{keyMark: "INC-42"}, false}, {map[string]string{keyMark: "INC-50"}, true}, {nil, true}} {
		if got := marked(u, tt.values); got != tt.want {
			t.Errorf("%v: got %v", tt.values, got)
		}
	}
	u.SetAnnotations(nil)
	if marked(u, nil) {
		t.Error("what carries no mark is ours")
	}
}

// A restart is no other template: Git wants nothing else because of it.
func TestARestartIsNotWhatGitDoesNotWant(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]bool{
		`{"f:spec":{"f:template":{"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/restartedAt":{}}}}}}`:                                       true,
		`{"f:spec":{"f:template":{"f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/restartedAt":{}}}}}}`:                                true,
		`{"f:spec":{"f:template":{"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/restartedAt":{},"f:x":{}}}}}}`:                              false,
		`{"f:spec":{"f:template":{"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/restartedAt":{}}},"f:spec":{"f:containers":{}}}}}`:          false,
		`{"f:spec":{"f:template":{"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/restartedAt":{}},"f:labels":{"f:a":{}}}},"f:replicas":{}}}`: false,
		`{"f:spec":{"f:template":{"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/restartedAt":{}}}},"f:replicas":{}}}`:                       true,
		`{"f:spec":{"f:replicas":{}}}`: false, `nonsense`: false,
	} {
		if got := restartOnly([]byte(fields)); got != want {
			t.Errorf("%s: got %v, want %v", fields, got, want)
		}
	}
}

// An application that another one keeps is known by its label as well.
func TestAnApplicationKeptByLabel(t *testing.T) {
	t.Parallel()
	for instance, want := range map[string]string{"root": "Argo CD application root", "shop": "", "": ""} {
		u := &unstructured.Unstructured{Object: map[string]any{}}
		u.SetLabels(map[string]string{argoInstance: instance})
		g := gitSync{object: object{resource: applications, name: "shop"}, u: u}
		if got := g.ownedBy(); got != want {
			t.Errorf("label %q: got %q, want %q", instance, got, want)
		}
	}
}

// A place that may not be read is passed over when another one is found; one that
// does not answer may hold the one that is meant.
func TestAPlaceThatDoesNotAnswerIsNotPassedOver(t *testing.T) {
	t.Parallel()
	refused := &integrations.Rejected{Code: "E6", Why: "no right"}
	silent := &integrations.Rejected{Code: "E5", Why: "no answer"}
	for _, tt := range []struct {
		found  bool
		failed []error
		want   error
	}{
		{true, []error{nil, refused}, nil}, {false, []error{nil, refused}, refused}, {true, []error{nil, silent}, silent},
		{true, []error{refused, silent}, silent}, {true, []error{nil, errors.New("x")}, errors.New("x")}, {false, []error{nil, nil}, nil},
	} {
		if got := unheard(tt.found, tt.failed); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("found %v, %v: got %v, want %v", tt.found, tt.failed, got, tt.want)
		}
	}
}

// A busy server says 429 as well as a disruption budget.
func TestOnlyABudgetIsABudget(t *testing.T) {
	t.Parallel()
	busy := apierrors.NewTooManyRequests("slow down", 1)
	budget := apierrors.NewTooManyRequests("Cannot evict pod", 0)
	budget.ErrStatus.Details.Causes = append(budget.ErrStatus.Details.Causes, metav1.StatusCause{Type: policy.DisruptionBudgetCause})
	if budgetSays(busy) || !budgetSays(budget) {
		t.Errorf("busy: %v, budget: %v", budgetSays(busy), budgetSays(budget))
	}
}

// A workload that was woken belongs to its autoscaler again: another count than the
// one it was woken to is no failure.
func TestAWokenAutoscalerMayChooseAnotherCount(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 0) + webAutoscaler)
	f := on(t, s, "other: {deployment: other}")
	p := planned(t, f, scaleName, integrations.Args{"deployment": "web", "replicas": int64(3)})
	applied(t, f, p)
	s.Kubectl("scale", "deployment/web", "--replicas=4")
	if e := settled(t, f, p); !strings.Contains(e.Text, "of 4 pods ready") && !strings.Contains(e.Text, "pods ready") {
		t.Errorf("got %+v", e)
	}
}

// An undo puts an entry back where it stood: values may name those before them.
func TestAnEnvGoesBackToItsPlace(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(strings.Replace(clustertest.Deployment("web", "web:1", 1), `image: "web:1"`, `image: "web:1", env: [{name: HOST, value: db}, {name: URL, value: "$(HOST):1"}]`, 1))
	s.WaitRolledOut("web")
	f := on(t, s, "shop: {deployment: web}")
	was := envOn(s, "web")
	r := applied(t, f, planned(t, f, setEnvName, integrations.Args{"deployment": "shop", "name": "HOST", "remove": true}))
	s.WaitRolledOut("web")
	undone(t, f, setEnvName, r)
	if got := envOn(s, "web"); got != was {
		t.Errorf("got %s, want exactly %s", got, was)
	}
	twice := core.PodTemplateSpec{Spec: core.PodSpec{Containers: []core.Container{{Name: "app", Env: []core.EnvVar{{Name: "LOG"}, {Name: "A"}, {Name: "LOG"}}}}}}
	if n := envCount(twice, "app", "LOG"); n != 2 {
		t.Errorf("got %d, want 2", n)
	}
}

// An undo may name counts that a person may not: those that the autoscaler had.
func TestAnAutoscalerGoesBackToWhatItHad(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 3) + strings.ReplaceAll(webAutoscaler, "maxReplicas: 5", "maxReplicas: 600"))
	f := on(t, s, "shop: {deployment: web}")
	r := applied(t, f, planned(t, f, setHPAName, integrations.Args{"deployment": "shop", "max": int64(400)}))
	back := undone(t, f, setHPAName, r)
	if back.Record[keySetMax] != "600" {
		t.Errorf("got %v, want 600 again", back.Record)
	}
	if _, err := act(t, f, setHPAName).Plan(t.Context(), integrations.Args{"deployment": "shop", "max": int64(700)}); err == nil {
		t.Error("700 pods were planned")
	}
}
