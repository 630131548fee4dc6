package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"

	"mayday/internal/incident"
)

// Verify walks the seals of a timeline over the bytes as they are stored. It
// also knows where the timeline ends, so that a missing tail is found (P19).
func (s *Store) Verify(ctx context.Context, number int64) error {
	now, err := s.Incident(ctx, number)
	if err != nil {
		return err
	}
	entries, err := s.entries(ctx, number, 0)
	if err != nil {
		return err
	}
	prev := ""
	for n, e := range entries {
		if e.Seq != int64(n+1) || e.PrevHMAC != prev {
			return fmt.Errorf("verify %s: entry %d does not follow the one before", now.ID(), e.Seq)
		}
		want, err := incident.SealRaw(s.key, number, e.Entry, e.body)
		if err != nil {
			return err
		}
		if !hmac.Equal([]byte(want), []byte(e.HMAC)) {
			return fmt.Errorf("verify %s: entry %d was changed", now.ID(), e.Seq)
		}
		prev = e.HMAC
	}
	if int64(len(entries)) != now.Seq || prev != now.LastHMAC {
		return fmt.Errorf("verify %s: the timeline ends at entry %d, it should at %d", now.ID(), len(entries), now.Seq)
	}
	return nil
}

// Recompute folds a timeline anew and compares: the cached rows are exactly what
// follows from the entries, or the answer says which is not.
func (s *Store) Recompute(ctx context.Context, number int64) error {
	entries, err := s.Timeline(ctx, number, 0)
	if err != nil {
		return err
	}
	fold, err := incident.FoldAll(number, entries)
	if err != nil {
		return err
	}
	var snapshot []byte
	var columns [5]string
	var seq int64
	err = s.readers.QueryRowContext(ctx, `SELECT snapshot, title, service, severity, state, owner, seq FROM incident WHERE number = $1`, number).
		Scan(&snapshot, &columns[0], &columns[1], &columns[2], &columns[3], &columns[4], &seq)
	if err != nil {
		return fmt.Errorf("recompute %s: %w", fold.ID(), err)
	}
	if got, want := incident.Canonical(json.RawMessage(snapshot)), incident.Canonical(fold); !bytes.Equal(got, want) {
		return fmt.Errorf("recompute %s: the snapshot is not the fold of its entries:\n%s\n%s", fold.ID(), got, want)
	}
	want := [5]string{plain(fold.Title), plain(fold.Service), string(fold.Severity), string(fold.State), plain(fold.Owner)}
	for n := range columns {
		columns[n] = plain(columns[n])
	}
	if columns != want || seq != fold.Seq {
		return fmt.Errorf("recompute %s: its columns are %q at %d, not %q at %d", fold.ID(), columns, seq, want, fold.Seq)
	}
	return s.recomputeSteps(ctx, fold)
}

func (s *Store) recomputeSteps(ctx context.Context, fold *incident.Incident) error {
	rows, err := s.readers.QueryContext(ctx, `SELECT id, state, seq, snapshot FROM step WHERE incident = $1`, fold.Number)
	if err != nil {
		return fmt.Errorf("recompute %s: %w", fold.ID(), err)
	}
	defer rows.Close()
	count := 0
	for ; rows.Next(); count++ {
		var id, state string
		var seq int64
		var snapshot []byte
		if err := rows.Scan(&id, &state, &seq, &snapshot); err != nil {
			return fmt.Errorf("recompute %s: %w", fold.ID(), err)
		}
		want := fold.Step(id)
		if want == nil {
			return fmt.Errorf("recompute %s: there is a row for step %s and no entry", fold.ID(), id)
		}
		same := bytes.Equal(incident.Canonical(json.RawMessage(snapshot)), incident.Canonical(want))
		if !same || state != string(want.State) || seq != want.Seq {
			return fmt.Errorf("recompute %s: the row of step %s is not its fold", fold.ID(), id)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("recompute %s: %w", fold.ID(), err)
	}
	if count != len(fold.Steps) {
		return fmt.Errorf("recompute %s: %d steps have a row, not %d", fold.ID(), count, len(fold.Steps))
	}
	return nil
}
