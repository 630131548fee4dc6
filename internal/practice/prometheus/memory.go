package prometheus

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// sample is a value at a time in milliseconds.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                      { return s.at }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// before is how many samples are older than a time.
func before(samples []sample, at int64) int {
	return sort.Search(len(samples), func(n int) bool { return samples[n].at >= at })
}

type series struct {
	labels  labels.Labels
	samples []sample
}

// memory keeps series for a while.
type memory struct {
	keep time.Duration

	mu     sync.Mutex
	series map[string]*series // by the text of their labels
}

// add keeps a value. Values of a series come in the order of time; one that is
// older than the last is dropped, as Prometheus does.
func (m *memory) add(at time.Time, value float64, named labels.Labels) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.series[named.String()]
	if s == nil {
		s = &series{labels: named}
		m.series[named.String()] = s
	}
	t := at.UnixMilli()
	if n := len(s.samples); n > 0 && s.samples[n-1].at >= t {
		return
	}
	s.samples = append(s.samples, sample{t, value})
	old := before(s.samples, at.Add(-m.keep).UnixMilli())
	if old > len(s.samples)/2 {
		s.samples = slices.Clone(s.samples[old:])
	}
}

func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.series)
}

// Querier is asked by the engine for a span of time.
func (m *memory) Querier(from, to int64) (storage.Querier, error) {
	return &reader{Querier: storage.NoopQuerier(), memory: m, from: from, to: to}, nil
}

// reader reads a span of time. Names and values of labels are not served.
type reader struct {
	storage.Querier
	memory   *memory
	from, to int64
}

// Select finds series by their labels.
func (r *reader) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	var found []storage.Series
	for _, s := range r.memory.series {
		if !matches(s.labels, matchers) {
			continue
		}
		var values []chunks.Sample
		for _, one := range s.samples[before(s.samples, r.from):before(s.samples, r.to+1)] {
			values = append(values, one)
		}
		found = append(found, storage.NewListSeries(s.labels, values))
	}
	slices.SortFunc(found, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return &set{found: found, at: -1}
}

func matches(l labels.Labels, matchers []*labels.Matcher) bool {
	return !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(l.Get(m.Name)) })
}

type set struct {
	found []storage.Series
	at    int
}

func (s *set) Next() bool                        { s.at++; return s.at < len(s.found) }
func (s *set) At() storage.Series                { return s.found[s.at] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }
