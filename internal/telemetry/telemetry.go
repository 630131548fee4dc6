// Package telemetry is how Mayday is watched: structured logs on slog and metrics
// for Prometheus, both on values of their own, without globals.
//
//	t, err := telemetry.New(telemetry.Options{Format: "json", Level: "info", Out: os.Stderr, Version: version})
//	file.OnReveal(t.Redactor().Add)      // every secret is masked from its first use
//	t.Logger().Info("webhook accepted", "source", "pagerduty")
//	t.Metrics().Webhook("accepted")
//	mux.Handle("GET /metrics", t.Handler())
//
// Logs pass through a Redactor: registered values, and their usual encodings, are
// replaced by [redacted] in messages, attributes, groups and errors.
//
// Callers of Metrics need no Prometheus types, and a nil *Metrics does nothing, so
// that tests and tools can leave it out. Names begin with mayday_, durations are
// in seconds, and labels take a fixed set of values: anything else counts as
// "other", so that nothing from outside can make new time series.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mayday/internal/fault"
)

// Options say how to log. Empty values mean text, info and standard error.
type Options struct {
	Format  string // text or json
	Level   string // debug, info, warn or error
	Out     io.Writer
	Version string
}

// Telemetry holds the logger and the metrics of one process.
type Telemetry struct {
	logger   *slog.Logger
	redactor *Redactor
	metrics  *Metrics
	registry *prometheus.Registry
}

// New makes the logger and the metrics.
func New(o Options) (*Telemetry, error) {
	redactor := &Redactor{}
	handler, err := newHandler(o, redactor)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	metrics := newMetrics(o.Version)
	all := append(metrics.collectors(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range all {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metric: %w", err)
		}
	}
	return &Telemetry{
		logger: slog.New(redactor.Handler(handler)), redactor: redactor,
		metrics: metrics, registry: registry,
	}, nil
}

// Logger is the logger; what it writes has passed the redactor.
func (t *Telemetry) Logger() *slog.Logger { return t.logger }

// Redactor masks secrets in the log, and elsewhere for those who ask it.
func (t *Telemetry) Redactor() *Redactor { return t.redactor }

// Metrics are the counters of this process.
func (t *Telemetry) Metrics() *Metrics { return t.metrics }

// Handler answers GET /metrics.
func (t *Telemetry) Handler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{})
}

func newHandler(o Options, redactor *Redactor) (slog.Handler, error) {
	level, err := parseLevel(o.Level)
	if err != nil {
		return nil, err
	}
	out := o.Out
	if out == nil {
		out = os.Stderr
	}
	out = maskWriter{redactor: redactor, out: out}
	opts := &slog.HandlerOptions{Level: level}
	switch strings.ToLower(o.Format) {
	case "", "text":
		return slog.NewTextHandler(out, opts), nil
	case "json":
		return slog.NewJSONHandler(out, opts), nil
	}
	return nil, badOption("log format", o.Format, "text", "json")
}

func parseLevel(name string) (slog.Level, error) {
	switch strings.ToLower(name) {
	case "debug":
		return slog.LevelDebug, nil
	case "", "info":
		return slog.LevelInfo, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, badOption("log level", name, "debug", "info", "warn", "error")
}

func badOption(what, got string, known ...string) error {
	return fault.Newf(fault.Invalid, "E24", "The %s is one of %s, not %q.%s",
		what, strings.Join(known, ", "), got, fault.DidYouMean(got, known))
}
