package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	applicationName = "mayday"

	// poolSize keeps Mayday a small guest on a server that may be short of
	// connections just now; actsAtOnce is the same for connections that signal.
	poolSize   = 3
	actsAtOnce = 2

	connectTimeout   = 5 * time.Second
	statementTimeout = "5000" // milliseconds, as Postgres takes them
	lockTimeout      = "2000"
	idleTimeout      = 2 * time.Minute
)

// connection is one configured database. It talks to it when it is first asked.
type connection struct {
	name string
	settings
	acts chan struct{}

	mu     sync.Mutex
	pool   *pgxpool.Pool
	closed bool
}

func newConnection(name string, s settings) *connection {
	return &connection{name: name, settings: s, acts: make(chan struct{}, actsAtOnce)}
}

// config reads the address anew each time, so that a rotated secret is taken
// without a restart.
func (c *connection) config() (*pgxpool.Config, error) {
	dsn, err := c.DSN.Reveal()
	if err != nil {
		return nil, &setupError{fmt.Sprintf("its address cannot be read from %s", c.DSN.Ref())}
	}
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil { // the driver's words repeat the address
		return nil, &setupError{fmt.Sprintf("what %s holds is no Postgres address", c.DSN.Ref())}
	}
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	params := cfg.ConnConfig.RuntimeParams
	params["application_name"] = applicationName
	params["statement_timeout"] = statementTimeout
	params["lock_timeout"] = lockTimeout
	// Nobody who may create objects there can slip another pg_stat_activity in.
	params["search_path"] = "pg_catalog"
	return cfg, nil
}

// read runs f on a pooled connection that cannot write.
func (c *connection) read(ctx context.Context, f func(querier) error) error {
	pool, err := c.opened()
	if err != nil {
		return err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return f(conn)
}

func (c *connection) opened() (*pgxpool.Pool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, &setupError{"it was closed"}
	}
	if c.pool != nil {
		return c.pool, nil
	}
	cfg, err := c.config()
	if err != nil {
		return nil, err
	}
	cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns, cfg.MaxConnIdleTime = poolSize, 0, 0, idleTimeout
	cfg.BeforeConnect = func(_ context.Context, conn *pgx.ConnConfig) error {
		fresh, err := c.config()
		if err != nil {
			return err
		}
		fresh.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
		*conn = *fresh.ConnConfig
		return nil
	}
	// The pool outlives the call that first asks, and makes no connection yet.
	if c.pool, err = pgxpool.NewWithConfig(context.Background(), cfg); err != nil {
		return nil, fmt.Errorf("make pool: %w", err)
	}
	return c.pool, nil
}

// dedicated makes a connection for one act. An act does not borrow from the
// pool: a pooled connection may have died unnoticed, and then nobody could tell
// whether the signal left.
func (c *connection) dedicated(ctx context.Context) (conn *pgx.Conn, release func(), err error) {
	cfg, err := c.config()
	if err != nil {
		return nil, nil, err
	}
	select {
	case c.acts <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if conn, err = pgx.ConnectConfig(ctx, cfg.ConnConfig); err != nil {
		<-c.acts
		return nil, nil, err
	}
	return conn, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // it is not used again, whatever it says
		<-c.acts
	}, nil
}

func (c *connection) close() {
	c.mu.Lock()
	pool := c.pool
	c.pool, c.closed = nil, true
	c.mu.Unlock()
	if pool != nil {
		pool.Close()
	}
}

// querier is what reading needs: a pooled connection or a dedicated one.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}
