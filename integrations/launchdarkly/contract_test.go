package launchdarkly

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"mayday/integrations"
	"mayday/internal/practice"
)

// TestWeAskWhatTheContractKnows holds every request of a whole act, its refusals
// and its undo against what the vendor publishes.
func TestWeAskWhatTheContractKnows(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../internal/practice/testdata/launchdarkly-rest.json")
	if err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	st := newStage(t)
	seen := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		route, params, err := router.FindRoute(&http.Request{Method: r.Method, URL: r.URL, Host: r.Host})
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
			return
		}
		if got := r.Header.Get("Authorization"); got != token {
			t.Errorf("Authorization: %q", got)
		}
		in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		seen[route.Operation.OperationID] = true
		r.Body = io.NopCloser(bytes.NewReader(body))
		st.ld.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	st.parts = st.connect(s.URL)
	if _, err := st.action(showName).Look(t.Context(), flagArg("new-cart")); err != nil {
		t.Fatal(err)
	}
	r := st.do(percentName, integrations.Args{"flag": "new-cart", "percent": int64(10)})
	back, err := st.action(percentName).Undo(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.apply(back); err != nil {
		t.Fatal(err)
	}
	st.set("Li", "theme", practice.LDChange{Serve: "light"})
	st.do(previousName, flagArg("theme"))
	_, err = st.action(showName).Look(t.Context(), flagArg("nothing"))
	wantRejected(t, err, "404")
	st.ld.RequireApproval("production", true)
	_, err = st.apply(st.plan(offName, flagArg("theme")))
	wantRejected(t, err, "405")
	st.parts.Checker.Check(t.Context())
	same(t, map[string]bool{
		"getFeatureFlag": true, "patchFeatureFlag": true, "getFeatureFlags": true, "getAuditLogEntries": true, "getAuditLogEntry": true,
		"getDependentFlagsByEnv": true, "postApprovalRequestForFlag": true, "getCallerIdentity": true, "getEnvironment": true,
	}, seen)
}
