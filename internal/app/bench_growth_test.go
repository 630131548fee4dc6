package app

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayday/internal/incident"
)

// growth measures what a command costs when 1,000 and when 100,000 incidents are
// stored. The one with few is the reference; rounds alternate, so that a machine
// that is busy for a while is so for both.
func (g *goals) growth(b *testing.B) {
	const rounds = 150
	for _, e := range engines(b) {
		few, many := newAged(b, e, 1_000), newAged(b, e, 100_000)
		for n := range int64(rounds) {
			few.round(n)
			many.round(n)
		}
		for n, what := range costly {
			less, _ := spread(few.took[n])
			more, _ := spread(many.took[n])
			ratio := float64(more) / float64(less)
			g.add(e.name+": "+what+" at 100,000 incidents, p50", millis(more), "at 1,000 "+millis(less), ratio, "1.30")
			b.ReportMetric(ratio, "ratio-"+e.name+"-"+strings.ReplaceAll(what, " ", "-"))
		}
		few.stop()
		many.stop()
	}
}

// costly is what is measured, in this order.
var costly = []string{"note", "list of open incidents", "list of all incidents", "timeline and messages", "webhook to opened incident"}

// aged is a rig with so many incidents stored, and how long things took there.
type aged struct {
	*rig
	stored int64
	sender *sender
	took   [5][]time.Duration
}

func newAged(b *testing.B, e engine, stored int64) *aged {
	b.Helper()
	r, open := newRigOn(b, e, false, nil)
	s, err := dial(r.app.listener.Addr().String(), r.mail)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.conn.Close() })
	a := &aged{rig: r, stored: stored, sender: s}
	a.deliver(1)
	r.opened(1)
	r.post("/api/v1/commands", `{"text":"own","incident":"INC-1"}`)
	r.post("/api/v1/commands", `{"text":"note the queue is at 4000","incident":"INC-1"}`)
	r.post("/api/v1/commands", `{"text":"resolve not an incident","incident":"INC-1"}`)
	r.told(2 * time.Millisecond)
	multiply(b, open(), stored)
	a.deliver(2)
	r.opened(stored + 1)
	r.told(2 * time.Millisecond)
	return a
}

func (a *aged) deliver(n int64) {
	a.b.Helper()
	if err := a.sender.send(n); err != nil {
		a.b.Fatal(err)
	}
}

// round does each thing once, and a webhook every tenth time.
func (a *aged) round(n int64) {
	a.b.Helper()
	add := func(what int, took time.Duration) { a.took[what] = append(a.took[what], took) }
	add(0, a.post("/api/v1/commands", `{"text":"note the queue is at 4000","incident":"`+incident.FormatID(a.stored+1)+`"}`))
	add(1, a.get("/api/v1/incidents"))
	add(2, a.get("/api/v1/incidents?state=all&limit=50"))
	add(3, a.get("/api/v1/incidents/INC-1/timeline?after=0")+a.get("/api/v1/incidents/INC-1/messages"))
	if n%10 != 0 {
		return
	}
	began := time.Now()
	a.deliver(100 + n)
	a.opened(a.stored + 2 + n/10)
	add(4, time.Since(began))
}

// get reads from the API, which must answer 200.
func (r *rig) get(path string) time.Duration {
	r.b.Helper()
	req, err := http.NewRequestWithContext(r.b.Context(), http.MethodGet, r.app.URL()+path, nil)
	if err != nil {
		r.b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+benchToken)
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var sink strings.Builder
	if err := resp.Write(&sink); err != nil || resp.StatusCode != http.StatusOK {
		r.b.Fatalf("%s answered %d, %v", path, resp.StatusCode, err)
	}
	return time.Since(began)
}

// copies are how the rows of the first incident become those of incident n. Its
// seals are not those of its copies; nothing that is measured looks at them.
var copies = []struct{ table, columns, values string }{
	{"incident", "number, snapshot, title, service, severity, state, owner, opened_at, declared_at, resolved_at, seq",
		`k.n, replace(t.snapshot, '"number":1,', '"number":' || k.n || ','), t.title, t.service, t.severity, t.state, t.owner, t.opened_at, t.declared_at, t.resolved_at, t.seq`},
	{"source", "kind, key, incident", "t.kind, t.key || '-' || k.n, k.n"},
	{"entry", "incident, seq, at, kind, actor, via, text, step, refs, quiet, body, prev_hmac, hmac",
		"k.n, t.seq, t.at, t.kind, t.actor, t.via, t.text, t.step, t.refs, t.quiet, t.body, t.prev_hmac, t.hmac"},
	{"inbox", "source, event_id, at, state, reason, incident, body", "t.source, t.event_id || '-' || k.n, t.at, t.state, t.reason, k.n, t.body"},
	{"outbox", "platform, key, lane, room, thread, kind, about, priority, incident, state, wanted, wanted_at, del, rendered, rend_rev, sent_rev, ref, tries, plain, reason, sent_at, edited_at, tried_at",
		`t.platform, t.key || '-' || k.n, t.lane || '-' || k.n, t.room, t.thread, t.kind, t.about, t.priority, k.n, t.state, t.wanted, t.wanted_at, t.del, t.rendered, t.rend_rev, t.sent_rev, t.ref || '-' || k.n,
		t.tries, t.plain, t.reason, t.sent_at, t.edited_at, t.tried_at`},
	{"button", "id, incident, message, verb, step, arg, person, at", "t.id || '-' || k.n, k.n, t.message, t.verb, t.step, t.arg, t.person, t.at"},
}

// multiply makes the first incident many.
func multiply(b *testing.B, db *sql.DB, stored int64) {
	b.Helper()
	for _, c := range copies {
		by := "incident"
		if c.table == "incident" {
			by = "number"
		}
		statement := fmt.Sprintf(`INSERT INTO %s (%s) WITH RECURSIVE k(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM k WHERE n < %d)
			SELECT %s FROM k CROSS JOIN %s t WHERE t.%s = 1`, c.table, c.columns, stored, c.values, c.table, by)
		if _, err := db.Exec(statement); err != nil {
			b.Fatalf("%s: %v", c.table, err)
		}
	}
	if _, err := db.Exec(fmt.Sprintf(`UPDATE counter SET value = %d WHERE name = 'incident'`, stored)); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(`ANALYZE`); err != nil {
		b.Fatal(err)
	}
}

// nudges measures how late calls come while 10,000 incidents are open: from the
// moment at which each is due to the entry that says that it was made. Fifty are
// due in every second.
func (g *goals) nudges(b *testing.B) {
	for _, e := range engines(b) {
		all := lateness(b, e)
		p50, p99 := spread(all)
		reference := "a bare commit on SQLite, p50 " + millis(g.sync)
		ratio := 0.0
		if g.sync > 0 {
			ratio = float64(p99) / float64(g.sync)
		}
		g.add(fmt.Sprintf("%s: lateness of %d nudges with 10,000 open, p50", e.name, len(all)), millis(p50), "", 0, "")
		g.add(fmt.Sprintf("%s: lateness of %d nudges with 10,000 open, p99", e.name, len(all)), millis(p99), reference, ratio, "1 s")
		b.ReportMetric(float64(p99)/1e6, "ms-p99-late-"+e.name)
	}
}

// virtual is a clock that stands, and later goes on from a moment that is set.
type virtual struct{ micro, offset atomic.Int64 }

func (v *virtual) now() time.Time {
	if fixed := v.micro.Load(); fixed != 0 {
		return time.UnixMicro(fixed).UTC()
	}
	return time.Now().Add(time.Duration(v.offset.Load())).UTC()
}

func lateness(b *testing.B, e engine) (late []time.Duration) {
	b.Helper()
	const (
		open  = 10_000
		every = 20 * time.Millisecond
		span  = 15 * time.Second
	)
	first := time.Now().Add(-time.Hour).Truncate(time.Second)
	clock := &virtual{}
	clock.micro.Store(first.UnixMicro())
	r, db := newRigOn(b, e, true, clock.now)
	defer r.stop()
	openMany(b, r, clock, first, open, every)
	quiet(b, db())
	policy := incident.DefaultPolicy()
	clock.offset.Store(int64(time.Until(first.Add(policy.Unowned1 - time.Second))))
	clock.micro.Store(0)
	ctx, stop := context.WithTimeout(b.Context(), span)
	defer stop()
	if err := r.app.queue.Run(ctx); err != nil {
		b.Fatal(err)
	}
	end := first.Add(policy.Unowned1 + span - 3*time.Second)
	for number := int64(1); number <= open; number++ {
		i, err := r.app.store.Incident(context.WithoutCancel(b.Context()), number)
		if err != nil {
			b.Fatal(err)
		}
		due := i.DeclaredAt.Add(policy.Unowned1)
		switch {
		case due.After(end):
		case len(i.Nudges) == 0:
			b.Errorf("%s was due %s ago and was not called for", i.ID(), clock.now().Sub(due))
		default:
			late = append(late, i.Nudges[0].At.Sub(due))
		}
	}
	return late
}

// openMany opens incidents that nobody owns, one after the other on the clock.
func openMany(b *testing.B, r *rig, clock *virtual, first time.Time, count int, every time.Duration) {
	b.Helper()
	work := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range work {
				title := fmt.Sprintf("checkout %d", n)
				_, err := r.app.store.Do(b.Context(), incident.Target{}, func(incident.View) (incident.Change, error) {
					return incident.Change{Entries: []incident.Entry{
						incident.NewEntry("", "Alert", &incident.Opened{Title: title, Service: "checkout", Severity: incident.SEV2, Policy: incident.DefaultPolicy()}),
						incident.NewEntry("", "Declared", &incident.Declared{Why: "urgency high"}),
					}}, nil
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for n := range count {
		clock.micro.Store(first.Add(time.Duration(n) * every).UnixMicro())
		work <- n
	}
	close(work)
	wg.Wait()
}

// quiet says that the messages of the openings stand.
func quiet(b *testing.B, db *sql.DB) {
	b.Helper()
	for _, statement := range []string{
		`DELETE FROM wake WHERE kind = 'out'`,
		`UPDATE outbox SET state = 'sent', sent_rev = wanted, rend_rev = wanted, ref = 'r' || id, sent_at = wanted_at`,
		`ANALYZE`,
	} {
		if _, err := db.Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
}
