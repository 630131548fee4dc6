package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"mayday/internal/incident"
)

// The auditor (PROMISES rule 18): questions whose answer must be "none" at every
// moment, over open incidents and what waits. They are cheap, since a minute
// later they are asked again; each is one statement, so that it sees one moment.

// Breach is a promise that does not hold.
type Breach struct {
	Rule string // I2, I6, I8, or "clock", "loop"
	Text string // what is wrong, for people
}

// resolvedLooks is how many of the newest resolved incidents are looked at.
const resolvedLooks = 500

// Audit answers what does not hold. A row may be late by as much before that
// counts: PROMISES I6 gives a lease and 30 s.
func (s *Store) Audit(ctx context.Context, late time.Duration) ([]Breach, error) {
	now, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	a := audit{readers: s.readers, now: now, late: micro(now.Add(-late))}
	for _, look := range []func(context.Context) error{a.keys, a.steps, a.calls, a.callsAfter, a.clocks, a.loop} {
		if err := look(ctx); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
	}
	return a.found, nil
}

type audit struct {
	readers *readers
	now     time.Time
	late    int64 // what was due before is late
	found   []Breach
}

func (a *audit) object(rule, format string, args ...any) {
	a.found = append(a.found, Breach{Rule: rule, Text: fmt.Sprintf(format, args...)})
}

// each runs a query and hands over its rows.
func (a *audit) each(ctx context.Context, query string, args []any, row func(*sql.Rows) error) error {
	rows, err := a.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// keys is I2: at most one open incident for a key.
func (a *audit) keys(ctx context.Context) error {
	return a.each(ctx, `SELECT s.kind, s.key, count(DISTINCT s.incident) FROM source AS s JOIN incident AS i ON i.number = s.incident
		WHERE i.state <> 'resolved' GROUP BY s.kind, s.key HAVING count(DISTINCT s.incident) > 1`, nil, func(rows *sql.Rows) error {
		var kind, key string
		var n int64
		err := rows.Scan(&kind, &key, &n)
		a.object("I2", "%d open incidents have the same key %s of %s", n, key, kind)
		return err
	})
}

// steps is I6: an act on its way has somebody who works on it, or is looked at
// again soon. The children of an `each` are in the hands of whoever has the whole.
func (a *audit) steps(ctx context.Context) error {
	type doubt struct {
		number    int64
		id, whole string
	}
	var doubts []doubt
	err := a.each(ctx, `SELECT s.incident, s.id, s.snapshot FROM step AS s
		LEFT JOIN wake AS w ON w.kind = 'step' AND w.subject = 'INC-' || s.incident || ':' || s.id
		WHERE s.state = $2 AND (w.subject IS NULL OR (w.due_at < $1 AND w.lease_until < $1))`,
		[]any{a.late, string(incident.Starting)}, func(rows *sql.Rows) error {
			var d doubt
			var raw []byte
			var step struct {
				Parent    string    `json:"parent"`
				StartedAt time.Time `json:"started_at"`
			}
			if err := rows.Scan(&d.number, &d.id, &raw); err != nil {
				return err
			}
			if err := json.Unmarshal(raw, &step); err != nil {
				return err
			}
			d.whole = step.Parent
			if micro(step.StartedAt) < a.late {
				doubts = append(doubts, d)
			}
			return nil
		})
	for _, d := range doubts {
		held, errHeld := a.held(ctx, incident.WakeRow(d.number, d.whole))
		if errHeld != nil {
			return errHeld
		}
		if !held {
			a.object("I6", "step %s of %s has started and nobody works on it", d.id, incident.FormatID(d.number))
		}
	}
	return err
}

func (a *audit) held(ctx context.Context, row string) (bool, error) {
	var n int64
	err := a.readers.QueryRowContext(ctx, `SELECT count(*) FROM wake WHERE kind = 'step' AND subject = $1 AND (due_at >= $2 OR lease_until >= $2)`, row, a.late).Scan(&n)
	return n > 0, err
}

// calls is the first half of I8: a call is made once.
func (a *audit) calls(ctx context.Context) error {
	return a.each(ctx, `SELECT n.incident, n.anchor, n.slot, n.call, count(*) FROM incident AS i JOIN nudge AS n ON n.incident = i.number
		WHERE i.state <> 'resolved' GROUP BY n.incident, n.anchor, n.slot, n.call HAVING count(*) > 1`, nil, func(rows *sql.Rows) error {
		var number, n int64
		var k incident.NudgeKey
		err := rows.Scan(&number, &k.Anchor, &k.Slot, &k.Call, &n)
		a.object("I8", "the call %s was made %d times", k.MessageKey(incident.FormatID(number)), n)
		return err
	})
}

// callsAfter is the other half: none after resolve. Old incidents do not change
// any more, so the newest are enough.
func (a *audit) callsAfter(ctx context.Context) error {
	return a.each(ctx, `SELECT n.incident, n.anchor, n.slot, n.call FROM
		(SELECT number, resolved_at FROM incident WHERE state = 'resolved' ORDER BY number DESC LIMIT $1) AS i
		JOIN nudge AS n ON n.incident = i.number WHERE n.at > i.resolved_at`, []any{resolvedLooks}, func(rows *sql.Rows) error {
		var number int64
		var k incident.NudgeKey
		err := rows.Scan(&number, &k.Anchor, &k.Slot, &k.Call)
		a.object("I8", "the call %s was made after the incident was resolved", k.MessageKey(incident.FormatID(number)))
		return err
	})
}

// clocks: every open incident that was declared has a call to come, unless its
// reminders are paused (P21).
func (a *audit) clocks(ctx context.Context) error {
	return a.each(ctx, `SELECT i.snapshot FROM incident AS i LEFT JOIN wake AS w ON w.kind = 'nudge' AND w.subject = 'INC-' || i.number
		WHERE i.state <> 'resolved' AND i.declared_at <> 0 AND w.subject IS NULL`, nil, func(rows *sql.Rows) error {
		var snapshot []byte
		if err := rows.Scan(&snapshot); err != nil {
			return err
		}
		i, err := decodeIncident(snapshot)
		if err != nil {
			return err
		}
		if _, due := i.NextCall(a.now); due {
			a.object("clock", "%s is open and no reminder will come", i.ID())
		}
		return nil
	})
}

// loop: what is due is taken up. Messages are left out: a platform may say when
// to come back.
func (a *audit) loop(ctx context.Context) error {
	for _, kind := range []string{incident.WakeInbox, incident.WakeNudge, incident.WakeStep} {
		var n int64
		err := a.readers.QueryRowContext(ctx, `SELECT count(*) FROM wake WHERE kind = $1 AND due_at < $2 AND lease_until < $2`, kind, a.late).Scan(&n)
		if err != nil {
			return err
		}
		if n > 0 {
			a.object("loop", "%d rows of %s are due since more than %s and nobody takes them", n, kind, a.now.Sub(fromMicro(a.late)))
		}
	}
	return nil
}
