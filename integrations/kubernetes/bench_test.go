package kubernetes

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

// BenchmarkRollbackPress is what happens between the press and the server's yes:
// the two readings, the comparison and the patch. Beside it stands what a person
// would type, on the same cluster.
func BenchmarkRollbackPress(b *testing.B) {
	s := clustertest.New(b)
	s.Apply(clustertest.Deployment("web", "web:1", 1))
	s.WaitRolledOut("web")
	s.Apply(clustertest.Deployment("web", "web:2", 1))
	s.WaitRolledOut("web")
	f := on(b, s)
	b.Run("mayday", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			s.WaitRolledOut("web")
			p := planned(b, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
			b.StartTimer()
			applied(b, f, p)
		}
	})
	b.Run("kubectl", func(b *testing.B) {
		kubectl, home := clustertest.KubectlPath(b), b.TempDir()
		for b.Loop() {
			b.StopTimer()
			s.WaitRolledOut("web")
			b.StartTimer()
			cmd := exec.Command(kubectl, "--kubeconfig", s.Kubeconfig(), "-n", s.Name, "rollout", "undo", "deployment/web")
			cmd.Env = append(cmd.Environ(), "HOME="+filepath.Clean(home))
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("kubectl: %v: %s", err, out)
			}
		}
	})
}

const hundreds = 500

// manyWorkloads are deployments without pods, made twice, so that each has two
// revisions.
func manyWorkloads(b testing.TB, s *clustertest.Space) {
	b.Helper()
	for pass, image := range []string{"shop:1", "shop:2"} {
		var all sync.WaitGroup
		for part := range 10 {
			all.Go(func() {
				var text strings.Builder
				for n := range hundreds / 10 {
					text.WriteString(clustertest.Deployment(fmt.Sprintf("web-%d-%d", part, n), image, 0))
				}
				s.Apply(text.String())
			})
		}
		all.Wait()
		kept := 0
		wait := func() bool {
			kept = len(clustertest.List[appsv1.ReplicaSet](s, "replicasets.apps", ""))
			return kept == (pass+1)*hundreds
		}
		for end := time.Now().Add(time.Minute); !wait(); {
			if time.Now().After(end) {
				b.Fatalf("got %d replica sets, want %d", kept, (pass+1)*hundreds)
			}
		}
	}
}

// BenchmarkSuspects is over 500 workloads that all changed just now, which is the
// worst case: each has its history decoded and compared.
func BenchmarkSuspects(b *testing.B) {
	s := clustertest.New(b)
	manyWorkloads(b, s)
	f := on(b, s, "shop: {deployment: web-1-1}")
	for b.Loop() {
		began := time.Now()
		all, err := f.Changes(b.Context(), lastHour())
		if err != nil || len(all) < hundreds {
			b.Fatalf("got %d (%v), want at least %d", len(all), err, hundreds)
		}
		if took := time.Since(began); took > 2*time.Second {
			b.Errorf("took %s, want at most 2 s", took)
		}
	}
}
