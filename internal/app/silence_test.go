package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mayday/internal/config"
	"mayday/internal/prometheustest"
)

// press presses the newest button with this label in INC-1, and does what is due.
func (s *signalsStage) press(label string) {
	s.Helper()
	_, raw := s.call("GET", "/api/v1/incidents/INC-1/messages", "secret", "")
	var list struct {
		Messages []struct {
			Buttons []struct{ ID, Label string }
		}
	}
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		s.Fatal(err)
	}
	id, labels := "", []string{}
	for _, m := range list.Messages {
		for _, b := range m.Buttons {
			labels = append(labels, b.Label)
			if strings.HasPrefix(b.Label, label) {
				id = b.ID
			}
		}
	}
	if id == "" {
		s.Fatalf("there is no button %q among %q", label, labels)
	}
	if code, said := s.call("POST", "/api/v1/buttons/"+id, "secret", `{}`); code != http.StatusOK {
		s.Fatalf("press %s: got %d %s", label, code, said)
	}
	s.drain()
}

// command types something about INC-1.
func (s *signalsStage) command(text string) string {
	s.Helper()
	raw, err := json.Marshal(map[string]string{"text": text, "incident": "INC-1"})
	if err != nil {
		s.Fatal(err)
	}
	code, said := s.call("POST", "/api/v1/commands", "secret", string(raw))
	if code != http.StatusOK {
		s.Fatalf("%s: got %d %s", text, code, said)
	}
	s.drain()
	return said
}

// TestAlertIsSilencedFromTheThread goes from a real Alertmanager to the thread
// and back: its alert opens an incident, the playbook silences it there, the
// undo ends the silence.
func TestAlertIsSilencedFromTheThread(t *testing.T) {
	var to atomic.Value // the address of Mayday, once it is known
	arrived := make(chan int, 10)
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", strings.TrimPrefix(to.Load().(string), "http://"), ""
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		_ = resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		arrived <- resp.StatusCode
	}))
	t.Cleanup(relay.Close)
	am := prometheustest.StartAlertmanager(t, prometheustest.Notifying(relay.URL+hookAM, "secret"))
	stage := newSignalsStage(t, "", "alertmanager: {", "alertmanager: {url: '"+am.URL+"', ")
	stage.pass(time.Since(stage.clock())) // an alert of now is told now
	to.Store(stage.app.URL())
	am.Fire(t, prometheustest.Alert{StartsAt: time.Now(), Labels: map[string]string{"alertname": "Errors", "app": "checkout"}})
	if code := <-arrived; code != http.StatusAccepted {
		t.Fatalf("got %d, want 202", code)
	}
	stage.drain()
	stage.want("INC-1 investigating checkout 1")

	stage.command("run silence")
	stage.press("Alertmanager")
	if got := len(am.Silences(t)); got != 0 {
		t.Fatalf("got %d silences before the press, want none", got)
	}
	stage.press("Silence")
	made := am.Silences(t)
	if len(made) != 1 || made[0]["createdBy"] != "mayday" || !strings.Contains(made[0]["comment"].(string), "INC-1") {
		t.Fatalf("got %v, want one silence that names the incident", made)
	}
	stage.command("undo am.silence")
	stage.press("End")
	if state := am.Silences(t)[0]["status"].(map[string]any)["state"]; state != "expired" {
		t.Errorf("got %v, want that the silence ended", state)
	}
}

func TestBackupOfNoConnectionIsRefused(t *testing.T) {
	f, err := config.Parse("mayday.yaml", []byte("connect:\n  postgres: {payments-db: {dsn: env:X_DSN}}\n  backups: {payment-db: {file: /x.dump}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Validate(f, config.Env{}); err == nil || !strings.Contains(err.Error(), "mayday.yaml:3") || !strings.Contains(err.Error(), "payments-db") {
		t.Errorf("got %v, want where it is and what was meant", err)
	}
}
