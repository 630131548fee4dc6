package app

import (
	"path/filepath"
	"strings"
	"testing"

	"mayday/internal/config"
)

const reloadShop = `services:
  checkout: {impact: Paying fails., match: {app: checkout}, env: prod, depends_on: [payments-db], charts: {errors: {prom: errors, bad: 0.05}}, launchdarkly: {flags: [a-*]}, migrations: none}
  search: {impact: Search is slow., match: {app: search}}
  shop.api: {impact: Nothing works., env: staging}
`

// TestWhatIntegrationsKeepWaitsForARestart: the desk goes by the new services at
// once, and integrations by those of the start. Log and doctor must say where the
// two differ, and nothing where they do not.
func TestWhatIntegrationsKeepWaitsForARestart(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"match":                    {"{app: checkout}", "{app: pay}", "services.checkout.match"},
		"match is gone":            {", match: {app: search}", "", "services.search.match"},
		"charts":                   {"bad: 0.05", "bad: 0.1", "services.checkout.charts"},
		"env":                      {"env: prod", "env: staging", "services.checkout.env"},
		"depends_on":               {"[payments-db]", "[payments-db, search]", "services.checkout.depends_on"},
		"an integration's own":     {"[a-*]", "[b-*]", "services.checkout.launchdarkly"},
		"migrations":               {"migrations: none", "migrations: separate", "services.checkout.migrations"},
		"a name with a dot":        {"env: staging", "env: prod", "services.shop.api.env"},
		"a new one":                {"  search:", "  cart: {impact: No cart.}\n  search:", "services.cart"},
		"one is gone":              {"  search: {impact: Search is slow., match: {app: search}}\n", "", "services.search"},
		"two parts":                {"env: prod, depends_on: [payments-db]", "env: staging", "services.checkout.env,services.checkout.depends_on"},
		"what the desk reads only": {"Paying fails.", "Nobody can pay.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReloader(t)
			base := reloadBase[:strings.Index(reloadBase, "services:")] + reloadShop + reloadBase[strings.Index(reloadBase, "\nweb:")+1:]
			r.startAgain(base)
			if !strings.Contains(base, c.old) {
				t.Fatalf("%q is not in the file", c.old)
			}
			r.put("mayday.yaml", strings.Replace(base, c.old, c.new, 1))
			if err := r.app.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := "after_restart=" + c.want + " "
			if c.want == "" {
				want = `after_restart="" `
			}
			if said := r.said(); !strings.Contains(said, want) || !strings.Contains(said, "changed=services ") {
				t.Errorf("%s is not in the log:\n%s", want, said)
			}
			found := r.app.unread()
			if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || !found[0].Warn || !strings.HasSuffix(found[0].Text, ": "+strings.ReplaceAll(c.want, ",", ", "))) {
				t.Errorf("doctor says %v", found)
			}
			r.put("mayday.yaml", base)
			if err := r.app.Reload(t.Context()); err != nil || len(r.app.unread()) > 0 {
				t.Errorf("as it was at the start: %v, doctor says %v", err, r.app.unread())
			}
		})
	}
}

// startAgain starts with another file in place of the one that runs.
func (r *reloader) startAgain(text string) {
	r.t.Helper()
	if err := r.app.Stop(); err != nil {
		r.t.Fatal(err)
	}
	r.put("mayday.yaml", text)
	file, err := config.Load(filepath.Join(r.dir, "mayday.yaml"))
	if err != nil {
		r.t.Fatal(err)
	}
	if r.app, err = New(r.t.Context(), Options{File: file, Log: r, Manual: true}); err != nil {
		r.t.Fatal(err)
	}
	r.said()
}
