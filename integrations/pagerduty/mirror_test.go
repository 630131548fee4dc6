package pagerduty

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/practice"
)

func newMirror(t *testing.T, address, more string) integrations.Mirror {
	t.Helper()
	lines := "pagerduty:\n  api_url: " + address + "/\n  token: file:" + secretFile(t, key) + "\n" + more
	parts, err := partsOf(t, quiet(), lines)
	if err != nil {
		t.Fatal(err)
	}
	return parts.Mirror
}

const fromBot = "  from: mayday@shop.example\n"

// calls are the changes that the vendor received: method, path, body, status.
func calls(vendor *practice.PagerDuty) []string {
	var out []string
	for _, c := range vendor.Journal() {
		if c.Method != http.MethodGet {
			out = append(out, c.Method+" "+c.Path+" "+c.From+" "+c.Body)
		}
	}
	return out
}

func trigger(t *testing.T, vendor *practice.PagerDuty) string {
	t.Helper()
	id, err := vendor.Trigger(practice.TriggerSpec{Title: "Error rate"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestMirrorRepeatsWhatPeopleDid(t *testing.T) {
	vendor, address := newVendor(t)
	m := newMirror(t, address, fromBot)
	id := trigger(t, vendor)
	for _, c := range []integrations.Call{
		{Kind: "acknowledge", ID: id, By: "Ana"},
		{Kind: "acknowledge", ID: id, By: "Ana"}, // restarts PagerDuty's timeout, or is no news
		{Kind: "note", ID: id, By: "Ana", Text: " rolled back\n"},
		{Kind: "page", ID: id, Text: "please help"},
		{Kind: "page", ID: id, ByID: "PUANA"},
		{Kind: "resolve", ID: id, By: "Ana"},
		{Kind: "resolve", ID: id, By: "Ana"}, // it is what was wanted
	} {
		if err := m.Do(t.Context(), c); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
	}
	one, from := "/incidents/"+id, " mayday@shop.example "
	target := `"responder_request_targets":[{"responder_request_target":{"id":"PONCALL","type":"escalation_policy_reference"}}]}`
	want := []string{
		"PUT " + one + from + `{"incident":{"status":"acknowledged","type":"incident_reference"}}`,
		"PUT " + one + from + `{"incident":{"status":"acknowledged","type":"incident_reference"}}`,
		"POST " + one + "/notes" + from + `{"note":{"content":"rolled back"}}`,
		"POST " + one + "/responder_requests" + from + `{"message":"please help","requester_id":"PUMAYDAY",` + target,
		"POST " + one + "/responder_requests" + from + `{"message":"Please help with this incident.","requester_id":"PUANA",` + target,
		"PUT " + one + from + `{"incident":{"status":"resolved","type":"incident_reference"}}`,
		"PUT " + one + from + `{"incident":{"status":"resolved","type":"incident_reference"}}`,
	}
	if diff := cmp.Diff(want, calls(vendor)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAResolvedIncidentIsNeverAcknowledgedOpen(t *testing.T) {
	vendor, address := newVendor(t)
	m := newMirror(t, address, fromBot)
	id := trigger(t, vendor)
	if err := vendor.Resolve(id, "Li"); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"acknowledge", "page"} {
		err := m.Do(t.Context(), integrations.Call{Kind: kind, ID: id})
		r, ok := integrations.AsRejected(err)
		if !ok || !strings.Contains(r.Why, "already resolved") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	if got := calls(vendor); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

func TestWhatIsFinal(t *testing.T) {
	vendor, address := newVendor(t)
	id := trigger(t, vendor)
	good := integrations.Call{Kind: "note", ID: id, Text: "x"}
	tests := []struct {
		name string
		m    integrations.Mirror
		call integrations.Call
		code string
		why  string
	}{
		{"unknown user", newMirror(t, address, "  from: eve@shop.example\n"), good, "E17", "Requester User Not Found"},
		{"unknown user who pages", newMirror(t, address, "  from: eve@shop.example\n"), integrations.Call{Kind: "page", ID: id}, "E17", "no user eve@shop.example"},
		{"no user", newMirror(t, address, ""), good, "E17", "pagerduty.from is not set"},
		{"unknown incident", newMirror(t, address, fromBot), integrations.Call{Kind: "acknowledge", ID: "QNONE"}, "E17", "404"},
		{"a path for an id", newMirror(t, address, fromBot), integrations.Call{Kind: "note", ID: "../users", Text: "x"}, "E17", "not the id"},
		{"empty note", newMirror(t, address, fromBot), integrations.Call{Kind: "note", ID: id, Text: " "}, "E17", "empty"},
		{"unknown kind", newMirror(t, address, fromBot), integrations.Call{Kind: "snooze", ID: id}, "E17", "snooze"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, ok := integrations.AsRejected(tc.m.Do(t.Context(), tc.call))
			if !ok || r.Code != tc.code || !strings.Contains(r.Why, tc.why) {
				t.Errorf("got %+v, want %s %q", r, tc.code, tc.why)
			}
		})
	}
}

// answering is an API that answers everything alike.
func answering(t *testing.T, status int, header http.Header, body string) (address string, asked *int) {
	t.Helper()
	asked = new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		*asked++
		for name, values := range header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func TestAnswersAreSortedIntoFinalAndLater(t *testing.T) {
	type waiting interface{ RetryAfter() time.Duration }
	soon := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		code   string // of the rejection; "" means later
		wait   time.Duration
		says   string
	}{
		{"bad key", 401, nil, `{"error":{"message":"Unauthorized","code":2006}}`, "E6", 0, "Unauthorized"},
		{"no right", 403, nil, `{"error":{"message":"Access Denied","code":2010}}`, "E6", 0, "Access Denied"},
		{"plan", 402, nil, `{"error":{"message":"no","code":2012}}`, "E17", 0, "402"},
		{"gone", 404, nil, `{"error":{"message":"Not Found","code":2100}}`, "E17", 0, "Not Found"},
		{"bad", 400, nil, `{"error":{"message":"Invalid","code":2001,"errors":["A","B"]}}`, "E17", 0, "Invalid, A, B"},
		{"no JSON", 400, nil, `<html>`, "E17", 0, "400"},
		{"errors of text", 400, nil, `{"error":{"message":"Invalid","errors":"A"}}`, "E17", 0, "Invalid, A"},
		{"redirect", 302, http.Header{"Location": {"http://127.0.0.1:1/"}}, ``, "E17", 0, "302"},
		{"broken", 500, nil, ``, "", 0, "500"},
		{"away", 503, nil, `{"error":{"message":"down"}}`, "", 0, "503"},
		{"slow", 408, nil, ``, "", 0, "408"},
		{"limit", 429, nil, `{"error":{"message":"Rate Limit Exceeded","code":2020}}`, "", 30 * time.Second, "429"},
		{"limit with seconds", 429, http.Header{"Retry-After": {"12"}}, ``, "", 12 * time.Second, "429"},
		{"limit with reset", 429, http.Header{"Ratelimit-Reset": {"41"}}, ``, "", 41 * time.Second, "429"},
		{"limit with a date", 429, http.Header{"Retry-After": {soon}}, ``, "", 90 * time.Second, "429"},
		{"limit of zero", 429, http.Header{"Retry-After": {"0"}}, ``, "", time.Second, "429"},
		{"limit for ever", 429, http.Header{"Retry-After": {"1e30"}}, ``, "", 10 * time.Minute, "429"},
		{"odd limit", 429, http.Header{"Retry-After": {"soon"}}, ``, "", 30 * time.Second, "429"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			address, asked := answering(t, tc.status, tc.header, tc.body)
			err := newMirror(t, address, fromBot).Do(t.Context(), integrations.Call{Kind: "note", ID: "Q1", Text: "x"})
			r, final := integrations.AsRejected(err)
			if err == nil || final != (tc.code != "") || (final && r.Code != tc.code) || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v", err)
			}
			if final && r.Fix == "" && tc.status != 418 {
				t.Error("there is no way out of it")
			}
			var w waiting
			if errors.As(err, &w) != (tc.wait > 0) || (w != nil && (w.RetryAfter() > tc.wait || w.RetryAfter() < tc.wait-2*time.Second)) {
				t.Errorf("wait: got %v, want %s", w, tc.wait)
			}
			if *asked != 1 {
				t.Errorf("asked %d times", *asked)
			}
			if strings.Contains(err.Error(), key) {
				t.Errorf("the key is in %v", err)
			}
		})
	}
}

func TestTheLimitOfTheVendorIsUnderstood(t *testing.T) {
	vendor, address := newVendor(t)
	vendor.Limit(0, 17*time.Second)
	err := newMirror(t, address, fromBot).Do(t.Context(), integrations.Call{Kind: "resolve", ID: trigger(t, vendor)})
	var wait *busy
	if !errors.As(err, &wait) || wait.RetryAfter() > 17*time.Second || wait.RetryAfter() < 15*time.Second {
		t.Errorf("got %v", err)
	}
}

func TestNobodyThereIsTriedLater(t *testing.T) {
	address, _ := answering(t, 200, nil, "")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	tests := []struct {
		name string
		m    *mirror
	}{
		{"refused", newMirror(t, gone.URL, fromBot).(*mirror)},
		{"silent", newMirror(t, slow.URL, fromBot).(*mirror)},
		{"half an answer", newMirror(t, address, fromBot).(*mirror)},
	}
	tests[1].m.api.http.Timeout = 30 * time.Millisecond
	for _, tc := range tests {
		err := tc.m.Do(t.Context(), integrations.Call{Kind: "acknowledge", ID: "Q1"})
		if _, final := integrations.AsRejected(err); err == nil || final {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
	if tests[0].m.api.http.Timeout != 5*time.Second {
		t.Errorf("the timeout is %s", tests[0].m.api.http.Timeout)
	}
}

func TestAnUnreadableTokenIsTriedLater(t *testing.T) {
	_, address := newVendor(t)
	parts, err := partsOf(t, quiet(), "pagerduty:\n  api_url: "+address+"\n  token: env:MAYDAY_TEST_NOT_SET\n"+fromBot)
	if err != nil {
		t.Fatal(err)
	}
	err = parts.Mirror.Do(t.Context(), integrations.Call{Kind: "note", ID: "Q1", Text: "x"})
	if _, final := integrations.AsRejected(err); final || err == nil || !strings.Contains(err.Error(), "MAYDAY_TEST_NOT_SET") {
		t.Errorf("got %v", err)
	}
}
