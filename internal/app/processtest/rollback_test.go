package processtest

import (
	"fmt"
	"strings"
	"testing"

	"mayday/internal/clustertest"
)

// rollbackLines is a server beside a real cluster, which it reaches through a gate.
const rollbackLines = `web:
  listen: 127.0.0.1:0
  tokens: [{name: ana, role: commander, token: env:ANA_TOKEN}]
connect: {k8s: {test: {kubeconfig: 'file:KUBE', allow_cluster_admin: true}}}
services:
  checkout: {k8s: {cluster: test, namespace: SPACE, deployment: web}}
store: {path: DATA}
shutdown: 2s
log: {level: warn}
`

// rollbackMoments are the times at which the process is killed during a rollback.
var rollbackMoments = []string{"before the request", "while it is held", "after it was applied", "after the answer"}

// rollback is the server under test and the cluster that it acts on.
type rollback struct {
	ending
	space *clustertest.Space
	gate  *clustertest.Gate
	early int // kills before the request had left
}

func newRollback(t testing.TB) *rollback {
	t.Helper()
	space := clustertest.New(t)
	space.Apply(clustertest.Deployment("web", "web:1", 1))
	space.WaitRolledOut("web")
	gate := space.Gate()
	r := &rollback{space: space, gate: gate}
	h := newHome(t, strings.NewReplacer("KUBE", gate.Kubeconfig, "SPACE", space.Name).Replace(rollbackLines))
	r.ending = ending{t: t, home: h, effects: gate.Made}
	r.p = h.serve()
	return r
}

// TestSoakKillDuringARollback kills the process (kill -9) at four moments of a
// rollback: the API server made the change at most once, what is not proven is
// UNKNOWN with what is true now, within half a minute of the restart, and three
// more restarts repeat nothing.
func TestSoakKillDuringARollback(t *testing.T) {
	rounds := 15
	if soaking() {
		rounds = 60
	}
	for _, moment := range rollbackMoments {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			r := newRollback(t)
			seen, steps := map[string]int{}, map[string]string{}
			for n := range rounds {
				step, state := r.killed(moment, n)
				seen[state]++
				steps[step] = state
			}
			t.Logf("%s: %d rounds ended %v, %d kills before the server had the change", moment, rounds, seen, r.early)
			if early := map[string]int{"before the request": max(r.early, 1), "while it is held": rounds}[moment]; r.early != early {
				t.Errorf("%d of %d kills came before the server had the change, want %d", r.early, rounds, early)
			}
			r.repeatsNothing(steps)
			if moment == "after the answer" && seen["SUCCEEDED"] != rounds || moment == "after it was applied" && seen["FAILED_PROVEN"] > 0 {
				t.Errorf("%s: got %v", moment, seen)
			}
		})
	}
}

// repeatsNothing starts three times more.
func (r *rollback) repeatsNothing(steps map[string]string) {
	r.t.Helper()
	made := r.effects()
	for range 3 {
		r.end(false)
		for step, was := range steps {
			if is := r.rests(step); is != was {
				r.t.Errorf("a restart made %s of %s", is, was)
			}
		}
	}
	if again := r.effects() - made; again != 0 {
		r.t.Errorf("three restarts made %d changes more", again)
	}
}

// deploy rolls a new image out.
func (r *rollback) deploy(n int) {
	r.t.Helper()
	r.space.Apply(clustertest.Deployment("web", fmt.Sprintf("web:%d", 2+n), 1))
	r.space.WaitRolledOut("web")
}

// previewed opens an incident and brings the rollback to its preview.
func (r *rollback) previewed(n int) (id, step, start string) {
	r.t.Helper()
	id = *r.home.say("", fmt.Sprintf("open checkout fails %d service=checkout", n)).Incident
	run := r.home.say(id, "run rollback service=checkout")
	if run.Step == nil {
		r.t.Fatalf("the run shows no step: %+v", run)
	}
	return id, *run.Step, r.button(id, "start")
}

// killed deploys a new image, rolls it back and kills the process at a moment. It
// answers the step and the state in which it rests.
func (r *rollback) killed(moment string, n int) (step, state string) {
	r.t.Helper()
	r.deploy(n)
	before := r.effects()
	id, step, start := r.previewed(n)
	held := r.hold(moment)
	r.home.post("buttons/"+start, map[string]any{})
	r.reach(moment, step, held)
	r.p.kill()
	if r.effects() == before {
		r.early++
	}
	if moment == "while it is held" {
		held.Release() // the request is on its way, whatever becomes of its sender
		r.gate.Settle()
	}
	r.p = r.home.serve()
	r.gate.Settle()
	state = r.rests(step)
	r.atMostOnce(moment, state, before)
	if now := fmt.Sprint(r.step(step).Evidence); state == "UNKNOWN" && (!strings.Contains(now, "applied:yes") || !strings.Contains(now, "of 1 pods new")) {
		r.t.Errorf("%s: it is UNKNOWN, and what is true now is %s", moment, now)
	}
	r.home.say(id, "resolve done")
	return step, state
}

func (r *rollback) hold(moment string) *clustertest.Held {
	switch moment {
	case "while it is held":
		return r.gate.Hold(clustertest.BeforeApply)
	case "after it was applied":
		return r.gate.Hold(clustertest.AfterApply)
	}
	return nil
}

// reach waits until the moment has come.
func (r *rollback) reach(moment, step string, held *clustertest.Held) {
	r.t.Helper()
	if held != nil {
		eventually(r.t, patience, func() string {
			select {
			case <-held.Reached():
				return ""
			default:
				return "the change did not arrive"
			}
		})
		return
	}
	if moment == "after the answer" {
		eventually(r.t, patience, func() string {
			s := r.step(step)
			return unless(s.State == "SUCCEEDED", "the step is %s", s.State)
		})
	}
}
