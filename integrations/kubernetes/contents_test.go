package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

func envOn(s *clustertest.Space, name string) string {
	return strings.TrimSpace(s.Kubectl("get", "deployment", name, "-o", "jsonpath={.spec.template.spec.containers[0].env}"))
}

func TestSetEnvAndBack(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(strings.Replace(clustertest.Deployment("web", "web:1", 2), `image: "web:1"`, `image: "web:1", env: [{name: A, value: "1"}, {name: LOG_LEVEL, value: info}, {name: Z, value: "2"}]`, 1))
	s.WaitRolledOut("web")
	f := on(t, s, "shop: {deployment: web}")
	was := envOn(s, "web")

	p := planned(t, f, setEnvName, integrations.Args{"deployment": "shop", "name": "LOG_LEVEL", "value": "debug it's"})
	if p.From != "info" || p.To != "debug it's" || p.Undo != "yes, back to info" {
		t.Errorf("got %q to %q, undo %q", p.From, p.To, p.Undo)
	}
	r := applied(t, f, p)
	settled(t, f, p)
	if got := envOn(s, "web"); !strings.Contains(got, `{"name":"LOG_LEVEL","value":"debug it's"}`) {
		t.Errorf("got %s", got)
	}
	typedTwice(t, s, p.Command)
	back := undone(t, f, setEnvName, r)
	if got := envOn(s, "web"); got != was {
		t.Errorf("got %s, want exactly %s", got, was)
	}
	settled(t, f, back)

	secret := planned(t, f, setEnvName, integrations.Args{"deployment": "shop", "name": "PAY_TOKEN", "from_secret": "pay/token"})
	if secret.To != "secret pay/token" || !hasCheck(secret, integrations.Unknown, "may not read secrets") {
		t.Errorf("got %q, checks %v", secret.To, secret.Checks)
	}
	r = applied(t, f, secret)
	typedTwice(t, s, secret.Command)
	undone(t, f, setEnvName, r)
	if got := envOn(s, "web"); got != was {
		t.Errorf("got %s, want exactly %s", got, was)
	}
}

func TestAnEnvWithASecretIsRefused(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(strings.Replace(clustertest.Deployment("web", "web:1", 1), `image: "web:1"`, `image: "web:1", env: [{name: DB_PASSWORD, value: hunter2}]`, 1))
	f := on(t, s, "shop: {deployment: web}")
	for _, a := range []integrations.Args{
		{"name": "API_TOKEN", "value": "abc"}, {"name": "URL", "value": "postgres://app:hunter2@db/shop"}, {"name": "DB_PASSWORD", "remove": true},
		{"name": "X"}, {"name": "X", "value": "1", "remove": true}, {"name": "X", "from_secret": "nokey"}, {"name": "X", "value": "1", "container": "other"},
	} {
		a["deployment"] = "shop"
		p, err := act(t, f, setEnvName).Plan(t.Context(), a)
		if _, ok := integrations.AsRejected(err); !ok {
			t.Errorf("%v: got %v, want a refusal", a, err)
		}
		if strings.Contains(fmt.Sprintf("%+v %v", p, err), "hunter2") {
			t.Errorf("%v: the secret is in %+v, %v", a, p, err)
		}
	}
}

func TestAnEnvThatMovedIsRefused(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 1))
	f := on(t, s, "shop: {deployment: web}")
	set := integrations.Args{"deployment": "shop", "name": "LOG_LEVEL", "value": "debug"}
	for run := range 10 {
		p := planned(t, f, setEnvName, set)
		patchedAs(t, s, "ci", "web", fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"run":"%d"}}}}}`, run))
		if _, err := act(t, f, setEnvName).Apply(t.Context(), p, keepNothing); !isStale(err, "web changed while you looked") {
			t.Fatalf("got %v, want a refusal", err)
		}
		p = planned(t, f, setEnvName, set)
		patchedAs(t, s, "controller", "web", fmt.Sprintf(`{"status":{"collisionCount":%d}}`, run+1), "status")
		r := applied(t, f, p) // a status alone does not matter
		if run == 9 {
			s.Kubectl("set", "env", "deployment/web", "LOG_LEVEL=trace")
			if _, err := act(t, f, setEnvName).Undo(t.Context(), r); !isStale(err, "LOG_LEVEL of web is trace now") {
				t.Errorf("got %v, want that it moved on", err)
			}
			return
		}
		undone(t, f, setEnvName, r)
	}
}

var configMapsOf = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

func TestPatchAConfigMapAndBack(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(`
apiVersion: v1
kind: ConfigMap
metadata: {name: shop.config}
data: {rate: "5", "app.yaml": "a: 1\nb: 2\nc: 3\n"}
---
` + strings.Replace(clustertest.Deployment("web", "web:1", 1), `image: "web:1"`, `image: "web:1", envFrom: [{configMapRef: {name: shop.config}}]`, 1))
	f := on(t, s, "shop: {deployment: web}")
	data := func() map[string]string {
		return clustertest.Get[corev1.ConfigMap](s, "configmaps", "shop.config").Data
	}
	p := planned(t, f, patchConfigName, integrations.Args{"name": "shop", "key": "app.yaml", "value": "a: 1\nb: 20\nc: 3\n"})
	for _, want := range []string{"− b: 2", "+ b: 20", "read by web only when pods start"} {
		if !strings.Contains(strings.Join(p.Details, "\n"), want) {
			t.Errorf("got details %q, want %q", p.Details, want)
		}
	}
	r := applied(t, f, p)
	settled(t, f, p)
	if got := data()["app.yaml"]; got != "a: 1\nb: 20\nc: 3\n" {
		t.Errorf("got %q", got)
	}
	typedTwice(t, s, p.Command)
	back := undone(t, f, patchConfigName, r)
	if got := data(); got["app.yaml"] != "a: 1\nb: 2\nc: 3\n" || got["rate"] != "5" {
		t.Errorf("got %q, want exactly what was", got)
	}
	settled(t, f, back)

	added := planned(t, f, patchConfigName, integrations.Args{"name": "shop.config", "key": "burst", "value": "9"})
	r = applied(t, f, added)
	undone(t, f, patchConfigName, r)
	if _, there := data()["burst"]; there {
		t.Error("the key that was added is still there")
	}
	for run := range 10 {
		p := planned(t, f, patchConfigName, integrations.Args{"name": "shop.config", "key": "rate", "value": "6"})
		patchedOther(t, s, "li", configMapsOf, "shop.config", fmt.Sprintf(`{"data":{"other":"%d"}}`, run))
		if _, err := act(t, f, patchConfigName).Apply(t.Context(), p, keepNothing); !isStale(err, "shop.config changed while you looked") {
			t.Fatalf("got %v, want a refusal", err)
		}
	}
	r = applied(t, f, planned(t, f, patchConfigName, integrations.Args{"name": "shop.config", "key": "rate", "value": "6"}))
	patchedOther(t, s, "li", configMapsOf, "shop.config", `{"data":{"rate":"7"}}`)
	if _, err := act(t, f, patchConfigName).Undo(t.Context(), r); !isStale(err, `rate in shop.config is "7" now`) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestConfigMapsThatAreNotChanged(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(`
apiVersion: v1
kind: ConfigMap
metadata: {name: fixed}
immutable: true
data: {rate: "5"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: open}
data: {rate: "5", dsn: "postgres://app:hunter2@db/shop"}
binaryData: {logo: AAEC}
`)
	f := on(t, s)
	for _, tt := range []struct{ name, key, value, want string }{
		{"fixed", "rate", "6", "is immutable"}, {"open", "logo", "x", "is binary"}, {"open", "dsn", "x", "looks like a secret"},
		{"open", "rate", "Bearer abcdefghijklmnop", "looks like a secret"}, {"open", "no/key", "x", "no key of a config map"},
	} {
		_, err := act(t, f, patchConfigName).Plan(t.Context(), integrations.Args{"name": tt.name, "key": tt.key, "value": tt.value})
		if !isRejected(err, tt.want) || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s/%s: got %v, want %q", tt.name, tt.key, err, tt.want)
		}
	}
}

func TestTheThirdSideOfAConfigMap(t *testing.T) {
	t.Parallel()
	u := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"annotations": map[string]any{
		appliedKey: `{"apiVersion":"v1","kind":"ConfigMap","data":{"rate":"5"}}`,
	}}}}
	for _, tt := range []struct{ was, is, want string }{
		{"5", "6", `the next apply puts "5" back`},
		{"7", "6", `somebody changed it since it was applied: then "5", now "7"; the next apply overwrites this`},
		{"7", "5", "the same as was applied last"},
	} {
		if got := strings.Join(thirdSide(u, "rate", tt.was, tt.is), "\n"); got != tt.want {
			t.Errorf("%s to %s: got %q, want %q", tt.was, tt.is, got, tt.want)
		}
	}
	if got := lineDiff("a\nb\nc", "a\nx\ny\nc"); fmt.Sprint(got) != "[− b + x ⏎ y]" {
		t.Errorf("got %q", got)
	}
}

func onePod(t testing.TB, s *clustertest.Space, app string) corev1.Pod {
	t.Helper()
	return clustertest.WaitList(s, "pods", "app="+app, "has a container", func(all []corev1.Pod) bool {
		return len(all) > 0 && len(all[0].Status.ContainerStatuses) > 0
	})[0]
}

func TestEvictAPod(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 2) + clustertest.Deployment("sick", "sick:missing", 1) + `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web-budget}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
`)
	s.WaitRolledOut("web")
	f := on(t, s)
	sick := s.WaitWaiting("app=sick", "ImagePullBackOff")
	p := planned(t, f, "k8s.evict_pod", integrations.Args{"pod": sick.Name})
	if p.Grade != integrations.GradeChange || !strings.Contains(p.From, "ImagePullBackOff on sick:missing") || !strings.Contains(p.To, "replica set sick-") {
		t.Errorf("got %s, from %q, to %q", p.Grade, p.From, p.To)
	}
	applied(t, f, p)
	settled(t, f, p)
	if _, err := act(t, f, p.Action).Apply(t.Context(), p, keepNothing); !isStale(err, "is gone") {
		t.Errorf("got %v, want that it is gone", err)
	}
	// By hand, it carries the uid: a repetition ends nothing else.
	if out, err := typedOnce(t, s, p.Command); err == nil {
		t.Errorf("got %s, want an error", out)
	}

	clustertest.Wait(s, "poddisruptionbudgets.policy", "web-budget", "is counted", func(u *unstructured.Unstructured) bool {
		n, _, _ := unstructured.NestedInt64(u.Object, "status", "currentHealthy")
		return n == 2
	})
	web := onePod(t, s, "web")
	p, err := act(t, f, "k8s.evict_pod").Plan(t.Context(), integrations.Args{"pod": web.Name})
	if err != nil || p.Grade != integrations.GradeDanger || !hasCheck(p, integrations.No, "a disruption budget does not allow it now: web-budget wants 2 healthy of 2, 2 are") {
		t.Fatalf("got %s, %v, checks %v", p.Grade, err, p.Checks)
	}
	_, err = act(t, f, "k8s.evict_pod").Apply(t.Context(), p, keepNothing)
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E8" || !strings.Contains(r.Why, "web-budget") {
		t.Errorf("got %v, want a refusal that names the budget", err)
	}
	if got := clustertest.Get[corev1.Pod](s, "pods", web.Name); got.UID != web.UID || got.DeletionTimestamp != nil {
		t.Error("the pod was ended")
	}
}

// That a pod does not serve makes its eviction a change. One that serves by now is
// left alone.
func TestAPodThatServesByNowIsNotEvicted(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("late", "late:slow", 1))
	f := on(t, s)
	pod := onePod(t, s, "late")
	p := planned(t, f, "k8s.evict_pod", integrations.Args{"pod": pod.Name})
	if p.Grade != integrations.GradeChange {
		t.Fatalf("got %s, want a change", p.Grade)
	}
	s.WaitRolledOut("late")
	if _, err := act(t, f, p.Action).Apply(t.Context(), p, keepNothing); !isStale(err, "serves now") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestDeleteAPodByItsUID(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	f := on(t, s)
	pod := func(image string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: one, image: \"" + image + "\"}]}\n"
	}
	gone := func() {
		if err := clientOf(t, s).Resource(podsOf).Namespace(s.Name).Delete(t.Context(), "one", metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
			t.Fatal(err)
		}
		clustertest.WaitList(s, "pods", "", "are gone", func(all []corev1.Pod) bool { return len(all) == 0 })
	}
	for run := range 10 {
		s.Apply(pod("one:1"))
		p := planned(t, f, "k8s.delete_pod", integrations.Args{"pod": "one"})
		if p.Grade != integrations.GradeDanger || !strings.Contains(strings.Join(p.Details, " "), "nothing makes it anew") {
			t.Fatalf("got %s, %q", p.Grade, p.Details)
		}
		gone()
		s.Apply(pod("one:1"))
		if _, err := act(t, f, p.Action).Apply(t.Context(), p, keepNothing); !isStale(err, "pod one was deleted and made anew") {
			t.Fatalf("got %v, want a refusal", err)
		}
		if out, err := typedOnce(t, s, p.Command); run == 0 && err == nil {
			t.Fatalf("by hand: got %s, want that the other pod is left", out)
		}
		gone()
	}
	s.Apply(pod("one:1"))
	p := planned(t, f, "k8s.delete_pod", integrations.Args{"pod": "one"})
	applied(t, f, p)
	settled(t, f, p)
}

var nodesOf = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}

var podsOf = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

func TestCordonANodeAndBack(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	// Nothing runs on it: the other tests keep their nodes.
	s.Apply("apiVersion: v1\nkind: Node\nmetadata: {name: spare.one}\nspec: {taints: [{key: spare, effect: NoSchedule}]}\n")
	t.Cleanup(func() {
		if err := clientOf(t, s).Resource(nodesOf).Delete(context.WithoutCancel(t.Context()), "spare.one", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	f := on(t, s)
	p := planned(t, f, "k8s.cordon", integrations.Args{"node": "spare.one"})
	if want := "kubectl cordon spare.one"; p.Command != want {
		t.Errorf("got %q, want %q", p.Command, want)
	}
	r := applied(t, f, p)
	settled(t, f, p)
	typedTwice(t, s, p.Command)
	back := undone(t, f, "k8s.cordon", r)
	settled(t, f, back)
	if _, err := act(t, f, "k8s.cordon").Undo(t.Context(), r); !isStale(err, "is open for pods now") {
		t.Errorf("got %v, want that nothing is left", err)
	}
}
