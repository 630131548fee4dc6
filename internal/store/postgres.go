package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"maps"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"mayday/internal/fault"
)

// What only Postgres does: how it is opened, what its errors mean, the claim, and
// the locks that stand for "there is one writer" where there are several.

const postgresNow = `(extract(epoch FROM clock_timestamp()) * 1000000)::bigint`

var postgresDialect = &dialect{
	migrations: "migrations/postgres",
	goose:      goose.DialectPostgres,
	forUpdate:  " FOR UPDATE",
	lock:       `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`,
	now:        `SELECT ` + postgresNow,
	claim:      postgresClaim,
	// A mark is a lock that hinders nobody: it shows in pg_locks, under a class of
	// its own, until its transaction has ended. Its number has 31 bits, so what is
	// far behind is really ahead: it was taken after we looked.
	feedMark:  `SELECT pg_advisory_xact_lock_shared(77684, (last_value % 2000000000)::int) FROM feed_id_seq`,
	feedDrawn: `SELECT last_value FROM feed_id_seq`,
	feedBehind: `SELECT max(behind) FILTER (WHERE behind < 1000000000) FROM (
		SELECT ($1::bigint - objid::bigint + 2000000000) % 2000000000 AS behind FROM pg_locks
		WHERE locktype = 'advisory' AND classid = 77684 AND objsubid = 2
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS marks`,
	receive: `WITH moment AS (SELECT COALESCE($4::bigint, ` + postgresNow + `) AS now),
		body AS (INSERT INTO inbox (source, event_id, at, state, body)
			SELECT d.source, d.id, now, 'new', d.body FROM moment, unnest($1::text[], $2::text[], $3::bytea[]) WITH ORDINALITY AS d(source, id, body, nth) ORDER BY nth
			ON CONFLICT (source, event_id) DO NOTHING RETURNING id, source, event_id, at),
		woken AS (INSERT INTO wake (kind, subject, due_at, priority) SELECT 'inbox', id::text, at, 0 FROM body)
		SELECT source, event_id FROM body`,
}

// postgresClaim skips rows that another process is claiming or finishing at this
// moment. The term is drawn for a row that is locked already, so it grows with
// every claim of that row. Most looks find nothing: whether anything is due is
// asked of the index that is in the order of time, first, since the other one,
// which has the rows in the order in which they are taken, has to be read to its
// end to find none.
func postgresClaim(kinds int) string {
	due := `kind IN (` + marks(4, kinds) + `) AND due_at <= (SELECT now FROM moment) AND lease_until <= (SELECT now FROM moment)`
	return `WITH moment AS MATERIALIZED (SELECT COALESCE($1::bigint, ` + postgresNow + `) AS now)
	UPDATE wake SET term = nextval('claim_term'), lease_until = moment.now + $2, attempts = attempts + 1,
		again_at = CASE WHEN again_at > moment.now THEN again_at END
	FROM moment, (
		SELECT kind AS k, subject AS s FROM wake
		WHERE EXISTS (SELECT 1 FROM wake WHERE ` + due + `) AND ` + due + `
		ORDER BY priority, due_at, kind, subject LIMIT $3 FOR UPDATE OF wake SKIP LOCKED) AS due
	WHERE kind = due.k AND subject = due.s
	RETURNING kind, subject, term, due_at, attempts, priority`
}

// Connections of one process. Four processes fit into the 100 that a server
// allows unless it is told otherwise.
const (
	writeConns = 18
	readConns  = 6
	// calmConns are the most that the loop may hold, so that an acknowledgement or
	// a press never waits for the work of a storm.
	calmConns = 8
)

// Bounds of what a process that stopped, or cannot be reached any more, may hold
// up: a lock that its transaction holds is free after idleInTransaction, which
// with the lease stays far below the 30 s of a fail-over (P15).
const (
	connectTime       = 5 * time.Second
	idleInTransaction = "2000" // milliseconds, as Postgres takes them
	lockTime          = "3000" // less than a write may take, so that the server gives up first
	idleTime          = 5 * time.Minute
)

// openPostgres opens a pool on an address. It talks to nobody yet.
func openPostgres(address string, conns int, params map[string]string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil { // the driver's words repeat the address
		return nil, fault.New(fault.Invalid, "E24", "The address of the store is no address of a Postgres database.",
			"It looks like postgres://user:password@host:5432/name, see `store.postgres`.")
	}
	config.ConnectTimeout = connectTime
	dialer := &net.Dialer{Timeout: connectTime, Control: noticeSilence,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3}}
	config.DialFunc = dialer.DialContext
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "mayday"
	}
	maps.Copy(config.RuntimeParams, params)
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(idleTime)
	return db, nil
}

// openPostgresWriters opens the pool that writes. A commit that is answered is on
// the server's disk, also where the server is set to answer before (P1).
func openPostgresWriters(ctx context.Context, address string) (*sql.DB, error) {
	params := map[string]string{"idle_in_transaction_session_timeout": idleInTransaction, "lock_timeout": lockTime}
	db, err := openPostgres(address, writeConns, params)
	if err != nil {
		return nil, err
	}
	var commit string
	if err := db.QueryRowContext(ctx, `SHOW synchronous_commit`).Scan(&commit); err != nil {
		return db, unavailable(err)
	}
	if commit != "off" {
		return db, nil
	}
	if err := db.Close(); err != nil {
		return nil, unavailable(err)
	}
	params["synchronous_commit"] = "on"
	return openPostgres(address, writeConns, params)
}

// openPostgresReaders opens the pool that cannot write, whatever it is asked.
func openPostgresReaders(address string) (*readers, error) {
	db, err := openPostgres(address, readConns, map[string]string{"default_transaction_read_only": "on"})
	if err != nil {
		return nil, err
	}
	return &readers{DB: db}, nil
}

// storable is a value as Postgres takes it: text there has no zero bytes and is
// valid UTF-8. What a source sends may have either.
func storable(args []any) []any {
	var out []any
	for n, a := range args {
		s, ok := a.(string)
		if !ok || s == plain(s) {
			continue
		}
		if out == nil {
			out = append(out, args...)
		}
		out[n] = plain(s)
	}
	if out == nil {
		return args
	}
	return out
}

// plain replaces what some engine cannot store.
func plain(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

func sqlState(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// brokenPostgres: the server or the way to it failed. What a statement itself did
// wrong is of the classes 21 to 23, 42 and P0.
func brokenPostgres(err error) bool {
	if code := sqlState(err); code != "" {
		switch code[:2] {
		case "21", "22", "23", "42", "P0":
			return false
		}
		return true
	}
	var dial *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &dial) || errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err) || pgconn.Timeout(err)
}

// fullPostgres: class 53100 is disk_full.
func fullPostgres(err error) bool { return sqlState(err) == "53100" }

func takenPostgres(err error) bool { return sqlState(err) == "23505" }

// collided tells that two transactions stood in each other's way and this one was
// taken back; it may be run again.
func collided(err error) bool {
	code := sqlState(err)
	return code == "40001" || code == "40P01"
}
