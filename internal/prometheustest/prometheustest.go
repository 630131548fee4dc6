// Package prometheustest runs a real Prometheus and a real Alertmanager for
// tests.
//
// There is no pretend server and no skipping: where one is not installed the
// test fails and says what to do. Each lives in a directory of its own, listens
// on a free loopback port only, and is gone after the test, even when the test
// process is killed. Prometheus scrapes an Exporter once a second, whose figures
// the test sets.
package prometheustest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// User and Password open a server that was started with Locked.
const (
	User     = "mayday"
	Password = "practice"
)

// Option changes how a server starts.
type Option func(*options)

type options struct {
	locked  bool
	webhook string // of Alertmanager: where it notifies
	token   string
}

// Locked makes the server ask for User and Password.
func Locked() Option { return func(o *options) { o.locked = true } }

// Notifying makes an Alertmanager call this address with a bearer token, at once
// and again whenever something changed.
func Notifying(url, token string) Option {
	return func(o *options) { o.webhook, o.token = url, token }
}

func chosen(with []Option) options {
	var o options
	for _, one := range with {
		one(&o)
	}
	return o
}

// Server is one running Prometheus.
type Server struct {
	URL string // without a slash at the end
	*process
	locked bool
}

// Start runs a Prometheus that scrapes the exporter, until the test ends.
func Start(tb testing.TB, from *Exporter, with ...Option) *Server {
	tb.Helper()
	o := chosen(with)
	s := &Server{locked: o.locked}
	s.process = start(tb, program{
		names: []string{"prometheus"}, debian: "prometheus", config: scrape(from), locked: o.locked,
		args: func(dir, config, address string) []string {
			return []string{"--config.file=" + config, "--storage.tsdb.path=" + dir + "/data", "--web.listen-address=" + address, "--log.level=warn"}
		},
		ready: "/-/ready",
	})
	s.URL = s.address()
	return s
}

func scrape(from *Exporter) string {
	return fmt.Sprintf(`global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: shop
    static_configs: [{targets: [%q]}]
`, from.target())
}

// Await waits until an expression answers exactly one figure that is accepted.
func (s *Server) Await(tb testing.TB, expr string, accept func(float64) bool) {
	tb.Helper()
	var last string
	wait(tb, func() bool {
		v, text := s.value(tb.Context(), expr)
		last = text
		return v != nil && accept(*v)
	}, func() string { return fmt.Sprintf("%s answers %s", expr, last) })
}

func (s *Server) value(ctx context.Context, expr string) (*float64, string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		return nil, err.Error()
	}
	if s.locked {
		req.SetBasicAuth(User, Password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	raw, _ := io.ReadAll(resp.Body)
	var said struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if json.Unmarshal(raw, &said) != nil || len(said.Data.Result) != 1 {
		return nil, string(raw)
	}
	text, _ := said.Data.Result[0].Value[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, string(raw)
	}
	return &v, string(raw)
}

// wait asks again and again until the answer is yes.
func wait(tb testing.TB, ok func() bool, state func() string) {
	tb.Helper()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for !ok() {
		select {
		case <-tb.Context().Done():
			tb.Fatal("the test ended")
		case <-deadline.C:
			tb.Fatalf("not within %s: %s", within, state())
		case <-tick.C:
		}
	}
}
