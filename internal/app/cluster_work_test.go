package app

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"mayday/bot/chat"
	"mayday/internal/clustertest"
	"mayday/internal/incident"
	"mayday/internal/prometheustest"
)

func cronJob(name, schedule string) string {
	return fmt.Sprintf(`---
apiVersion: batch/v1
kind: CronJob
metadata: {name: %[1]s}
spec:
  schedule: %[2]q
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "%[1]s:1"}]}}}}
`, name, schedule)
}

const importerScaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: importer}
spec:
  minReplicas: 2
  maxReplicas: 6
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: importer}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
`

// TestKubernetesWorkersPauseAndComeBack stops the workers and the cron jobs of a
// service and brings them back to their exact counts. One worker has an
// autoscaler, the other has none.
func TestKubernetesWorkersPauseAndComeBack(t *testing.T) {
	t.Parallel()
	space := clustertest.New(t)
	space.Apply(clustertest.Deployment("web", "web:1", 1) + clustertest.Deployment("importer", "importer:1", 3) + clustertest.Deployment("mailer", "mailer:1", 2) +
		cronJob("report", "0 0 1 1 *") + cronJob("bills", "0 0 1 1 *") + importerScaler)
	space.WaitRolledOut("importer")
	space.WaitRolledOut("mailer")
	s := newClusterStage(t, space, clusterOptions{})
	s.as(s.rights())
	s.open()
	s.pauseWorkers()
	s.workersComeBack()
	s.whole()
}

func (s *clusterStage) pauseWorkers() {
	s.t.Helper()
	s.real = true // zero is zero when none came back for a minute
	s.say("ana", "run pause-workers service=checkout")
	pick := s.await("pick")
	var rows []any
	for _, o := range pick.Form.Fields[0].Options {
		rows = append(rows, o.Value)
	}
	if len(rows) != 2 {
		s.t.Fatalf("got %v to pick from, want two workers", rows)
	}
	s.press("ana", "pick", "pick", rows)
	s.wantCounts(3, 2, false)
	s.confirm()
	s.complete()
	s.wantCounts(0, 0, false)
	s.until("the preview for the cron jobs", func() bool { return s.step().Action == "k8s.suspend_cronjobs" && s.step().State.WaitsForPress() })
	s.confirm()
	s.complete()
	s.wantCounts(0, 0, true)
}

// workersComeBack takes both acts back, through what the card lists as in force.
func (s *clusterStage) workersComeBack() {
	s.t.Helper()
	for _, action := range []string{"k8s.suspend_cronjobs", "k8s.scale"} {
		s.say("ana", "undo "+action)
		s.confirm()
		s.complete()
	}
	s.wantCounts(3, 2, false)
	if left := s.inc().InForce(); len(left) != 0 {
		s.t.Errorf("got %d acts in force, want none", len(left))
	}
}

func (s *clusterStage) wantCounts(importer, mailer int, suspended bool) {
	s.t.Helper()
	if a, b := s.replicas("importer"), s.replicas("mailer"); a != importer || b != mailer {
		s.t.Errorf("got %d and %d, want %d and %d", a, b, importer, mailer)
	}
	for _, name := range []string{"report", "bills"} {
		if got := clustertest.Get[batchv1.CronJob](s.space, "cronjobs.batch", name).Spec.Suspend; (got != nil && *got) != suspended {
			s.t.Errorf("%s: got suspended %v, want %v", name, got != nil && *got, suspended)
		}
	}
}

// TestKubernetesRollbackOntoABadImage goes wrong. The card says what is true now,
// and the undo is beside it.
func TestKubernetesRollbackOntoABadImage(t *testing.T) {
	t.Parallel()
	space := clustertest.New(t)
	space.Apply(clustertest.Deployment("web", "web:missing", 2))
	space.WaitWaiting("app=web", "ImagePullBackOff")
	space.Kubectl("set", "image", "deployment/web", "web=web:2")
	space.Kubectl("rollout", "status", "deployment/web", "--timeout=60s")
	s := newClusterStage(t, space, clusterOptions{})
	s.open()
	s.say("ana", "run rollback service=checkout")
	s.confirm()
	step := s.settled()
	if step.Effect == nil || step.Effect.State != incident.EffectWrong {
		t.Fatalf("got effect %+v, want it wrong", step.Effect)
	}
	m := s.message("INC-1:step:" + step.ID)
	s.wants("the card", m.Text, "✗ Roll back checkout", "went wrong", "Now: ", "ImagePullBackOff", "Undo: yes, back to web:2")
	if !strings.Contains(verbsOf(m), "undo") {
		t.Errorf("the card has the buttons %q, want undo", verbsOf(m))
	}
	s.press("ana", "undo")
	s.confirm()
	s.complete()
	s.wantImage("web:2")
	s.whole()
}

const errorCharts = "    charts: {errors: {prom: 'errors{app=\"checkout\"}', bad: 0.05}}"

// TestKubernetesRollbackIsVerified reads the error rate from a real Prometheus:
// the playbook's check holds for its time, and only then it is done.
func TestKubernetesRollbackIsVerified(t *testing.T) {
	t.Parallel()
	figures := prometheustest.NewExporter(t)
	figures.Set(`errors{app="checkout"}`, "0.2")
	server := prometheustest.Start(t, figures)
	server.Await(t, `errors{app="checkout"}`, func(v float64) bool { return v > 0.1 })
	space := clustertest.New(t)
	deployed(space, workloadKinds[0], "web:2")
	space.Kubectl("rollout", "status", "deployment/web", "--timeout=60s")
	s := newClusterStage(t, space, clusterOptions{charts: errorCharts, prometheus: "  prometheus: {url: '" + server.URL + "'}"})
	s.open()
	s.pressID("ana", s.labelled("Roll back checkout").ID)
	s.confirm()
	s.complete()
	id := s.run().ID
	verify := func() incident.Result { return s.inc().Run(id).Results["verify"] }
	s.until("it is watched", func() bool { return verify().Watch != nil })
	s.pass(time.Minute)
	if got := verify().Outcome; got != "" {
		t.Fatalf("got %s while errors are at 20%%, want no verdict", got)
	}
	figures.Set(`errors{app="checkout"}`, "0.001")
	server.Await(t, `errors{app="checkout"}`, func(v float64) bool { return v < 0.01 })
	s.until("it holds", func() bool { return verify().Outcome != "" || verify().Asked == incident.AskNotMet })
	if got := verify().Outcome; got != incident.OutDone {
		t.Errorf("got %q, want it met", got)
	}
	s.wants("the check", s.message("INC-1:ask:"+id+":verify").Text, "✓ check: errors < 1%")
	s.whole()
}

// TestKubernetesTwoPeopleAtOnce: while one act on a target is on its way, another
// on the same target is refused; fifty presses make one change.
func TestKubernetesTwoPeopleAtOnce(t *testing.T) {
	t.Parallel()
	space := clustertest.New(t)
	deployed(space, workloadKinds[0], "web:2")
	space.Kubectl("rollout", "status", "deployment/web", "--timeout=60s")
	gate := space.Gate()
	s := newClusterStage(t, space, clusterOptions{loop: true, kubeconfig: gate.Kubeconfig, more: ", allow_cluster_admin: true"})
	s.open()
	s.say("ana", "run rollback service=checkout")
	first := buttonOf(s.await("start"), "start").ID
	s.say("li", "run scale service=checkout replicas=4")
	second := buttonOf(s.await("start", first), "start").ID
	held := gate.Hold(clustertest.BeforeApply)
	answers := make([]chat.Message, 50)
	var wg sync.WaitGroup
	for n := range answers {
		wg.Go(func() { answers[n] = s.answer(s.pressing([]string{"ana", "li", "sam", "cleo"}[n%4], first)) })
	}
	wg.Wait()
	codes := map[string]int{}
	for _, m := range answers {
		codes[m.Code]++
	}
	if codes[""] != 1 || codes["E22"] != 49 {
		t.Errorf("the answers are %v, want one that started and 49 E22", codes)
	}
	<-held.Reached()
	s.answer(s.pressing("li", second))
	scale := s.inc().Steps[1].ID
	s.until("the second act is refused", func() bool { return s.inc().Step(scale).State == incident.RefusedStale })
	s.until("the refusal is told", func() bool { return strings.Contains(s.message("INC-1:step:"+scale).Text, "Nothing was done") })
	s.wants("the refusal", s.message("INC-1:step:"+scale).Text+s.inc().Step(scale).Code, "E16", "the same target")
	held.Release()
	s.until("the rollback is complete", func() bool { return s.inc().Steps[0].State == incident.Succeeded && !s.inc().Steps[0].Watching() })
	s.wantImage("web:1")
	if got := s.replicas("web"); got != 2 {
		t.Errorf("got %d pods wanted, want 2", got)
	}
	if got := gate.Made(); got != 1 {
		t.Errorf("got %d changes on the server, want 1", got)
	}
	s.whole()
}

const cronsBook = "name: crons\nsay: Stop the cron jobs\nask: [service]\nsteps:\n  - k8s.suspend_cronjobs: $service\n"

// TestKubernetesByHandIsSafeToRepeat types each command that a preview shows two
// times, and compares what the cluster has after each.
func TestKubernetesByHandIsSafeToRepeat(t *testing.T) {
	t.Parallel()
	space := clustertest.New(t)
	deployed(space, workloadKinds[0], "web:2")
	space.Apply(cronJob("report", "0 0 1 1 *") + cronJob("bills", "0 0 1 1 *"))
	space.Kubectl("rollout", "status", "deployment/web", "--timeout=60s")
	s := newClusterStage(t, space, clusterOptions{books: map[string]string{"crons.yaml": cronsBook}})
	s.open()
	for _, one := range []struct{ run, state string }{
		{"run rollback service=checkout", "web:1 2"},
		{"run scale service=checkout replicas=3", "web:1 3"},
		{"run restart service=checkout", "web:1 3"},
	} {
		s.say("ana", one.run)
		command := s.step().Plan.Command
		if !strings.Contains(command, " -n "+space.Name+" ") {
			t.Errorf("%s: the command names no namespace: %s", one.run, command)
		}
		for n := range 2 {
			out, err := s.typedBy(command)
			// What was rolled back to has a new number now: the second time kubectl finds
			// no such revision, says so, and changes nothing.
			if err != nil && (n == 0 || !strings.Contains(out, "unable to find specified revision")) {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
			space.WaitRolledOut("web")
			if got := space.Kubectl("get", "deployment/web", "-o", "jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}"); got != one.state {
				t.Errorf("%s: got %s, want %s", command, got, one.state)
			}
		}
		s.press("ana", "withdraw")
	}
	s.say("ana", "run crons service=checkout")
	command := s.step().Plan.Command
	for range 2 {
		s.typed(command)
		for _, name := range []string{"report", "bills"} {
			if got := space.Kubectl("get", "cronjob/"+name, "-o", "jsonpath={.spec.suspend}"); got != "true" {
				t.Errorf("%s: %s is suspended %s, want true", command, name, got)
			}
		}
	}
}
