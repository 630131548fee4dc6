package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Bounds of one write on Postgres, what it waits for included. A door answers
// within five seconds (P1); the loop has less than a lease lasts, so that a claim
// that is answered can still be used.
const (
	urgentWrite = 4 * time.Second
	calmWrite   = 12 * time.Second
	collisions  = 5 // how often a write that was in another's way is run again
)

// transactor runs each job in a transaction of its own, several at once. The
// server shares an fsync between them, and its locks are the coordination between
// processes.
type transactor struct {
	db     *sql.DB
	d      *dialect
	clock  func() time.Time // nil: the database's
	signal func()
	log    *slog.Logger
	calm   chan struct{}

	bodies chan *delivery
	lanes  sync.WaitGroup
	quit   chan struct{}

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	failing atomic.Bool
}

func newTransactor(db *sql.DB, d *dialect, clock func() time.Time, signal func(), log *slog.Logger) *transactor {
	return &transactor{db: db, d: d, clock: clock, signal: signal, log: log, calm: make(chan struct{}, calmConns),
		bodies: make(chan *delivery), quit: make(chan struct{})}
}

func (p *transactor) start() {
	for range receiveLanes {
		p.lanes.Go(p.receiveLane)
	}
}

// close waits for the writes that are under way.
func (p *transactor) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.running.Wait()
	close(p.quit)
	p.lanes.Wait()
	return p.db.Close()
}

// enter takes a write in, unless the store is closing.
func (p *transactor) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errStopping()
	}
	p.running.Add(1)
	return nil
}

// do runs a job and reports its outcome, also when ctx ends meanwhile: what was
// begun is either done or not, and the caller is told.
func (p *transactor) do(ctx context.Context, urgent bool, run func(ctx context.Context, t *tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write to store: %w", err)
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.running.Done()
	limit := urgentWrite
	if !urgent {
		limit = calmWrite
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if !urgent {
		if err := p.takeLane(ctx, work); err != nil {
			return fmt.Errorf("write to store: %w", err)
		}
		defer p.leaveLane()
	}
	var err error
	for range collisions {
		if err = p.once(work, run); !collided(err) {
			break
		}
	}
	return err
}

// takeLane waits for one of the lanes of the loop, until the caller gives up or
// the time of the work is over: the lanes may all be held by writes to a server
// that does not answer.
func (p *transactor) takeLane(ctx, work context.Context) error {
	select {
	case p.calm <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-work.Done():
		return unavailable(fmt.Errorf("wait for a lane: %w", work.Err()))
	}
}

func (p *transactor) leaveLane() { <-p.calm }

// claim takes due rows, in one round trip.
func (p *transactor) claim(ctx context.Context, kinds []string, limit int, lease time.Duration) ([]incident.Claim, error) {
	if limit <= 0 || len(kinds) == 0 {
		return nil, nil
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.running.Done()
	// What was claimed has to be heard of, also while this process stops.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), calmWrite)
	defer cancel()
	if err := p.takeLane(ctx, work); err != nil {
		return nil, fmt.Errorf("claim due rows: %w", err)
	}
	defer p.leaveLane()
	var now any
	if p.clock != nil {
		now = micro(p.clock())
	}
	args := []any{now, lease.Microseconds(), limit}
	for _, k := range kinds {
		args = append(args, k)
	}
	claims, err := p.claimed(work, p.d.claim(len(kinds)), args)
	if err != nil {
		return nil, p.report(ctx, unavailable(fmt.Errorf("claim due rows: %w", err)))
	}
	_ = p.report(ctx, nil)
	return claims, nil
}

func (p *transactor) claimed(ctx context.Context, query string, args []any) ([]incident.Claim, error) {
	rows, err := p.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return scanClaims(rows)
}

// once is one try. Errors of the storage are faults, others are the job's own.
func (p *transactor) once(ctx context.Context, run func(ctx context.Context, t *tx) error) error {
	sqlTx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return p.report(ctx, unavailable(fmt.Errorf("begin transaction: %w", err)))
	}
	t := &tx{conn: sqlConn{sqlTx}, d: p.d, clock: p.clock}
	err = t.tick(ctx)
	if err == nil {
		err = p.guarded(ctx, t, run)
	}
	if err == nil {
		err = t.flush(ctx)
	}
	if err != nil {
		_ = sqlTx.Rollback() // the server does so anyway when the connection is gone
		if t.broke != nil {
			return p.report(ctx, unavailable(fmt.Errorf("%w (%w)", err, t.broke)))
		}
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return p.report(ctx, unsure(fmt.Errorf("commit: %w", err)))
	}
	_ = p.report(ctx, nil)
	if t.woke {
		p.signal()
	}
	return nil
}

// guarded turns a panic of a decision into an error of its job alone.
func (p *transactor) guarded(ctx context.Context, t *tx, run func(ctx context.Context, t *tx) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			p.log.ErrorContext(ctx, "decision panicked", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("run job: panic: %v", r)
		}
	}()
	return run(ctx, t)
}

// report logs when storage fails and when it is back, not every write between.
func (p *transactor) report(ctx context.Context, err error) error {
	if failing := err != nil && !collided(err); p.failing.Swap(failing) != failing {
		if failing {
			p.log.ErrorContext(ctx, "storage cannot be written", "err", errors.Unwrap(err))
			return err
		}
		p.log.InfoContext(ctx, "storage can be written again")
	}
	return err
}

func errStopping() error {
	return fault.New(fault.Unavailable, "E26", "Mayday is stopping.", "Try again in a minute.")
}

// sqlConn is a transaction of database/sql as a job sees it. The driver keeps
// statements by itself.
type sqlConn struct{ *sql.Tx }

func (c sqlConn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := c.ExecContext(ctx, query, storable(args)...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (c sqlConn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return c.QueryContext(ctx, query, storable(args)...)
}

func (c sqlConn) scan(ctx context.Context, query string, args []any, into ...any) error {
	return c.QueryRowContext(ctx, query, storable(args)...).Scan(into...)
}
