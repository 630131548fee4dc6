package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

func statefulSet(name, image, strategy string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: %[1]s}
spec:
  serviceName: %[1]s
  replicas: 3
  updateStrategy: {type: %[3]s}
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: %[1]s, image: "%[2]s"}]}
`, name, image, strategy)
}

func daemonSet(name, image string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: %[1]s}
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: %[1]s, image: "%[2]s"}]}
`, name, image)
}

func waitSts(s *clustertest.Space, name string) {
	clustertest.Wait(s, "statefulsets.apps", name, "is rolled out", func(d *appsv1.StatefulSet) bool {
		return d.Status.ObservedGeneration >= d.Generation && d.Status.ReadyReplicas == 3 && d.Status.UpdatedReplicas == 3 && d.Status.CurrentRevision == d.Status.UpdateRevision
	})
}

// A stateful set that is stuck on a broken revision does not heal by a rollback
// alone: it waits for the broken pod for ever.
func TestRollbackOfAStuckStatefulSetDeletesTheBrokenPod(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(statefulSet("db", "db:1", "RollingUpdate"))
	waitSts(s, "db")
	s.Apply(statefulSet("db", "db:missing", "RollingUpdate"))
	s.WaitWaiting("app=db", "ImagePullBackOff")
	f := on(t, s, "store: {statefulset: db}")
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "store"})
	if want := "deleted with it, being stuck on a broken revision: db-2"; len(p.Details) == 0 || p.Details[0] != want {
		t.Errorf("got details %q, want %q first", p.Details, want)
	}
	if !strings.Contains(p.Command, "rollout undo sts/db --to-revision=1 && echo '") || !strings.Contains(p.Command, `"preconditions":{"uid":"`) ||
		!strings.HasSuffix(p.Command, "delete --raw /api/v1/namespaces/"+s.Name+"/pods/db-2 -f -") {
		t.Errorf("got command %q, want the pod deleted by its uid: the one after it has the same name", p.Command)
	}
	r := applied(t, f, p)
	if !strings.Contains(r.Text, "deleted db-2") {
		t.Errorf("got %q, want the deletion in it", r.Text)
	}
	settled(t, f, p)
	for _, pod := range clustertest.List[corev1.Pod](s, "pods", "app=db") {
		if got := pod.Spec.Containers[0].Image; got != "db:1" || !ready(pod) {
			t.Errorf("pod %s: got %s, ready %v, want db:1 and ready", pod.Name, got, ready(pod))
		}
	}
	if got := s.Kubectl("rollout", "history", "sts/db"); !strings.Contains(got, "\n3 ") || strings.Contains(got, "\n1 ") {
		t.Errorf("got history %q, want 2 and 3", got)
	}
	undo, err := act(t, f, rollbackName).Undo(t.Context(), r)
	if err != nil || !strings.Contains(undo.To, "db:missing") {
		t.Errorf("got undo to %q (%v), want db:missing", undo.To, err)
	}
}

// When the pod cannot be deleted, the rollback itself is done, what is left is said,
// and the rollout is called stuck.
func TestABrokenPodThatStaysIsSaid(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(statefulSet("db", "db:1", "RollingUpdate"))
	waitSts(s, "db")
	s.Apply(statefulSet("db", "db:missing", "RollingUpdate"))
	s.WaitWaiting("app=db", "ImagePullBackOff")
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "sts/db"})
	g.only = "DELETE"
	g.set(dropBefore, nil)
	r := applied(t, f, p)
	if want := "not deleted, or not known: db-2, delete by hand"; !strings.Contains(r.Text, want) {
		t.Errorf("got %q, want %q", r.Text, want)
	}
	if g.count() != 2 {
		t.Errorf("got %d requests, want the patch and one deletion", g.count())
	}
	e := probedUntil(t, f, p, "wrong", func(e integrations.Evidence) bool { return e.Wrong != "" })
	if !strings.Contains(e.Wrong, "db-2 is stuck on a broken revision (ImagePullBackOff on db:missing) and has to be deleted") {
		t.Errorf("got %q, want the pod that is in the way", e.Wrong)
	}
	s.Kubectl("delete", "pod", "db-2")
	settled(t, f, p)
}

func TestRollbackOfAStatefulSetThatRollsNothingByItself(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(statefulSet("db", "db:1", "OnDelete"))
	clustertest.Wait(s, "statefulsets.apps", "db", "has its pods", func(d *appsv1.StatefulSet) bool { return d.Status.ReadyReplicas == 3 })
	s.Apply(statefulSet("db", "db:2", "OnDelete"))
	clustertest.WaitList(s, "controllerrevisions.apps", "app=db", "are two", func(all []appsv1.ControllerRevision) bool { return len(all) == 2 })
	f := on(t, s)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "sts/db", "to": "db:1"})
	if !strings.Contains(strings.Join(p.Details, "\n"), "OnDelete: each pod keeps the old template") {
		t.Errorf("got details %q, want the strategy said", p.Details)
	}
	applied(t, f, p)
	if e := settled(t, f, p); !strings.Contains(e.Text, "until they are deleted") {
		t.Errorf("got %q, want it said that pods wait", e.Text)
	}
}

func TestRollbackOfADaemonSet(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(daemonSet("agent", "agent:1"))
	ds := func(what string, is func(*appsv1.DaemonSet) bool) {
		clustertest.Wait(s, "daemonsets.apps", "agent", what, is)
	}
	ds("runs", func(d *appsv1.DaemonSet) bool { return d.Status.NumberAvailable == 3 })
	s.Apply(daemonSet("agent", "agent:crash"))
	s.WaitWaiting("app=agent", "CrashLoopBackOff")
	f := on(t, s, "agents: {daemonset: agent}")
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "agents", "to": "1"})
	r := applied(t, f, p)
	settled(t, f, p)
	ds("runs the old image", func(d *appsv1.DaemonSet) bool {
		return d.Spec.Template.Spec.Containers[0].Image == "agent:1" && d.Status.NumberAvailable == 3
	})
	if got := s.Kubectl("rollout", "history", "ds/agent"); !strings.Contains(got, "\n3 ") {
		t.Errorf("got history %q, want a revision 3", got)
	}
	undo, err := act(t, f, rollbackName).Undo(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	undo = noted(undo)
	applied(t, f, undo)
	e := probedUntil(t, f, undo, "wrong", func(e integrations.Evidence) bool { return e.Wrong != "" })
	if !strings.Contains(e.Wrong, "last exit 1 (Error)") {
		t.Errorf("got %q, want the crash loop and its exit code", e.Wrong)
	}
}

func TestRestartExchangesEveryPod(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 2))
	s.WaitRolledOut("web")
	before := map[string]bool{}
	for _, pod := range clustertest.List[corev1.Pod](s, "pods", "app=web") {
		before[pod.Name] = true
	}
	f := on(t, s)
	p := planned(t, f, restartName, integrations.Args{"deployment": "web"})
	if p.Grade != integrations.GradeDanger || p.NoUndo == "" || p.Subject != "web" {
		t.Errorf("got grade %s, no undo %q, subject %q", p.Grade, p.NoUndo, p.Subject)
	}
	applied(t, f, p)
	settled(t, f, p)
	for _, pod := range clustertest.List[corev1.Pod](s, "pods", "app=web") {
		if before[pod.Name] && pod.DeletionTimestamp == nil {
			t.Errorf("pod %s is still there", pod.Name)
		}
	}
	if _, err := act(t, f, restartName).Apply(t.Context(), p, keepNothing); err == nil {
		t.Error("the same plan was applied twice")
	}
}

func TestPauseAndResumeUndoEachOther(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	f := on(t, s)
	web := integrations.Args{"deployment": "web"}
	p := planned(t, f, pausing.action, web)
	r := applied(t, f, p)
	settled(t, f, p)
	if d := clustertest.Get[appsv1.Deployment](s, "deployments.apps", "web"); !d.Spec.Paused {
		t.Error("got a deployment that is not paused")
	}
	for _, name := range []string{rollbackName, restartName} {
		_, err := act(t, f, name).Plan(t.Context(), web)
		if rej, ok := integrations.AsRejected(err); !ok || !strings.Contains(rej.Why, "is paused") || !strings.Contains(rej.Fix, "k8s.resume_rollout") {
			t.Errorf("%s while paused: got %v, want it refused with the reason", name, err)
		}
	}
	undo, err := act(t, f, pausing.action).Undo(t.Context(), r)
	if err != nil || undo.Action != resumes.action {
		t.Fatalf("got undo %q (%v), want %s", undo.Action, err, resumes.action)
	}
	applied(t, f, noted(undo))
	settled(t, f, noted(undo))
	s.WaitRolledOut("web")
	if again, err := act(t, f, pausing.action).Undo(t.Context(), r); err != nil || again.Gone == "" {
		t.Errorf("got %+v (%v), want it to be resumed already", again.Gone, err)
	}
}
