package clustertest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	pods        = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	configMaps  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
)

func client(t *testing.T, config *rest.Config) dynamic.Interface {
	t.Helper()
	c, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAccountMayDoWhatItsRulesSay(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("web", "web:1", 1))
	account := s.Account("reader", rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"get"}})
	fromFile, err := clientcmd.BuildConfigFromFlags("", account.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]*rest.Config{"config": account.Config, "kubeconfig": fromFile} {
		c := client(t, config)
		if _, err := c.Resource(deployments).Namespace(s.Name).Get(t.Context(), "web", metav1.GetOptions{}); err != nil {
			t.Errorf("%s: get what is granted: %v", name, err)
		}
		err := c.Resource(deployments).Namespace(s.Name).Delete(t.Context(), "web", metav1.DeleteOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: delete: got %v, want forbidden", name, err)
		}
		_, err = c.Resource(pods).Namespace(s.Name).List(t.Context(), metav1.ListOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: list pods: got %v, want forbidden", name, err)
		}
		_, err = c.Resource(deployments).Namespace("default").Get(t.Context(), "web", metav1.GetOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: look into another namespace: got %v, want forbidden", name, err)
		}
	}
}

func TestNobodyWithoutACredentialIsLetIn(t *testing.T) {
	t.Parallel()
	s := New(t)
	config := rest.AnonymousClientConfig(s.Config())
	_, err := client(t, config).Resource(pods).Namespace(s.Name).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsUnauthorized(err) {
		t.Errorf("got %v, want unauthorized", err)
	}
}

func TestADryRunStoresNothing(t *testing.T) {
	t.Parallel()
	s := New(t)
	maps := client(t, s.Config()).Resource(configMaps).Namespace(s.Name)
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "trial"}}}
	made, err := maps.Create(t.Context(), object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil || made.GetName() != "trial" {
		t.Fatalf("got %v, %v, want the object as it would be", made, err)
	}
	if _, err := maps.Get(t.Context(), "trial", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("got %v, want not found", err)
	}
}

func TestEvictionKeepsTheBudget(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("web", "web:1", 2) + `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec:
  minAvailable: 1
  selector: {matchLabels: {app: web}}
`)
	s.WaitRolledOut("web")
	Wait(s, "poddisruptionbudgets.policy", "web", "allows one", func(b *policyv1.PodDisruptionBudget) bool { return b.Status.DisruptionsAllowed == 1 })
	both := List[corev1.Pod](s, "pods", "app=web")
	if err := evict(t, s, both[0].Name); err != nil {
		t.Fatalf("evict the first: %v", err)
	}
	if err := evict(t, s, both[1].Name); !apierrors.IsTooManyRequests(err) {
		t.Errorf("evict the second: got %v, want too many requests", err)
	}
	WaitList(s, "pods", "app=web", "were replaced", func(all []corev1.Pod) bool {
		for _, p := range all {
			if p.Name == both[0].Name {
				return false
			}
		}
		return len(all) == 2
	})
}

func evict(t *testing.T, s *Space, pod string) error {
	t.Helper()
	eviction := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": pod},
	}}
	_, err := client(t, s.Config()).Resource(pods).Namespace(s.Name).Create(t.Context(), eviction, metav1.CreateOptions{}, "eviction")
	return err
}

func TestLogsComeThroughTheServer(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("web", "web:1", 1) + Deployment("bad", "bad:crash", 1) + Deployment("lost", "lost:missing", 1))
	s.WaitRolledOut("web")
	web := List[corev1.Pod](s, "pods", "app=web")[0].Name
	if status, text := logs(t, s, web, ""); status != http.StatusOK || !strings.Contains(text, "not-a-real-password") {
		t.Errorf("got %d %q, want lines with what looks like a secret", status, text)
	}
	if _, text := logs(t, s, web, "?tailLines=2"); strings.Count(text, "\n") != 2 {
		t.Errorf("got %q, want two lines", text)
	}
	if status, text := logs(t, s, web, "?previous=true"); status != http.StatusBadRequest || !strings.Contains(text, "previous terminated container") {
		t.Errorf("got %d %q, want that there is no run before", status, text)
	}
	bad := s.WaitWaiting("app=bad", "CrashLoopBackOff").Name
	if status, text := logs(t, s, bad, "?previous=true"); status != http.StatusOK || !strings.Contains(text, "panic: ") {
		t.Errorf("got %d %q, want the panic", status, text)
	}
	lost := s.WaitWaiting("app=lost", "ImagePullBackOff").Name
	if status, text := logs(t, s, lost, ""); status != http.StatusBadRequest || !strings.Contains(text, "failing to pull image") {
		t.Errorf("got %d %q, want that nothing has run", status, text)
	}
}

func logs(t *testing.T, s *Space, pod, query string) (int, string) {
	t.Helper()
	c, err := rest.HTTPClientFor(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Get(s.Config().Host + "/api/v1/namespaces/" + s.Name + "/pods/" + pod + "/log" + query)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestACustomResourceCanBeDefinedAndUsed(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scaledobjects.keda.sh}
spec:
  group: keda.sh
  scope: Namespaced
  names: {kind: ScaledObject, plural: scaledobjects, singular: scaledobject}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web, annotations: {autoscaling.keda.sh/paused: "true"}}
spec: {scaleTargetRef: {name: web}, minReplicaCount: 2}
`)
	got := Get[unstructured.Unstructured](s, "scaledobjects.keda.sh", "web")
	if least, _, _ := unstructured.NestedInt64(got.Object, "spec", "minReplicaCount"); least != 2 {
		t.Errorf("got %v, want the object as it was applied", got.Object)
	}
}

func TestWhatLosesItsOwnerGoes(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("web", "web:1", 1))
	s.WaitRolledOut("web")
	if err := client(t, s.Config()).Resource(deployments).Namespace(s.Name).Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	WaitList(s, "pods", "app=web", "are gone", func(all []corev1.Pod) bool { return len(all) == 0 })
}
