package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"mayday/internal/incident"
)

// The rows of this file are the cached fold (ARCHITECTURE, the one idea). They
// are written with the entries that they follow from, and Recompute can tell
// whether they still do.

// next counts one up.
func (t *tx) next(ctx context.Context, counter string) (int64, error) {
	var n int64
	_, err := t.scan(ctx, `UPDATE counter SET value = value + 1 WHERE name = $1 RETURNING value`, []any{counter}, &n)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", counter, err)
	}
	return n, nil
}

// incident loads the fold; E23 when there is none.
func (t *tx) incident(ctx context.Context, number int64) (*incident.Incident, error) {
	var snapshot []byte
	found, err := t.scan(ctx, `SELECT snapshot FROM incident WHERE number = $1`+t.d.forUpdate, []any{number}, &snapshot)
	if err != nil {
		return nil, fmt.Errorf("load incident: %w", err)
	}
	if !found {
		return nil, noIncident(number)
	}
	return decodeIncident(snapshot)
}

func decodeIncident(snapshot []byte) (*incident.Incident, error) {
	i := &incident.Incident{}
	if err := json.Unmarshal(snapshot, i); err != nil {
		return nil, fmt.Errorf("read incident: %w", err)
	}
	return i, nil
}

// keepIncident writes what changed between two folds.
func (t *tx) keepIncident(ctx context.Context, before, after *incident.Incident) error {
	snapshot, err := json.Marshal(after)
	if err != nil {
		return fmt.Errorf("write incident: %w", err)
	}
	_, err = t.exec(ctx, `INSERT INTO incident
		(number, snapshot, title, service, severity, state, owner, opened_at, declared_at, resolved_at, seq)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (number) DO UPDATE SET snapshot = excluded.snapshot, title = excluded.title, service = excluded.service,
			severity = excluded.severity, state = excluded.state, owner = excluded.owner, opened_at = excluded.opened_at,
			declared_at = excluded.declared_at, resolved_at = excluded.resolved_at, seq = excluded.seq`,
		after.Number, string(snapshot), after.Title, after.Service, string(after.Severity), string(after.State), after.Owner,
		micro(after.OpenedAt), micro(after.DeclaredAt), micro(after.ResolvedAt), after.Seq)
	if err != nil {
		return fmt.Errorf("write incident: %w", err)
	}
	if err := t.keepSources(ctx, before, after); err != nil {
		return err
	}
	return t.keepSteps(ctx, before, after)
}

// keepSources gives new keys to the incident. A key that belonged to an older
// one, as after a reopening a day later, moves.
func (t *tx) keepSources(ctx context.Context, before, after *incident.Incident) error {
	for _, s := range after.Sources {
		if before != nil && before.Source(s.Kind, s.Key) != nil {
			continue
		}
		_, err := t.exec(ctx, `INSERT INTO source (kind, key, incident) VALUES ($1, $2, $3)
			ON CONFLICT (kind, key) DO UPDATE SET incident = excluded.incident`, s.Kind, s.Key, after.Number)
		if err != nil {
			return fmt.Errorf("write source: %w", err)
		}
	}
	return nil
}

// keepSteps writes the steps that are not as they were. Seq alone does not tell:
// an undo marks the step that it undid.
func (t *tx) keepSteps(ctx context.Context, before, after *incident.Incident) error {
	for n := range after.Steps {
		s := &after.Steps[n]
		if before != nil && n < len(before.Steps) && reflect.DeepEqual(before.Steps[n], *s) {
			continue
		}
		snapshot, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("write step: %w", err)
		}
		changed, err := t.exec(ctx, `INSERT INTO step (id, incident, run, state, seq, snapshot) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, seq = excluded.seq, snapshot = excluded.snapshot
			WHERE step.incident = excluded.incident`,
			s.ID, after.Number, s.Run, string(s.State), s.Seq, string(snapshot))
		if err != nil {
			return fmt.Errorf("write step: %w", err)
		}
		if changed == 0 {
			return fmt.Errorf("write step: id %s belongs to another incident", s.ID)
		}
	}
	return nil
}

// sourceOwner answers whose a key is, 0 when it is nobody's.
func (t *tx) sourceOwner(ctx context.Context, kind, key string) (int64, error) {
	var number int64
	_, err := t.scan(ctx, sourceQuery, []any{kind, key}, &number)
	if err != nil {
		return 0, fmt.Errorf("find source: %w", err)
	}
	return number, nil
}

const sourceQuery = `SELECT incident FROM source WHERE kind = $1 AND key = $2`

// openOf answers the oldest open incident of a service, 0 when there is none.
func (t *tx) openOf(ctx context.Context, service string) (int64, error) {
	var number int64
	_, err := t.scan(ctx, `SELECT number FROM incident WHERE service = $1 AND state <> 'resolved' ORDER BY number LIMIT 1`,
		[]any{service}, &number)
	if err != nil {
		return 0, fmt.Errorf("find open incident: %w", err)
	}
	return number, nil
}

// tombstone answers when a key was resolved without an incident, nil if never.
func (t *tx) tombstone(ctx context.Context, kind, key string) (*incident.Stamp, error) {
	var at int64
	var event string
	found, err := t.scan(ctx, `SELECT at, event FROM tombstone WHERE kind = $1 AND key = $2`, []any{kind, key}, &at, &event)
	if err != nil {
		return nil, fmt.Errorf("find tombstone: %w", err)
	}
	if !found {
		return nil, nil
	}
	return &incident.Stamp{At: fromMicro(at), ID: event}, nil
}

// bury remembers the newest resolution of a key, in whatever order they come.
func (t *tx) bury(ctx context.Context, stone incident.Tombstone) error {
	_, err := t.exec(ctx, `INSERT INTO tombstone (kind, key, at, event) VALUES ($1, $2, $3, $4)
		ON CONFLICT (kind, key) DO UPDATE SET at = excluded.at, event = excluded.event
		WHERE excluded.at > tombstone.at OR (excluded.at = tombstone.at AND excluded.event > tombstone.event)`,
		stone.Kind, stone.Key, micro(stone.At.At), stone.At.ID)
	if err != nil {
		return fmt.Errorf("write tombstone: %w", err)
	}
	return nil
}
