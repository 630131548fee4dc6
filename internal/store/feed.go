package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"mayday/internal/incident"
)

// The feed keeps this many changes, and is cut to it every so often.
const (
	feedRows = 20_000
	feedCut  = 500
)

// feedRow is a change that is told when its transaction ends.
type feedRow struct{ incident, kind, ref string }

// feed notes a change in the one order that all readers see.
func (t *tx) feed(id, kind, ref string) { t.news = append(t.news, feedRow{id, kind, ref}) }

// flush writes the changes, last of all.
func (t *tx) flush(ctx context.Context) error {
	if len(t.news) == 0 {
		return nil
	}
	if t.d.feedMark != "" {
		if _, err := t.exec(ctx, t.d.feedMark); err != nil {
			return fmt.Errorf("mark feed: %w", err)
		}
	}
	for _, n := range t.news {
		if err := t.tell(ctx, n); err != nil {
			return err
		}
	}
	t.woke = true // whoever watches hears of it at once, not at the next look
	return nil
}

func (t *tx) tell(ctx context.Context, n feedRow) error {
	var row int64
	_, err := t.scan(ctx, `INSERT INTO feed (at, incident, kind, ref) VALUES ($1, $2, $3, $4) RETURNING id`,
		[]any{micro(t.now), n.incident, n.kind, n.ref}, &row)
	if err != nil {
		return fmt.Errorf("write feed: %w", err)
	}
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
	last, err := s.feedEnd(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.readers.QueryContext(ctx, `SELECT id, at, incident, kind, ref FROM feed WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3`, since, last, limit)
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

// feedEnd is how far the feed is complete. A reader asks for what comes after the
// last number that it saw, so it may not see a number while a smaller one can
// still be committed. Where several transactions write at once, each takes a mark
// that says from where on it draws its numbers, before it draws them. What was
// drawn before we look is complete up to the lowest mark; whoever takes a mark
// after we look draws higher numbers. A mark is gone once its rows can be seen.
func (s *Store) feedEnd(ctx context.Context) (int64, error) {
	if s.dialect.feedMark == "" {
		return math.MaxInt64, nil
	}
	var drawn int64
	if err := s.readers.QueryRowContext(ctx, s.dialect.feedDrawn).Scan(&drawn); err != nil {
		return 0, fmt.Errorf("read end of feed: %w", err)
	}
	var behind sql.NullInt64
	if err := s.readers.QueryRowContext(ctx, s.dialect.feedBehind, drawn).Scan(&behind); err != nil {
		return 0, fmt.Errorf("read marks of feed: %w", err)
	}
	if behind.Valid {
		return drawn - behind.Int64 - 1, nil
	}
	return drawn, nil
}
