package telemetry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayday/internal/fault"
	"mayday/internal/telemetry"
)

func newTelemetry(t *testing.T) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.New(telemetry.Options{Out: &bytes.Buffer{}, Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return tel
}

func scrape(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	rec := httptest.NewRecorder()
	tel.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if rec.Code != 200 || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("got %d %s", rec.Code, rec.Header())
	}
	return rec.Body.String()
}

func use(m *telemetry.Metrics) {
	m.Webhook("accepted")
	m.Webhook("accepted")
	m.Webhook("made up by a caller")
	m.IncidentOpened("pagerduty", "SEV1")
	m.IncidentOpened("Bad\nName", "SEV9")
	m.IncidentResolved()
	m.NudgeSent(1, 40*time.Millisecond)
	m.NudgeSent(2, -time.Second)
	m.NudgeSent(7, time.Second)
	m.Step("STARTING")
	m.Step("succeeded")
	m.SetOutbox(4, 1500*time.Millisecond)
	m.Press(20*time.Millisecond, "ok")
	m.Press(time.Second, "refused")
	m.Message("web", "posted")
}

func TestScrape(t *testing.T) {
	tel := newTelemetry(t)
	use(tel.Metrics())
	got := scrape(t, tel)
	for _, want := range []string{
		`mayday_webhooks_total{outcome="accepted"} 2`, `mayday_webhooks_total{outcome="other"} 1`,
		`mayday_incidents_opened_total{severity="SEV1",source="pagerduty"} 1`, `mayday_incidents_opened_total{severity="other",source="other"} 1`,
		`mayday_incidents_resolved_total 1`,
		`mayday_nudges_sent_total{call="1"} 1`, `mayday_nudges_sent_total{call="2"} 1`, `mayday_nudges_sent_total{call="3+"} 1`,
		`mayday_nudge_lateness_seconds_bucket{le="0.05"} 2`, `mayday_nudge_lateness_seconds_sum 1.04`, `mayday_nudge_lateness_seconds_count 3`,
		`mayday_step_transitions_total{state="starting"} 1`, `mayday_step_transitions_total{state="succeeded"} 1`,
		`mayday_outbox_messages 4`, `mayday_outbox_oldest_age_seconds 1.5`,
		`mayday_press_duration_seconds_bucket{outcome="ok",le="0.025"} 1`, `mayday_press_duration_seconds_count{outcome="refused"} 1`,
		`mayday_messages_total{platform="web",result="posted"} 1`, `mayday_build_info{version="1.2.3"} 1`,
		"go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("no line %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	tel := newTelemetry(t)
	for i := range 500 {
		name := fmt.Sprintf("name-%d", i)
		tel.Metrics().Webhook(name)
		tel.Metrics().IncidentOpened(name, name)
		tel.Metrics().Step(name)
		tel.Metrics().Press(time.Second, name)
		tel.Metrics().Message(name, name)
	}
	series := 0
	for line := range strings.Lines(scrape(t, tel)) {
		if strings.HasPrefix(line, "mayday_") {
			series++
		}
	}
	if series > 150 {
		t.Errorf("got %d series", series)
	}
	if tel2 := newTelemetry(t); strings.Contains(scrape(t, tel2), "name-1") {
		t.Error("two instances share their metrics")
	}
}

func TestNilMetrics(t *testing.T) {
	var m *telemetry.Metrics
	use(m)
	m.Expect("web")
}

func TestLoggerFormats(t *testing.T) {
	var out bytes.Buffer
	tel, err := telemetry.New(telemetry.Options{Format: "json", Level: "warn", Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	tel.Logger().Info("quiet")
	tel.Logger().Warn("loud", "n", 1)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if line["msg"] != "loud" || line["level"] != "WARN" || line["n"] != 1.0 {
		t.Errorf("got %v", line)
	}
	out.Reset()
	tel, err = telemetry.New(telemetry.Options{Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	tel.Logger().Debug("quiet")
	tel.Logger().Info("plain")
	if got := out.String(); !strings.Contains(got, "level=INFO msg=plain") || strings.Contains(got, "quiet") {
		t.Errorf("got %s", got)
	}
}

func TestBadOptions(t *testing.T) {
	tests := map[string]struct {
		options telemetry.Options
		want    string
	}{
		"format": {telemetry.Options{Format: "jsn"}, "The log format is one of text, json, not \"jsn\". Did you mean `json`?"},
		"level":  {telemetry.Options{Level: "verbose"}, "The log level is one of debug, info, warn, error, not \"verbose\"."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := telemetry.New(tt.options)
			if !fault.HasCode(err, "E24") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
