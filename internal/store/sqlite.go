package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What only SQLite does: how it is opened, what its errors mean, and the claim.

const (
	// quickCheck answers "ok", or what is wrong with the file.
	quickCheck = "PRAGMA quick_check(1)"

	// copyQuery writes a copy of the database to $1.
	copyQuery = "VACUUM INTO $1"
)

var sqliteDialect = &dialect{
	migrations: "migrations/sqlite",
	goose:      goose.DialectSQLite3,
	claim:      sqliteClaim,
}

// sqliteTerm counts claims.
const sqliteTerm = `UPDATE counter SET value = value + 1 WHERE name = 'term'`

// sqliteClaim has a plus before due_at, which keeps the planner on the index that
// has the rows in order: a backlog of thousands is not sorted to claim a few.
func sqliteClaim(kinds int) string {
	return `UPDATE wake SET term = (SELECT value FROM counter WHERE name = 'term'), lease_until = $1, attempts = attempts + 1,
		again_at = CASE WHEN again_at > $2 THEN again_at END
	WHERE (kind, subject) IN (
		SELECT kind, subject FROM wake
		WHERE kind IN (` + marks(4, kinds) + `) AND +due_at <= $2 AND lease_until <= $2
		ORDER BY priority, due_at, kind, subject LIMIT $3)
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
	return &readers{DB: db, keep: true}, nil
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

// brokenSQLite: after these SQLite may have rolled back the whole transaction by
// itself.
func brokenSQLite(err error) bool {
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

func fullSQLite(err error) bool { return resultCode(err)&0xff == sqlite3.SQLITE_FULL }

func takenSQLite(err error) bool {
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
