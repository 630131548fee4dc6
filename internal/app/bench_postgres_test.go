package app

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"mayday/internal/config"
	"mayday/internal/postgrestest"
)

// engine is what a rig keeps its data in.
type engine struct {
	name   string
	server *postgrestest.Server // nil: SQLite
}

// engines are both, the server as it is run where data counts.
func engines(b *testing.B) []engine {
	b.Helper()
	return []engine{{name: "SQLite"}, {name: "Postgres", server: startServer(b)}}
}

func startServer(b *testing.B) *postgrestest.Server {
	b.Helper()
	return postgrestest.Start(b, "fsync=on", "synchronous_commit=on", "full_page_writes=on", "autovacuum=on", "shared_buffers=128MB", "max_connections=200")
}

// newRigOn is newRig on either engine. Now is the store's clock, if it is set. The
// second answer opens the rig's own database, with no Mayday around it.
func newRigOn(b *testing.B, e engine, manual bool, now func() time.Time) (*rig, func() *sql.DB) {
	b.Helper()
	b.Setenv("BENCH_SECRET", benchSecret)
	b.Setenv("BENCH_TOKEN", benchToken)
	r := &rig{b: b, dir: b.TempDir(), mail: newLetter(b)}
	text := fmt.Appendf(nil, benchConfig, r.mail.service)
	open := func() *sql.DB { return openBare(b, filepath.Join(r.dir, databaseName)) }
	if e.server != nil {
		address := e.server.SuperuserDSN(e.server.Database(b))
		b.Setenv("BENCH_STORE", address)
		text = append(text, "store: {postgres: env:BENCH_STORE}\n"...)
		open = func() *sql.DB { return e.server.Open(b, address) }
	}
	f, err := config.Parse("bench.yaml", text)
	if err != nil {
		b.Fatal(err)
	}
	o := Options{File: f, Listen: "127.0.0.1:0", Data: r.dir, Log: io.Discard, Manual: manual, Clock: now}
	if r.app, err = New(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	if err := r.app.Start(context.WithoutCancel(b.Context())); err != nil {
		b.Fatal(err)
	}
	return r, open
}

// acknowledgeOnPostgres is acknowledge there. The reference has as many
// connections as there are senders, so the server shares its syncs between them
// as well.
func (g *goals) acknowledgeOnPostgres(b *testing.B) {
	const span = 2 * time.Second
	e := engine{name: "Postgres", server: startServer(b)}
	idle, open := newRigOn(b, e, true, nil)
	body := bytes.Clone(idle.mail.wire[idle.mail.bodyAt:])
	idle.stop()
	bare := open()
	var next atomic.Int64
	for _, conns := range []int{1, 8, 32} {
		bare.SetMaxOpenConns(conns)
		bare.SetMaxIdleConns(conns)
		single, _ := bareInserts(b, bare, &next, body, conns, span/2)
		working := acksOn(b, e, false, conns, span)
		alone := acksOn(b, e, true, conns, span)
		more, _ := bareInserts(b, bare, &next, body, conns, span/2)
		single = (single + more) / 2
		want := ""
		if conns == 32 {
			want = "0.60"
		}
		at := fmt.Sprintf("Postgres: acknowledgements, %d connections", conns)
		g.add(at+", incidents opened meanwhile", perSecond(working), fmt.Sprintf("bare insert and commit on %d connections %s", conns, perSecond(single)), working/single, "")
		g.add(at+", loop off", perSecond(alone), "the same", alone/single, want)
		b.ReportMetric(alone, fmt.Sprintf("acks/s-%d", conns))
		b.ReportMetric(alone/single, fmt.Sprintf("ratio-%d", conns))
	}
}

func acksOn(b *testing.B, e engine, manual bool, conns int, span time.Duration) float64 {
	b.Helper()
	r, _ := newRigOn(b, e, manual, nil)
	defer r.stop()
	var next atomic.Int64
	u := burst{address: r.app.listener.Addr().String(), mail: r.mail, next: &next, conns: conns, span: span / 10}
	if _, _, err := u.run(); err != nil {
		b.Fatal(err)
	}
	u.span = span
	n, took, err := u.run()
	if err != nil {
		b.Fatal(err)
	}
	return float64(n) / took.Seconds()
}

// openOnPostgres measures incidents per second there, until they are open and
// until their messages stand.
func (g *goals) openOnPostgres(b *testing.B) {
	const count = 1000
	e := engine{name: "Postgres", server: startServer(b)}
	r, open := newRigOn(b, e, false, nil)
	var next atomic.Int64
	u := burst{address: r.app.listener.Addr().String(), mail: r.mail, next: &next, conns: 32, most: count}
	began := time.Now()
	if _, _, err := u.run(); err != nil {
		b.Fatal(err)
	}
	r.opened(count)
	opened := count / time.Since(began).Seconds()
	r.told(50 * time.Millisecond)
	told := 2 * count / time.Since(began).Seconds()
	body := bytes.Clone(r.mail.wire[r.mail.bodyAt:])
	r.stop()
	bare := open()
	bare.SetMaxOpenConns(1)
	single, each := bareInserts(b, bare, &next, body, 1, time.Second)
	p50, _ := spread(each)
	reference := fmt.Sprintf("bare insert and commit, 1 connection %s, p50 %s", perSecond(single), millis(p50))
	g.add("Postgres: incidents opened, from 32 connections", perSecond(opened), reference, opened/single, "")
	g.add("Postgres: messages posted meanwhile", perSecond(told), "the same", told/single, "")
}
