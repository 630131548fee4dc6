package prometheustest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// Manager is one running Alertmanager.
type Manager struct {
	URL string // without a slash at the end
	*process
	locked bool
}

// StartAlertmanager runs an Alertmanager until the test ends.
func StartAlertmanager(tb testing.TB, with ...Option) *Manager {
	tb.Helper()
	o := chosen(with)
	m := &Manager{locked: o.locked}
	m.process = start(tb, program{
		names: []string{"prometheus-alertmanager", "alertmanager"}, debian: "prometheus-alertmanager", config: route(o), locked: o.locked,
		args: func(dir, config, address string) []string {
			return []string{"--config.file=" + config, "--storage.path=" + dir + "/data", "--web.listen-address=" + address, "--cluster.listen-address=", "--log.level=warn"}
		},
		ready: "/-/ready",
	})
	m.URL = m.address()
	return m
}

func route(o options) string {
	receiver := "{name: mayday}"
	if o.webhook != "" {
		receiver = fmt.Sprintf("{name: mayday, webhook_configs: [{url: %q, send_resolved: true, http_config: {authorization: {credentials: %q}}}]}", o.webhook, o.token)
	}
	return fmt.Sprintf(`route: {receiver: mayday, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
receivers: [%s]
`, receiver)
}

// Alert is one alert as Prometheus sends it.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt,omitzero"` // in the past: it is over
}

// Fire sends alerts.
func (m *Manager) Fire(tb testing.TB, alerts ...Alert) {
	tb.Helper()
	m.call(tb, http.MethodPost, "/api/v2/alerts", alerts, nil)
}

// Silences are what the server says about silences, as it says it.
func (m *Manager) Silences(tb testing.TB) []map[string]any {
	tb.Helper()
	var out []map[string]any
	m.call(tb, http.MethodGet, "/api/v2/silences", nil, &out)
	return out
}

// Silence makes one, as somebody else would by hand, and answers its id.
func (m *Manager) Silence(tb testing.TB, by string, length time.Duration, labels map[string]string) string {
	tb.Helper()
	var matchers []map[string]any
	for name, value := range labels {
		matchers = append(matchers, map[string]any{"name": name, "value": value, "isRegex": false})
	}
	var made struct {
		ID string `json:"silenceID"`
	}
	m.call(tb, http.MethodPost, "/api/v2/silences", map[string]any{"matchers": matchers, "startsAt": time.Now(), "endsAt": time.Now().Add(length), "createdBy": by, "comment": "by hand"}, &made)
	return made.ID
}

// Expire ends a silence, as somebody else would by hand.
func (m *Manager) Expire(tb testing.TB, id string) {
	tb.Helper()
	m.call(tb, http.MethodDelete, "/api/v2/silence/"+id, nil, nil)
}

func (m *Manager) call(tb testing.TB, method, path string, in, out any) {
	tb.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		tb.Fatal(err)
	}
	req, err := http.NewRequestWithContext(tb.Context(), method, m.URL+path, bytes.NewReader(raw))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if m.locked {
		req.SetBasicAuth(User, Password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		tb.Fatalf("%s %s: got %d %s (%v)", method, path, resp.StatusCode, said, err)
	}
	if out != nil {
		if err := json.Unmarshal(said, out); err != nil {
			tb.Fatal(err)
		}
	}
}
