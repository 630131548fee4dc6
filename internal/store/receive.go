package store

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// On Postgres deliveries that come in together are stored by one statement, in one
// round trip and with one sync. That is what makes an acknowledgement cheap; each
// one still waits for its own commit.

const (
	// receiveLanes store at the same time: while one waits for a sync, the next one
	// gathers.
	receiveLanes = 8
	receiveMost  = 128 // deliveries of one statement
)

// delivery is a body that waits to be stored.
type delivery struct {
	source, id string
	body       []byte
	until      time.Time // when its sender is answered, whatever has become of it
	fresh      bool
	done       chan error
}

// receive stores a body and its wake-up.
func (p *transactor) receive(ctx context.Context, source, eventID string, body []byte) (fresh bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("store body: %w", err)
	}
	if err := p.enter(); err != nil {
		return false, err
	}
	defer p.running.Done()
	d := &delivery{source: plain(source), id: plain(eventID), body: body, done: make(chan error, 1)}
	d.until, _ = ctx.Deadline()
	select {
	case p.bodies <- d:
	case <-ctx.Done():
		return false, fmt.Errorf("store body: %w", ctx.Err())
	}
	if err := outcome(ctx, d.done); err != nil {
		return false, err
	}
	return d.fresh, nil
}

// receiveLane stores what waits, until the store closes.
func (p *transactor) receiveLane() {
	for {
		select {
		case <-p.quit:
			return
		case d := <-p.bodies:
			p.storeAll(p.gather(d))
		}
	}
}

// gather takes what else waits. All transactions store in one order, so that two
// with the same ids do not wait for each other.
func (p *transactor) gather(first *delivery) []*delivery {
	all := []*delivery{first}
	for idle := 0; len(all) < receiveMost && idle < 2; {
		select {
		case d := <-p.bodies:
			all, idle = append(all, d), 0
		default:
			// Callers who were just answered may be about to come again.
			runtime.Gosched()
			idle++
		}
	}
	slices.SortStableFunc(all, func(a, b *delivery) int { return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.id, b.id)) })
	return all
}

// storeAll answers every delivery. A statement that is refused for what one of
// them holds is run for each alone. It has as long as somebody waits for it, the
// time before it was taken counted in.
func (p *transactor) storeAll(all []*delivery) {
	last := slices.MaxFunc(all, func(a, b *delivery) int { return a.until.Compare(b.until) })
	ctx, cancel := context.WithDeadline(context.Background(), last.until)
	defer cancel()
	err := p.store(ctx, all)
	if err != nil && len(all) > 1 && (collided(err) || !broken(err) && ctx.Err() == nil) {
		for _, d := range all {
			p.storeAll([]*delivery{d})
		}
		return
	}
	if err != nil {
		err = p.report(ctx, unavailable(fmt.Errorf("store body: %w", err)))
	} else {
		_ = p.report(ctx, nil)
		p.signal()
	}
	for _, d := range all {
		d.done <- err
	}
}

func (p *transactor) store(ctx context.Context, all []*delivery) error {
	var sources, ids []string
	var bodies [][]byte
	for _, d := range all {
		sources, ids, bodies = append(sources, d.source), append(ids, d.id), append(bodies, d.body)
	}
	var now any
	if p.clock != nil {
		now = micro(p.clock())
	}
	rows, err := p.db.QueryContext(ctx, p.d.receive, sources, ids, bodies, now)
	if err != nil {
		return err
	}
	defer rows.Close()
	fresh := map[[2]string]bool{}
	for rows.Next() {
		var key [2]string
		if err := rows.Scan(&key[0], &key[1]); err != nil {
			return err
		}
		fresh[key] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, d := range all { // of two with one id the first is fresh
		key := [2]string{d.source, d.id}
		d.fresh, fresh[key] = fresh[key], false
	}
	return nil
}
