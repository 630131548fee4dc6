package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Incident answers the fold as it was last committed; E23 when there is none.
func (s *Store) Incident(ctx context.Context, number int64) (*incident.Incident, error) {
	var snapshot []byte
	err := s.readers.QueryRowContext(ctx, `SELECT snapshot FROM incident WHERE number = $1`, number).Scan(&snapshot)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, noIncident(number)
	}
	if err != nil {
		return nil, fmt.Errorf("load incident: %w", err)
	}
	return decodeIncident(snapshot)
}

// BySource finds the incident that a source's key belongs to, 0 when none.
func (s *Store) BySource(ctx context.Context, kind, key string) (int64, error) {
	var number int64
	err := s.readers.QueryRowContext(ctx, sourceQuery, kind, key).Scan(&number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("find source: %w", err)
	}
	return number, nil
}

// Limits of one page of incidents.
const (
	pageRows    = 50
	pageRowsMax = 200
)

// Incidents lists incidents, newest first. State is open unless it is set.
func (s *Store) Incidents(ctx context.Context, f incident.Filter) ([]*incident.Incident, error) {
	query, args, err := filterQuery(f)
	if err != nil {
		return nil, err
	}
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	defer rows.Close()
	var out []*incident.Incident
	for rows.Next() {
		var snapshot []byte
		if err := rows.Scan(&snapshot); err != nil {
			return nil, fmt.Errorf("list incidents: %w", err)
		}
		i, err := decodeIncident(snapshot)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return out, nil
}

func filterQuery(f incident.Filter) (query string, args []any, err error) {
	query = `SELECT snapshot FROM incident WHERE `
	switch f.State {
	case "", "open":
		query += `state <> 'resolved'`
	case "resolved":
		query += `state = 'resolved'`
	case "all":
		query += `number > 0`
	default:
		return "", nil, fault.Newf(fault.Invalid, "E24", "state is open, resolved or all, not %q.", f.State)
	}
	add := func(condition string, arg any) {
		args = append(args, arg)
		query += fmt.Sprintf(condition, len(args))
	}
	if f.Owner != "" {
		add(` AND owner = $%d`, f.Owner)
	}
	if f.Service != "" {
		add(` AND service = $%d`, f.Service)
	}
	if f.Before > 0 {
		add(` AND number < $%d`, f.Before)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = pageRows
	}
	add(` ORDER BY number DESC LIMIT $%d`, min(limit, pageRowsMax))
	return query, args, nil
}

// StepOwner answers the number of the incident that has this step; E23.
func (s *Store) StepOwner(ctx context.Context, step string) (int64, error) {
	var number int64
	err := s.readers.QueryRowContext(ctx, `SELECT incident FROM step WHERE id = $1`, step).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.Newf(fault.NotFound, "E23", "There is no step %s.", step)
	}
	if err != nil {
		return 0, fmt.Errorf("find step: %w", err)
	}
	return number, nil
}

// Depth answers how many outbox rows wait and since when the oldest does.
func (s *Store) Depth(ctx context.Context) (n int, oldest time.Time, err error) {
	var since sql.NullInt64
	err = s.readers.QueryRowContext(ctx, `SELECT count(*), min(wanted_at) FROM outbox WHERE wanted > sent_rev AND state IN ('pending', 'sent')`).
		Scan(&n, &since)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("measure outbox: %w", err)
	}
	return n, fromMicro(since.Int64), nil
}
