package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mayday/integrations"
)

const (
	watchFor   = 5 * time.Second
	watchEvery = 50 * time.Millisecond
)

// keySent is kept right before the signal leaves: without it none was sent.
const keySent = "sent"

// attempt is one act on one session. It has a connection of its own, so that
// what happens on it is known to be about this act.
type attempt struct {
	kind
	c    *connection
	conn *pgx.Conn
	id   identity
	log  *slog.Logger
}

func (t *target) applier(k kind) func(context.Context, integrations.Plan, integrations.Keep) (integrations.Receipt, error) {
	return func(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
		c, id, err := t.planned(k, p)
		if err != nil {
			return integrations.Receipt{}, err
		}
		conn, release, err := c.dedicated(ctx)
		if err != nil {
			return integrations.Receipt{}, c.unreachable(err)
		}
		defer release()
		at := attempt{kind: k, c: c, conn: conn, id: id, log: t.log}
		if err := at.recheck(ctx); err != nil {
			return integrations.Receipt{}, err
		}
		if err := keep(keySent, time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
			return integrations.Receipt{}, &integrations.Rejected{Code: "E26", Why: "The start could not be written down, so nothing was sent.", Err: err}
		}
		return at.run(ctx)
	}
}

// planned reads back what a plan was made for.
func (t *target) planned(k kind, p integrations.Plan) (*connection, identity, error) {
	c, err := t.connection(p.Credential)
	if err != nil {
		return nil, identity{}, err
	}
	id, err := k.identityFrom(p.Pre)
	if err != nil {
		return nil, identity{}, &integrations.Rejected{Code: "E24", Why: "The plan does not say which session it means.", Fix: "Make a new preview.", Err: err}
	}
	return c, id, nil
}

// recheck looks once more before anything is sent. What it catches beside the
// identity is a transaction that went on to something that is never ended.
func (at attempt) recheck(ctx context.Context) error {
	we, err := readAccount(ctx, at.conn)
	if err != nil {
		return at.c.unreachable(err)
	}
	s, err := readSession(ctx, at.conn, at.id.pid)
	if err != nil {
		return at.c.unreachable(err)
	}
	if s != nil && s.hidden() {
		return refuse(s, we)
	}
	if err := at.id.stale(s); err != nil {
		return err
	}
	if why := spared(s, we.superuser); why != "" {
		return &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("pid %d is now %s, which Mayday never ends", s.pid, why)}
	}
	if at.byStatement && !s.runs() {
		return &integrations.Stale{Code: "E10", Diff: notRunning(s)}
	}
	return nil
}

func notRunning(s *session) string {
	return fmt.Sprintf("pid %d is %s: there is no statement to cancel", s.pid, s.state)
}

// run sends the one statement and says what came of it. From here on an error
// that proves nothing stays an error that proves nothing.
func (at attempt) run(ctx context.Context) (integrations.Receipt, error) {
	signalled, err := at.send(ctx)
	switch {
	case err == nil && signalled != nil && *signalled:
		return at.watch(ctx), nil
	case err == nil:
		return integrations.Receipt{}, at.notSignalled(ctx, signalled)
	case errors.Is(err, pgx.ErrNoRows):
		return integrations.Receipt{}, at.noLonger(ctx)
	case pgconn.SafeToRetry(err):
		return integrations.Receipt{}, at.c.unreachable(err)
	}
	if rejected := at.missingRight(ctx, err); rejected != nil {
		return integrations.Receipt{}, rejected
	}
	at.log.Warn("answer to a signal is not known", "connection", at.c.name, "pid", at.id.pid, "action", at.action, "cause", inWords(err))
	return integrations.Receipt{}, fmt.Errorf("signal session %d on %s: %s", at.id.pid, at.c.name, inWords(err))
}

// signalSQL checks the identity and signals, in one statement and for one pid.
// A configured function gets the same identity and checks it again for itself.
const signalSQL = `
SELECT %s
  FROM pg_catalog.pg_stat_activity a
 WHERE a.pid = $1 AND a.backend_start = $2::timestamptz AND a.usename::text = $3::text
   AND a.xact_start IS NOT DISTINCT FROM $4::timestamptz AND a.backend_type = 'client backend'
   AND (NOT $5::bool OR a.query_start IS NOT DISTINCT FROM $6::timestamptz)
   AND (NOT $7::bool OR (coalesce(to_jsonb(a) ->> 'query_id', '') = $8::text
                         AND a.state IN ('active', 'fastpath function call')))`

func (at attempt) send(ctx context.Context) (*bool, error) {
	call := "pg_catalog." + at.builtin + "(a.pid)"
	if parts := goodFunc.FindStringSubmatch(at.function(at.c.settings)); parts != nil {
		call = pgx.Identifier(parts[1:]).Sanitize() + at.call
	}
	var signalled *bool
	// One round trip: there is no prepared statement whose preparation could
	// fail half-way, and nothing is sent twice.
	err := at.conn.QueryRow(ctx, fmt.Sprintf(signalSQL, call), pgx.QueryExecModeExec,
		at.id.pid, at.id.start, at.id.user, optional(at.id.xact),
		at.id.byQuery, optional(at.id.query), at.id.byID, at.id.queryID).Scan(&signalled)
	return signalled, err
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// noLonger explains that no row matched, which proves that nothing was signalled.
func (at attempt) noLonger(ctx context.Context) error {
	s, err := readSession(ctx, at.conn, at.id.pid)
	if err != nil {
		return &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("pid %d is not what it was", at.id.pid)}
	}
	if err := at.id.stale(s); err != nil {
		return err
	}
	if at.byStatement && !s.runs() {
		return &integrations.Stale{Code: "E10", Diff: notRunning(s)}
	}
	return &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("pid %d did something else for a moment", at.id.pid)}
}

// notSignalled is about a row that matched while the signalling function did not
// answer true.
func (at attempt) notSignalled(ctx context.Context, answer *bool) error {
	configured := at.function(at.c.settings)
	switch {
	case configured == "":
		// The server's own function is false only when no such process is left.
		return at.noLonger(ctx)
	case answer == nil:
		return &integrations.Rejected{
			Code: "E6",
			Why:  fmt.Sprintf("%s did not signal session %d: its own conditions (roles, database) leave this session out.", configured, at.id.pid),
			Fix:  "Look at the WHERE of " + configured + ", or end the session by hand.",
		}
	}
	return fmt.Errorf("signal session %d on %s: %s answered false", at.id.pid, at.c.name, configured)
}

// missingRight tells a refusal from an error that leaves everything open. A
// configured function may refuse after it has signalled, so its refusal counts
// only when a right is seen to be missing.
func (at attempt) missingRight(ctx context.Context, err error) error {
	switch sqlState(err) {
	case stateNoRight, stateNoFunction, stateNoSchema:
	default:
		return nil
	}
	why, fix := "the server refused: the right to signal it is missing", "GRANT pg_signal_backend TO the role of Mayday."
	l, readErr := at.diagnose(ctx)
	switch {
	case readErr == nil && l != nil:
		why, fix = l.why, l.fix
	case at.function(at.c.settings) != "":
		return nil
	}
	return &integrations.Rejected{Code: "E6", Why: fmt.Sprintf("Session %d on %s: %s.", at.id.pid, at.c.name, why), Fix: fix}
}

func (at attempt) diagnose(ctx context.Context) (*lack, error) {
	we, err := readAccount(ctx, at.conn)
	if err != nil {
		return nil, err
	}
	f, err := at.c.readFunction(ctx, at.conn, at.kind, at.id.user)
	if err != nil {
		return nil, err
	}
	s, err := readSession(ctx, at.conn, at.id.pid)
	if err != nil {
		return nil, err
	}
	return lacking(we, f, s), nil
}

func (at attempt) receipt(effect, text string) integrations.Receipt {
	return integrations.Receipt{Text: text, Values: map[string]string{
		keyPID: strconv.Itoa(int(at.id.pid)), "effect": effect,
	}}
}
