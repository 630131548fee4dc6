package clustertest

import (
	"os/exec"
	"testing"
)

func TestGateHoldsAndCounts(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("web", "web:1", 1))
	g := s.Gate()
	for n, at := range []Moment{BeforeApply, AfterApply} {
		held := g.Hold(at)
		cmd := exec.CommandContext(t.Context(), KubectlPath(t), "--kubeconfig", g.Kubeconfig, "-n", s.Name, "annotate", "deployment/web", "seen="+string(rune('a'+n)), "--overwrite")
		cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-held.Reached()
		if got, want := g.Made(), n+int(at)-1; got != want {
			t.Errorf("got %d changes while one is held, want %d", got, want)
		}
		_ = cmd.Process.Kill() // its change goes on without it
		_ = cmd.Wait()
		held.Release()
		g.Settle()
		if got := g.Made(); got != n+1 {
			t.Errorf("got %d changes, want %d", got, n+1)
		}
	}
}
