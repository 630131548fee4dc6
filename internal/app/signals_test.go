package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/config"
)

const signalsConfig = `
web: {tokens: [{name: ana, role: responder, token: 'file:DIR/token'}]}
alertmanager: {token: 'file:DIR/token'}
services:
  checkout: {match: {app: checkout}, impact: "Paying fails."}
  checkout-eu: {match: {app: checkout, region: eu}}
  search: {depends_on: [checkout]}
`

// signalsStage is a Mayday that others tell of alerts and changes.
type signalsStage struct {
	*testing.T
	app *App

	mu  sync.Mutex
	now time.Time
}

func (s *signalsStage) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

func (s *signalsStage) pass(d time.Duration) {
	s.mu.Lock()
	s.now = s.now.Add(d)
	s.mu.Unlock()
	s.drain()
}

func newSignalsStage(t *testing.T, more string) *signalsStage {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &signalsStage{T: t, now: time.Date(2026, 11, 25, 14, 2, 0, 0, time.UTC)}
	file, err := config.Parse(filepath.Join(dir, "mayday.yaml"), []byte(strings.ReplaceAll(signalsConfig+more, "DIR", dir)))
	if err != nil {
		t.Fatal(err)
	}
	s.app, err = New(t.Context(), Options{File: file, Listen: "127.0.0.1:0", Data: filepath.Join(dir, "data"), Log: io.Discard, Manual: true, Clock: s.clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.app.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.app.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *signalsStage) drain() {
	s.Helper()
	if err := s.app.Drain(s.Context()); err != nil {
		s.Fatal(err)
	}
}

// call makes one request and answers its status and body.
func (s *signalsStage) call(method, path, token, body string) (int, string) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.app.URL()+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// tell posts a body that is taken in.
func (s *signalsStage) tell(path, body string) {
	s.Helper()
	if code, said := s.call("POST", path, "secret", body); code != http.StatusAccepted {
		s.Fatalf("got %d %s, want 202", code, said)
	}
	s.drain()
}

// alert is one alert of a notification.
func alert(status, fingerprint, at string, labels ...string) string {
	when := `"startsAt":"2026-11-25T` + at + `:00Z","endsAt":"0001-01-01T00:00:00Z"`
	if status == "resolved" {
		when = `"startsAt":"2026-11-25T13:00:00Z","endsAt":"2026-11-25T` + at + `:00Z"`
	}
	return fmt.Sprintf(`{"status":%q,"fingerprint":%q,%s,"labels":{"alertname":%q,%s}}`, status, fingerprint, when, "Alert "+fingerprint, strings.Join(labels, ","))
}

func notification(alerts ...string) string {
	return `{"version":"4","alerts":[` + strings.Join(alerts, ",") + `]}`
}

// incidents are lines like "INC-1 investigating checkout 2", newest first.
func (s *signalsStage) incidents() []string {
	s.Helper()
	_, raw := s.call("GET", "/api/v1/incidents?state=all", "secret", "")
	var list struct {
		Incidents []struct {
			ID, State, Service string
			Alerts             int
		}
	}
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		s.Fatalf("%v: %s", err, raw)
	}
	var out []string
	for _, i := range list.Incidents {
		out = append(out, fmt.Sprintf("%s %s %s %d", i.ID, i.State, i.Service, i.Alerts))
	}
	return out
}

func (s *signalsStage) want(lines ...string) {
	s.Helper()
	if diff := cmp.Diff(lines, s.incidents()); diff != "" {
		s.Errorf("incidents (-want +got)\n%s", diff)
	}
}

// lines are what the timeline of INC-1 says.
func (s *signalsStage) lines() int {
	s.Helper()
	_, raw := s.call("GET", "/api/v1/incidents/INC-1/timeline", "secret", "")
	return strings.Count(raw, `"seq"`)
}

const hookAM = "/hooks/alertmanager"

func TestAlertsOfOneNotificationFindTheirServices(t *testing.T) {
	s := newSignalsStage(t, "")
	app, eu := `"app":"checkout"`, `"region":"eu"`
	s.tell(hookAM, notification(
		alert("firing", "a", "14:00", app), alert("firing", "b", "14:01", app), alert("firing", "c", "14:01", app, eu),
		alert("firing", "d", "14:01", `"service":"search"`), alert("firing", "e", "14:01", `"job":"cron"`), alert("resolved", "f", "14:00", app)))
	s.want("INC-4 investigating cron 1", "INC-3 investigating search 1", "INC-2 investigating checkout-eu 1", "INC-1 investigating checkout 2")
}

func TestAlertToldAgainChangesNothing(t *testing.T) {
	s := newSignalsStage(t, "")
	app := `"app":"checkout"`
	s.tell(hookAM, notification(alert("firing", "a", "14:00", app)))
	before := s.lines()
	// The same alert in other company, and by itself with other words around it.
	s.tell(hookAM, notification(alert("firing", "a", "14:00", app), alert("resolved", "z", "14:00", app)))
	s.tell(hookAM, `{"version":"4","receiver":"again","alerts":[`+alert("firing", "a", "14:00", app)+`]}`)
	if after := s.lines(); after != before {
		t.Errorf("got %d lines, want still %d", after, before)
	}
	s.want("INC-1 investigating checkout 1")
}

func TestAlertThatEndsAndFiresAgain(t *testing.T) {
	s := newSignalsStage(t, "")
	app := `"app":"checkout"`
	s.tell(hookAM, notification(alert("firing", "a", "14:00", app), alert("firing", "b", "14:00", app)))
	s.pass(20 * time.Minute) // to 14:22
	s.tell(hookAM, notification(alert("resolved", "a", "14:10", app), alert("firing", "b", "14:00", app)))
	s.want("INC-1 investigating checkout 2")
	s.tell(hookAM, notification(alert("resolved", "a", "14:10", app), alert("resolved", "b", "14:12", app)))
	s.want("INC-1 resolved checkout 2")
	s.tell(hookAM, notification(alert("firing", "a", "14:00", app))) // late news of the first time
	s.want("INC-1 resolved checkout 2")
	s.tell(hookAM, notification(alert("firing", "b", "14:20", app)))
	s.want("INC-1 investigating checkout 2")

	s.pass(30 * time.Hour)
	s.tell(hookAM, `{"version":"4","alerts":[`+strings.ReplaceAll(alert("resolved", "b", "20:20", app), "2026-11-25", "2026-11-26")+`]}`)
	s.want("INC-1 resolved checkout 2")
	s.pass(25 * time.Hour)
	s.tell(hookAM, `{"version":"4","alerts":[`+strings.ReplaceAll(alert("firing", "b", "21:00", app), "2026-11-25", "2026-11-27")+`]}`)
	s.want("INC-2 investigating checkout 1", "INC-1 resolved checkout 2")
}

func TestDoorsAskForTheirToken(t *testing.T) {
	s := newSignalsStage(t, "")
	for token, want := range map[string]int{"": 401, "wrong": 401, "secret": 202} {
		if got, _ := s.call("POST", hookAM, token, notification(alert("firing", "a", "14:00", `"app":"checkout"`))); got != want {
			t.Errorf("token %q: got %d, want %d", token, got, want)
		}
	}
}

func TestNotificationThatNobodyUnderstandsIsKept(t *testing.T) {
	s := newSignalsStage(t, "")
	s.tell(hookAM, `{"version":"4","alerts":[]}`)
	s.want()
	if _, raw := s.call("GET", "/api/v1/quarantine", "secret", ""); !strings.Contains(raw, "alerts is missing or empty") {
		t.Errorf("got %s, want the reason", raw)
	}
}
