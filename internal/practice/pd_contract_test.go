package practice

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// contract is what the vendor publishes of the endpoints that are practised,
// restated: paths, required fields, types and status codes.
func contract(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/pagerduty-rest.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

func TestAnswersKeepTheContract(t *testing.T) {
	router := contract(t)
	p := newRange(t, nil, nil)
	id, ended, merged := incidentOn(t, p), incidentOn(t, p), incidentOn(t, p)
	for _, err := range []error{
		p.SetPriority(id, "Ana", "P1"), p.Resolve(ended, "Li"), p.Merge(merged, id, ""),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Changed(ChangeSpec{Summary: "cart v2", URL: "https://ci.example.com/812"}); err != nil {
		t.Fatal(err)
	}
	one := "/incidents/" + id
	calls := []struct {
		method, path, body string
		headers            map[string]string
		status             int
	}{
		{"GET", "/abilities", "", nil, 200},
		{"GET", "/users?query=ana", "", nil, 200},
		{"GET", "/users/PULI", "", nil, 200},
		{"GET", "/incidents", "", nil, 200},
		{"GET", one, "", nil, 200},
		{"GET", "/incidents/" + merged, "", nil, 200},
		{"PUT", one, acknowledge, nil, 200},
		{"GET", one, "", nil, 200},
		{"PUT", one, `{"incident":{"type":"incident","priority":{"id":"PPRIO2","type":"priority_reference"}}}`, nil, 200},
		{"POST", one + "/notes", `{"note":{"content":"<b>hi</b>"}}`, nil, 200},
		{"GET", one + "/notes", "", nil, 200},
		{"POST", one + "/responder_requests", `{"requester_id":"PUANA","message":"help","responder_request_targets":[{"responder_request_target":{"id":"PONCALL","type":"escalation_policy_reference"}}]}`, nil, 200},
		{"POST", one + "/snooze", `{"duration":3600}`, nil, 201},
		{"GET", one, "", nil, 200},
		{"GET", "/change_events?since=2020-01-01T00:00:00Z&until=2200-01-01T00:00:00Z&limit=100", "", nil, 200},
		{"PUT", one, resolve, nil, 200},
		{"POST", one + "/snooze", `{"duration":3600}`, nil, 400},
		{"PUT", one, resolve, nil, 400},
		{"GET", "/incidents/QNONE", "", nil, 404},
		{"GET", one, "", map[string]string{"Authorization": "Token token=other"}, 401},
	}
	for _, c := range calls {
		t.Run(c.method+" "+c.path+" "+c.body, func(t *testing.T) {
			w := ask(p, c.method, c.path, c.body, c.headers)
			if w.Code != c.status {
				t.Fatalf("got %d %s, want %d", w.Code, w.Body, c.status)
			}
			keepsContract(t, router, c.method, c.path, c.body, w)
		})
	}
}

func keepsContract(t *testing.T, router routers.Router, method, path, body string, w *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Accept", json2)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("From", "ana@shop.example")
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Fatalf("find the route: %v", err)
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
		t.Errorf("request: %v", err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: w.Code, Header: w.Header(), Options: options}
	out.SetBodyBytes(w.Body.Bytes())
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("answer: %v", err)
	}
}
