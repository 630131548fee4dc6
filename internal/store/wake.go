package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"mayday/internal/incident"
)

// The one durable mechanism: due rows with a lease (seam 4, PROMISES rule 7).
// The term of a claim comes from one counter for all, so it grows with every
// claim of a row even when the row was gone in between.

// wake sets, moves or takes back a wake-up. A row that is held at the moment is
// due again when its holder is done. The clock of an incident has one wake-up,
// which is replaced; other rows are looked at when the earliest asks for it. A
// lane that waits out a failure is not hurried by a new message: what a platform
// said about when to come back is law.
func (t *tx) wake(ctx context.Context, w incident.Wake) error {
	if w.Cancel {
		_, err := t.exec(ctx, `DELETE FROM wake WHERE kind = $1 AND subject = $2`, w.Kind, w.Row)
		if err != nil {
			return fmt.Errorf("cancel wake-up: %w", err)
		}
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO wake (kind, subject, due_at, priority) VALUES ($1, $2, $3, $4)
		ON CONFLICT (kind, subject) DO UPDATE SET
			priority = CASE WHEN excluded.priority < wake.priority THEN excluded.priority ELSE wake.priority END,
			due_at = CASE
				WHEN wake.lease_until <> 0 THEN wake.due_at
				WHEN wake.kind = 'nudge' THEN excluded.due_at
				WHEN wake.kind = 'out' AND wake.attempts > 0 THEN wake.due_at
				WHEN excluded.due_at < wake.due_at THEN excluded.due_at
				ELSE wake.due_at END,
			again_at = CASE
				WHEN wake.lease_until = 0 THEN NULL
				WHEN wake.kind = 'nudge' OR wake.again_at IS NULL OR excluded.due_at < wake.again_at THEN excluded.due_at
				ELSE wake.again_at END`,
		w.Kind, w.Row, micro(w.Due), w.Priority)
	if err != nil {
		return fmt.Errorf("set wake-up: %w", err)
	}
	t.woke = t.woke || !w.Due.After(t.now)
	return nil
}

// held refuses a write whose claim was taken over, or is over.
func (t *tx) held(ctx context.Context, c incident.Claim) error {
	var one int64
	found, err := t.scan(ctx, `SELECT 1 FROM wake WHERE kind = $1 AND subject = $2 AND term = $3 AND lease_until <> 0`+t.d.forUpdate,
		[]any{c.Kind, c.Row, c.Term}, &one)
	if err != nil {
		return fmt.Errorf("check claim: %w", err)
	}
	if !found {
		return incident.ErrLost
	}
	return nil
}

// finish ends a claim: the row goes, or is due when it was woken for meanwhile.
func (t *tx) finish(ctx context.Context, c incident.Claim) error {
	gone, err := t.exec(ctx, `DELETE FROM wake WHERE kind = $1 AND subject = $2 AND term = $3 AND lease_until <> 0 AND again_at IS NULL`,
		c.Kind, c.Row, c.Term)
	if err != nil {
		return fmt.Errorf("finish wake-up: %w", err)
	}
	if gone > 0 {
		return nil
	}
	var due int64
	found, err := t.scan(ctx, `UPDATE wake SET due_at = again_at, again_at = NULL, lease_until = 0, attempts = 0
		WHERE kind = $1 AND subject = $2 AND term = $3 AND lease_until <> 0 RETURNING due_at`, []any{c.Kind, c.Row, c.Term}, &due)
	if err != nil {
		return fmt.Errorf("finish wake-up: %w", err)
	}
	if !found {
		return incident.ErrLost
	}
	t.woke = t.woke || due <= micro(t.now)
	return nil
}

// Claim takes up to limit due rows of these kinds whose lease is free, lowest
// priority first, then oldest due.
func (s *Store) Claim(ctx context.Context, kinds []string, limit int, lease time.Duration) ([]incident.Claim, error) {
	if p, ok := s.writer.(*transactor); ok {
		return p.claim(ctx, kinds, limit, lease)
	}
	// Looking costs nothing, claiming an fsync: most polls find nothing.
	if due, err := s.anyDue(ctx, kinds); err != nil || !due || limit <= 0 {
		return nil, err
	}
	var claims []incident.Claim
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		var err error
		claims, err = t.claim(ctx, kinds, limit, lease)
		return err
	})
	if err != nil {
		return nil, err
	}
	return claims, nil
}

func (s *Store) anyDue(ctx context.Context, kinds []string) (bool, error) {
	at, err := s.now(ctx)
	if err != nil {
		return false, err
	}
	now := micro(at)
	for _, kind := range kinds {
		var one int64
		err := s.readers.QueryRowContext(ctx, `SELECT 1 FROM wake WHERE kind = $1 AND due_at <= $2 AND lease_until <= $2 LIMIT 1`,
			kind, now).Scan(&one)
		if err == nil {
			return true, nil
		}
		if err != sql.ErrNoRows {
			return false, fmt.Errorf("look for due rows: %w", err)
		}
	}
	return false, nil
}

func (t *tx) claim(ctx context.Context, kinds []string, limit int, lease time.Duration) ([]incident.Claim, error) {
	if _, err := t.exec(ctx, sqliteTerm); err != nil {
		return nil, fmt.Errorf("count term: %w", err)
	}
	args := []any{micro(t.now.Add(lease)), micro(t.now), limit}
	for _, k := range kinds {
		args = append(args, k)
	}
	rows, err := t.query(ctx, t.d.claim(len(kinds)), args...)
	if err != nil {
		return nil, fmt.Errorf("claim due rows: %w", err)
	}
	defer rows.Close()
	claims, err := scanClaims(rows)
	if err != nil {
		return nil, fmt.Errorf("claim due rows: %w", err)
	}
	return claims, nil
}

// scanClaims puts the rows in the order in which they were chosen: RETURNING
// promises none.
func scanClaims(rows *sql.Rows) ([]incident.Claim, error) {
	type ranked struct {
		incident.Claim
		priority int64
	}
	var all []ranked
	for rows.Next() {
		var r ranked
		var due int64
		if err := rows.Scan(&r.Kind, &r.Row, &r.Term, &due, &r.Tries, &r.priority); err != nil {
			return nil, err
		}
		r.Due = fromMicro(due)
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), a.Due.Compare(b.Due), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Row, b.Row))
	})
	claims := make([]incident.Claim, len(all))
	for n := range all {
		claims[n] = all[n].Claim
	}
	return claims, nil
}

// Renew extends a held lease; ErrLost when it is held no more.
func (s *Store) Renew(ctx context.Context, c incident.Claim, lease time.Duration) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `UPDATE wake SET lease_until = $4 WHERE kind = $1 AND subject = $2 AND term = $3 AND lease_until <> 0`,
			c.Kind, c.Row, c.Term, micro(t.now.Add(lease)))
		return heldBy(n, err, "renew lease")
	})
}

// Done removes the row, unless it was woken again meanwhile: then it is due.
func (s *Store) Done(ctx context.Context, c incident.Claim) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error { return t.finish(ctx, c) })
}

// Later gives the row back, due after a pause. A claim that says it had no tries
// comes back as if it had never failed: somebody only waits. One that was woken meanwhile does
// not wait for longer than that, but for a lane of messages.
func (s *Store) Later(ctx context.Context, c incident.Claim, pause time.Duration) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `UPDATE wake SET lease_until = 0, again_at = NULL, attempts = CASE WHEN $5 = 0 THEN 0 ELSE attempts END,
				due_at = CASE WHEN kind <> 'out' AND again_at < $4 THEN again_at ELSE $4 END
			WHERE kind = $1 AND subject = $2 AND term = $3 AND lease_until <> 0`, c.Kind, c.Row, c.Term, micro(t.now.Add(pause)), c.Tries)
		t.woke = true // cheaper to look once more than to ask when it is due
		return heldBy(n, err, "put back wake-up")
	})
}

func heldBy(changed int64, err error, what string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if changed == 0 {
		return incident.ErrLost
	}
	return nil
}
