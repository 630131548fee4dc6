// Package postgrestest runs a real Postgres for tests.
//
// There is no pretend database and no skipping: where the server is not
// installed the test fails and says what to do. Each server lives in a
// directory of its own, listens on a free loopback port only, and is gone after
// the test, even when the test process is killed.
//
// A test that needs the server to itself calls Start. The tests of a package
// that can share one write
//
//	func TestMain(m *testing.M) { os.Exit(postgrestest.Run(m, nil)) }
//
// and call Shared, with a database of their own from Server.Database.
package postgrestest

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the database/sql driver "pgx"
)

// Superuser is the role that owns the server.
const Superuser = "postgres"

// Server is one running Postgres.
type Server struct {
	port     int
	password string // of Superuser
	dir      string
	proc     *process
	again    func(port int) error // starts it on its data
	stopOnce sync.Once
	stopErr  error
}

// Start runs a server for one test. Each setting is "name=value" and overrides
// the fast defaults: "fsync=on", "max_connections=20".
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	s, err := start(settings)
	if err != nil {
		tb.Fatalf("start postgres: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.stop(); err != nil {
			tb.Errorf("stop postgres: %v", err)
		}
	})
	return s
}

// Port is the loopback port that the server listens on.
func (s *Server) Port() int { return s.port }

// DSN is the address of a database for a role, as a URL.
func (s *Server) DSN(db, user, password string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + db,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// SuperuserDSN is the address of a database for its owner.
func (s *Server) SuperuserDSN(db string) string {
	return s.DSN(db, Superuser, s.password)
}

// Superuser opens the database "postgres" with every right.
func (s *Server) Superuser(tb testing.TB) *sql.DB {
	tb.Helper()
	return s.Open(tb, s.SuperuserDSN("postgres"))
}

// Open opens an address made by DSN and closes it after the test.
func (s *Server) Open(tb testing.TB, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		tb.Fatalf("open postgres: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close postgres: %v", err)
		}
	})
	if err := db.PingContext(tb.Context()); err != nil {
		tb.Fatalf("connect to postgres: %v", err)
	}
	return db
}

// Exec runs statements in a database with every right.
func (s *Server) Exec(tb testing.TB, db string, statements ...string) {
	tb.Helper()
	if err := s.exec(db, statements...); err != nil {
		tb.Fatal(err)
	}
}

// exec has no context of the test, because clean-up runs after that has ended.
func (s *Server) exec(database string, statements ...string) error {
	db, err := sql.Open("pgx", s.SuperuserDSN(database))
	if err != nil {
		return fmt.Errorf("open postgres: %w", err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			return fmt.Errorf("run %q: %w", statement, err)
		}
	}
	return nil
}
