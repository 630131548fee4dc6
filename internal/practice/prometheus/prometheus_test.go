package prometheus

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) (*Server, v1.API) {
	t.Helper()
	s, err := Start(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := client.NewClient(client.Config{Address: s.URL(), RoundTripper: transport})
	if err != nil {
		t.Fatal(err)
	}
	return s, v1.NewAPI(c)
}

var began = time.Unix(1_800_000_000, 0)

// shop records ten minutes: ten requests a second, of which one fails in the
// second half.
func shop(s *Server) {
	for n := range 600 {
		at := began.Add(time.Duration(n) * time.Second)
		s.Record(at, "http_requests_total", float64(n*10), "app", "checkout")
		s.Record(at, "http_requests_errors_total", float64(max(0, n-300)), "app", "checkout")
		s.Record(at, "http_requests_total", float64(n*3), "app", "search")
	}
}

const share = `sum(rate(http_requests_errors_total{app="checkout"}[1m])) / sum(rate(http_requests_total{app="checkout"}[1m]))`

func TestQueriesAsTheRealClientAsksThem(t *testing.T) {
	s, api := start(t)
	shop(s)
	ctx := context.Background()
	end := began.Add(599 * time.Second)
	for query, want := range map[string]string{
		share:                                   `{} => 0.1 @[1800000599]`,
		share + " > 0.05":                       `{} => 0.1 @[1800000599]`,
		share + " > 0.5":                        ``,
		`count(http_requests_total{app=~".*"})`: `{} => 2 @[1800000599]`,
		`http_requests_total{app="checkout"} offset 100s`: `http_requests_total{app="checkout"} => 4990 @[1800000599]`,
		`http_requests_total{app="nobody"}`:               ``,
		`1 / 0`:                                           `scalar: +Inf @[1800000599]`,
	} {
		got, warnings, _, err := api.Query(ctx, query, end)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got.String() != want || len(warnings) > 0 {
			t.Errorf("%s: got %q (%v), want %q", query, got.String(), warnings, want)
		}
	}
	got, _, _, err := api.QueryRange(ctx, share, v1.Range{Start: began.Add(100 * time.Second), End: end, Step: 100 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	matrix, _ := got.(model.Matrix)
	if len(matrix) != 1 || len(matrix[0].Values) != 5 || matrix[0].Values[0].Value != 0 || matrix[0].Values[4].Value < 0.09 {
		t.Errorf("got %v", got)
	}
	if info, err := api.Buildinfo(ctx); err != nil || info.Version == "" {
		t.Errorf("got build %v, %v", info, err)
	}
}

func TestQuestionsThatCannotBeAnswered(t *testing.T) {
	s, api := start(t)
	ctx := context.Background()
	for query, want := range map[string]string{
		"sum(":             "bad_data",
		"up{":              "bad_data",
		`a{x="1"} and on(`: "bad_data",
		`label_replace(vector(1), "!", "", "", "(")`: "execution",
	} {
		if _, _, _, err := api.Query(ctx, query, began); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", query, err, want)
		}
	}
	if _, _, _, err := api.QueryRange(ctx, "up", v1.Range{Start: began, End: began.Add(24 * time.Hour), Step: time.Second}); err == nil || !strings.Contains(err.Error(), "11,000 points") {
		t.Errorf("got %v for too many points", err)
	}
	s.Answer(http.StatusServiceUnavailable)
	if _, _, _, err := api.Query(ctx, "vector(1)", began); err == nil {
		t.Error("an answer of 503 was taken for a value")
	}
	s.Unreachable(true)
	if _, _, _, err := api.Query(ctx, "vector(1)", began); err == nil {
		t.Error("no answer was taken for a value")
	}
	s.Unreachable(false)
	if got, _, _, err := api.Query(ctx, "vector(1)", began); err != nil || got.String() != "{} => 1 @[1800000000]" {
		t.Errorf("got %v, %v afterwards", got, err)
	}
}

func TestOldValuesAreForgotten(t *testing.T) {
	m := &memory{keep: time.Minute, series: map[string]*series{}}
	s := &Server{memory: m}
	for n := range 1000 {
		s.Record(began.Add(time.Duration(n)*time.Second), "up", 1)
	}
	for _, one := range m.series {
		if n := len(one.samples); n > 130 || n < 60 {
			t.Errorf("got %d values kept, want about the last sixty", n)
		}
	}
}
