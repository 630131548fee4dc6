package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// The first of the two steps of the inbox (seam 2): the verified raw body,
// unique by event id, committed before the door answers.

// Receive stores a verified body: committed and synced when it returns nil. A
// body whose event id is known answers fresh=false and changes nothing. It answers
// in time for the door (P1), all waiting counted in: an error means that nobody
// knows yet whether the body is kept, and that the source has to send it again. A
// commit that comes after such an answer is harmless, since event ids are unique:
// what is sent again is known then.
func (s *Store) Receive(ctx context.Context, source, eventID string, body []byte) (fresh bool, err error) {
	if body == nil {
		body = []byte{} // the column holds bytes, never nothing
	}
	ctx, cancel := context.WithTimeout(ctx, urgentWrite)
	defer cancel()
	fresh, err = s.writer.receive(ctx, source, eventID, body)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, unavailable(err)
	}
	return fresh, err
}

func (w *writer) receive(ctx context.Context, source, eventID string, body []byte) (fresh bool, err error) {
	var stored bool // not the result: the job may run when that was returned
	done, err := w.take(ctx, true, func(ctx context.Context, t *tx) error {
		var id int64
		var err error
		stored, err = t.scan(ctx, `INSERT INTO inbox (source, event_id, at, state, body) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (source, event_id) DO NOTHING RETURNING id`,
			[]any{source, eventID, micro(t.now), string(incident.InboxNew), body}, &id)
		if err != nil {
			return fmt.Errorf("store body: %w", err)
		}
		if !stored {
			return nil
		}
		return t.wake(ctx, incident.Wake{Kind: incident.WakeInbox, Row: strconv.FormatInt(id, 10), Due: t.now})
	})
	if err != nil {
		return false, err
	}
	if err := outcome(ctx, done); err != nil {
		return false, err
	}
	return stored, nil
}

// outcome waits for what became of a body that was taken, until the deadline of
// ctx. That a sender hung up is no reason to stop: it would only hide what was done.
func outcome(ctx context.Context, done <-chan error) error {
	deadline, _ := ctx.Deadline() // Receive gave it one
	waiting, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	select {
	case err := <-done:
		return err
	case <-waiting.Done():
		return unsure(fmt.Errorf("store body: %w", waiting.Err()))
	}
}

const receivedColumns = `id, source, event_id, at, state, reason, incident, body`

// Received answers a stored body.
func (s *Store) Received(ctx context.Context, id int64) (incident.Received, error) {
	r, err := scanReceived(s.readers.QueryRowContext(ctx, `SELECT `+receivedColumns+` FROM inbox WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.Newf(fault.NotFound, "E23", "There is no stored body %d.", id)
	}
	if err != nil {
		return r, fmt.Errorf("read stored body: %w", err)
	}
	return r, nil
}

func scanReceived(row interface{ Scan(into ...any) error }) (incident.Received, error) {
	var r incident.Received
	var at int64
	err := row.Scan(&r.ID, &r.Source, &r.EventID, &at, &r.State, &r.Reason, &r.Incident, &r.Body)
	r.At = fromMicro(at)
	return r, err
}

// Settle finishes a row that no incident took: recorded or quarantined.
func (s *Store) Settle(ctx context.Context, c incident.Claim, state incident.InboxState, reason string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.held(ctx, c); err != nil {
			return err
		}
		if err := t.settle(ctx, c.Row, state, reason, 0); err != nil {
			return err
		}
		if c.Keep {
			return nil
		}
		return t.finish(ctx, c)
	})
}

func (t *tx) settle(ctx context.Context, row string, state incident.InboxState, reason string, number int64) error {
	id, err := strconv.ParseInt(row, 10, 64)
	if err != nil {
		return fmt.Errorf("settle stored body: %w", err)
	}
	n, err := t.exec(ctx, `UPDATE inbox SET state = $2, reason = $3, incident = $4 WHERE id = $1`, id, string(state), reason, number)
	if err != nil {
		return fmt.Errorf("settle stored body: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("settle stored body: there is no row %d", id)
	}
	return nil
}

// Quarantine lists what was signed and not understood, newest first.
func (s *Store) Quarantine(ctx context.Context, limit int) ([]incident.Received, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT `+receivedColumns+` FROM inbox WHERE state = 'quarantined' ORDER BY id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	defer rows.Close()
	var out []incident.Received
	for rows.Next() {
		r, err := scanReceived(rows)
		if err != nil {
			return nil, fmt.Errorf("list quarantine: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	return out, nil
}
