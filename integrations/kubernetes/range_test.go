package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mayday/integrations"
	practice "mayday/internal/practice/kubernetes"
	"mayday/internal/practice/shop"
)

// onRange is the practice range, which the demo shows, with the pretend shop in
// its cluster.
func onRange(t *testing.T) (*practice.Cluster, *shop.Shop, *fleet) {
	t.Helper()
	c, err := practice.Start(t.Context(), practice.Options{Objects: practice.Shop(time.Now()), Accounts: practice.ShopAccounts(), Startup: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s, err := shop.Start(t.Context(), shop.Options{
		Cluster: c.Page(), Token: c.Token(practice.Li), PipelineToken: c.Token(practice.CI), Record: func(time.Time, string, float64, ...string) {}, History: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, c.Kubeconfig(practice.Mayday), 0o600); err != nil {
		t.Fatal(err)
	}
	return c, s, fleetOf(t, fmt.Sprintf(`
connect:
  k8s:
    shop: {kubeconfig: %q, namespaces: [prod]}
services:
  checkout: {k8s: {cluster: shop, namespace: prod, deployment: checkout}}
  workers: {k8s: {cluster: shop, namespace: prod, deployment: mailer}}
`, path))
}

// TestOnTheRange goes the way of the demo: a bad version is deployed, is found as
// what changed, is rolled back, and the undo is offered.
func TestOnTheRange(t *testing.T) {
	_, s, f := onRange(t)
	if err := s.DeployBadVersion(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := f.Changes(t.Context(), integrations.Window{Services: []string{"checkout"}, From: time.Now().Add(-3 * time.Hour), To: time.Now()})
	if err != nil || len(found) != 1 {
		t.Fatalf("got %+v, %v, want one change", found, err)
	}
	if c := found[0]; c.What != "checkout rev 40→41" || c.Who != "ci" || c.Why != "cart v2" || c.Offer == nil {
		t.Errorf("got %+v, want the deploy of cart v2 by ci, with its act", c)
	}
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "checkout"})
	r := applied(t, f, p)
	settled(t, f, p)
	undo, err := act(t, f, rollbackName).Undo(t.Context(), r)
	if err != nil || undo.Title != "Roll forward checkout (production)" {
		t.Errorf("got undo %q, %v", undo.Title, err)
	}
	wantIn(t, said(look(t, f, "k8s.rollout_history", integrations.Args{"deployment": "checkout"})), "rev 42, cart:1.9.8", "rev 41, cart:2.0.1", "cart v2")
}

// TestWorkersOnTheRange: the account of the shop may do all that pausing needs.
func TestWorkersOnTheRange(t *testing.T) {
	_, _, f := onRange(t)
	p := planned(t, f, "k8s.scale", integrations.Args{"deployment": "mailer", "replicas": int64(0)})
	r := applied(t, f, p)
	probedUntil(t, f, p, "applied", func(e integrations.Evidence) bool { return e.Applied == integrations.Yes })
	undo, err := act(t, f, "k8s.scale").Undo(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	undo = noted(undo)
	applied(t, f, undo)
	settled(t, f, undo)
}
