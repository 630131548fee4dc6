package practice

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	acknowledge = `{"incident":{"type":"incident_reference","status":"acknowledged"}}`
	resolve     = `{"incident":{"type":"incident_reference","status":"resolved"}}`
)

func codeOf(t *testing.T, w *httptest.ResponseRecorder) int {
	t.Helper()
	var body struct{ Error struct{ Code int } }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("answer %s: %v", w.Body, err)
	}
	return body.Error.Code
}

func TestTheAPIIsAsStrictAsPagerDuty(t *testing.T) {
	p := newRange(t, nil, nil)
	open := incidentOn(t, p)
	ended := incidentOn(t, p)
	if err := p.Resolve(ended, "Li"); err != nil {
		t.Fatal(err)
	}
	one := "/incidents/" + open
	tests := []struct {
		name, method, path, body string
		headers                  map[string]string
		status, code             int
	}{
		{"no key", "GET", one, "", map[string]string{"Authorization": "-"}, 401, 2006},
		{"another key", "GET", one, "", map[string]string{"Authorization": "Token token=x"}, 401, 2006},
		{"bearer", "GET", one, "", map[string]string{"Authorization": "Bearer " + testToken}, 401, 2006},
		{"no Accept", "GET", one, "", map[string]string{"Accept": "-"}, 400, 2001},
		{"version 1", "GET", one, "", map[string]string{"Accept": "application/vnd.pagerduty+json;version=1"}, 400, 2001},
		{"text body", "PUT", one, acknowledge, map[string]string{"Content-Type": "text/plain"}, 400, 2001},
		{"no From", "PUT", one, acknowledge, map[string]string{"From": "-"}, 400, 2001},
		{"unknown From", "PUT", one, acknowledge, map[string]string{"From": "eve@shop.example"}, 400, 1008},
		{"note without From", "POST", one + "/notes", `{"note":{"content":"x"}}`, map[string]string{"From": "-"}, 400, 2001},
		{"empty note", "POST", one + "/notes", `{"note":{"content":""}}`, nil, 400, 2001},
		{"cut JSON", "PUT", one, `{"incident":`, nil, 400, 2001},
		{"no type", "PUT", one, `{"incident":{"status":"resolved"}}`, nil, 400, 2001},
		{"odd status", "PUT", one, `{"incident":{"type":"incident","status":"gone"}}`, nil, 400, 2001},
		{"what is not practised", "PUT", one, `{"incident":{"type":"incident","status":"resolved","title":"x"}}`, nil, 400, 2001},
		{"unknown incident", "GET", "/incidents/QNONE", "", nil, 404, 2100},
		{"unknown incident changed", "PUT", "/incidents/QNONE", resolve, nil, 404, 2100},
		{"unknown endpoint", "GET", "/oncalls", "", nil, 404, 2100},
		{"unknown method", "DELETE", one, "", nil, 404, 2100},
		{"resolved twice", "PUT", "/incidents/" + ended, resolve, nil, 400, 1001},
		{"no requester", "POST", one + "/responder_requests", `{"message":"x","responder_request_targets":[]}`, nil, 400, 2001},
		{"unknown requester", "POST", one + "/responder_requests", `{"requester_id":"PX","message":"x","responder_request_targets":[{"responder_request_target":{"id":"PULI","type":"user_reference"}}]}`, nil, 400, 1008},
		{"unknown target", "POST", one + "/responder_requests", `{"requester_id":"PUANA","message":"x","responder_request_targets":[{"responder_request_target":{"id":"PX","type":"user_reference"}}]}`, nil, 400, 2001},
		{"me", "GET", "/users/me", "", nil, 400, 2001},
		{"limit", "GET", "/incidents?limit=101", "", nil, 400, 2001},
		{"deep page", "GET", "/incidents?limit=100&offset=9950", "", nil, 400, 2001},
		{"acknowledged", "PUT", one, acknowledge, nil, 200, 0},
		{"acknowledged twice", "PUT", one, acknowledge, nil, 400, 1002},
		{"resolved", "PUT", one, resolve, nil, 200, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(p, tc.method, tc.path, tc.body, tc.headers)
			if w.Code != tc.status || codeOf(t, w) != tc.code {
				t.Errorf("got %d %s, want %d with code %d", w.Code, w.Body, tc.status, tc.code)
			}
		})
	}
}

func TestAcknowledgingAResolvedIncidentOpensItAgain(t *testing.T) {
	in := &inbox{}
	p := newRange(t, in, nil)
	id := incidentOn(t, p)
	ask(p, "PUT", "/incidents/"+id, resolve, nil)
	if w := ask(p, "PUT", "/incidents/"+id, acknowledge, nil); w.Code != 200 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	settled(t, p)
	want := []string{"incident.triggered", "incident.resolved", "incident.reopened", "incident.acknowledged"}
	if diff := cmp.Diff(want, in.types(t)); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
}

func TestARequestBudgetRunsOutAndComesBack(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := newRange(t, nil, func(o *Options) { o.Now = func() time.Time { return now } })
	p.Limit(1, 7*time.Second)
	if w := ask(p, "GET", "/abilities", "", nil); w.Code != 200 || w.Header().Get("ratelimit-remaining") != "0" {
		t.Fatalf("first: %d %v", w.Code, w.Header())
	}
	w := ask(p, "GET", "/abilities", "", nil)
	if w.Code != 429 || codeOf(t, w) != 2020 || w.Header().Get("ratelimit-reset") != "7" {
		t.Fatalf("second: %d %s %v", w.Code, w.Body, w.Header())
	}
	now = now.Add(7 * time.Second)
	if w := ask(p, "GET", "/abilities", "", nil); w.Code != 200 {
		t.Fatalf("after the wait: %d %s", w.Code, w.Body)
	}
}

func TestListsAreFilteredAndPaged(t *testing.T) {
	p := newRange(t, nil, nil)
	first := incidentOn(t, p)
	incidentOn(t, p)
	if err := p.Resolve(first, "Ana"); err != nil {
		t.Fatal(err)
	}
	count := func(query string) (n int, more bool) {
		var body struct {
			Incidents []object
			More      bool
		}
		w := ask(p, "GET", "/incidents?"+query, "", nil)
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		return len(body.Incidents), body.More
	}
	for query, want := range map[string]int{
		"": 2, "statuses[]=resolved": 1, "statuses[]=triggered&statuses[]=acknowledged": 1,
		"service_ids[]=PSEARCH": 0, "offset=2": 0,
	} {
		if n, _ := count(query); n != want {
			t.Errorf("%q: got %d incidents, want %d", query, n, want)
		}
	}
	if n, more := count("limit=1"); n != 1 || !more {
		t.Errorf("limit=1: got %d, more %t", n, more)
	}
}

func TestTheJournalKeepsNoCredentials(t *testing.T) {
	p := newRange(t, nil, nil)
	id := incidentOn(t, p)
	ask(p, "PUT", "/incidents/"+id, acknowledge, nil)
	journal := p.Journal()
	want := Received{At: journal[0].At, Method: "PUT", Path: "/incidents/" + id, From: "ana@shop.example", Body: acknowledge, Status: 200}
	if diff := cmp.Diff([]Received{want}, journal); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(journal)
	if err != nil || strings.Contains(string(raw), testToken) {
		t.Errorf("the journal holds the key: %s, %v", raw, err)
	}
}
