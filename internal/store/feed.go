package store

import (
	"context"
	"fmt"

	"mayday/internal/incident"
)

// The feed keeps this many changes, and is cut to it every so often.
const (
	feedRows = 20_000
	feedCut  = 500
)

// feed notes a change in the one order that all readers see.
func (t *tx) feed(ctx context.Context, id, kind, ref string) error {
	var row int64
	_, err := t.scan(ctx, `INSERT INTO feed (at, incident, kind, ref) VALUES ($1, $2, $3, $4) RETURNING id`,
		[]any{micro(t.now), id, kind, ref}, &row)
	if err != nil {
		return fmt.Errorf("write feed: %w", err)
	}
	t.woke = true // whoever watches hears of it at once, not at the next look
	if row%feedCut != 0 {
		return nil
	}
	if _, err := t.exec(ctx, `DELETE FROM feed WHERE id <= $1`, row-feedRows); err != nil {
		return fmt.Errorf("cut feed: %w", err)
	}
	return nil
}

func feedID(number int64) string {
	if number == 0 {
		return ""
	}
	return incident.FormatID(number)
}

// Feed answers changes with ID > since, oldest first, at most limit.
func (s *Store) Feed(ctx context.Context, since int64, limit int) ([]incident.FeedRow, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT id, at, incident, kind, ref FROM feed WHERE id > $1 ORDER BY id LIMIT $2`, since, limit)
	if err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	defer rows.Close()
	var out []incident.FeedRow
	for rows.Next() {
		var r incident.FeedRow
		var at int64
		if err := rows.Scan(&r.ID, &at, &r.Incident, &r.Kind, &r.Ref); err != nil {
			return nil, fmt.Errorf("read feed: %w", err)
		}
		r.At = fromMicro(at)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	return out, nil
}
