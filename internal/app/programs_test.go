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
	"testing"

	"mayday/internal/config"
)

// wordy is a configuration whose passwords are ordinary words, as in many tries
// of a Mayday.
const wordy = `
services: {postgres: {impact: Nothing is stored.}, mayday: {impact: Nobody is told.}}
connect: {postgres: {payments-db: {dsn: 'file:DIR/dsn'}}}
changes: {token: 'file:DIR/changes'}
web: {listen: '127.0.0.1:0', tokens: [{name: ana, role: admin, token: 'file:DIR/ana'}]}
`

// TestProgramsReadWhatIsThere: a password that is an ordinary word takes nothing
// out of JSON, metrics and backups.
func TestProgramsReadWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"dsn": "postgres://postgres:postgres@127.0.0.1:1/postgres", "changes": "mayday"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	app := behind(t, dir, wordy)
	ask := func(method, path, body string) (string, *http.Response) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, app.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer ana-token")
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		raw, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v: %.300s", path, res.Status, err, raw)
		}
		return string(raw), res
	}
	ask(http.MethodPost, "/api/v1/commands", `{"text":"open it is slow service=postgres"}`)
	if got, _ := ask(http.MethodGet, "/api/v1/incidents/INC-1", ""); !strings.Contains(got, `"service":"postgres"`) || !json.Valid([]byte(got)) {
		t.Errorf("the incident is %s", got)
	}
	if got, _ := ask(http.MethodGet, "/metrics", ""); strings.Contains(got, "[redacted]") || !strings.Contains(got, "\nmayday_webhooks_total{outcome=\"accepted\"} 0\n") {
		t.Errorf("the metrics are %s", got)
	}
	whole, res := ask(http.MethodPost, "/api/v1/backup", `{}`)
	if res.ContentLength != int64(len(whole)) || !strings.Contains(whole, "postgres") {
		t.Errorf("the backup has %d bytes, announced were %d", len(whole), res.ContentLength)
	}
	path := filepath.Join(dir, "mayday.bak")
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := config.Parse("mayday.yaml", []byte("log: {level: info}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Restore(context.Background(), file, config.Env{Data: filepath.Join(dir, "anew")}, path, false); err != nil || got.Incidents != 1 {
		t.Errorf("the backup cannot be restored: %+v, %v", got, err)
	}
}

// TestSeriesOfMessagesExistAtStart: an alert on the first message that is refused
// needs the series of its platform before.
func TestSeriesOfMessagesExistAtStart(t *testing.T) {
	r := newReloader(t)
	want := fmt.Sprintf("\nmayday_messages_total{platform=%q,result=%q} 0\n", "web", "refused")
	if status, got := r.api("ana-token", http.MethodGet, "/metrics", ""); status != http.StatusOK || !strings.Contains(got, want) {
		t.Errorf("%d: there is no %s in\n%s", status, want, got)
	}
}

// TestADoorWhoseSecretCannotBeRead answers 503: what may be authentic is never
// refused for good (P2).
func TestADoorWhoseSecretCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("hook", "a-secret-of-hooks")
	put("changes", "a-token-of-pipelines")
	app := behind(t, dir, "pagerduty: {webhook_secret: 'file:DIR/hook'}\nchanges: {token: 'file:DIR/changes'}\nweb: {listen: '127.0.0.1:0', tokens: [{name: ana, role: admin, token: 'file:DIR/ana'}]}\n")
	knock := func(path, header, value string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, app.URL()+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, value)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	all := func(want int) {
		t.Helper()
		if got := knock("/hooks/pagerduty", "X-PagerDuty-Signature", "v1="+strings.Repeat("0", 64)); got != want {
			t.Errorf("PagerDuty: got %d, want %d", got, want)
		}
		if got := knock("/hooks/changes", "Authorization", "Bearer another"); got != want {
			t.Errorf("pipelines: got %d, want %d", got, want)
		}
	}
	all(http.StatusUnauthorized)
	put("hook", "")
	if err := os.Remove(filepath.Join(dir, "changes")); err != nil {
		t.Fatal(err)
	}
	all(http.StatusServiceUnavailable)
	put("hook", "a-newer-secret")
	put("changes", "a-newer-token")
	all(http.StatusUnauthorized)
}
