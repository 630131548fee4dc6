package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/practice/kubernetes"
)

// TestServeRefusesWhoMayDoEverything: Mayday does not start with an account that
// is cluster-admin, unless it is told to; a cluster that is silent stops nobody.
func TestServeRefusesWhoMayDoEverything(t *testing.T) {
	cluster, err := kubernetes.Start(t.Context(), kubernetes.Options{Accounts: kubernetes.ShopAccounts(), Objects: kubernetes.Shop(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	start := func(account, more string) error {
		dir := t.TempDir()
		kubeconfig := filepath.Join(dir, "kubeconfig")
		if err := os.WriteFile(kubeconfig, cluster.Kubeconfig(account), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := config.Parse("mayday.yaml", fmt.Appendf(nil, "connect: {k8s: {prod: {kubeconfig: '%s', context: practice%s}}}\nlog: {level: error}\n", kubeconfig, more))
		if err != nil {
			t.Fatal(err)
		}
		a, err := New(context.Background(), Options{File: file, Listen: "127.0.0.1:0", Data: filepath.Join(dir, "data"), Log: &syncBuffer{}})
		if err != nil {
			return err
		}
		if err := a.Start(context.Background()); err != nil {
			return err
		}
		return a.Stop()
	}
	err = start(kubernetes.Admin, "")
	if !fault.HasCode(err, "E6") || !strings.Contains(fault.Of(err).Hint, "allow_cluster_admin: true") {
		t.Errorf("as cluster-admin: got %v, want E6 with the way on", err)
	}
	if err := start(kubernetes.Admin, ", allow_cluster_admin: true"); err != nil {
		t.Errorf("told to: %v", err)
	}
	if err := start(kubernetes.Mayday, ""); err != nil {
		t.Errorf("with its own account: %v", err)
	}
	cluster.Unreachable(true)
	if err := start(kubernetes.Admin, ""); err != nil {
		t.Errorf("while the cluster is silent: %v", err)
	}
}
