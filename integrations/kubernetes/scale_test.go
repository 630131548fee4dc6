package kubernetes

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	scaling "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

func replicasOf(s *clustertest.Space, name string) int {
	return int(*clustertest.Get[appsv1.Deployment](s, "deployments.apps", name).Spec.Replicas)
}

// undone makes the plan that takes an act back and carries it out.
func undone(t testing.TB, f *fleet, action string, r integrations.Receipt) integrations.Plan {
	t.Helper()
	p, err := act(t, f, action).Undo(t.Context(), r)
	if err != nil {
		t.Fatalf("undo %s: %v", action, err)
	}
	if p.Gone != "" || len(p.Failing()) > 0 {
		t.Fatalf("undo %s: gone %q, failing %v", action, p.Gone, p.Failing())
	}
	p = noted(p)
	applied(t, f, p)
	return p
}

func TestScaleToZeroAndBack(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 3) + clustertest.Deployment("importer", "importer:1", 4))
	s.WaitRolledOut("importer")
	f := on(t, s, "shop: {deployment: web, workers: [importer]}")
	f.zeroWatch = 2 * time.Second

	p := planned(t, f, scaleName, integrations.Args{"deployment": "importer", "replicas": int64(0)})
	if p.Grade != integrations.GradeChange || p.Undo != "yes, back to 4 pods" || !strings.HasPrefix(p.From, "4 pods wanted") {
		t.Errorf("got %s, from %q, undo %q", p.Grade, p.From, p.Undo)
	}
	if !strings.HasSuffix(p.Command, " -n "+s.Name+" scale deploy/importer --replicas=0") {
		t.Fatalf("got command %q", p.Command)
	}
	r := applied(t, f, p)
	e := settled(t, f, p)
	if e.Text != "0 pods, and none came back for 2 s" {
		t.Errorf("got %q", e.Text)
	}
	if at := statusWritten(workloadOf(t, f, "importer"), nil); time.Since(at) < 2*time.Second {
		t.Errorf("settled %s after the last change of the status", time.Since(at))
	}
	back := undone(t, f, scaleName, r)
	if e := settled(t, f, back); e.Text != "4 of 4 pods ready" {
		t.Errorf("got %q", e.Text)
	}
	if got := replicasOf(s, "importer"); got != 4 {
		t.Errorf("got %d, want the exact count back", got)
	}
	typedTwice(t, s, p.Command)
	if got := replicasOf(s, "importer"); got != 0 {
		t.Errorf("got %d by hand, want 0", got)
	}
}

// typedTwice runs a command that a preview shows, as a person would, two times.
func typedTwice(t testing.TB, s *clustertest.Space, command string) {
	t.Helper()
	for run := range 2 {
		if out, err := typedOnce(t, s, command); err != nil {
			t.Fatalf("run %d of %s: %v\n%s", run+1, command, err, out)
		}
	}
}

func typedOnce(t testing.TB, s *clustertest.Space, command string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig(), "HOME="+t.TempDir(), "PATH="+filepath.Dir(clustertest.KubectlPath(t))+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func workloadOf(t testing.TB, f *fleet, name string) workload {
	t.Helper()
	c, err := f.choose(t.Context(), integrations.Args{"deployment": name})
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A pod that comes back while nobody looks begins the wait anew.
func TestZeroThatBouncesIsNotZero(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 1))
	s.WaitRolledOut("web")
	f := on(t, s, "shop: {deployment: web}")
	f.zeroWatch = 3 * time.Second
	p := planned(t, f, scaleName, integrations.Args{"deployment": "web", "replicas": int64(0)})
	applied(t, f, p)
	probedUntil(t, f, p, "at zero", func(e integrations.Evidence) bool { return strings.HasPrefix(e.Text, "0 pods for") })
	s.Kubectl("scale", "deployment/web", "--replicas=1")
	e := probedUntil(t, f, p, "wrong", func(e integrations.Evidence) bool { return e.Wrong != "" })
	if want := "the count of web is 1, as before the act"; !strings.HasPrefix(e.Wrong, want) {
		t.Errorf("got %q, want %q", e.Wrong, want)
	}
	s.WaitRolledOut("web")
	s.Kubectl("scale", "deployment/web", "--replicas=0")
	again := time.Now().Truncate(time.Second)
	settled(t, f, p)
	if waited := time.Since(again); waited < 3*time.Second {
		t.Errorf("settled after %s, want the wait to begin anew", waited)
	}
}

func TestGradesOfAScaleFollowTheEffect(t *testing.T) {
	t.Parallel()
	c := newCluster("prod", settings{Env: "prod"}, slog.New(slog.DiscardHandler))
	web := place{cluster: c, namespace: "shop", kind: deployments, name: "web"}
	worker := place{cluster: c, namespace: "shop", kind: deployments, name: "importer"}
	f := &fleet{services: []service{{name: "shop", targets: []serviceTarget{{place: web, workers: []place{worker}}}}}}
	for _, tt := range []struct {
		at               place
		now, want, least int32
		grave            string
	}{
		{web, 6, 0, 0, "with 0 pods nobody is answered"},
		{web, 6, 2, 0, "less than half of 6"},
		{web, 6, 3, 0, ""},
		{web, 6, 4, 5, "below the least of its autoscaler, 5"},
		{web, 6, 12, 0, ""}, {web, 0, 2, 3, ""},
		{worker, 6, 0, 0, ""}, {worker, 6, 1, 3, ""},
	} {
		got := f.grave(tt.at, tt.now, tt.want, tt.least)
		if (got == "") != (tt.grave == "") || !strings.Contains(got, tt.grave) {
			t.Errorf("%s %d to %d: got %q, want %q", tt.at.name, tt.now, tt.want, got, tt.grave)
		}
	}
}

func TestWhatAnAutoscalerMakesOfACount(t *testing.T) {
	t.Parallel()
	hpa := func(least int32) *scaling.HorizontalPodAutoscaler {
		h := &scaling.HorizontalPodAutoscaler{Spec: scaling.HorizontalPodAutoscalerSpec{MinReplicas: &least, MaxReplicas: 5}}
		h.Name = "web"
		return h
	}
	for _, tt := range []struct {
		h         *scaling.HorizontalPodAutoscaler
		now, want int32
		says      string
		refused   bool
	}{
		{nil, 3, 0, "", false},
		{hpa(2), 3, 0, "web (2 to 5) is off while the count is 0", false},
		{hpa(2), 0, 3, "web (2 to 5) takes over again from 3", false},
		{hpa(2), 3, 4, "would overwrite 4", true},
		{hpa(0), 3, 0, "may go down to 0 by itself", true},
		{hpa(0), 0, 3, "would overwrite 3", true},
	} {
		checks, err := hpaSays(tt.h, "web", tt.now, tt.want)
		got := ""
		r, isRefusal := integrations.AsRejected(err)
		switch {
		case isRefusal:
			got = r.Why
		case len(checks) > 0:
			got = checks[0].Text
		}
		if isRefusal != tt.refused || !strings.Contains(got, tt.says) {
			t.Errorf("%d to %d: got %q (%v), want %q", tt.now, tt.want, got, err, tt.says)
		}
	}
}

const webAutoscaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
`

func TestScaleUnderAnAutoscaler(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 3) + webAutoscaler)
	s.WaitRolledOut("web")
	f := on(t, s, "other: {deployment: other}")
	f.zeroWatch = 3 * time.Second // the autoscaler of the test looks every second

	_, err := act(t, f, scaleName).Plan(t.Context(), integrations.Args{"deployment": "web", "replicas": int64(4)})
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E8" || !strings.Contains(r.Fix, "k8s.set_hpa") {
		t.Fatalf("got %v, want a refusal that names the way", err)
	}
	p := planned(t, f, scaleName, integrations.Args{"deployment": "web", "replicas": int64(0)})
	if !strings.Contains(fmt.Sprint(p.Checks), "is off while the count is 0") {
		t.Errorf("got checks %v", p.Checks)
	}
	r := applied(t, f, p)
	settled(t, f, p)
	undone(t, f, scaleName, r)
	if got := replicasOf(s, "web"); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
	s.WaitRolledOut("web")
}

func TestAnAutoscalersBoundsAndBack(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 3) + webAutoscaler)
	f := on(t, s, "shop: {deployment: web}")
	bound := func() string {
		h := clustertest.Get[scaling.HorizontalPodAutoscaler](s, "horizontalpodautoscalers.autoscaling", "web")
		return fmt.Sprint(*h.Spec.MinReplicas, " ", h.Spec.MaxReplicas)
	}
	p := planned(t, f, setHPAName, integrations.Args{"deployment": "shop", "min": int64(4), "max": int64(8)})
	if p.Undo != "yes, back to 2 to 5" || !strings.Contains(strings.Join(p.Details, " "), "to at least 4 at once") {
		t.Errorf("got undo %q, details %q", p.Undo, p.Details)
	}
	r := applied(t, f, p)
	settled(t, f, p)
	if got := bound(); got != "4 8" {
		t.Errorf("got %s, want 4 8", got)
	}
	typedTwice(t, s, p.Command)
	undone(t, f, setHPAName, r)
	if got := bound(); got != "2 5" {
		t.Errorf("got %s, want 2 5", got)
	}
	danger, err := act(t, f, setHPAName).Plan(t.Context(), integrations.Args{"deployment": "shop", "min": int64(1), "max": int64(1)})
	if err != nil || danger.Grade != integrations.GradeDanger {
		t.Errorf("got %s, %v; want danger", danger.Grade, err)
	}
	for run := range 10 {
		p := planned(t, f, setHPAName, integrations.Args{"deployment": "shop", "min": int64(3)})
		s.Apply(strings.ReplaceAll(webAutoscaler, "maxReplicas: 5", fmt.Sprintf("maxReplicas: %d", 10+run)))
		if _, err := act(t, f, setHPAName).Apply(t.Context(), p, keepNothing); !isStale(err, "max was ") {
			t.Fatalf("got %v, want a refusal", err)
		}
	}
	for _, a := range []integrations.Args{{"min": int64(0)}, {"min": int64(7), "max": int64(6)}, {"max": int64(100000)}} {
		a["deployment"] = "shop"
		if _, err := act(t, f, setHPAName).Plan(t.Context(), a); err == nil {
			t.Errorf("%v: got a plan", a)
		}
	}
}

const scaledObjectCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scaledobjects.keda.sh}
spec:
  group: keda.sh
  names: {kind: ScaledObject, plural: scaledobjects, singular: scaledobject}
  scope: Namespaced
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

func TestScaleUnderKEDA(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(scaledObjectCRD)
	s.Apply(clustertest.Deployment("importer", "importer:1", 2) + `---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: importer-queue, annotations: {team: shop, autoscaling.keda.sh/paused: "false"}}
spec: {scaleTargetRef: {name: importer}, minReplicaCount: 1, maxReplicaCount: 9}
`)
	s.WaitRolledOut("importer")
	f := on(t, s, "other: {deployment: other}")
	f.zeroWatch = time.Second
	annotations := func() map[string]string {
		return clustertest.Get[unstructured.Unstructured](s, "scaledobjects.keda.sh", "importer-queue").GetAnnotations()
	}

	p := planned(t, f, scaleName, integrations.Args{"deployment": "importer", "replicas": int64(0)})
	r := applied(t, f, p)
	got := annotations()
	if got[pinnedKey] != "0" || got[frozenKey] != "true" || got["team"] != "shop" {
		t.Fatalf("got %v, want both annotations, and those of others", got)
	}
	e := probedUntil(t, f, p, "told", func(integrations.Evidence) bool { return true })
	if e.Settled || e.Applied != integrations.Yes || !strings.Contains(e.Text, "is still 2") {
		t.Errorf("got %+v, want that KEDA has not followed yet", e)
	}
	s.Kubectl("scale", "deployment/importer", "--replicas=0") // as KEDA would
	settled(t, f, p)
	back := undone(t, f, scaleName, r)
	got = annotations()
	if _, pinned := got[pinnedKey]; pinned || got[frozenKey] != "false" || got["team"] != "shop" {
		t.Errorf("got %v, want exactly what was added gone", got)
	}
	if e := settled(t, f, back); e.Applied != integrations.Yes {
		t.Errorf("got %+v", e)
	}

	// Somebody else paused it since: the undo is refused with what is true now.
	r = applied(t, f, planned(t, f, scaleName, integrations.Args{"deployment": "importer", "replicas": int64(0)}))
	s.Kubectl("annotate", "scaledobject", "importer-queue", pinnedKey+"=7", "--overwrite")
	if _, err := act(t, f, scaleName).Undo(t.Context(), r); !isStale(err, "KEDA is paused at 7 now") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func isStale(err error, text string) bool {
	s, ok := integrations.AsStale(err)
	return ok && strings.Contains(s.Diff, text)
}

func TestAScaleThatMovedIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		move func(s *clustertest.Space, name string)
		want string
	}{
		"count": {func(s *clustertest.Space, name string) { patchedAs(t, s, "ci", name, `{"spec":{"replicas":2}}`) }, "replicas was 1 and is 2 (by ci"},
		"anew": {func(s *clustertest.Space, name string) {
			deleted(t, s, name)
			s.Apply(clustertest.Deployment(name, "web:1", 1))
		}, "deleted and made anew"},
		"gone": {func(s *clustertest.Space, name string) { deleted(t, s, name) }, "is gone"},
		"scaler": {func(s *clustertest.Space, name string) {
			s.Apply(strings.NewReplacer("minReplicas: 2", "minReplicas: 1", "name: web", "name: "+name).Replace(webAutoscaler))
		}, "autoscaler was none and is web-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clustertest.New(t)
			f := on(t, s)
			for run := range 10 {
				web := fmt.Sprintf("web-%d", run)
				s.Apply(clustertest.Deployment(web, "web:1", 1))
				p := planned(t, f, scaleName, integrations.Args{"deployment": web, "replicas": int64(0)})
				tt.move(s, web)
				_, err := act(t, f, scaleName).Apply(t.Context(), p, keepNothing)
				if !isStale(err, tt.want) {
					t.Fatalf("got %v, want %q", err, tt.want)
				}
			}
		})
	}
}

// patchedAs changes a deployment as somebody else would.
func patchedAs(t testing.TB, s *clustertest.Space, who, name, patch string, sub ...string) {
	t.Helper()
	patchedOther(t, s, who, deploymentsOf, name, patch, sub...)
}

var deploymentsOf = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}

func patchedOther(t testing.TB, s *clustertest.Space, who string, what schema.GroupVersionResource, name, patch string, sub ...string) {
	t.Helper()
	_, err := clientOf(t, s).Resource(what).Namespace(s.Name).Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: who}, sub...)
	if err != nil {
		t.Fatal(err)
	}
}

func deleted(t testing.TB, s *clustertest.Space, name string) {
	t.Helper()
	if err := clientOf(t, s).Resource(deploymentsOf).Namespace(s.Name).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func clientOf(t testing.TB, s *clustertest.Space) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestScaleOfAStatefulSet(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(strings.Replace(statefulSet("db", "db:1", "RollingUpdate"), "spec:\n", `spec:
  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
`, 1) + daemonSet("agent", "agent:1"))
	s.Apply(statefulSet("queue", "queue:1", "RollingUpdate"))
	f := on(t, s)
	p, err := act(t, f, scaleName).Plan(t.Context(), integrations.Args{"deployment": "sts/db", "replicas": int64(1)})
	if err != nil || p.Grade != integrations.GradeDanger || p.Undo != "" || !strings.Contains(p.NoUndo, "volumes of the pods that go are deleted") {
		t.Errorf("got %s, undo %q, %q, %v; want a danger without undo", p.Grade, p.Undo, p.NoUndo, err)
	}
	if _, err := act(t, f, scaleName).Plan(t.Context(), integrations.Args{"deployment": "ds/agent", "replicas": int64(1)}); !isRejected(err, "is a daemon set") {
		t.Errorf("got %v, want a refusal", err)
	}
	was := *clustertest.Get[appsv1.StatefulSet](s, "statefulsets.apps", "queue").Spec.Replicas
	f.zeroWatch = time.Second
	p = planned(t, f, scaleName, integrations.Args{"deployment": "sts/queue", "replicas": int64(0)})
	r := applied(t, f, p)
	settled(t, f, p)
	undone(t, f, scaleName, r)
	if got := *clustertest.Get[appsv1.StatefulSet](s, "statefulsets.apps", "queue").Spec.Replicas; got != was {
		t.Errorf("got %d, want %d", got, was)
	}
	s.Kubectl("scale", "statefulset/queue", "--replicas=7")
	if _, err := act(t, f, scaleName).Undo(t.Context(), r); !isStale(err, "queue has a count of 7 now") {
		t.Errorf("got %v, want that the world moved on", err)
	}
}

// Two people press on the same preview: one of them is told what happened.
func TestTwoAtOnceAreOneScale(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 0))
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig)
	for run := range 10 {
		p := planned(t, f, scaleName, integrations.Args{"deployment": "web", "replicas": int64(run%2 + 1)})
		var both sync.WaitGroup
		var errs [2]error
		for n := range errs {
			both.Go(func() { _, errs[n] = act(t, f, scaleName).Apply(t.Context(), p, keepNothing) })
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("got %v and %v, want one to be refused", errs[0], errs[1])
		}
		if _, stale := integrations.AsStale(errors.Join(errs[:]...)); !stale {
			t.Fatalf("got %v and %v, want a difference", errs[0], errs[1])
		}
	}
}

func TestAStatusAloneDoesNotBlockAScale(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 2))
	f := on(t, s, "shop: {deployment: other}")
	for n := range 10 {
		p := planned(t, f, scaleName, integrations.Args{"deployment": "web", "replicas": int64(n % 2)})
		patchedAs(t, s, "controller", "web", fmt.Sprintf(`{"status":{"collisionCount":%d}}`, n+1), "status")
		applied(t, f, p)
		if got := replicasOf(s, "web"); got != n%2 {
			t.Fatalf("got %d, want %d", got, n%2)
		}
	}
}
