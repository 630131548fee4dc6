package shop

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"mayday/internal/practice"
)

// Record takes a value of a series: its name, and names and values of its labels.
type Record func(at time.Time, name string, value float64, label ...string)

// Options of the shop. Cluster, the tokens and Record are needed.
type Options struct {
	// Cluster is the base of the cluster's API without TLS. Token may list pods,
	// PipelineToken may deploy.
	Cluster, Token, PipelineToken string
	// Flags is the base of the flags' stream; a shop without it has no flags.
	Flags, SDKKey string
	Record        Record
	// Every is how often it looks and records, a second unless set.
	Every time.Duration
	// History is how much of a quiet past is recorded at the start, an hour unless
	// set; less than nothing for none.
	History time.Duration
	Log     *slog.Logger
}

// Shop is open until it is closed.
type Shop struct {
	o      Options
	client *http.Client
	quit   context.CancelFunc
	work   sync.WaitGroup

	mu  sync.Mutex
	now state
}

// Start opens the shop, with a quiet past behind it.
func Start(ctx context.Context, o Options) (*Shop, error) {
	if o.Record == nil || o.Cluster == "" {
		return nil, errors.New("the pretend shop needs a cluster and somebody who records")
	}
	for _, address := range []string{o.Cluster, o.Flags} {
		if address == "" {
			continue
		}
		if _, err := practice.LoopbackURL(address); err != nil {
			return nil, err
		}
	}
	if o.Every <= 0 {
		o.Every = time.Second
	}
	if o.History == 0 {
		o.History = time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Shop{o: o, client: practice.LoopbackClient(0)}
	pods, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	s.now.pods = pods
	d := s.remember(time.Now())
	ctx, s.quit = context.WithCancel(ctx)
	s.work.Go(func() { s.serve(ctx, d) })
	if o.Flags != "" {
		s.work.Go(func() { s.follow(ctx) })
	}
	return s, nil
}

// remember records the quiet past: a second a second, as it would have been.
func (s *Shop) remember(until time.Time) *day {
	d := newDay()
	quiet := state{pods: s.now.pods}
	for at := until.Add(-s.o.History); at.Before(until); at = at.Add(time.Second) {
		d.pass(at, quiet, s.o.Record)
	}
	return d
}

// serve looks and records until the context ends. When the cluster cannot be
// asked, customers are served by the pods that were there last.
func (s *Shop) serve(ctx context.Context, d *day) {
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			pods, err := s.look(ctx)
			s.mu.Lock()
			if err == nil {
				s.now.pods = pods
			}
			now := s.now
			s.mu.Unlock()
			d.pass(at, now, s.o.Record)
		}
	}
}

// Failing is the share of requests to a service that fail now, as its customers
// know before any chart does; 1 for a service that is not there.
func (s *Shop) Failing(app string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := slices.IndexFunc(services, func(one service) bool { return one.app == app })
	if n < 0 {
		return 1
	}
	return s.now.failing(services[n])
}

// SlowQuery begins or ends a query that holds the payments database up.
func (s *Shop) SlowQuery(slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.slowQuery = slow
}

// Close shuts the shop, and returns when nobody works there any more.
func (s *Shop) Close() {
	s.quit()
	s.work.Wait()
	s.client.CloseIdleConnections()
}
