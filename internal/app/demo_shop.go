package app

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"mayday/internal/practice"
	"mayday/internal/practice/kubernetes"
	"mayday/internal/practice/prometheus"
	"mayday/internal/practice/shop"
)

// The pretend company's machinery: a cluster that rolls out, figures that follow
// what really runs there, and a shop that fails when a bad version is deployed.
// The real adapters talk to all of it.

// Shares of failing payments: above the first the pretend monitoring alerts,
// below the second it says that all is well again.
const (
	failsBadly = 0.05
	failsUsual = 0.01
)

// machinery is what runs behind the pretend company.
type machinery struct {
	cluster *kubernetes.Cluster
	figures *prometheus.Server
	shop    *shop.Shop
}

// startMachinery starts it with a quiet past, so that charts have one.
func (d *Demo) startMachinery(ctx context.Context, flags string) error {
	var err error
	d.runs.cluster, err = kubernetes.Start(ctx, kubernetes.Options{Accounts: kubernetes.ShopAccounts(), Objects: kubernetes.Shop(time.Now()), Startup: 1500 * time.Millisecond})
	if err != nil {
		return fmt.Errorf("start the pretend cluster: %w", err)
	}
	if d.runs.figures, err = prometheus.Start(ctx, prometheus.Options{}); err != nil {
		return fmt.Errorf("start the pretend monitoring: %w", err)
	}
	c := d.runs.cluster
	d.runs.shop, err = shop.Start(ctx, shop.Options{Cluster: c.Page(), Token: c.Token(kubernetes.Li), PipelineToken: c.Token(kubernetes.CI),
		Flags: flags, SDKKey: d.sdkKey, Record: d.runs.figures.Record})
	if err != nil {
		return fmt.Errorf("open the pretend shop: %w", err)
	}
	if err := os.WriteFile(d.path("kubeconfig"), c.Kubeconfig(kubernetes.Mayday), 0o600); err != nil {
		return fmt.Errorf("write demo secret: %w", err)
	}
	return nil
}

func (m *machinery) close() {
	if m.shop != nil {
		m.shop.Close()
	}
	if m.figures != nil {
		m.figures.Close()
	}
	if m.cluster != nil {
		m.cluster.Close()
	}
}

// runsOn is where the services of the pretend company run.
var runsOn = map[string]string{
	"checkout": "deployment: checkout, config: [checkout-config]",
	"search":   "deployment: search",
	"workers":  "deployment: importer, workers: [mailer, importer], cronjobs: [invoices, cleanup]",
	"rabbitmq": "statefulset: rabbitmq",
}

// serviceSection is a service in the configuration of the demo.
func (d *Demo) serviceSection(s practice.Service) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s:\n    pagerduty: %s\n    impact: %q\n", s.Name, s.ID, demoImpact[s.Name])
	if on := runsOn[s.Name]; on != "" {
		fmt.Fprintf(&b, "    k8s: {cluster: prod, namespace: %s, %s}\n", kubernetes.ShopNamespace, on)
	}
	switch s.Name {
	case "checkout":
		fmt.Fprintf(&b, "    depends_on: [payments-db, rabbitmq]\n    do_not: [\"restart payments-db: a failover takes 12 min\"]\n")
		fallthrough
	case "search":
		fmt.Fprintf(&b, "    charts:\n      errors: {prom: %q, bad: %g, traffic: %q}\n      p95: {prom: %q, bad: 1.5}\n",
			shop.ErrorShare(s.Name), failsBadly, shop.Traffic(s.Name), shop.P95(s.Name))
	case "workers":
		fmt.Fprintf(&b, "    charts:\n      queue: {prom: %q, bad: 1000}\n", shop.Depth("orders"))
	}
	return b.String()
}

// monitor is the pretend monitoring: it alerts when payments fail, once, and says
// so when they work again.
func (d *Demo) monitor(ctx context.Context) {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch failing := d.runs.shop.Failing("checkout"); {
		case failing > failsBadly:
			d.alarm(failing)
		case failing < failsUsual:
			d.allWell()
		}
	}
}

// alarm sends the webhook, unless an alert stands.
func (d *Demo) alarm(failing float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.breaks()
	if len(d.alerts) > 0 {
		return
	}
	id, err := d.Pager.Trigger(practice.TriggerSpec{Title: fmt.Sprintf("checkout: errors %.0f%% (usual 0.3%%)", failing*100), Service: "checkout", Urgency: "high", Assignee: "Ana"})
	if err == nil { // else the next look tries again
		d.alerts = append(d.alerts, id)
	}
}

// badFor is how long trouble is given to show in the figures before the pretend
// monitoring believes that it is over.
const badFor = 3 * time.Second

// breaks notes that somebody broke the shop. The caller holds mu.
func (d *Demo) breaks() {
	if d.broken.IsZero() {
		d.broken = time.Now()
	}
}

// allWell resolves what stands, once the shop had been broken.
func (d *Demo) allWell() {
	d.mu.Lock()
	if d.broken.IsZero() || time.Since(d.broken) < badFor {
		d.mu.Unlock()
		return
	}
	alerts := append(d.alerts, practice.SampleIncident)
	d.alerts, d.broken = nil, time.Time{}
	d.mu.Unlock()
	for _, id := range alerts {
		_ = d.Pager.Resolve(id, "") // one that is resolved already is well
	}
}
