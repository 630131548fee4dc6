package house

import (
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"mayday/internal/telemetry"
)

// What people are given to watch Mayday with must be about metrics that exist.

var (
	metricName = regexp.MustCompile(`\b(?:mayday|process|go)_[a-z_]+\b`)
	sampleName = regexp.MustCompile(`(?m)^([a-z_]+)[{ ]`)
)

// exposed is every name that GET /metrics really answers, once everything has
// happened at least once.
func exposed(t *testing.T) []string {
	t.Helper()
	tel, err := telemetry.New(telemetry.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	m := tel.Metrics()
	m.Webhook("accepted")
	m.IncidentOpened("pagerduty", "SEV1")
	m.IncidentResolved()
	m.NudgeSent(1, time.Second)
	m.Step("succeeded")
	m.SetOutbox(1, time.Second)
	m.Press(time.Second, "ok")
	m.Message("web", "sent")
	m.Audited(0)
	answer := httptest.NewRecorder()
	tel.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	var names []string
	for _, found := range sampleName.FindAllStringSubmatch(answer.Body.String(), -1) {
		names = append(names, found[1])
	}
	return names
}

func wantExposed(t *testing.T, where, expr string, names []string) {
	t.Helper()
	used := metricName.FindAllString(expr, -1)
	if len(used) == 0 && !strings.Contains(expr, "up{") {
		t.Errorf("%s: %s asks for no metric of ours", where, expr)
	}
	for _, name := range used {
		if !slices.Contains(names, name) {
			t.Errorf("%s: %s asks for %s, which /metrics does not have", where, expr, name)
		}
	}
}

func TestDashboardIsAboutRealMetrics(t *testing.T) {
	var board struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, RefID string }
		}
	}
	if err := json.Unmarshal([]byte(text(t, "deploy/grafana.json")), &board); err != nil {
		t.Fatal(err)
	}
	names, seen, all := exposed(t), map[int]bool{}, ""
	for _, p := range board.Panels {
		if seen[p.ID] || p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q has a number that is taken, no title, no query or no room", p.ID, p.Title)
		}
		seen[p.ID] = true
		for _, target := range p.Targets {
			wantExposed(t, p.Title, target.Expr, names)
			all += target.Expr + "\n"
		}
	}
	for _, name := range names {
		family := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if strings.HasPrefix(name, "mayday_") && !strings.Contains(all, family) {
			t.Errorf("no panel shows %s", name)
		}
	}
}

func TestAlertsAreAboutRealMetrics(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(text(t, "deploy/alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	names, rules := exposed(t), 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			rules++
			wantExposed(t, r.Alert, r.Expr, names)
		}
	}
	if rules < 10 {
		t.Errorf("got %d rules", rules)
	}
	path := filepath.Join("..", "..", "deploy", "alerts.yaml")
	if out, err := exec.Command("promtool", "check", "rules", "--lint=all", path).CombinedOutput(); err != nil {
		t.Errorf("promtool (it comes with Debian's prometheus, see make tools): %v\n%s", err, out)
	}
}
