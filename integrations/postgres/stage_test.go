package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Run(m, nil)) }

// The ways in which Mayday may get its rights.
const (
	byFunctions = "functions"
	byGrants    = "grants"
	lookOnly    = "look only"
	blind       = "no rights at all"
)

// readmeSQL is a block of the README, so that what people copy is what is tested:
// 0 is the first way of rights, 1 the second.
func readmeSQL(t *testing.T, block int) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```sql\n")
	if len(parts) != 3 {
		t.Fatalf("the README has %d blocks of SQL, want 2", len(parts)-1)
	}
	sql, _, _ := strings.Cut(parts[block+1], "```")
	return sql
}

// stage is a real server with a database, two ordinary roles and Mayday's own.
type stage struct {
	t         *testing.T
	server    *postgrestest.Server
	db        string
	passwords map[string]string
	parts     integrations.Parts
	log       *bytes.Buffer
}

func newStage(t *testing.T, rights string) *stage {
	t.Helper()
	s := &stage{t: t, server: postgrestest.Shared(t), passwords: map[string]string{}, log: &bytes.Buffer{}}
	s.db = s.server.Database(t)
	for _, role := range []string{"app", "batch"} {
		s.passwords[role] = s.server.CreateRole(t, role)
		s.server.Exec(t, s.db, "GRANT CREATE, USAGE ON SCHEMA public TO "+role)
	}
	s.passwords["mayday_ops"] = s.server.CreateRole(t, "mayday_ops")
	extra := ""
	switch rights {
	case byFunctions:
		s.server.Exec(t, s.db, readmeSQL(t, 0))
		extra = ", kill: ops.kill, cancel: ops.cancel"
	case byGrants:
		s.server.Exec(t, s.db, readmeSQL(t, 1))
	case lookOnly:
		s.server.Exec(t, s.db, "GRANT pg_read_all_stats TO mayday_ops")
	}
	s.open(s.server.DSN(s.db, "mayday_ops", s.passwords["mayday_ops"]), extra)
	return s
}

// open makes the integration from a config file, as the program does.
func (s *stage) open(dsn, extra string) {
	s.t.Helper()
	s.t.Setenv("SHOP_DSN", dsn)
	parts, err := newFrom(fmt.Sprintf("connect: {postgres: {shop: {dsn: env:SHOP_DSN%s}}}", extra), s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(parts.Close)
	s.parts = parts
}

func newFrom(yaml string, log *bytes.Buffer) (integrations.Parts, error) {
	file, err := config.Parse("mayday.yaml", []byte(yaml))
	if err != nil {
		return integrations.Parts{}, err
	}
	return Integration.New(file.Section("connect", "postgres"), slog.New(slog.NewTextHandler(log, nil)))
}

func (s *stage) action(name string) integrations.Action {
	s.t.Helper()
	for _, a := range s.parts.Actions {
		if a.Name == name {
			return a
		}
	}
	s.t.Fatalf("there is no action %s", name)
	return integrations.Action{}
}

// look lists sessions of any age unless a duration is given.
func (s *stage) look(olderThan time.Duration) integrations.Table {
	s.t.Helper()
	table, err := s.action(listName).Look(s.t.Context(), integrations.Args{"on": "shop", "older_than": olderThan, "max": int64(100)})
	if err != nil {
		s.t.Fatalf("look: %v", err)
	}
	return table
}

func rowOf(table integrations.Table, c *client) (integrations.Row, bool) {
	for _, row := range table.Rows {
		if row.ID == strconv.Itoa(c.pid) {
			return row, true
		}
	}
	return integrations.Row{}, false
}

func (s *stage) row(c *client) integrations.Row {
	s.t.Helper()
	table := s.look(0)
	row, ok := rowOf(table, c)
	if !ok {
		s.t.Fatalf("pid %d is not listed: %s %v", c.pid, table.Summary, table.Rows)
	}
	return row
}

func (s *stage) plan(action string, row integrations.Row) (integrations.Plan, error) {
	return s.action(action).Plan(s.t.Context(), integrations.Args{"on": "shop", "session": row})
}

func (s *stage) mustPlan(action string, row integrations.Row) integrations.Plan {
	s.t.Helper()
	p, err := s.plan(action, row)
	if err != nil {
		s.t.Fatalf("plan %s: %v", action, err)
	}
	if p.Gone != "" {
		s.t.Fatalf("plan %s: gone: %s", action, p.Gone)
	}
	return p
}

func (s *stage) apply(p integrations.Plan) (integrations.Receipt, error) {
	return s.action(p.Action).Apply(s.t.Context(), p, func(string, string) error { return nil })
}

func (s *stage) mustApply(p integrations.Plan) integrations.Receipt {
	s.t.Helper()
	r, err := s.apply(p)
	if err != nil {
		s.t.Fatalf("apply %s: %v", p.Action, err)
	}
	return r
}

func (s *stage) probe(p integrations.Plan) integrations.Evidence {
	s.t.Helper()
	return s.probeKept(p, nil)
}

// probeKept asks after an attempt that kept something.
func (s *stage) probeKept(p integrations.Plan, kept integrations.Kept) integrations.Evidence {
	s.t.Helper()
	e, err := s.action(p.Action).Probe(s.t.Context(), p, kept)
	if err != nil {
		s.t.Fatalf("probe %s: %v", p.Action, err)
	}
	return e
}

// client is somebody else's connection.
type client struct {
	t    *testing.T
	conn *pgx.Conn
	pid  int
	done chan error // of the statement that start began
}

func (s *stage) client(role, app string) *client {
	s.t.Helper()
	return s.dial(s.server.DSN(s.db, role, s.passwords[role]), app)
}

func (s *stage) dial(dsn, app string) *client {
	s.t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	cfg.RuntimeParams["application_name"] = app
	conn, err := pgx.ConnectConfig(s.t.Context(), cfg)
	if err != nil {
		s.t.Fatalf("connect: %v", err)
	}
	c := &client{t: s.t, conn: conn, pid: int(conn.PgConn().PID())}
	s.t.Cleanup(func() { c.close(s) })
	return c
}

// close ends the session on the server first, because a statement may still run.
func (c *client) close(s *stage) {
	s.server.Exec(c.t, "postgres", fmt.Sprintf("SELECT pg_terminate_backend(%d, 10000) FROM pg_stat_activity WHERE pid = %d", c.pid, c.pid))
	if c.done != nil {
		<-c.done
	}
	_ = c.conn.Close(context.Background()) // it is gone already
}

func (c *client) exec(statements ...string) {
	c.t.Helper()
	for _, sql := range statements {
		if _, err := c.conn.Exec(c.t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			c.t.Fatalf("run %q: %v", sql, err)
		}
	}
}

// start runs a statement in the background; its error arrives in done, which is
// closed then.
func (c *client) start(sql string) {
	c.done = make(chan error, 1)
	go func() {
		defer close(c.done)
		_, err := c.conn.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol)
		c.done <- err
	}()
}

// wait gives the statement's error.
func (c *client) wait() error {
	c.t.Helper()
	select {
	case err := <-c.done:
		return err
	case <-time.After(20 * time.Second):
		c.t.Fatalf("the statement of pid %d did not end", c.pid)
		return nil
	}
}

func (c *client) stillRuns() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// sees polls the server until a condition on a session holds.
func (s *stage) sees(c *client, condition string) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("pid %d: %s", c.pid, condition), func() bool {
		var ok bool
		err := s.server.Superuser(s.t).QueryRowContext(s.t.Context(),
			"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND ("+condition+"))", c.pid).Scan(&ok)
		return err == nil && ok
	})
}

func (s *stage) eventually(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-deadline:
			s.t.Fatalf("never came true: %s", what)
		case <-tick.C:
		}
	}
}

const (
	nowActive = "state = 'active' AND query !~ 'pg_stat_activity'"
	nowWaits  = "wait_event_type = 'Lock'"
)

// sleeper is a session that runs a long query.
func (s *stage) sleeper(role, app string) *client {
	s.t.Helper()
	c := s.client(role, app)
	c.start("SELECT pg_sleep(600)")
	s.sees(c, nowActive)
	return c
}

// pileUp is a session that holds a row in an open transaction, and n that wait
// for it.
func (s *stage) pileUp(n int) (root *client, waiters []*client) {
	s.t.Helper()
	root = s.client("app", "api")
	root.exec("CREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY, state text)", "INSERT INTO orders VALUES (1, 'new')",
		"GRANT ALL ON orders TO batch", "BEGIN", "UPDATE orders SET state = 'paid' WHERE id = 1")
	for i := range n {
		w := s.client("batch", fmt.Sprint("worker-", i))
		w.start("UPDATE orders SET state = 'sent' WHERE id = 1")
		s.sees(w, nowWaits)
		waiters = append(waiters, w)
	}
	return root, waiters
}

// alive counts the client sessions of the roles app and batch.
func (s *stage) alive() int {
	s.t.Helper()
	var n int
	err := s.server.Superuser(s.t).QueryRowContext(s.t.Context(),
		"SELECT count(*) FROM pg_stat_activity WHERE usename IN ('app', 'batch') AND datname = $1", s.db).Scan(&n)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func answer(p integrations.Plan, part string) incident.Answer {
	for _, c := range p.Checks {
		if strings.Contains(c.Text, part) {
			return c.Answer
		}
	}
	return ""
}

func canary() string { return "canary" + rand.Text() }
