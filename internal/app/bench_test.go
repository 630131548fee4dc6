package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"mayday/internal/config"
)

// BenchmarkGoals measures what the issue sets goals for and prints one table.
// Every figure stands beside its reference, which was measured in the same run
// on the same file system: a number alone says more about the machine than about
// Mayday. Each part runs once, for as long as it needs to settle.
func BenchmarkGoals(b *testing.B) {
	t := &goals{}
	b.Run("acknowledge", t.acknowledge)
	b.Run("open", t.open)
	b.Run("card", t.card)
	b.Run("press", t.press)
	b.Run("chat", t.chats)
	b.Run("process", t.process)
	b.Run("acknowledge on Postgres", t.acknowledgeOnPostgres)
	b.Run("open on Postgres", t.openOnPostgres)
	b.Run("growth", t.growth)
	b.Run("nudges", t.nudges)
	t.print(os.Stdout)
}

// goals collects the rows of the table.
type goals struct {
	rows []goal
	sync time.Duration // one commit of the bare database, p50
}

// goal is one row.
type goal struct {
	what, got, reference, ratio, want string
}

// add adds a row, or replaces what an earlier run of the same part found.
func (g *goals) add(what, got, reference string, ratio float64, want string) {
	r := "-"
	if ratio > 0 {
		r = fmt.Sprintf("%.2f", ratio)
	}
	row := goal{what, got, reference, r, want}
	at := slices.IndexFunc(g.rows, func(r goal) bool { return r.what == what && r.reference == reference })
	if at < 0 {
		g.rows = append(g.rows, row)
		return
	}
	g.rows[at] = row // a short part was run once more
}

func (g *goals) print(w io.Writer) {
	var out bytes.Buffer
	t := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nfigure\tmeasured\treference in the same run\tratio\tgoal")
	for _, r := range g.rows {
		fmt.Fprintln(t, r.what+"\t"+r.got+"\t"+r.reference+"\t"+r.ratio+"\t"+r.want)
	}
	_ = t.Flush() // a buffer takes everything
	fmt.Fprintln(w, out.String())
}

func perSecond(n float64) string { return fmt.Sprintf("%.0f/s", n) }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

// spread sorts durations in place and answers the middle and the 99th of 100.
func spread(all []time.Duration) (p50, p99 time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100]
}

const (
	benchSecret = "bench-secret-0123456789"
	benchToken  = "bench-token-0123456789"
)

// benchConfig opens one incident for each key, so that every delivery is as much
// work as there can be. %s is the id of the service.
const benchConfig = `
pagerduty: {webhook_secret: env:BENCH_SECRET}
people: {responder: [web:ana]}
web: {listen: "127.0.0.1:0", tokens: [{name: ana, role: responder, token: env:BENCH_TOKEN}]}
services:
  checkout: {pagerduty: %s, group: key}
log: {level: warn}
`

// rig is a Mayday in this process, reached over HTTP like any other.
type rig struct {
	b    *testing.B
	app  *App
	dir  string
	mail *letter
}

func newRig(b *testing.B, manual bool) *rig {
	b.Helper()
	b.Setenv("BENCH_SECRET", benchSecret)
	b.Setenv("BENCH_TOKEN", benchToken)
	mail := newLetter(b)
	f, err := config.Parse("bench.yaml", fmt.Appendf(nil, benchConfig, mail.service))
	if err != nil {
		b.Fatal(err)
	}
	r := &rig{b: b, dir: b.TempDir(), mail: mail}
	r.app, err = New(b.Context(), Options{File: f, Listen: "127.0.0.1:0", Data: r.dir, Log: io.Discard, Manual: manual})
	if err != nil {
		b.Fatal(err)
	}
	if err := r.app.Start(context.WithoutCancel(b.Context())); err != nil {
		b.Fatal(err)
	}
	return r
}

func (r *rig) stop() {
	r.b.Helper()
	if err := r.app.Stop(); err != nil {
		r.b.Error(err)
	}
}

// opened waits until an incident of this number is there.
func (r *rig) opened(number int64) {
	r.b.Helper()
	r.until(2*time.Millisecond, func() bool {
		_, err := r.app.store.Incident(r.b.Context(), number)
		return err == nil
	})
}

// told waits until nothing waits in the outbox. Looking costs as much as there
// is to see, so a long outbox is looked at less often.
func (r *rig) told(pause time.Duration) {
	r.b.Helper()
	r.until(pause, func() bool {
		n, _, err := r.app.store.Depth(r.b.Context())
		return err == nil && n == 0
	})
}

func (r *rig) until(pause time.Duration, done func() bool) {
	r.b.Helper()
	tick, limit := time.NewTicker(pause), time.NewTimer(time.Minute)
	defer tick.Stop()
	defer limit.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit.C:
			r.b.Fatal("it did not happen within a minute")
		}
	}
}
