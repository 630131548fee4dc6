package processtest

import (
	"os/exec"
	"testing"
	"time"

	"mayday/internal/clustertest"
)

// mostOfKubectl is how much longer than kubectl a rollback may take from press to
// patch.
const mostOfKubectl = 1.2

// BenchmarkRollbackPressToPatch is the wall time from the press to the change on
// the API server, of the built program. In the same run, on the same cluster and
// through the same gate, kubectl does what a person would type.
func BenchmarkRollbackPressToPatch(b *testing.B) {
	r := newRollback(b)
	var ours, theirs time.Duration
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		r.deploy(2 * rounds)
		id, step, start := r.previewed(rounds)
		b.StartTimer()
		ours += r.change(func() { r.home.post("buttons/"+start, map[string]any{}) })
		b.StopTimer()
		r.rests(step)
		r.home.say(id, "resolve done")
		r.space.WaitRolledOut("web")
		r.deploy(2*rounds + 1)
		theirs += r.change(r.kubectl)
		r.space.WaitRolledOut("web")
		rounds++
		b.StartTimer()
	}
	n := float64(rounds)
	b.ReportMetric(ours.Seconds()*1000/n, "ms/mayday")
	b.ReportMetric(theirs.Seconds()*1000/n, "ms/kubectl")
	ratio := ours.Seconds() / theirs.Seconds()
	b.ReportMetric(ratio, "x-kubectl")
	if ratio > mostOfKubectl {
		b.Errorf("took %.2f times as long as kubectl, want at most %.1f", ratio, mostOfKubectl)
	}
}

// change does something that changes the cluster once, and answers how long it
// took until the server had made it.
func (r *rollback) change(do func()) time.Duration {
	r.t.Helper()
	before, began := r.effects(), time.Now()
	do()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := began.Add(patience); r.effects() == before; <-tick.C {
		if time.Now().After(end) {
			r.t.Fatal("nothing was changed")
		}
	}
	return time.Since(began)
}

func (r *rollback) kubectl() {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), clustertest.KubectlPath(r.t), "--kubeconfig", r.gate.Kubeconfig, "-n", r.space.Name, "rollout", "undo", "deployment/web")
	cmd.Env = append(cmd.Environ(), "HOME="+r.home.dir) // its cache stays, as a person's would
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("kubectl: %v: %s", err, out)
	}
}
