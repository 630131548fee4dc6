package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

func clientFor(t testing.TB, s *clustertest.Space) *appsv1client.AppsV1Client {
	t.Helper()
	c, err := appsv1client.NewForConfig(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func merge(t testing.TB, c *appsv1client.AppsV1Client, s *clustertest.Space, patch string) {
	t.Helper()
	if _, err := c.Deployments(s.Name).Patch(context.WithoutCancel(t.Context()), "web", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "somebody"}); err != nil {
		t.Errorf("change web: %v", err)
	}
}

func remove(t testing.TB, c *appsv1client.AppsV1Client, s *clustertest.Space) {
	t.Helper()
	if err := c.Deployments(s.Name).Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Errorf("delete web: %v", err)
	}
}

// A change that is held on its way may be made after we gave up. Then it is made
// once, and the probe finds it.
func TestAChangeThatIsHeldIsMadeAtMostOnce(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 0))
	s.WaitRolledOut("web")
	s.Apply(clustertest.Deployment("web", "web:2", 0))
	for run := range 10 {
		s.WaitRolledOut("web")
		g := newGate(t, s)
		f := with(t, s, g.kubeconfig)
		p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
		p.Note = fmt.Sprintf("INC-42, step held-%d", run)
		ctx, cancel := context.WithCancel(t.Context())
		g.set(hold, func(*http.Request) { cancel() }) // killed when the request is under way
		_, err := act(t, f, rollbackName).Apply(ctx, p, keepNothing)
		cancel()
		_, stale := integrations.AsStale(err)
		_, rejected := integrations.AsRejected(err)
		if err == nil || stale || rejected {
			t.Fatalf("got %v, want an error that proves nothing", err)
		}
		if e, err := act(t, f, rollbackName).Probe(t.Context(), p, nil); err != nil || e.Applied != integrations.No {
			t.Fatalf("while it is held: got %+v (%v), want not applied", e, err)
		}
		close(g.free)
		<-g.late
		if e, err := act(t, f, rollbackName).Probe(t.Context(), p, nil); err != nil || (e.Applied == integrations.Yes) != g.changed() {
			t.Fatalf("afterwards: got %+v (%v), want applied %v", e, err, g.changed())
		}
		if g.count() != 1 {
			t.Fatalf("got %d requests, want 1", g.count())
		}
	}
}

// Two presses of the same plan at once are one change.
func TestTwoPressesAreOneChange(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 0))
	s.WaitRolledOut("web")
	s.Apply(clustertest.Deployment("web", "web:2", 0))
	f := on(t, s)
	for run := range 10 {
		s.WaitRolledOut("web")
		p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
		var errs [4]error
		var all sync.WaitGroup
		for n := range errs {
			all.Go(func() {
				q := p
				q.Note = fmt.Sprintf("INC-42, step %d of run %d", n, run)
				_, errs[n] = act(t, f, rollbackName).Apply(t.Context(), q, keepNothing)
			})
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if _, stale := integrations.AsStale(err); err == nil {
				done++
			} else if !stale {
				t.Errorf("got %v, want E10", err)
			}
		}
		if done != 1 {
			t.Fatalf("run %d: got %d successes in %v, want one", run, done, errs)
		}
	}
}

func TestAStartThatCannotBeWrittenDownIsNotMade(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	f := on(t, s)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
	_, err := act(t, f, rollbackName).Apply(t.Context(), p, func(string, string) error { return errors.New("disk full") })
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E26" {
		t.Errorf("got %v, want E26", err)
	}
	if got := imageOf(s, "web"); got != "web:2" {
		t.Errorf("got %s, want nothing done", got)
	}
}

const denied = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-%[1]s}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [deployments]}]
  validations: [{expression: "!object.spec.template.spec.containers[0].image.endsWith(':1')", message: "version 1 is withdrawn", reason: Forbidden}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-%[1]s}
spec: {policyName: no-%[1]s, validationActions: [Deny]}
`

func TestAnAdmissionPolicyThatRefusesIsQuoted(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	f := on(t, s)
	before := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
	s.Apply(fmt.Sprintf(denied, s.Name))
	t.Cleanup(func() {
		_ = exec.Command(clustertest.KubectlPath(t), "--kubeconfig", s.Kubeconfig(), "delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", "no-"+s.Name).Run()
	})
	var failing []integrations.Check
	for range 300 { // the policy is in force in a moment
		p, err := act(t, f, rollbackName).Plan(t.Context(), integrations.Args{"deployment": "deploy/web"})
		if err != nil {
			t.Fatal(err)
		}
		if failing = p.Failing(); len(failing) > 0 {
			break
		}
	}
	if len(failing) != 1 || !strings.Contains(failing[0].Text, "version 1 is withdrawn") || failing[0].Code != "E6" {
		t.Errorf("got failing checks %+v, want the words of the policy", failing)
	}
	_, err := act(t, f, rollbackName).Apply(t.Context(), before, keepNothing)
	r, ok := integrations.AsRejected(err)
	if !ok || r.Code != "E6" || !strings.Contains(r.Why, "version 1 is withdrawn") || strings.Contains(r.Fix, "Role") {
		t.Errorf("got %v, want a refusal with its words and without a rule to add", err)
	}
	if got := imageOf(s, "web"); got != "web:2" {
		t.Errorf("got %s, want nothing done", got)
	}
}

// Undo is refused when somebody changed the workload since, and when what ran
// before is gone.
func TestUndoWhenTheWorldMovedOn(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	s.WaitRolledOut("web")
	f := on(t, s, "shop: {deployment: web}")
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "shop"})
	r := applied(t, f, p)
	s.WaitRolledOut("web")
	undo := func() (integrations.Plan, error) { return act(t, f, rollbackName).Undo(t.Context(), r) }
	if q, err := undo(); err != nil || q.To == "" || q.Args["to"] != p.Record[keyWasID] {
		t.Errorf("got %+v (%v), want the way back", q, err)
	}
	moved := on(t, s, "shop: {deployment: other}") // the catalogue leads somewhere else now
	if q, err := act(t, moved, rollbackName).Undo(t.Context(), r); err != nil || q.Target != p.Target {
		t.Errorf("got target %q (%v), want %q", q.Target, err, p.Target)
	}
	s.Kubectl("delete", "replicaset", "web-"+p.Record[keyWasID])
	_, err := undo()
	if rej, ok := integrations.AsRejected(err); !ok || rej.Code != "E15" || !strings.Contains(rej.Why, "web:2 is gone from the history of web. Current: web:1, 2 pods rev 3, all serving") {
		t.Errorf("got %v, want E15 with what is true now", err)
	}
	s.Kubectl("set", "image", "deployment/web", "web=web:3")
	_, err = undo()
	if stale, ok := integrations.AsStale(err); !ok || stale.Code != "E10" || !strings.Contains(stale.Diff, "web runs web:3 now by kubectl-set") {
		t.Errorf("got %v, want E10 with who changed it", err)
	}
	s.Kubectl("delete", "deployment", "web")
	_, err = undo()
	if stale, ok := integrations.AsStale(err); !ok || stale.Code != "E18" {
		t.Errorf("got %v, want E18", err)
	}
}

// The command that is shown can be typed twice: the second time changes nothing.
func TestTheCommandsByHandAreSafeToRepeat(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(statefulSet("db", "db:1", "RollingUpdate") + clustertest.Deployment("web", "web:1", 2))
	s.WaitRolledOut("web")
	waitSts(s, "db")
	s.Apply(statefulSet("db", "db:missing", "RollingUpdate") + clustertest.Deployment("web", "web:2", 2))
	s.WaitWaiting("app=db", "ImagePullBackOff")
	s.WaitRolledOut("web")
	f := on(t, s)
	typed := func(command string) (string, error) {
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(command, "kubectl ", clustertest.KubectlPath(t)+" "))
		cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir(), "KUBECONFIG="+s.Kubeconfig())
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	state := func() string {
		var out []any
		out = append(out, clustertest.Get[appsv1.Deployment](s, "deployments.apps", "web").Spec, clustertest.Get[appsv1.StatefulSet](s, "statefulsets.apps", "db").Spec)
		for _, pod := range clustertest.List[corev1.Pod](s, "pods", "") {
			out = append(out, pod.UID)
		}
		raw, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for _, tt := range []struct{ action, name string }{{rollbackName, "deploy/web"}, {restartName, "deploy/web"}, {pausing.action, "deploy/web"}, {resumes.action, "deploy/web"}, {rollbackName, "sts/db"}} {
		p := planned(t, f, tt.action, integrations.Args{"deployment": tt.name})
		if !strings.Contains(p.Command, "-n "+s.Name+" ") {
			t.Errorf("%s: got command %q, want the namespace in it", tt.action, p.Command)
		}
		if out, err := typed(p.Command); err != nil {
			t.Fatalf("%s: %s: %v: %s", tt.action, p.Command, err, out)
		}
		if tt.name == "sts/db" {
			waitSts(s, "db")
		} else if tt.action != pausing.action {
			s.WaitRolledOut("web")
		}
		settledPods(t, s)
		before := state()
		out, _ := typed(p.Command) // it may say that there is nothing to do
		settledPods(t, s)
		if after := state(); after != before {
			t.Errorf("%s typed twice changed something: %s\n%s", p.Command, out, after)
		}
	}
}
