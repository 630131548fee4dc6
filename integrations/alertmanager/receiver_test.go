package alertmanager

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/internal/prometheustest"
)

func door(t *testing.T) *receiver {
	t.Helper()
	parts, err := partsOf(t, "{token: $TOKEN}")
	if err != nil {
		t.Fatal(err)
	}
	return parts.Receiver.(*receiver)
}

// TestRealNotificationsAreUnderstood lets a real Alertmanager notify: what one
// server writes, the receiver reads.
func TestRealNotificationsAreUnderstood(t *testing.T) {
	said := make(chan []incident.Event, 20)
	r := door(t)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body strings.Builder
		if _, err := io.Copy(&body, req.Body); err != nil {
			t.Error(err)
		}
		if _, err := r.Verify(req.Header, []byte(body.String())); err != nil {
			t.Error(err)
		}
		events, err := r.Split([]byte(body.String()))
		if err != nil {
			t.Error(err)
		}
		said <- events
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(hook.Close)
	m := prometheustest.StartAlertmanager(t, prometheustest.Notifying(hook.URL+"/hooks/alertmanager", secret))
	began := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
	errors := prometheustest.Alert{StartsAt: began, Labels: map[string]string{"alertname": "Errors", "app": "checkout", "severity": "critical"}, Annotations: map[string]string{"summary": "12% of payments\nfail"}}
	slow := prometheustest.Alert{StartsAt: began, Labels: map[string]string{"alertname": "Errors", "app": "search", "severity": "warning"}}
	m.Fire(t, errors, slow)

	first := <-said
	if len(first) != 2 {
		t.Fatalf("got %d events, want one of each alert", len(first))
	}
	by := map[string]incident.Event{}
	for _, ev := range first {
		by[ev.Service.Name] = ev
	}
	ev := by["checkout"]
	if ev.Kind != incident.EventReopened || ev.Title != "12% of payments fail" || ev.Urgency != "high" || !ev.At.Equal(began) || ev.Key == "" || ev.Labels["app"] != "checkout" {
		t.Errorf("got %+v", ev)
	}
	if other := by["search"]; other.Urgency != "low" || other.Title != "Errors" || other.Key == ev.Key {
		t.Errorf("got %+v", other)
	}

	errors.EndsAt = time.Now()
	m.Fire(t, errors)
	for {
		for _, now := range <-said {
			if now.Key == ev.Key && now.Kind == incident.EventResolved {
				if !now.Stamp().After(ev.Stamp()) {
					t.Errorf("got resolved at %s, after %s", now.At, ev.At)
				}
				return
			}
			if now.Key != ev.Key && now.ID != by["search"].ID {
				t.Errorf("got the id %s for the same thing told again, want %s", now.ID, by["search"].ID)
			}
		}
	}
}

func TestTokenIsAskedFor(t *testing.T) {
	r := door(t)
	h := http.Header{"Authorization": {"Bearer wrong"}}
	if _, err := r.Verify(h, nil); fault.Of(err).Kind != fault.Unsigned {
		t.Errorf("got %v, want unsigned", err)
	}
	h.Set("Authorization", "Bearer "+secret)
	a, err := r.Verify(h, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := r.Verify(h, []byte("{}")); a != b {
		t.Error("the same body has two ids")
	}
	if b, _ := r.Verify(h, []byte("{} ")); a == b {
		t.Error("two bodies have one id")
	}
}

const firing = `{"version":"4","alerts":[{"status":"firing","fingerprint":"abc","startsAt":"2026-11-25T14:01:00Z"`

func TestBodiesThatNobodyUnderstandSayWhy(t *testing.T) {
	r := door(t)
	for _, tc := range []struct{ name, body, words string }{
		{"empty", "", "not what Alertmanager sends"},
		{"no JSON", "alert!", "no JSON from byte"},
		{"a list", "[]", "another type"},
		{"another version", `{"version":"5","alerts":[{}]}`, `version is "5"`},
		{"no version", `{"alerts":[{}]}`, `version is ""`},
		{"no alerts", `{"version":"4","alerts":[]}`, "alerts is missing"},
		{"no fingerprint", `{"version":"4","alerts":[{"status":"firing"}]}`, "alerts[0]: fingerprint"},
		{"no time", `{"version":"4","alerts":[{"status":"firing","fingerprint":"abc"}]}`, "the time at which it was firing"},
		{"resolved without an end", strings.Replace(firing, "firing", "resolved", 1) + `}]}`, "the time at which it was resolved"},
		{"another status", strings.Replace(firing, "firing", "pending", 1) + `}]}`, "neither firing nor resolved"},
		{"labels of another type", firing + `,"labels":{"app":7}}]}`, "another type"},
		{"a bad time", strings.Replace(firing, "2026-11-25T14:01:00Z", "yesterday", 1) + `}]}`, "cannot be read"},
		{"the second is broken", firing + `},{"status":"firing"}]}`, "alerts[1]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := r.Split([]byte(tc.body))
			if err == nil || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("got %v, want %q", err, tc.words)
			}
			if _, again := r.Parse([]byte(tc.body)); again == nil {
				t.Error("Parse takes it")
			}
		})
	}
}

func TestAlertIsPutIntoOurWords(t *testing.T) {
	r := door(t)
	for _, tc := range []struct {
		name, more string
		want       incident.Event
	}{
		{"bare", ``, incident.Event{Title: "An alert without a name"}},
		{"priority", `,"labels":{"priority":"p1","job":"cart"}`, incident.Event{Title: "An alert without a name", Priority: "P1", Service: incident.Ref{Name: "cart"}}},
		{"what is no priority", `,"labels":{"priority":"high","severity":"info"}`, incident.Event{Title: "An alert without a name", Urgency: "low"}},
		{"service before job", `,"labels":{"job":"blackbox","service":"checkout","alertname":"Down"}`, incident.Event{Title: "Down", Service: incident.Ref{Name: "checkout"}}},
		{"link", `,"generatorURL":"http://prom/graph?x=1"`, incident.Event{Title: "An alert without a name", URL: "http://prom/graph?x=1"}},
		{"no link", `,"generatorURL":"javascript:alert(1)"`, incident.Event{Title: "An alert without a name"}},
		{"control characters", `,"annotations":{"summary":"a\u202e\u0000\nb"}`, incident.Event{Title: "a b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ev, err := r.Parse([]byte(firing + tc.more + `}]}`))
			if err != nil {
				t.Fatal(err)
			}
			got := incident.Event{Title: ev.Title, Priority: ev.Priority, Urgency: ev.Urgency, Service: ev.Service, URL: ev.URL}
			same(t, tc.want, got)
			same(t, "abc/firing/2026-11-25T14:01:00Z", ev.ID)
		})
	}
}

func TestSettingsAreStrict(t *testing.T) {
	for _, tc := range []struct{ yaml, words string }{
		{"{}", "needs token"},
		{"{user: ana, password: $PASSWORD, token: $TOKEN}", "`alertmanager.url` is missing"},
		{"{url: alertmanager}", "is an address like"},
		{"{url: 'http://ana:pw@a:9093'}", "holds a user"},
		{"{url: 'http://a:9093', user: ana}", "together"},
		{"{url: 'http://a:9093', user: ana, password: $PASSWORD, api_token: $TOKEN}", "not both"},
		{"{url: 'http://a:9093', tokens: $TOKEN}", "tokens"},
	} {
		if _, err := partsOf(t, tc.yaml); err == nil || !strings.Contains(err.Error(), tc.words) {
			t.Errorf("%s: got %v, want %q", tc.yaml, err, tc.words)
		}
	}
	parts, err := partsOf(t, "{token: $TOKEN}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = parts.Actions[0].Look(t.Context(), integrations.Args{})
	refusal(t, err, "E24", "where Alertmanager is")
}

func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"", "{}", firing + "}]}", `{"version":"4","alerts":[{"status":"resolved","fingerprint":"abc","endsAt":"2026-11-25T14:01:00Z","labels":{"app":"x"}}]}`} {
		f.Add([]byte(seed))
	}
	r := &receiver{}
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := r.Split(body)
		if err == nil && len(events) == 0 {
			t.Error("nothing, without a reason")
		}
		for _, ev := range events {
			if ev.Key == "" || ev.ID == "" || ev.At.IsZero() || ev.Title == "" {
				t.Errorf("got %+v", ev)
			}
		}
	})
}
