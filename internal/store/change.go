package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"mayday/internal/incident"
)

// keepChanges is how long a change stays: what is older is nobody's suspect.
const keepChanges = 90 * 24 * time.Hour

// KeepChange keeps something that a pipeline told, and finishes the body that told
// it. The same change told twice stays one.
func (s *Store) KeepChange(ctx context.Context, c incident.Claim, change incident.Suspect) error {
	body, err := json.Marshal(change)
	if err != nil {
		return fmt.Errorf("keep change: %w", err)
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.held(ctx, c); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO change (source, id, service, at, body) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (source, id) DO UPDATE SET service = excluded.service, at = excluded.at, body = excluded.body`,
			change.Source, change.ID, change.Service, micro(change.At), string(body))
		if err != nil {
			return fmt.Errorf("keep change: %w", err)
		}
		if _, err := t.exec(ctx, `DELETE FROM change WHERE at < $1`, micro(t.now.Add(-keepChanges))); err != nil {
			return fmt.Errorf("drop old changes: %w", err)
		}
		if err := t.settle(ctx, c.Row, incident.InboxRecorded, "a change of "+change.Service, 0); err != nil {
			return err
		}
		return t.finish(ctx, c)
	})
}

// Changes lists what was told of these services between two instants, newest
// first; of all services when none is named. Changes of nobody in particular
// are always among them.
func (s *Store) Changes(ctx context.Context, services []string, from, to time.Time, limit int) ([]incident.Suspect, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT body FROM change WHERE at >= $1 AND at <= $2 ORDER BY at DESC, id DESC`, micro(from), micro(to))
	if err != nil {
		return nil, fmt.Errorf("list changes: %w", err)
	}
	defer rows.Close()
	var out []incident.Suspect
	for rows.Next() && len(out) < limit {
		var body string
		var one incident.Suspect
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("list changes: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &one); err != nil {
			return nil, fmt.Errorf("read change: %w", err)
		}
		if len(services) == 0 || one.Service == "" || slices.Contains(services, one.Service) {
			out = append(out, one)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list changes: %w", err)
	}
	return out, nil
}
