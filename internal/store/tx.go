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

// tx is what a job sees of the transaction that it runs in.
type tx struct {
	conn *conn
	now  time.Time
	woke bool // rows became due, or the feed has news
}

func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return t.conn.exec(ctx, query, args...)
}

// scan reads one row; found is false when there is none.
func (t *tx) scan(ctx context.Context, query string, args []any, into ...any) (found bool, err error) {
	s, err := t.conn.stmt(ctx, query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// readers is the pool that reads. It keeps its statements: the engine takes
// longer to prepare most of our queries than to answer them.
type readers struct {
	*sql.DB
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
	s, err := r.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext is that of the pool, prepared once.
func (r *readers) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := r.stmt(ctx, query)
	if err != nil {
		return r.DB.QueryRowContext(ctx, query, args...) // whose row carries the error
	}
	return s.QueryRowContext(ctx, args...)
}
