package postgres

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/postgrestest"
)

func TestNothingToSee(t *testing.T) {
	s := newStage(t, byGrants)
	s.client("app", "idle one")
	s.sleeper("app", "young")
	table := s.look(defaultOlderThan)
	if want := "Nothing runs longer than 5m and nobody is held up."; table.Summary != want || len(table.Rows) > 0 {
		t.Errorf("got %q and %d rows, want %q", table.Summary, len(table.Rows), want)
	}
	if table.Fields["count"] != int64(0) || table.Capped {
		t.Errorf("got fields %v, capped %v", table.Fields, table.Capped)
	}
}

func TestARowSaysEverything(t *testing.T) {
	s := newStage(t, byGrants)
	c := s.sleeper("batch", "worker\t 7")
	row := s.row(c)
	if !strings.HasPrefix(row.Label, fmt.Sprintf("%d · 0 s · SELECT pg_sleep(600) · worker", c.pid)) {
		t.Errorf("label: got %q", row.Label)
	}
	for _, f := range rowFields() {
		if _, ok := row.Values[f.Name]; !ok {
			t.Errorf("the row has no %s", f.Name)
		}
	}
	for key, want := range map[string]any{
		"pid": int64(c.pid), "user": "batch", "state": "active", "query": "SELECT pg_sleep(600)", "blocks": int64(0), "role": runsLong, "database": s.db,
	} {
		if row.Values[key] != want {
			t.Errorf("%s: got %v, want %v", key, row.Values[key], want)
		}
	}
	for _, key := range []string{keyBackendStart, keyXactStart, keyQueryStart} {
		if _, err := time.Parse(time.RFC3339Nano, row.Values[key].(string)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestRootsComeFirstAndThenTheOldest(t *testing.T) {
	s := newStage(t, byGrants)
	old := s.sleeper("app", "old")
	young := s.sleeper("app", "young")
	root, waiters := s.pileUp(2)
	table := s.look(0)
	want := []int{root.pid, old.pid, young.pid, waiters[0].pid, waiters[1].pid}
	for i, row := range table.Rows {
		if i >= len(want) || row.ID != fmt.Sprint(want[i]) {
			t.Fatalf("rows: got %v, want %v", table.Rows, want)
		}
	}
	if want := "1 session holds 2 others up; 2 run longer than 0s; 2 wait behind others"; table.Summary != want {
		t.Errorf("summary: got %q, want %q", table.Summary, want)
	}
	if table.Rows[3].Values["role"] != blocked {
		t.Errorf("waiter: got role %v", table.Rows[3].Values["role"])
	}
}

func TestMoreThanMaxIsCapped(t *testing.T) {
	s := newStage(t, byGrants)
	for range 3 {
		s.sleeper("app", "api")
	}
	table, err := s.action(listName).Look(t.Context(), integrations.Args{"on": "shop", "older_than": time.Duration(0), "max": int64(2)})
	if err != nil || len(table.Rows) != 2 || !table.Capped || table.Fields["count"] != int64(3) {
		t.Errorf("got %d rows, capped %v, fields %v, %v; want 2 of 3", len(table.Rows), table.Capped, table.Fields, err)
	}
}

// Each of these is at work, or in the way, and none may be offered or planned.
func TestWhatIsNeverOffered(t *testing.T) {
	s := newStage(t, byGrants)
	s.server.Exec(t, s.db, "CREATE TABLE big (id int)", "ALTER TABLE big OWNER TO app")

	ddl := s.client("app", "migrate")
	ddl.exec("BEGIN", "/* deploy 7 */ -- now\n  ALTER TABLE big ADD COLUMN more text")
	waiter := s.client("app", "api")
	waiter.start("SELECT count(*) FROM big")
	s.sees(waiter, nowWaits)
	dump := s.client("app", "pg_dump")
	dump.exec("BEGIN", "SELECT 1")
	super := s.dial(s.server.SuperuserDSN(s.db), "psql")
	super.start("SELECT pg_sleep(600)")
	s.sees(super, nowActive)
	own := s.client("mayday_ops", applicationName)
	own.exec("BEGIN", "SELECT 1")
	vacuum := s.client("app", "cron")
	vacuum.start("ANALYZE big")
	s.sees(vacuum, nowWaits)
	copies := s.copyOut()

	table := s.look(0)
	for what, c := range map[string]*client{
		"a schema change (ALTER TABLE)": ddl, "a dump (pg_dump)": dump, "a superuser's session": super,
		"Mayday's own connection": own, "maintenance (ANALYZE)": vacuum, "a dump (COPY … TO)": copies,
	} {
		if row, ok := rowOf(table, c); ok {
			t.Errorf("%s is offered: %v", what, row)
		}
		s.refuses(fmt.Sprint(c.pid), what)
	}
	want := fmt.Sprintf("Not offered: pid %d, a schema change (ALTER TABLE), holds 2 others up; ", ddl.pid)
	if !strings.Contains(table.Summary, want) {
		t.Errorf("summary: got %q, want %q in it", table.Summary, want)
	}
	if strings.Contains(table.Summary, "\n") {
		t.Errorf("summary has several lines: %q", table.Summary)
	}
}

// copyOut is a session whose COPY TO STDOUT waits for a client that does not read.
func (s *stage) copyOut() *client {
	c := s.client("app", "export")
	c.done = make(chan error, 1)
	hold := make(chan struct{})
	s.t.Cleanup(func() { close(hold) })
	go func() {
		defer close(c.done)
		_, err := c.conn.PgConn().CopyTo(s.t.Context(), blocking(hold), "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) TO STDOUT")
		c.done <- err
	}()
	s.sees(c, nowActive)
	return c
}

type blocking chan struct{}

func (b blocking) Write(p []byte) (int, error) { <-b; return len(p), nil }

// refuses checks that a forged row is turned down by both acts.
func (s *stage) refuses(pid, why string) {
	s.t.Helper()
	for _, action := range []string{cancelName, terminateName} {
		_, err := s.plan(action, integrations.Row{ID: pid})
		r, ok := integrations.AsRejected(err)
		if !ok || r.Code != "E8" || !strings.Contains(r.Why, why) {
			s.t.Errorf("%s %s: got %v, want a refusal that says %q", action, pid, err, why)
		}
	}
}

func TestBackgroundProcessesAreRefused(t *testing.T) {
	s := newStage(t, byGrants)
	replica, err := pgconn.Connect(t.Context(), s.server.SuperuserDSN(s.db)+"&replication=database")
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Close(t.Context())
	s.refuses(fmt.Sprint(replica.PID()), "replication (walsender)")

	var checkpointer int
	err = s.server.Superuser(t).QueryRow("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'").Scan(&checkpointer)
	if err != nil {
		t.Fatal(err)
	}
	s.refuses(fmt.Sprint(checkpointer), "a background process (checkpointer)")
}

func TestNonsenseForARow(t *testing.T) {
	s := newStage(t, byGrants)
	for _, id := range []string{"", "0", "-1", "4412; DROP TABLE orders", "99999999999", "1e3"} {
		_, err := s.plan(terminateName, integrations.Row{ID: id})
		if r, ok := integrations.AsRejected(err); !ok || r.Code != "E24" {
			t.Errorf("row %q: got %v, want E24", id, err)
		}
	}
	p, err := s.plan(terminateName, integrations.Row{ID: "2147483647"})
	if err != nil || p.Gone == "" {
		t.Errorf("a pid that nobody has: got %+v, %v, want gone", p, err)
	}
}

// A transaction that went on to a schema change after the preview is spared.
func TestASchemaChangeAfterThePreview(t *testing.T) {
	s := newStage(t, byGrants)
	s.server.Exec(t, s.db, "CREATE TABLE big (id int)", "ALTER TABLE big OWNER TO app")
	c := s.client("app", "migrate")
	c.exec("BEGIN", "SELECT 1")
	p := s.mustPlan(terminateName, s.row(c))
	c.exec("ALTER TABLE big ADD COLUMN more text")
	if _, err := s.apply(p); !isStale(err, "E10") || !strings.Contains(err.Error(), "ALTER TABLE") {
		t.Errorf("got %v, want stale", err)
	}
	c.exec("SELECT 1")
	row := integrations.Row{ID: fmt.Sprint(c.pid)}
	if answer(s.mustPlan(terminateName, row), "a schema change may have come before") == "" {
		t.Error("the preview does not mention the exclusive lock of the earlier statement")
	}
}

func TestWithoutTheRightToSee(t *testing.T) {
	s := newStage(t, blind)
	c := s.sleeper("app", "api")
	table := s.look(0)
	want := " of other roles cannot be seen (insufficient privilege): GRANT pg_read_all_stats TO mayday_ops;"
	if len(table.Rows) > 0 || !strings.Contains(table.Summary, want) {
		t.Errorf("got %d rows and %q, want %q", len(table.Rows), table.Summary, want)
	}
	_, err := s.plan(terminateName, integrations.Row{ID: fmt.Sprint(c.pid)})
	r, ok := integrations.AsRejected(err)
	if !ok || r.Code != "E6" || r.Fix != "GRANT pg_read_all_stats TO mayday_ops;" {
		t.Fatalf("plan: got %+v, want the exact grant", err)
	}
	s.server.Exec(t, s.db, r.Fix)
	s.row(c)
}

func TestPersonalDataStaysInTheDatabase(t *testing.T) {
	s := newStage(t, byGrants)
	secret, number := canary(), "4111111111111111"
	c := s.client("app", "api")
	c.start(fmt.Sprintf("SELECT pg_sleep(600) /* %[1]s */, '%[1]s', E'\\'%[1]s', $$%[1]s$$, %[2]s -- %[1]s", secret, number))
	s.sees(c, nowActive)
	table := s.look(0)
	p := s.mustPlan(terminateName, s.row(c))
	p2 := s.mustPlan(cancelName, s.row(c))
	r := s.mustApply(p)
	text, err := json.Marshal([]any{table, p, p2, r, s.probe(p), s.log.String()})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{secret, number, s.passwords["mayday_ops"]} {
		if strings.Contains(string(text), bad) {
			t.Errorf("%q is shown: %s", bad, text)
		}
	}
}

func TestLabelsFitAChoice(t *testing.T) {
	f := finding{session: session{
		pid: 2147483647, state: active, query: strings.Repeat("SELECT ", 60), app: strings.Repeat("ä", 60), database: strings.Repeat("ß", 60),
		queryTime: time.Unix(0, 0), now: time.Unix(90000000, 0),
	}}
	if n := utf8.RuneCountInString(f.label()); n > labelLength {
		t.Errorf("label has %d characters: %q", n, f.label())
	}
}

func TestAPreparedTransactionInTheWay(t *testing.T) {
	server := postgrestest.Start(t, "max_prepared_transactions=5")
	s := &stage{t: t, server: server, db: "postgres", passwords: map[string]string{}}
	s.parts = partsFor(t, server.SuperuserDSN("postgres"))
	c := s.dial(server.SuperuserDSN("postgres"), "psql")
	c.exec("CREATE TABLE orders (id int)", "BEGIN", "LOCK TABLE orders", "PREPARE TRANSACTION 'payout-17'")
	w := s.dial(server.SuperuserDSN("postgres"), "psql")
	w.start("SELECT * FROM orders")
	s.sees(w, nowWaits)
	table := s.look(defaultOlderThan)
	want := "A prepared transaction holds 1 other up (see pg_prepared_xacts, payout-17)"
	if !strings.Contains(table.Summary, want) || len(table.Rows) > 0 {
		t.Errorf("got %q and rows %v, want %q", table.Summary, table.Rows, want)
	}
	c.exec("ROLLBACK PREPARED 'payout-17'")
	if err := w.wait(); err != nil {
		t.Error(err)
	}
}

func partsFor(t *testing.T, dsn string) integrations.Parts {
	t.Helper()
	own := &target{connections: map[string]*connection{}, names: []string{"shop"}}
	own.connections["shop"] = newConnection("shop", withDefaults(settings{DSN: config.NewSecret(dsn)}))
	t.Cleanup(own.close)
	return integrations.Parts{Actions: []integrations.Action{own.list(), own.act(cancelling), own.act(terminating)}, Checker: own}
}
