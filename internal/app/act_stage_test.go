package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/internal/config"
	"mayday/internal/postgrestest"
)

// The ways in which Mayday may get its rights on a server.
const (
	byFunctions = "functions"
	byGrants    = "grants"
	lookOnly    = "look only"
	blind       = "nothing at all"
)

// actFunctions are two functions that end the sessions of app and batch alone.
// %s is Mayday's role.
const actFunctions = `
CREATE SCHEMA ops;
CREATE FUNCTION ops.kill(p int, started timestamptz, xact timestamptz) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = p AND backend_start = started AND xact_start IS NOT DISTINCT FROM xact
      AND usename LIKE ANY ('{app_%%,batch_%%}') AND datname = current_database() $$;
CREATE FUNCTION ops.cancel(p int, started timestamptz, xact timestamptz, asked timestamptz) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE pid = p AND backend_start = started AND xact_start IS NOT DISTINCT FROM xact
      AND query_start IS NOT DISTINCT FROM asked
      AND usename LIKE ANY ('{app_%%,batch_%%}') AND datname = current_database() $$;
REVOKE ALL ON FUNCTION ops.kill, ops.cancel FROM PUBLIC;
GRANT USAGE ON SCHEMA ops TO %[1]s;
GRANT EXECUTE ON FUNCTION ops.kill, ops.cancel TO %[1]s;
GRANT pg_read_all_stats TO %[1]s`

const actConfig = `
people:
  responder: [web:ana, web:li]
  commander: [web:cleo]
  approver: [web:sam, web:kim]
  same:
    - {name: Ana, web: ana}
    - {name: Li, web: li}
    - {name: Sam, web: sam}
    - {name: Kim, web: kim}
    - {name: Cleo, web: cleo}
services:
  checkout: {impact: "Paying fails. Browsing works."}
connect: {postgres: {payments-db: {dsn: "file:DSN"CONNECTION}}}
playbooks: BOOKS
shutdown: 2s
MORE
`

// actStage is a Mayday with an open incident, and a database with somebody's
// sessions in it.
type actStage struct {
	t      *testing.T
	server *postgrestest.Server
	db     string
	roles  map[string]string // app, batch, mayday -> the role's name here
	words  map[string]string // role's name -> password
	dir    string
	data   string
	text   string // the configuration
	env    config.Env
	manual bool

	app   *App
	log   *syncBuffer
	super *sql.DB
	seen  map[string]bool // messages that were checked and printed

	mu  sync.Mutex
	now time.Time
}

// syncBuffer is a log that is written from several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

// actOptions are what stages differ in.
type actOptions struct {
	rights   string            // byGrants unless set
	more     string            // further sections of the configuration
	on       string            // further keys of the connection, ", env: staging"
	books    map[string]string // playbooks: file name to text
	loop     bool              // the real wake loop runs
	env      config.Env
	proxy    *actProxy         // stands between Mayday and the server
	approver string            // instead of Sam and Kim
	files    map[string]string // secrets: path to value
}

func newActStage(t *testing.T, server *postgrestest.Server, o actOptions) *actStage {
	t.Helper()
	s := &actStage{t: t, server: server, roles: map[string]string{}, words: map[string]string{}, dir: t.TempDir(), env: o.env,
		manual: !o.loop, log: &syncBuffer{}, seen: map[string]bool{}, now: time.Now().Truncate(time.Second)}
	s.super = server.Superuser(t)
	s.super.SetMaxOpenConns(1)
	s.provision()
	server.Exec(t, s.db, "GRANT CREATE, USAGE ON SCHEMA public TO "+s.roles["app"]+", "+s.roles["batch"])
	s.grant(o.rights)
	if o.rights == byFunctions {
		o.on += ", kill: ops.kill, cancel: ops.cancel"
	}
	dsn := s.dsn("mayday")
	if o.proxy != nil {
		dsn = strings.Replace(dsn, fmt.Sprintf("127.0.0.1:%d", server.Port()), o.proxy.address(), 1)
	}
	s.file("dsn", dsn)
	if err := os.Mkdir(filepath.Join(s.dir, "books"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range o.files {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range o.books {
		s.file(filepath.Join("books", name), text)
	}
	s.data = filepath.Join(s.dir, "data")
	s.text = strings.NewReplacer("DSN", filepath.Join(s.dir, "dsn"), "CONNECTION", o.on, "BOOKS", filepath.Join(s.dir, "books"), "MORE", o.more, "[web:sam, web:kim]", cmp.Or(o.approver, "[web:sam, web:kim]")).Replace(actConfig)
	s.start()
	t.Cleanup(s.stop)
	if m := s.say("ana", "open checkout is slow service=checkout"); m.Code != "" {
		t.Fatalf("open: %s", m.Text)
	}
	return s
}

// provision makes a database and roles that nobody drops: the server itself ends
// with the test, and dropping would get in the way of the tests beside this one.
func (s *actStage) provision() {
	s.t.Helper()
	suffix := "_" + strings.ToLower(rand.Text()[:12])
	s.db = "test" + suffix
	statements := []string{"CREATE DATABASE " + s.db}
	for _, role := range []string{"app", "batch", "mayday"} {
		s.roles[role] = role + suffix
		s.words[s.roles[role]] = rand.Text()
		statements = append(statements, "CREATE ROLE "+s.roles[role]+" LOGIN PASSWORD '"+s.words[s.roles[role]]+"'")
	}
	s.server.Exec(s.t, "postgres", statements...)
}

func (s *actStage) grant(rights string) {
	s.t.Helper()
	role := s.roles["mayday"]
	switch rights {
	case byFunctions:
		s.server.Exec(s.t, s.db, fmt.Sprintf(actFunctions, role))
	case byGrants, "":
		s.server.Exec(s.t, s.db, "GRANT pg_read_all_stats, pg_signal_backend TO "+role)
	case lookOnly:
		s.server.Exec(s.t, s.db, "GRANT pg_read_all_stats TO "+role)
	}
}

func (s *actStage) dsn(role string) string {
	return s.server.DSN(s.db, s.roles[role], s.words[s.roles[role]])
}

func (s *actStage) file(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *actStage) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

// pass lets time pass, and does what is due then.
func (s *actStage) pass(d time.Duration) {
	s.t.Helper()
	s.mu.Lock()
	s.now = s.now.Add(d)
	s.mu.Unlock()
	s.drain()
}

func (s *actStage) start() {
	s.t.Helper()
	file, err := config.Parse(filepath.Join(s.dir, "mayday.yaml"), []byte(s.text))
	if err != nil {
		s.t.Fatal(err)
	}
	o := Options{File: file, Env: s.env, Listen: "127.0.0.1:0", Data: s.data, Log: s.log, Manual: s.manual}
	if s.manual {
		o.Clock = s.clock
	}
	s.app, err = New(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range s.app.problems {
		if !p.Warning {
			s.t.Fatalf("playbook: %s", p)
		}
	}
	if err := s.app.Start(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	s.drain()
}

func (s *actStage) stop() {
	if s.app == nil {
		return
	}
	if err := s.app.Stop(); err != nil {
		s.t.Errorf("stop: %v", err)
	}
	s.app = nil
}

func (s *actStage) restart() {
	s.t.Helper()
	s.stop()
	s.start()
}

// drain does what is due; where the real loop runs there is nothing to do.
func (s *actStage) drain() {
	s.t.Helper()
	if !s.manual {
		return
	}
	if err := s.app.Drain(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.look()
}

// whole checks that the record holds together: sums, and rows equal to the fold.
func (s *actStage) whole() {
	s.t.Helper()
	var err error
	sound := func() bool {
		err = errors.Join(s.app.store.Verify(s.t.Context(), 1), s.app.store.Recompute(s.t.Context(), 1))
		return err == nil
	}
	if !s.manual { // the loop may be writing at this moment
		s.eventually("the record is whole", sound)
	}
	if !sound() && s.manual {
		s.t.Error(err)
	}
	for _, word := range s.words {
		if strings.Contains(s.log.String(), word) {
			s.t.Error("the log has a password in it")
		}
	}
}
