package prometheus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"mayday/internal/practice"
)

// Options of a practice Prometheus. All have defaults.
type Options struct {
	// Address to serve on, "127.0.0.1:0" unless set; it must be on loopback.
	Address string
	// Keep is how long values are kept, three hours unless set.
	Keep time.Duration
	Log  *slog.Logger
}

// Server is a practice Prometheus that serves. Close it.
type Server struct {
	memory *memory
	engine *promql.Engine
	log    *slog.Logger
	url    string
	mux    http.Handler
	done   chan struct{} // closed when it closes

	mu       sync.Mutex
	closed   bool
	away     bool
	slow     time.Duration
	statuses []int // of the next queries

	handlers sync.WaitGroup
	servers  sync.WaitGroup
	server   *http.Server
	stop     func() bool // listening to the context
}

// The real server's limits, or those that a laptop can bear.
const (
	mostSamples  = 5_000_000
	queryTimeout = 10 * time.Second
	lookback     = 5 * time.Minute
)

// Start makes one and serves it until the context ends or it is closed.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.Keep <= 0 {
		o.Keep = 3 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	listener, err := practice.Listen(o.Address)
	if err != nil {
		return nil, fmt.Errorf("start the practice Prometheus: %w", err)
	}
	s := &Server{
		memory: &memory{keep: o.Keep, series: map[string]*series{}}, log: o.Log, done: make(chan struct{}), url: "http://" + listener.Addr().String(),
		engine: promql.NewEngine(promql.EngineOpts{
			Logger: o.Log, MaxSamples: mostSamples, Timeout: queryTimeout, LookbackDelta: lookback,
			EnableAtModifier: true, EnableNegativeOffset: true, Parser: parser.NewParser(parser.Options{}),
		}),
	}
	s.mux = s.routes()
	s.server = &http.Server{Handler: practice.Recorded("prometheus", s), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	s.servers.Go(func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the practice Prometheus stopped serving", "error", err)
		}
	})
	s.stop = context.AfterFunc(ctx, s.shut)
	return s, nil
}

// URL is the base of its API.
func (s *Server) URL() string { return s.url }

// Record keeps a value of a series: its name, and names and values of its labels.
// Values of one series come in the order of time.
func (s *Server) Record(at time.Time, name string, value float64, label ...string) {
	s.memory.add(at, value, labels.FromStrings(append([]string{model.MetricNameLabel, name}, label...)...))
}

// Forget drops everything that was recorded, as a restart without a disk does.
func (s *Server) Forget() { s.memory.forget() }

// Answer makes the next queries be answered with these statuses, one each.
func (s *Server) Answer(statuses ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses = append(s.statuses, statuses...)
}

// Unreachable makes every connection end without an answer, until told otherwise.
func (s *Server) Unreachable(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// Slow makes every request wait before it is looked at.
func (s *Server) Slow(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = wait
}

// ServeHTTP answers the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	}
	away, wait := s.away, s.slow
	s.handlers.Add(1)
	s.mu.Unlock()
	defer s.handlers.Done()
	if away || !s.waited(r, wait) {
		hangUp(w)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) waited(r *http.Request, wait time.Duration) bool {
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.done:
	}
	return false
}

// hangUp closes the connection in the middle, so that the caller sees its end.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func (s *Server) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	_ = s.server.Close()
}

// Close stops serving, and returns when the last request has ended.
func (s *Server) Close() {
	s.stop()
	s.shut()
	s.servers.Wait()
	s.handlers.Wait()
	_ = s.engine.Close()
}
