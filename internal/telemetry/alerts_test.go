package telemetry_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// selected is a series as a rule names it.
var selected = regexp.MustCompile(`(mayday_[a-z_]+)\{(\w+)="([^"]+)"\}`)

// TestSeriesOfTheAlertsExistAtStart: increase() sees nothing of a series that
// begins with its first event, so each must stand there before, with 0.
func TestSeriesOfTheAlertsExistAtStart(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join("..", "..", "deploy", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tel := newTelemetry(t)
	tel.Metrics().Expect("web", "slack")
	tel.Metrics().Expect("web")
	fresh := scrape(t, tel)
	found := selected.FindAllStringSubmatch(string(rules), -1)
	if len(found) < 5 {
		t.Fatalf("the rules name %d series", len(found))
	}
	for _, m := range found {
		series := regexp.MustCompile(`(?m)^` + m[1] + `\{(?:[^}]*,)?` + m[2] + `="` + m[3] + `"\} 0$`)
		if !series.MatchString(fresh) {
			t.Errorf("after a start there is no %s with 0", m[0])
		}
	}
	for _, want := range []string{`mayday_messages_total{platform="slack",result="refused"} 0`, `mayday_nudges_sent_total{call="3+"} 0`} {
		if !strings.Contains(fresh, "\n"+want) {
			t.Errorf("no line %s", want)
		}
	}
}

// TestAlertsOfTheFirstEvent plays what a process counts from its start to
// Prometheus itself.
func TestAlertsOfTheFirstEvent(t *testing.T) {
	out, err := exec.Command("promtool", "test", "rules", filepath.Join("testdata", "alerts.yaml")).CombinedOutput()
	if err != nil {
		t.Errorf("promtool (it comes with Debian's prometheus, see make tools): %v\n%s", err, out)
	}
}
