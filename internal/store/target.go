package store

import (
	"context"
	"encoding/json"
	"fmt"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// mayAct refuses entries that propose, approve or start an act while that must not
// be: the disk has too little room to keep what happens to it, or another incident
// has an act on the same target under way, in whatever process. The domain sees
// one incident and looks at the others' steps nowhere else.
func (d *doing) mayAct(ctx context.Context) error {
	for _, e := range d.sealed {
		b, ok := e.Body.(*incident.StepMoved)
		if !ok || b.New == nil && b.To != incident.Approved && b.To != incident.Starting {
			continue
		}
		if err := d.store.room.forActs(); err != nil {
			return err
		}
		if b.To != incident.Starting {
			continue
		}
		if err := d.tx.alone(ctx, d.after.Number, d.after.Step(b.ID).Plan.Target); err != nil {
			return err
		}
	}
	return nil
}

// alone refuses with E16 when another incident acts on the target.
func (t *tx) alone(ctx context.Context, number int64, target string) error {
	if target == "" {
		return nil
	}
	if err := t.lock(ctx, "target:"+target); err != nil {
		return err
	}
	rows, err := t.query(ctx, `SELECT snapshot FROM step WHERE state = $1 AND incident <> $2`, string(incident.Starting), number)
	if err != nil {
		return fmt.Errorf("look for other acts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var snapshot []byte
		var s incident.Step
		if err := rows.Scan(&snapshot); err != nil {
			return fmt.Errorf("look for other acts: %w", err)
		}
		if err := json.Unmarshal(snapshot, &s); err != nil {
			return fmt.Errorf("look for other acts: %w", err)
		}
		if s.Plan.Target == target {
			return fault.Newf(fault.Conflict, "E16", "%s is under way, for another incident.", s.Plan.Title).
				WithHint("Wait for its result.")
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look for other acts: %w", err)
	}
	return nil
}
