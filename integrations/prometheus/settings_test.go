package prometheus

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
)

func TestSettingsAreStrict(t *testing.T) {
	for _, tc := range []struct{ yaml, words string }{
		{"{}", "`url` is missing"},
		{"{url: prometheus}", "is an address like"},
		{"{url: 'http://p:9090/?x=1'}", "nothing after the path"},
		{"{url: 'http://ana:pw@p:9090'}", "holds a user"},
		{"{url: 'http://p:9090', user: ana}", "`user` and `password` together"},
		{"{url: 'http://p:9090', password: $PASSWORD}", "`user` and `password` together"},
		{"{url: 'http://p:9090', user: ana, password: $PASSWORD, token: $TOKEN}", "not both"},
		{"{url: 'http://p:9090', tokn: $TOKEN}", "tokn"},
	} {
		if _, err := partsOf(t, tc.yaml); err == nil || !strings.Contains(err.Error(), tc.words) {
			t.Errorf("%s: got %v, want %q", tc.yaml, err, tc.words)
		}
	}
}

func TestWithoutASectionEverythingRefuses(t *testing.T) {
	parts, err := Integration.New(config.Section{}, nil)
	if err != nil || parts.Signals != nil || parts.Checker != nil {
		t.Fatalf("got %v, %v", parts, err)
	}
	for _, a := range parts.Actions {
		_, err := a.Look(t.Context(), integrations.Args{"query": "errors", "service": "checkout"})
		refusal(t, err, "E24", "not configured")
	}
}

func TestServiceHasItsSignalsInCharts(t *testing.T) {
	f, err := config.Parse("mayday.yaml", []byte("services:\n  checkout:\n    prometheus: {errors: x}\n"))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := Integration.New(config.Section{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = parts.Adopt([]integrations.Service{{Name: "checkout", Own: f.Section("services", "checkout", "prometheus")}})
	if err == nil || !strings.Contains(err.Error(), "mayday.yaml:3") || !strings.Contains(err.Error(), "charts") {
		t.Errorf("got %v, want where and what instead", err)
	}
}

// TestAnswersThatNobodyUnderstands holds a server that answers wrong against the
// adapter: each is a refusal in words, and none is a figure.
func TestAnswersThatNobodyUnderstands(t *testing.T) {
	vector := `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}`
	tests := []struct {
		name, code, words string
		status            int
		body              string
	}{
		{"no JSON", "E5", "not what Prometheus answers", 200, "<html>hello</html>"},
		{"cut", "E5", "not what Prometheus answers", 200, vector[:60]},
		{"another type", "E5", "not what Prometheus answers", 200, `{"status":"success","data":{"resultType":"vector","result":"none"}}`},
		{"a text", "E24", "answers no figure", 200, `{"status":"success","data":{"resultType":"string","result":[1,"x"]}}`},
		{"no such type", "E5", "not what Prometheus answers", 200, `{"status":"success","data":{"resultType":"cube","result":[]}}`},
		{"an error with 200", "E24", "does not understand the expression: no", 200, `{"status":"error","errorType":"bad_data","error":"no"}`},
		{"a part is away", "E5", "only a part of the data answered: store eu is away", 200, vector + `,"warnings":["store eu is away"]}`},
		{"too long", "E5", "longer than 8 MiB", 200, `{"status":"success","data":"` + strings.Repeat("x", maxAnswer) + `"}`},
		{"a redirect", "E5", "bad response code 302", 302, ""},
		{"forbidden", "E6", "does not let me in (403)", 403, "no"},
		{"another address", "E5", "no Prometheus at its address", 404, "no"},
		{"overloaded", "E5", "cannot answer (server error: 503)", 503, "busy"},
		{"control characters", "E24", "a b", 400, `{"status":"error","errorType":"bad_data","error":"a\u0000\n\u202eb"}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/prom/api/v1/query" || r.Header.Get("Authorization") != "Bearer canary-token" {
					t.Errorf("got %s with %q", r.URL.Path, r.Header.Get("Authorization"))
				}
				if tc.status == 302 {
					w.Header().Set("Location", "/elsewhere")
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer server.Close()
			parts := connected(t, "{url: "+server.URL+"/prom/api/v1/, token: $TOKEN}")
			_, ok, err := parts.Signals.Now(t.Context(), "errors")
			if ok {
				t.Error("got a figure")
			}
			refusal(t, err, tc.code, tc.words)
		})
	}
	t.Run("remarks take nothing away", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(vector + `,"warnings":["PromQL warning: a bucket is odd"],"infos":["PromQL info: might not be a counter"]}`))
		}))
		defer server.Close()
		if got, ok, err := connected(t, "{url: "+server.URL+"}").Signals.Now(t.Context(), "errors"); err != nil || !ok || got.Value != 1 {
			t.Errorf("got %v, %v, %v, want 1", got, ok, err)
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		release := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		defer server.Close()
		defer close(release)
		ctx, cancel := contextOf(t, 50*time.Millisecond)
		defer cancel()
		_, _, err := connected(t, "{url: "+server.URL+"}").Signals.Now(ctx, "errors")
		refusal(t, err, "E5", "timeout")
	})
}
