package practice

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

func ldContract(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/launchdarkly-rest.json")
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

func TestLDAnswersKeepTheContract(t *testing.T) {
	router := ldContract(t)
	l := newLD(t)
	for _, c := range []LDChange{{Rule: true, Target: "user-1"}, {OffServes: "nothing"}, {On: new(bool)}} {
		if err := l.SetBy("Li", "theme", c); err != nil {
			t.Fatal(err)
		}
	}
	entry := l.audit[0].id
	rollout := `{"environmentKey":"production","instructions":[{"kind":"updateFallthroughVariationOrRollout","rolloutContextKind":"user","rolloutWeights":{"new-cart-variation-0":15000,"new-cart-variation-1":85000}}]}`
	approvals := "/api/v2/projects/web/flags/new-cart/environments/production/approval-requests"
	calls := []struct {
		method, path, body string
		headers            map[string]string
		before             func()
		status             int
	}{
		{method: "GET", path: "/api/v2/caller-identity", status: 200},
		{method: "GET", path: "/api/v2/projects/web/environments/test", status: 200},
		{method: "GET", path: "/api/v2/projects/web/environments/none", status: 404},
		{method: "GET", path: "/api/v2/flags/web?limit=2", status: 200},
		{method: "GET", path: "/api/v2/flags/web/theme?env=production", status: 200},
		{method: "GET", path: cart, status: 200},
		{method: "GET", path: cart, headers: map[string]string{"Authorization": "x"}, status: 401},
		{method: "GET", path: cart + "s", status: 404},
		{method: "GET", path: "/api/v2/auditlog?spec=proj/web:env/production:flag/*&limit=20", status: 200},
		{method: "GET", path: "/api/v2/auditlog/" + entry, status: 200},
		{method: "GET", path: "/api/v2/auditlog?limit=99", status: 400},
		{method: "GET", path: "/api/v2/flags/web/production/new-cart/dependent-flags", headers: map[string]string{"LD-API-Version": "beta"}, status: 200},
		{method: "GET", path: "/api/v2/flags/web/production/new-cart/dependent-flags", status: 403},
		{method: "PATCH", path: cart, body: rollout, status: 200},
		{method: "PATCH", path: cart, body: turnOff, status: 200},
		{method: "PATCH", path: cart, body: turnOff, before: func() { l.Answer(409) }, status: 409},
		{method: "PATCH", path: cart, body: turnOff, before: func() { l.RequireApproval("production", true) }, status: 405},
		{method: "POST", path: approvals, body: `{"description":"Turn it off","instructions":[{"kind":"turnFlagOff"}]}`, status: 201},
		{method: "GET", path: cart, before: func() { l.Limit(0, time.Minute) }, status: 429},
	}
	for _, c := range calls {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			if c.before != nil {
				c.before()
			}
			w := askLD(l, c.method, c.path, c.body, c.headers)
			if w.Code != c.status {
				t.Fatalf("got %d %s, want %d", w.Code, w.Body, c.status)
			}
			ldKeepsContract(t, router, c.method, c.path, c.body, w)
		})
	}
}

func ldKeepsContract(t *testing.T, router routers.Router, method, path, body string, w *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
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
