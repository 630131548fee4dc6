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
	"mayday/internal/incident"
)

const signalsConfig = `
web: {tokens: [{name: ana, role: responder, token: 'file:DIR/token'}]}
alertmanager: {token: 'file:DIR/token'}
changes: {token: 'file:DIR/pipeline'}
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

// newSignalsStage starts one; more are lines of the configuration, and pairs of
// words in it that are replaced.
func newSignalsStage(t *testing.T, more string, replaced ...string) *signalsStage {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{"token": "secret", "pipeline": "ci-secret"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &signalsStage{T: t, now: time.Date(2026, 11, 25, 14, 2, 0, 0, time.UTC)}
	file, err := config.Parse(filepath.Join(dir, "mayday.yaml"), []byte(strings.NewReplacer(append(replaced, "DIR", dir)...).Replace(signalsConfig+more)))
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
	token := "secret"
	if path == hookChanges {
		token = "ci-secret"
	}
	if code, said := s.call("POST", path, token, body); code != http.StatusAccepted {
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

const (
	hookAM      = "/hooks/alertmanager"
	hookChanges = "/hooks/changes"
)

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
	for _, tc := range []struct {
		token            string
		am, changes, api int
	}{{"", 401, 401, 401}, {"wrong", 401, 401, 401}, {"secret", 202, 401, 200}, {"ci-secret", 401, 202, 200}} {
		am, _ := s.call("POST", hookAM, tc.token, notification(alert("firing", "a", "14:00", `"app":"checkout"`)))
		changes, _ := s.call("POST", hookChanges, tc.token, `{"service":"checkout","summary":"cart v2"}`)
		api, _ := s.call("GET", deploys+"checkout", tc.token, "")
		if am != tc.am || changes != tc.changes || api != tc.api {
			t.Errorf("token %q: got %d, %d, %d, want %d, %d, %d", tc.token, am, changes, api, tc.am, tc.changes, tc.api)
		}
	}
	// The token of a pipeline opens nothing else.
	if got, _ := s.call("GET", "/api/v1/incidents", "ci-secret", ""); got != 401 {
		t.Errorf("got %d for a pipeline that reads incidents, want 401", got)
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

// changes are what the store keeps, newest first.
func (s *signalsStage) changes(services ...string) []incident.Suspect {
	s.Helper()
	found, err := s.app.store.Changes(s.Context(), services, s.clock().Add(-24*time.Hour), s.clock().Add(time.Hour), 50)
	if err != nil {
		s.Fatal(err)
	}
	return found
}

func TestPipelineTellsOfItsChanges(t *testing.T) {
	s := newSignalsStage(t, "")
	s.tell(hookChanges, `{"service":"checkout","summary":"cart v2","author":"ana","at":"2026-11-25T13:52:00Z","id":"812"}`)
	s.tell(hookChanges, `{"service":"checkout","summary":"cart v2, mended words","at":"2026-11-25T13:52:00Z","id":"812"}`)
	s.tell(hookChanges, `{"service":"search","summary":"index v7"}`)
	s.tell(hookChanges, `{"service":"search","summary":"index v7"}`)
	s.tell(hookChanges, `{"service":"search","summary":"from tomorrow","at":"2026-11-26T13:52:00Z"}`)
	s.tell(hookChanges, `{"service":"search"}`)
	one := s.changes("checkout")
	if len(one) != 1 || one[0].What != "cart v2, mended words" || one[0].ID != "812" || one[0].Source != "changes" || one[0].Kind != incident.SuspectDeploy {
		t.Errorf("got %+v, want one change, as it was told last", one)
	}
	others := s.changes("search")
	if len(others) != 3 {
		t.Fatalf("got %+v, want three", others)
	}
	for _, c := range others {
		if !c.At.Equal(s.clock()) || c.ID == "" || (c.What == "from tomorrow") != (len(c.Detail) == 1) {
			t.Errorf("got %+v, want the time at which it was told", c)
		}
	}
	if _, raw := s.call("GET", "/api/v1/quarantine", "secret", ""); !strings.Contains(raw, "summary is missing") {
		t.Errorf("got %s, want the reason", raw)
	}
	s.want() // no change is an incident
}

const deploys = "/api/v1/deploys/allowed?service="

func TestPipelineAsksBeforeItDeploys(t *testing.T) {
	s := newSignalsStage(t, "")
	ask := func(service string) string {
		t.Helper()
		code, raw := s.call("GET", deploys+service, "ci-secret", "")
		return fmt.Sprint(code, " ", strings.TrimSpace(raw))
	}
	same := func(want, got string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	same(`200 {"allowed":true,"why":"No incident is open on search, checkout.","incidents":[]}`, ask("search"))
	same(`200 {"allowed":true,"why":"No incident is open.","incidents":[]}`, ask(""))
	if got := ask("chekout"); !strings.HasPrefix(got, "404 ") || !strings.Contains(got, "checkout") {
		t.Errorf("got %s, want what was probably meant", got)
	}
	s.tell(hookAM, notification(alert("firing", "quiet", "14:00", `"app":"checkout","severity":"warning"`)))
	same(`200 {"allowed":true,"why":"No incident is open on checkout.","incidents":[]}`, ask("checkout"))
	s.tell(hookAM, notification(alert("firing", "a", "14:00", `"app":"checkout"`)))
	open := `200 {"allowed":false,"why":"INC-1 is open on checkout: SEV2, Alert quiet.","incidents":["INC-1"]}`
	same(open, ask("checkout"))
	same(open, ask("search"))
	same(open, ask(""))
	same(`200 {"allowed":true,"why":"No incident is open on checkout-eu.","incidents":[]}`, ask("checkout-eu"))
	if _, raw := s.call("POST", "/api/v1/commands", "secret", `{"text":"freeze on data centre move"}`); !strings.Contains(raw, "frozen") {
		t.Fatalf("got %s", raw)
	}
	same(`200 {"allowed":false,"why":"Frozen by ana: “data centre move”.","incidents":[]}`, ask("checkout-eu"))
}
