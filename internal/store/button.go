package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Button answers a button; E4 when nobody knows it.
func (s *Store) Button(ctx context.Context, id string) (incident.Button, error) {
	b := incident.Button{ID: id}
	var arg sql.NullString
	var at int64
	err := s.readers.QueryRowContext(ctx, `SELECT incident, message, verb, step, arg, person, at FROM button WHERE id = $1`, id).
		Scan(&b.Incident, &b.Message, &b.Verb, &b.Step, &arg, &b.Person, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return incident.Button{}, fault.New(fault.Gone, "E4", "This button belongs to an older card; here is how things stand.", "")
	}
	if err != nil {
		return incident.Button{}, fmt.Errorf("find button: %w", err)
	}
	if arg.Valid {
		b.Arg = json.RawMessage(arg.String)
	}
	b.At = fromMicro(at)
	return b, nil
}

// KeepButtons stores buttons of answers that are not in the outbox.
func (s *Store) KeepButtons(ctx context.Context, bs []incident.Button) error {
	if len(bs) == 0 {
		return nil
	}
	return s.writeNow(ctx, func(ctx context.Context, t *tx) error { return t.keepButtons(ctx, bs) })
}

// keepButtons leaves a button that is known as it is: what it means was decided
// when it was first shown.
func (t *tx) keepButtons(ctx context.Context, bs []incident.Button) error {
	for _, b := range bs {
		at := b.At
		if at.IsZero() {
			at = t.now
		}
		_, err := t.exec(ctx, `INSERT INTO button (id, incident, message, verb, step, arg, person, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`,
			b.ID, b.Incident, b.Message, b.Verb, b.Step, sql.NullString{String: string(b.Arg), Valid: b.Arg != nil}, b.Person, micro(at))
		if err != nil {
			return fmt.Errorf("keep button: %w", err)
		}
	}
	return nil
}
