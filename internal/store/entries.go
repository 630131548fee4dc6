package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"mayday/internal/incident"
)

// keepEntry appends a sealed entry, and claims its slot if it is a nudge: a slot
// that was served is served for ever (P11, I8).
func (t *tx) keepEntry(ctx context.Context, number int64, e incident.Entry) error {
	if e.Body == nil {
		return fmt.Errorf("write entry %d: it has no body", e.Seq)
	}
	body, err := incident.EncodeBody(e.Body)
	if err != nil {
		return err
	}
	refs, err := json.Marshal(e.Refs)
	if err != nil {
		return fmt.Errorf("write entry: %w", err)
	}
	_, err = t.exec(ctx, `INSERT INTO entry (incident, seq, at, kind, actor, via, text, step, refs, quiet, body, prev_hmac, hmac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		number, e.Seq, micro(e.At), e.Kind(), e.Actor, e.Via, e.Text, e.Step, string(refs), boolean(e.Quiet), string(body), e.PrevHMAC, e.HMAC)
	if err != nil {
		return fmt.Errorf("write entry: %w", err)
	}
	if n, ok := e.Body.(*incident.Nudged); ok {
		return t.keepNudge(ctx, number, n.Nudge.Key)
	}
	return nil
}

func (t *tx) keepNudge(ctx context.Context, number int64, k incident.NudgeKey) error {
	_, err := t.exec(ctx, `INSERT INTO nudge (incident, anchor, slot, call, at) VALUES ($1, $2, $3, $4, $5)`,
		number, k.Anchor, k.Slot, k.Call, micro(t.now))
	if taken(err) {
		return fmt.Errorf("write nudge %s: this call was made before: %w", k.MessageKey(incident.FormatID(number)), err)
	}
	if err != nil {
		return fmt.Errorf("write nudge: %w", err)
	}
	return nil
}

// storedEntry is an entry with its body as the bytes that were sealed.
type storedEntry struct {
	incident.Entry
	body []byte
}

const entryQuery = `SELECT seq, at, kind, actor, via, text, step, refs, quiet, body, prev_hmac, hmac
	FROM entry WHERE incident = $1 AND seq > $2 ORDER BY seq`

func (s *Store) entries(ctx context.Context, number, after int64) ([]storedEntry, error) {
	rows, err := s.readers.QueryContext(ctx, entryQuery, number, after)
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	defer rows.Close()
	var out []storedEntry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, fmt.Errorf("read timeline: %w", err)
		}
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	return out, nil
}

func scanEntry(rows *sql.Rows) (storedEntry, error) {
	var e storedEntry
	var at, quiet int64
	var kind string
	var refs []byte
	err := rows.Scan(&e.Seq, &at, &kind, &e.Actor, &e.Via, &e.Text, &e.Step, &refs, &quiet, &e.body, &e.PrevHMAC, &e.HMAC)
	if err != nil {
		return e, err
	}
	e.At, e.Quiet = fromMicro(at), quiet != 0
	if err := json.Unmarshal(refs, &e.Refs); err != nil {
		return e, err
	}
	e.Body, err = incident.DecodeBody(kind, e.body)
	return e, err
}

// Timeline answers entries with seq > after, oldest first.
func (s *Store) Timeline(ctx context.Context, number, after int64) ([]incident.Entry, error) {
	stored, err := s.entries(ctx, number, after)
	if err != nil {
		return nil, err
	}
	out := make([]incident.Entry, len(stored))
	for n := range stored {
		out[n] = stored[n].Entry
	}
	return out, nil
}
