package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Everything that only SQLite does stands in this file: how it is opened, what
// its errors mean, and the claim. All other queries are plain SQL that Postgres
// takes as it is.

const (
	migrationsDir = "migrations/sqlite"
	gooseDialect  = goose.DialectSQLite3

	// quickCheck answers "ok", or what is wrong with the file.
	quickCheck = "PRAGMA quick_check(1)"

	// copyQuery writes a copy of the database to $1.
	copyQuery = "VACUUM INTO $1"

	// forUpdate locks the rows that a query reads. SQLite has one writer.
	forUpdate = ""
)

// claimQuery claims due rows in one statement. $1 term, $2 lease until, $3 now,
// $4 limit, then the kinds. The plus keeps the planner on the index that has the
// rows in order: a backlog of thousands is not sorted to claim a few.
func claimQuery(kinds int) string {
	marks := make([]string, kinds)
	for n := range marks {
		marks[n] = fmt.Sprintf("$%d", n+5)
	}
	return `UPDATE wake SET term = $1, lease_until = $2, attempts = attempts + 1,
		again_at = CASE WHEN again_at > $3 THEN again_at END
	WHERE (kind, subject) IN (
		SELECT kind, subject FROM wake
		WHERE kind IN (` + strings.Join(marks, ", ") + `) AND +due_at <= $3 AND lease_until <= $3
		ORDER BY priority, due_at, kind, subject LIMIT $4)
	RETURNING kind, subject, term, due_at, attempts, priority`
}

// pragmas hold on every connection.
var pragmas = []string{"journal_mode(WAL)", "busy_timeout(5000)", "synchronous(FULL)", "foreign_keys(1)"}

func dsn(path string, extra ...string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": append(append([]string(nil), pragmas...), extra...)}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}
	return u.String(), nil
}

func openWriter(path string) (*sql.DB, error) { return openPool(path, 1) }

// openReaders opens the pool that cannot write, whatever it is asked.
func openReaders(path string) (*readers, error) {
	db, err := openPool(path, 4, "query_only(1)")
	if err != nil {
		return nil, err
	}
	return &readers{DB: db}, nil
}

func openPool(path string, conns int, extra ...string) (*sql.DB, error) {
	name, err := dsn(path, extra...)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// broken tells errors that are about the storage, not about the statement:
// SQLite may have rolled back the whole transaction by itself.
func broken(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) {
		return true
	}
	switch resultCode(err) & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
		sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PERM, sqlite3.SQLITE_MISUSE:
		return true
	}
	return false
}

// full tells that there is no room left.
func full(err error) bool { return resultCode(err)&0xff == sqlite3.SQLITE_FULL }

// taken tells that a row with this unique key exists.
func taken(err error) bool {
	code := resultCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

func resultCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}
