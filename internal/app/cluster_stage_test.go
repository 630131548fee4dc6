package app

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"mayday/bot/chat"
	"mayday/internal/clustertest"
	"mayday/internal/config"
	"mayday/internal/incident"
)

const clusterConfig = `
people:
  responder: [web:ana, web:li]
  commander: [web:cleo]
  approver: [web:sam, web:kim]
  same:
    - {name: Ana, web: ana}
    - {name: Li, web: li}
    - {name: Sam, web: sam}
    - {name: Kim, web: kim}
    - {name: Cleo, web: cleo}
services:
  checkout:
    impact: "Paying fails. Browsing works."
    migrations: none
    k8s: {cluster: test, namespace: SPACE, KIND: web, workers: [importer, mailer], cronjobs: [report, bills]}
CHARTS
connect:
  k8s: {test: {kubeconfig: 'file:KUBE'MORE}}
PROMETHEUS
playbooks: BOOKS
shutdown: 2s
`

// clusterStage is a Mayday beside a real cluster, in which somebody has a
// workload "web". The test types commands and presses buttons, nothing else.
type clusterStage struct {
	*actStage
	space *clustertest.Space
	kind  workloadKind
	real  bool // Mayday's clock goes as fast as the cluster's
}

// workloadKind is a kind of workload that can be rolled back.
type workloadKind struct {
	field string // of the catalogue
	ref   string // for kubectl
	yaml  func(image string) string
}

var workloadKinds = []workloadKind{
	{field: "deployment", ref: "deployment/web", yaml: func(image string) string { return clustertest.Deployment("web", image, 2) }},
	{field: "statefulset", ref: "statefulset/web", yaml: func(image string) string {
		return ownWorkload("StatefulSet", "\n  serviceName: web\n  replicas: 2", image)
	}},
	{field: "daemonset", ref: "daemonset/web", yaml: func(image string) string { return ownWorkload("DaemonSet", "", image) }},
}

func ownWorkload(kind, more, image string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: %s
metadata: {name: web, labels: {app: web}}
spec:%s
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: web, image: %q}]}
`, kind, more, image)
}

// clusterOptions are what stages differ in.
type clusterOptions struct {
	kind       workloadKind // a deployment unless set
	kubeconfig string       // an administrator's unless set
	more       string       // further keys of the connection
	charts     string       // of checkout
	prometheus string       // its connection
	loop       bool         // the real wake loop runs
	books      map[string]string
}

func newClusterStage(t *testing.T, space *clustertest.Space, o clusterOptions) *clusterStage {
	t.Helper()
	if o.kind.field == "" {
		o.kind = workloadKinds[0]
	}
	if o.kubeconfig == "" {
		o.kubeconfig, o.more = space.Kubeconfig(), o.more+", allow_cluster_admin: true"
	}
	s := &clusterStage{space: space, kind: o.kind, actStage: &actStage{t: t, dir: t.TempDir(), manual: !o.loop, log: &syncBuffer{}, seen: map[string]bool{}, now: time.Now().Truncate(time.Second)}}
	s.data = filepath.Join(s.dir, "data")
	books := filepath.Join(s.dir, "books")
	if err := os.Mkdir(books, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range o.books {
		s.file(filepath.Join("books", name), text)
	}
	s.text = strings.NewReplacer("BOOKS", books, "SPACE", space.Name, "KIND", o.kind.field, "KUBE", o.kubeconfig, "MORE", o.more, "CHARTS", o.charts, "PROMETHEUS", o.prometheus).Replace(clusterConfig)
	s.start()
	t.Cleanup(s.stop)
	return s
}

// deployed is the workload with a good image and then, by kubectl, a bad one,
// with a note of its author's and a change cause.
func deployed(space *clustertest.Space, kind workloadKind, bad string) {
	space.Apply(kind.yaml("web:1"))
	space.Kubectl("rollout", "status", kind.ref, "--timeout=60s")
	space.Kubectl("annotate", kind.ref, "kubernetes.io/change-cause=cart v1", "--overwrite")
	space.Kubectl("annotate", kind.ref, "team.example/owner=payments")
	space.Kubectl("patch", kind.ref, "-p", fmt.Sprintf(`{"metadata":{"annotations":{"kubernetes.io/change-cause":"cart v2"}},"spec":{"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, bad))
}

// open opens the incident and takes it.
func (s *clusterStage) open() {
	s.t.Helper()
	s.pass(time.Until(s.clock()) * -1) // Mayday's clock may be behind the cluster's
	if m := s.say("ana", "open checkout fails service=checkout"); m.Code != "" {
		s.t.Fatalf("open: %s", m.Text)
	}
	s.say("ana", "own")
}

// until lets time pass until something holds; the cluster takes real time.
func (s *clusterStage) until(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(90 * time.Second)
	defer deadline.Stop()
	for last := time.Now(); !holds(); last = time.Now() {
		select {
		case <-deadline.C:
			s.t.Fatalf("never came true: %s\n%s", what, texts(s.thread()))
		case <-tick.C:
		}
		switch {
		case s.real:
			s.pass(time.Since(last))
		case s.manual:
			s.pass(2 * time.Second)
		}
	}
}

// settled waits until the effect of the newest act is complete, or wrong.
func (s *clusterStage) settled() *incident.Step {
	s.t.Helper()
	id := s.step().ID
	s.until("the effect rests", func() bool { st := s.inc().Step(id); return st.State != incident.Starting && !st.Watching() })
	return s.inc().Step(id)
}

// complete fails unless the newest act ends well.
func (s *clusterStage) complete() *incident.Step {
	s.t.Helper()
	st := s.settled()
	if st.State != incident.Succeeded || st.Effect == nil || st.Effect.State != incident.EffectSettled {
		s.t.Fatalf("%s is %s (%s), effect %+v, want it complete", st.Plan.Title, st.State, st.Reason, st.Effect)
	}
	return st
}

// confirm presses the newest preview, as whoever must and with the phrase.
func (s *clusterStage) confirm() chat.Message {
	s.t.Helper()
	m := s.message(s.stepKey())
	who, verb := "ana", "start"
	if strings.HasPrefix(verbsOf(m), "approve") {
		who, verb = "sam", "approve"
	}
	id := buttonOf(m, verb).ID
	if id == "" {
		s.t.Fatalf("nothing to press:\n%s", m.Text)
	}
	got := s.pressID(who, id)
	if got.Form == nil {
		return got
	}
	return s.pressID(who, id, "phrase", s.step().Phrase)
}

// images are those of the pods that run, each once a pod.
func (s *clusterStage) images() []string {
	var out []string
	for _, p := range clustertest.List[corev1.Pod](s.space, "pods", "app=web") {
		if p.DeletionTimestamp == nil {
			out = append(out, p.Spec.Containers[0].Image)
		}
	}
	return out
}

// wantImage fails unless every pod of the workload runs an image, and the
// template says so.
func (s *clusterStage) wantImage(want string) {
	s.t.Helper()
	if got := s.space.Kubectl("get", s.kind.ref, "-o", "jsonpath={.spec.template.spec.containers[0].image}"); got != want {
		s.t.Errorf("the template has %s, want %s", got, want)
	}
	s.until("all pods run "+want, func() bool {
		for _, got := range s.images() {
			if got != want {
				return false
			}
		}
		return len(s.images()) > 0
	})
}

func (s *clusterStage) replicas(name string) int {
	s.t.Helper()
	return int(*clustertest.Get[appsv1.Deployment](s.space, "deployments.apps", name).Spec.Replicas)
}

// typed runs a command that a preview shows, as a person would.
func (s *clusterStage) typed(command string) {
	s.t.Helper()
	if out, err := s.typedBy(command); err != nil {
		s.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

func (s *clusterStage) typedBy(command string) (string, error) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "sh", "-c", command)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.space.Kubeconfig(), "HOME="+s.t.TempDir(), "PATH="+filepath.Dir(clustertest.KubectlPath(s.t))+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *clusterStage) parsed() *config.File {
	s.t.Helper()
	file, err := config.Parse(filepath.Join(s.dir, "mayday.yaml"), []byte(s.text))
	if err != nil {
		s.t.Fatal(err)
	}
	return file
}

// rights is what `mayday setup k8s --print-rbac` prints.
func (s *clusterStage) rights() string {
	s.t.Helper()
	var out strings.Builder
	if err := Rights(&out, s.parsed(), config.Env{}, "k8s", "test"); err != nil {
		s.t.Fatal(err)
	}
	return out.String()
}
