package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mayday/integrations"
)

// The states of a session that matter here.
const (
	active         = "active"
	fastpath       = "fastpath function call"
	idle           = "idle"
	idleInTx       = "idle in transaction"
	idleInFailedTx = "idle in transaction (aborted)"
)

const clientBackend = "client backend"

// sessionSQL reads what is known about sessions. Two columns came with later
// versions and are read through JSON, which gives NULL where they are missing.
// pg_blocking_pids locks the lock manager, so only those are asked who wait.
const sessionSQL = `
SELECT a.pid, coalesce(a.datname::text, ''), coalesce(a.usename::text, ''), coalesce(a.application_name, ''),
       coalesce(a.state, ''), coalesce(a.backend_type, ''), coalesce(a.query, ''),
       a.backend_start, a.xact_start, a.query_start,
       coalesce(to_jsonb(a) ->> 'query_id', ''), coalesce((to_jsonb(a) ->> 'leader_pid')::int, 0),
       CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}'::int[] END,
       coalesce(r.rolsuper, false), coalesce(pg_has_role(r.oid, 'USAGE'), false),
       a.pid = pg_backend_pid(), a.datname IS NOT DISTINCT FROM current_database(), clock_timestamp()
  FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid`

// session is one row of pg_stat_activity.
type session struct {
	pid                                int32
	database, user, app                string
	state, kind, query                 string
	backendStart, xactStart, queryTime time.Time // zero: none, or not to be seen
	queryID                            string
	leader                             int32 // of a parallel worker
	blockers                           []int32
	superuser                          bool // the session's user is one
	member                             bool // we have the rights of the session's user
	self, here                         bool // our own connection; in the database of our address
	now                                time.Time
}

func readSessions(ctx context.Context, q querier) ([]session, error) {
	rows, err := q.Query(ctx, sessionSQL)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	sessions, err := pgx.CollectRows(rows, scanSession)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	return sessions, nil
}

// readSession answers nil when there is no such pid.
func readSession(ctx context.Context, q querier, pid int32) (*session, error) {
	rows, err := q.Query(ctx, sessionSQL+" WHERE a.pid = $1", pid)
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	sessions, err := pgx.CollectRows(rows, scanSession)
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	if len(sessions) == 0 {
		return nil, nil
	}
	return &sessions[0], nil
}

func scanSession(row pgx.CollectableRow) (session, error) {
	var s session
	var backend, xact, query *time.Time
	err := row.Scan(&s.pid, &s.database, &s.user, &s.app, &s.state, &s.kind, &s.query,
		&backend, &xact, &query, &s.queryID, &s.leader, &s.blockers,
		&s.superuser, &s.member, &s.self, &s.here, &s.now)
	s.backendStart, s.xactStart, s.queryTime = moment(backend), moment(xact), moment(query)
	return s, err
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// hidden reports that we lack the right to see the session's state and start.
// Its identity is not known then, so it can be neither offered nor signalled.
func (s *session) hidden() bool { return s.backendStart.IsZero() }

// runs reports whether a statement is running.
func (s *session) runs() bool { return s.state == active || s.state == fastpath }

// since is when what the session does now began: the statement, or the
// transaction that it sits in.
func (s *session) since() time.Time {
	switch {
	case s.runs():
		return s.queryTime
	case s.state == idleInTx:
		return s.xactStart
	case s.state == idleInFailedTx: // the server forgets xact_start when a transaction aborts
		return s.queryTime
	}
	return time.Time{}
}

func (s *session) age() time.Duration {
	if since := s.since(); !since.IsZero() {
		return max(0, s.now.Sub(since))
	}
	return 0
}

// program is what people call the session by.
func (s *session) program() string {
	if s.app != "" {
		return integrations.OneLine(s.app)
	}
	return integrations.OneLine(s.user)
}
