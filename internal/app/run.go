package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"mayday/internal/incident"
	"mayday/internal/store"
)

// stops is what must be undone at the end, newest first.
type stops struct {
	names []string
	funcs []func() error
}

func (s *stops) push(name string, f func() error) {
	s.names, s.funcs = append(s.names, name), append(s.funcs, f)
}

func (s *stops) run() error {
	var errs []error
	for n, f := range slices.Backward(s.funcs) {
		if err := f(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", s.names[n], err))
		}
	}
	s.names, s.funcs = nil, nil
	return errors.Join(errs...)
}

// announcer passes the store's signal on to the wake loop and to whoever watches
// a page.
type announcer struct {
	*store.Store
	app *App
	out chan struct{}
}

func (n *announcer) Changed() <-chan struct{} { return n.out }

// announce runs until ctx ends.
func (n *announcer) announce(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.Store.Changed():
			n.app.web.Notify()
			select {
			case n.out <- struct{}{}:
			default:
			}
		}
	}
}

// Start listens and begins to work. It returns once traffic is taken.
func (a *App) Start(ctx context.Context) error {
	if err := a.refusal(ctx); err != nil {
		return errors.Join(err, a.stops.run())
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.set.listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", a.set.listen, err), a.stops.run())
	}
	a.listener = listener
	if err := a.tellHost(ctx); err != nil {
		return errors.Join(err, listener.Close(), a.stops.run())
	}
	ctx, cancel := context.WithCancel(ctx)
	handler := a.tel.Redactor().Answers(a.web.Handler())
	a.server = &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	if a.set.door.cert != nil {
		a.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.set.door.cert.get}
	}
	a.server.RegisterOnShutdown(a.web.Close)
	a.stops.push("work", func() error { cancel(); a.wg.Wait(); return nil })
	a.stops.push("http", a.stopHTTP)
	a.wg.Go(func() {
		if err := a.serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.failed(fmt.Errorf("serve http: %w", err))
		}
	})
	source := a.source
	a.wg.Go(func() { source.announce(ctx) })
	for _, p := range a.places {
		a.wg.Go(func() {
			if err := p.Run(ctx, a.handler); err != nil && ctx.Err() == nil {
				a.failed(fmt.Errorf("run %s: %w", p.Name(), err))
			}
		})
	}
	if !a.o.Manual {
		a.wg.Go(func() {
			if err := a.queue.Run(ctx); err != nil {
				a.log.Error("the wake loop did not stop in time", "err", err)
			}
		})
	}
	a.wg.Go(func() { a.measure(ctx) })
	if a.o.Reload != nil {
		a.wg.Go(func() { a.reloadOn(ctx, a.o.Reload) })
	}
	if !a.o.Manual {
		a.wg.Go(func() { a.clinic.run(ctx) })
		a.wg.Go(func() { a.auditor.run(ctx) })
	}
	return nil
}

func (a *App) serve(l net.Listener) error {
	if a.set.door.cert == nil {
		return a.server.Serve(l)
	}
	return a.server.ServeTLS(l, "", "")
}

// stopHTTP lets requests finish, for a fifth of the time there is; the wake loop
// has a half, and both end before `shutdown`.
func (a *App) stopHTTP() error {
	ctx, cancel := context.WithTimeout(context.Background(), a.set.shutdown/5)
	defer cancel()
	if err := a.server.Shutdown(ctx); err != nil {
		return a.server.Close()
	}
	return nil
}

func (a *App) failed(err error) {
	a.log.Error("a part of Mayday ended", "err", err)
	select {
	case a.fail <- err:
	default:
	}
}

// measure keeps the gauges of the outbox.
func (a *App) measure(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		if n, oldest, err := a.store.Depth(ctx); err == nil {
			age := time.Duration(0)
			if n > 0 {
				age = time.Since(oldest)
			}
			a.tel.Metrics().SetOutbox(n, age)
		}
		a.desk().Watch(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Wait blocks until ctx ends or a part fails, then stops everything.
func (a *App) Wait(ctx context.Context) error {
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-a.fail:
	}
	return errors.Join(a.discreet(cause), a.Stop())
}

// Stop stops everything, newest first.
func (a *App) Stop() error { return a.stops.run() }

// URL is where it listens.
func (a *App) URL() string {
	scheme := "http://"
	if a.set.door.cert != nil {
		scheme = "https://"
	}
	return scheme + a.listener.Addr().String()
}

// Drain does everything that is due, until nothing is: for tests with a clock of
// their own.
func (a *App) Drain(ctx context.Context) error { return a.queue.Drain(ctx) }

// Incidents answers what is open, for the guide of the demo.
func (a *App) Incidents(ctx context.Context) ([]*incident.Incident, error) {
	return a.store.Incidents(ctx, incident.Filter{State: "all", Limit: 20})
}
