package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// TestUpgrade: a database of every earlier version, with data in it, is brought up
// to this one, and everything in it is as it was (P22).
func TestUpgrade(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		d := map[string]*dialect{"sqlite": sqliteDialect, "postgres": postgresDialect}[engine]
		files, err := fs.ReadDir(migrations, d.migrations)
		if err != nil {
			t.Fatal(err)
		}
		for version := 1; version < len(files); version++ {
			t.Run(fmt.Sprint(engine, " from ", version), func(t *testing.T) { upgradeFrom(t, d, int64(version)) })
		}
	}
}

func upgradeFrom(t *testing.T, d *dialect, version int64) {
	now, old := twoDatabases(t, d)
	s := openOn(t, now)
	lived(t, s)
	db := older(t, d, old, version)
	copyRows(t, s, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if d == sqliteDialect { // the key of the seals lies beside the database
		if err := writeSynced(filepath.Join(old.Dir, keyName), s.key); err != nil {
			t.Fatal(err)
		}
	}
	u := openOn(t, old)
	u.key = s.key
	if err := u.Verify(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if err := u.Recompute(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if rows, err := u.Lane(t.Context(), "web|operations|INC-1"); err != nil || len(rows) != 2 {
		t.Errorf("lane: got %d messages, %v, want the card and the first line", len(rows), err)
	}
	if fresh, err := u.Receive(t.Context(), "pager", "e1", []byte("again")); err != nil || fresh {
		t.Errorf("a body that was known: got fresh %v, %v", fresh, err)
	}
	for _, kind := range []string{incident.WakeInbox, incident.WakeOut} {
		if claims, err := u.Claim(t.Context(), []string{kind}, 10, time.Minute); err != nil || len(claims) != 1 {
			t.Errorf("claim %s: got %v, %v, want the row that was due", kind, claims, err)
		}
	}
	target, decide := opening("P2")
	if i, err := u.Do(t.Context(), target, decide); err != nil || i.Number != 2 {
		t.Errorf("the next incident: got %v, %v, want INC-2", i, err)
	}
}

// lived gives a store what a store has.
func lived(t *testing.T, s *Store) {
	t.Helper()
	target, decide := opening("P1")
	if _, err := s.Do(t.Context(), target, decide); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Receive(t.Context(), "pager", "e1", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.KeepButtons(t.Context(), []incident.Button{{ID: "b1", Incident: 1, Verb: "own", Arg: []byte(`{}`)}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Note(t.Context(), "door", "knocked"); err != nil {
		t.Fatal(err)
	}
}

func twoDatabases(t *testing.T, d *dialect) (now, old Options) {
	t.Helper()
	if d == sqliteDialect {
		return Options{Dir: t.TempDir()}, Options{Dir: t.TempDir()}
	}
	server := postgrestest.Shared(t)
	return Options{Postgres: server.SuperuserDSN(server.Database(t))}, Options{Postgres: server.SuperuserDSN(server.Database(t))}
}

// older makes a database with the migrations up to a version.
func older(t *testing.T, d *dialect, o Options, version int64) *sql.DB {
	t.Helper()
	var db *sql.DB
	var err error
	if d == sqliteDialect {
		db, err = openWriter(filepath.Join(o.Dir, databaseName))
	} else {
		db, err = openPostgres(o.Postgres, 1, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, d.migrations)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(d.goose, db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(context.Background(), version); err != nil {
		t.Fatal(err)
	}
	return db
}

// copyRows fills the tables of the older database with what the store has in the
// columns that it knows.
func copyRows(t *testing.T, s *Store, old *sql.DB) {
	t.Helper()
	first := []string{"counter", "note", "incident", "entry", "source", "tombstone", "step", "nudge", "inbox", "outbox", "button", "wake", "feed"}
	for n, table := range append(first, "once", "change") {
		columns := common(columnsOf(s.readers.DB, table), columnsOf(old, table))
		if len(columns) == 0 && n < len(first) {
			t.Fatalf("%s has no columns", table)
		}
		if len(columns) == 0 {
			continue // the older version does not have it
		}
		list := strings.Join(columns, ", ")
		if _, err := old.Exec(`DELETE FROM ` + table); err != nil && table != "entry" {
			t.Fatal(err)
		}
		rows, err := s.readers.DB.Query(`SELECT ` + list + ` FROM ` + table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for n := range row {
				into[n] = &row[n]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			if _, err := old.Exec(`INSERT INTO `+table+` (`+list+`) VALUES (`+marks(1, len(columns))+`)`, row...); err != nil {
				t.Fatalf("%s: %v", table, err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if s.dialect == postgresDialect && slices.Contains(columns, "id") && table != "step" && table != "button" {
			if _, err := old.Exec(`SELECT setval('` + table + `_id_seq', (SELECT COALESCE(max(id), 1) FROM ` + table + `))`); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// columnsOf answers the columns of a table, none when it is not there.
func columnsOf(db *sql.DB, table string) []string {
	rows, err := db.Query(`SELECT * FROM ` + table + ` LIMIT 0`)
	if err != nil {
		return nil
	}
	defer func() { _ = rows.Close() }() // nothing was read
	columns, err := rows.Columns()
	if err != nil {
		return nil
	}
	return columns
}

func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(c string) bool { return !slices.Contains(b, c) })
}
