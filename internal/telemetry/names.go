package telemetry

import (
	"regexp"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// names lets the first few well-formed names through as labels and folds the rest.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (n *names) bound(name string) string {
	if !plainName.MatchString(name) {
		return other
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[name] {
		return name
	}
	if len(n.seen) >= maxNames {
		return other
	}
	if n.seen == nil {
		n.seen = make(map[string]bool)
	}
	n.seen[name] = true
	return name
}

func counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func histogram(name, help string, buckets ...float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}
