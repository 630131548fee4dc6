package postgrestest

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Database makes an empty database and drops it after the test, with whoever is
// still connected to it.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	s.Exec(tb, "postgres", "CREATE DATABASE "+quoteName(name))
	tb.Cleanup(func() {
		if err := s.exec("postgres", "DROP DATABASE "+quoteName(name)+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop database: %v", err)
		}
	})
	return name
}

// CreateRole makes a role that may log in and has nothing but the grants, and
// returns its password. A grant is what stands between GRANT and TO, and is
// given in the database "postgres": "pg_signal_backend", "SELECT ON orders".
// Grants inside another database are given with Exec. The role is dropped after
// the test, with everything that it owns.
func (s *Server) CreateRole(tb testing.TB, name string, grants ...string) (password string) {
	tb.Helper()
	password = rand.Text()
	statements := []string{"CREATE ROLE " + quoteName(name) + " LOGIN PASSWORD '" + password + "'"}
	for _, grant := range grants {
		statements = append(statements, "GRANT "+grant+" TO "+quoteName(name))
	}
	s.Exec(tb, "postgres", statements...)
	tb.Cleanup(func() {
		if err := s.dropRole(name); err != nil {
			tb.Errorf("drop role: %v", err)
		}
	})
	return password
}

// dropRole clears every database first, because a role that owns something or
// was granted something anywhere cannot be dropped.
func (s *Server) dropRole(name string) error {
	databases, err := s.databases()
	if err != nil {
		return err
	}
	var errs []error
	for _, db := range databases {
		errs = append(errs, s.exec(db, "DROP OWNED BY "+quoteName(name)+" CASCADE"))
	}
	errs = append(errs, s.exec("postgres", "DROP ROLE "+quoteName(name)))
	return errors.Join(errs...)
}

func (s *Server) databases() ([]string, error) {
	db, err := sql.Open("pgx", s.SuperuserDSN("postgres"))
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	defer db.Close()
	var names string
	err = db.QueryRow(`SELECT string_agg(datname, ' ') FROM pg_database WHERE datallowconn AND NOT datistemplate`).Scan(&names)
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	return strings.Fields(names), nil
}

func quoteName(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
