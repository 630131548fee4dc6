package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/incident"
)

const demoToken = "demo-token"

// options are those of a small server over the world.
func (w *world) options() Options {
	return Options{
		Handler: w, Reader: w, Journal: w, Outbox: w, Inbox: w, Now: w.now,
		Person: func(u chat.User) incident.Person {
			return incident.Person{ID: "web:" + u.ID, Name: u.Name, Role: incident.Role(u.Role), Service: u.Service}
		},
		Tokens: []Token{
			{Name: "ana", Role: "responder", Token: config.NewSecret("ana-token")},
			{Name: "vi", Role: "viewer", Token: config.NewSecret("vi-token")},
			{Name: "ci", Role: "admin", Kind: "service", Token: config.NewSecret("ci-token")},
			{Name: "demo", Role: "admin", Token: config.NewSecret(demoToken), ActAs: true},
		},
		Help: func() []HelpRow {
			return []HelpRow{{Command: "open", Usage: "open [title]", Say: "Open an incident."}, {Command: "run", Usage: "run [playbook] [name=value]", Say: "Run a playbook."}}
		},
	}
}

// demo adds the pretend company.
func (w *world) demo() Options {
	o := w.options()
	o.DemoKey, o.SpeedLabel = "demo-key", "60×"
	o.Demo = &Demo{People: []Person{{Name: "Ana", Role: "approver"}, {Name: "Li", Role: "approver"}}}
	return o
}

func newServer(t testing.TB, o Options) (*Server, *httptest.Server) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	t.Cleanup(s.Close)
	return s, web
}

// call makes a request with a token and answers status and body.
func call(t testing.TB, method, url, token, body string, header ...string) (status int, answer string, h http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
		if header[n] == "Host" {
			r.Host = header[n+1]
		}
	}
	return send(t, http.DefaultTransport, r)
}

func send(t testing.TB, by http.RoundTripper, r *http.Request) (status int, answer string, h http.Header) {
	t.Helper()
	resp, err := by.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			break
		}
	}
	return resp.StatusCode, b.String(), resp.Header
}

func checkout(number int64) *incident.Incident {
	return &incident.Incident{Number: number, Title: "checkout: errors 12% (usual 0.3%)", Service: "checkout", Severity: incident.SEV2, State: incident.Investigating,
		Impact: "Paying fails for some; browsing works.", OpenedAt: start.Add(-6*time.Minute - 31*time.Second), DeclaredAt: start.Add(-6 * time.Minute),
		Clock:   incident.Clock{Anchor: 1, AnchorAt: start.Add(-6 * time.Minute), Due: start.Add(4 * time.Minute), Every: 30 * time.Minute},
		Sources: []incident.Source{{Kind: "pagerduty", Key: "Q8812", URL: "https://acme.pagerduty.com/incidents/Q8812"}},
		DoNot:   []string{"restart payments-db: a failover takes 12 min"}}
}
