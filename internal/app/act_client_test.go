package app

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"testing"
	"time"
)

// client is somebody else's session on the database.
type client struct {
	t    *testing.T
	db   *sql.DB
	conn *sql.Conn
	pid  int
	done chan error // of the statement that start began
}

func (s *actStage) client(role, application string) *client {
	s.t.Helper()
	db, err := sql.Open("pgx", s.dsn(role)+"&application_name="+application)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &client{t: s.t, db: db}
	s.t.Cleanup(func() { s.end(c) })
	if c.conn, err = db.Conn(s.t.Context()); err != nil {
		s.t.Fatalf("connect: %v", err)
	}
	if err := c.conn.QueryRowContext(s.t.Context(), "SELECT pg_backend_pid()").Scan(&c.pid); err != nil {
		s.t.Fatalf("connect: %v", err)
	}
	return c
}

func (c *client) row() string { return strconv.Itoa(c.pid) }

// end ends a session from the server's side, because a statement may still run.
func (s *actStage) end(c *client) {
	s.server.Exec(c.t, "postgres", fmt.Sprintf("SELECT pg_terminate_backend(%d, 10000) FROM pg_stat_activity WHERE pid = %d", c.pid, c.pid))
	if c.done != nil {
		<-c.done
	}
	if c.conn != nil {
		_ = c.conn.Close() // it is gone already
	}
	_ = c.db.Close()
}

func (c *client) exec(statements ...string) {
	c.t.Helper()
	for _, sql := range statements {
		if _, err := c.conn.ExecContext(c.t.Context(), sql); err != nil {
			c.t.Fatalf("run %q: %v", sql, err)
		}
	}
}

// start runs a statement in the background; done gets its error and is closed.
func (c *client) start(sql string) {
	c.done = make(chan error, 1)
	go func() {
		defer close(c.done)
		_, err := c.conn.ExecContext(context.Background(), sql)
		c.done <- err
	}()
}

// wait gives the statement's error.
func (c *client) wait() error {
	c.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	select {
	case err := <-c.done:
		return err
	case <-deadline.C:
		c.t.Fatalf("the statement of pid %d did not end", c.pid)
		return nil
	}
}

// query asks the server as its owner.
func (s *actStage) query(sql string, args ...any) string {
	s.t.Helper()
	var text string
	if err := s.super.QueryRowContext(s.t.Context(), sql, args...).Scan(&text); err != nil {
		s.t.Fatalf("ask %q: %v", sql, err)
	}
	return text
}

func (s *actStage) wantSession(c *client, want string) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("pid %d is %s", c.pid, want), func() bool {
		return s.query("SELECT coalesce((SELECT state FROM pg_stat_activity WHERE pid = $1), 'gone')", c.pid) == want
	})
}

// sleeper is a session that runs a long query, older than the second that the
// playbooks of these tests ask for.
func (s *actStage) sleeper(role, application string) *client {
	s.t.Helper()
	c := s.client(role, application)
	c.start("SELECT pg_sleep(600)")
	s.old(c)
	return c
}

func (s *actStage) old(clients ...*client) {
	s.t.Helper()
	for _, c := range clients {
		s.eventually(fmt.Sprintf("pid %d runs for a while", c.pid), func() bool {
			return s.query(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state <> 'idle' AND clock_timestamp() - coalesce(xact_start, query_start) > '1.05 s'
				AND query !~ 'pg_stat_activity')::text`, c.pid) == "true"
		})
	}
}

// pileUp is a session that holds a row in an open transaction, and n that wait
// for it.
func (s *actStage) pileUp(n int) (root *client, waiters []*client) {
	s.t.Helper()
	root = s.client("app", "api")
	root.exec("CREATE TABLE orders (id int PRIMARY KEY, state text)", "INSERT INTO orders VALUES (1, 'new')",
		"GRANT ALL ON orders TO "+s.roles["batch"], "BEGIN", "UPDATE orders SET state = 'paid' WHERE id = 1")
	for i := range n {
		w := s.client("batch", fmt.Sprint("worker-", i))
		w.start("UPDATE orders SET state = 'sent' WHERE id = 1")
		s.eventually("a session waits", func() bool {
			return s.query("SELECT coalesce((SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1), '')", w.pid) == "Lock"
		})
		waiters = append(waiters, w)
	}
	s.old(root)
	return root, waiters
}
