package prometheustest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Exporter is a program with figures, as Prometheus scrapes it.
type Exporter struct {
	server *httptest.Server

	mu     sync.Mutex
	series map[string]string
}

// NewExporter serves figures until the test ends.
func NewExporter(tb testing.TB) *Exporter {
	e := &Exporter{series: map[string]string{}}
	e.server = httptest.NewServer(e)
	tb.Cleanup(e.server.Close)
	return e
}

// Set gives a series its figure: Set(`ready{queue="mail"}`, "4120"). "NaN" and
// "+Inf" are figures as well.
func (e *Exporter) Set(series, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.series[series] = value
}

// Drop takes a series away.
func (e *Exporter) Drop(series string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.series, series)
}

// ServeHTTP is what Prometheus asks.
func (e *Exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, series := range slices.Sorted(maps.Keys(e.series)) {
		fmt.Fprintf(w, "%s %s\n", series, e.series[series])
	}
}

func (e *Exporter) target() string { return strings.TrimPrefix(e.server.URL, "http://") }
