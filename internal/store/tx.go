package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"
)

// conn is one connection with its prepared statements.
type conn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt
}

func (c *conn) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.c.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare statement: %w", err)
	}
	c.stmts[query] = s
	return s, nil
}

// exec answers how many rows were changed.
func (c *conn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (c *conn) close() {
	for _, s := range c.stmts {
		_ = s.Close()
	}
	// ErrBadConn makes the pool throw the connection away instead of keeping it.
	_ = c.c.Raw(func(any) error { return driver.ErrBadConn })
	_ = c.c.Close()
}

func (c *conn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (c *conn) scan(ctx context.Context, query string, args []any, into ...any) error {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(into...)
}

// connection is what a transaction talks through.
type connection interface {
	exec(ctx context.Context, query string, args ...any) (int64, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	scan(ctx context.Context, query string, args []any, into ...any) error
}

// tx is what a job sees of the transaction that it runs in.
type tx struct {
	conn  connection
	d     *dialect
	clock func() time.Time // nil: the database's
	now   time.Time
	woke  bool      // rows became due, or the feed has news
	news  []feedRow // written at the end
	broke error     // what the storage did wrong, if it did
}

// tick reads the clock: at the beginning, and again after a lock was waited for,
// so that what comes later is never earlier.
func (t *tx) tick(ctx context.Context) error {
	if t.clock != nil {
		t.now = toMicro(t.clock())
		return nil
	}
	var n int64
	if _, err := t.scan(ctx, t.d.now, nil, &n); err != nil {
		return fmt.Errorf("ask for the time: %w", err)
	}
	t.now = fromMicro(n)
	return nil
}

// lock keeps other transactions from what this name stands for. Locks are taken
// in one order, so that two transactions never wait for each other: the key of a
// source, its service, the row of the incident, the claim, and the target of an
// act.
func (t *tx) lock(ctx context.Context, name string) error {
	if t.d.lock == "" {
		return nil
	}
	if _, err := t.exec(ctx, t.d.lock, name); err != nil {
		return fmt.Errorf("wait for a lock: %w", err)
	}
	return nil
}

func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := t.conn.exec(ctx, query, args...)
	return n, t.noticed(err)
}

func (t *tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := t.conn.query(ctx, query, args...)
	return rows, t.noticed(err)
}

// scan reads one row; found is false when there is none.
func (t *tx) scan(ctx context.Context, query string, args []any, into ...any) (found bool, err error) {
	err = t.conn.scan(ctx, query, args, into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, t.noticed(err)
}

// noticed remembers an error of the storage. Others are the statement's: a unique
// key that is taken is an answer.
func (t *tx) noticed(err error) error {
	if t.broke == nil && (broken(err) || errors.Is(err, context.DeadlineExceeded)) {
		t.broke = err
	}
	return err
}

// readers is the pool that reads. It keeps its statements: the engine takes
// longer to prepare most of our queries than to answer them.
type readers struct {
	*sql.DB
	keep  bool     // the driver does not keep statements by itself
	stmts sync.Map // query to *sql.Stmt; there are a few dozen
}

func (r *readers) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := r.stmts.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := r.DB.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, loaded := r.stmts.LoadOrStore(query, s); loaded {
		_ = s.Close() // somebody else was faster
		return first.(*sql.Stmt), nil
	}
	return s, nil
}

// QueryContext is that of the pool, prepared once.
func (r *readers) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if !r.keep {
		rows, err := r.DB.QueryContext(ctx, query, storable(args)...)
		return rows, unreadable(err)
	}
	s, err := r.stmt(ctx, query)
	if err != nil {
		return nil, unreadable(err)
	}
	rows, err := s.QueryContext(ctx, args...)
	return rows, unreadable(err)
}

// QueryRowContext is that of the pool, prepared once.
func (r *readers) QueryRowContext(ctx context.Context, query string, args ...any) row {
	if !r.keep {
		return row{r.DB.QueryRowContext(ctx, query, storable(args)...)}
	}
	s, err := r.stmt(ctx, query)
	if err != nil {
		return row{r.DB.QueryRowContext(ctx, query, args...)} // whose row carries the error
	}
	return row{s.QueryRowContext(ctx, args...)}
}

// row is one row; an error of the storage is a fault.
type row struct{ *sql.Row }

// Scan is that of the row.
func (r row) Scan(into ...any) error { return unreadable(r.Row.Scan(into...)) }
