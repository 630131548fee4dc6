package kubernetes

import (
	"context"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

// A cluster that is slow is not waited for longer than there is time.
func TestChangesKeepToTheirDeadline(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig, "shop: {deployment: web}")
	release := g.stall()
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := f.Changes(ctx, integrations.Window{From: began.Add(-time.Hour), To: began})
	if err == nil || !strings.Contains(err.Error(), "I can't reach cluster test (no answer in the time there was") {
		t.Errorf("got %v, want the cluster named as silent", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}

// After a try that timed out or broke, the next one dials anew and succeeds.
func TestAReadIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 0))
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig)
	g.failNext(2)
	if _, err := (place{cluster: f.clusters["test"], namespace: s.Name, kind: deployments, name: "web"}).inspect(t.Context()); err != nil {
		t.Errorf("got %v, want the third try to succeed", err)
	}
	g.failNext(10) // the transport may try a read once more on its own
	_, err := (place{cluster: f.clusters["test"], namespace: s.Name, kind: deployments, name: "web"}).inspect(t.Context())
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E5" || !strings.Contains(r.Why, "3 tries") {
		t.Errorf("got %v, want E5 after three tries", err)
	}
	g.failNext(0)
}
