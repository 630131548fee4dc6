package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mayday/internal/incident"
)

// A thread on a platform is known by the ref of its card.

// Root answers the ref of an incident's card on a platform, "" before it stands;
// refused when it never will.
func (s *Store) Root(ctx context.Context, platform string, number int64) (ref string, refused bool, err error) {
	var state string
	err = s.readers.QueryRowContext(ctx, `SELECT ref, state FROM outbox WHERE platform = $1 AND key = $2`,
		platform, incident.FormatID(number)+":card").Scan(&ref, &state)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", false, fmt.Errorf("find card: %w", err)
	}
	return ref, ref == "" && state == string(incident.OutQuarantined), nil
}

// ByRef answers the incident whose card stands at ref, 0 when there is none.
func (s *Store) ByRef(ctx context.Context, platform, ref string) (int64, error) {
	var number int64
	err := s.readers.QueryRowContext(ctx, `SELECT incident FROM outbox WHERE platform = $1 AND ref = $2 AND kind = 'card'`,
		platform, ref).Scan(&number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("find thread: %w", err)
	}
	return number, nil
}

// anewAfter keeps a thread that is deleted again and again from being opened
// again and again.
const anewAfter = time.Minute

// Anew forgets that a card stands, because its thread is gone there: it is sent
// once more, before everything that waits below it. What stood in the old thread
// and has news is sent anew below the new card. It answers false when the card
// was sent a moment ago.
func (s *Store) Anew(ctx context.Context, c incident.Claim, platform string, number int64) (bool, error) {
	var done bool
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.held(ctx, c); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE outbox SET ref = '', state = 'pending', wanted = wanted + 1, wanted_at = $3, tries = 0, plain = 0, tried_at = 0,
				sent_at = 0, edited_at = 0
			WHERE platform = $1 AND key = $2 AND ref <> '' AND sent_at < $4`,
			platform, incident.FormatID(number)+":card", micro(t.now), micro(t.now.Add(-anewAfter)))
		if err != nil {
			return fmt.Errorf("open thread anew: %w", err)
		}
		done = n > 0
		_, err = t.exec(ctx, `UPDATE outbox SET ref = '', state = 'pending', rend_rev = 0, sent_rev = 0, tries = 0, plain = 0, tried_at = 0, sent_at = 0, edited_at = 0
			WHERE lane = $1 AND kind <> 'card' AND ref <> '' AND state = 'sent' AND wanted > sent_rev AND del = 0`,
			lane(platform, incident.RoomOperations, incident.FormatID(number)))
		if err != nil {
			return fmt.Errorf("post anew what has news: %w", err)
		}
		return nil
	})
	return done, err
}

// Repost lets a message that somebody deleted there be sent once more, as it is now.
// It answers false when it was sent a moment ago: one that is deleted again and again
// is not sent again and again.
func (s *Store) Repost(ctx context.Context, c incident.Claim, row incident.OutRow) (bool, error) {
	var done bool
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.held(ctx, c); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE outbox SET ref = '', state = 'pending', rend_rev = 0, sent_rev = 0, tries = 0, plain = 0, tried_at = 0, sent_at = 0, edited_at = 0
			WHERE id = $1 AND ref <> '' AND sent_at < $2`, row.Row, micro(t.now.Add(-anewAfter)))
		if err != nil {
			return fmt.Errorf("post a deleted message anew: %w", err)
		}
		done = n > 0
		return nil
	})
	return done, err
}

// joinPlatforms gives every open incident its card on platforms that were not in
// use when it opened, so that what is said from now on has a thread there.
func (s *Store) joinPlatforms(ctx context.Context) error {
	last, _, err := s.noted(ctx, scopeStore, factPlatforms)
	if err != nil {
		return unavailable(err)
	}
	for _, p := range s.platforms {
		if !slices.Contains(strings.Fields(last), p) {
			if err := s.rejoin(ctx, p); err != nil {
				return err
			}
		}
		numbers, err := s.without(ctx, p)
		if err != nil {
			return err
		}
		err = s.write(ctx, func(ctx context.Context, t *tx) error {
			for _, n := range numbers {
				id := incident.FormatID(n)
				card := incident.Out{Key: id + ":card", Place: incident.Place{Room: incident.RoomOperations}, Kind: incident.KindCard, Priority: incident.PriorityOpen}
				if err := t.out(ctx, p, n, id, card); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		return t.note(ctx, scopeStore, factPlatforms, strings.Join(s.platforms, " "))
	})
}

// factPlatforms are the platforms of the last run.
const factPlatforms = "platforms"

// rejoin sends the cards of a platform that was out of use: those that were given
// up, and those that changed meanwhile.
func (s *Store) rejoin(ctx context.Context, platform string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `UPDATE outbox SET state = CASE WHEN ref = '' THEN 'pending' ELSE 'sent' END, wanted = wanted + 1, wanted_at = $2,
				tries = 0, plain = 0, tried_at = 0, reason = ''
			WHERE platform = $1 AND kind = 'card' AND (state = 'quarantined' AND reason = $3 OR state = 'sent' AND EXISTS
				(SELECT 1 FROM incident i WHERE i.number = outbox.incident AND (i.state <> 'resolved' OR i.resolved_at > outbox.sent_at AND i.resolved_at > outbox.edited_at)))`,
			platform, micro(t.now), incident.NotConfigured)
		if err != nil {
			return fmt.Errorf("take cards up again: %w", err)
		}
		_, err = t.exec(ctx, `INSERT INTO wake (kind, subject, due_at, priority)
			SELECT 'out', lane, $2, priority FROM outbox WHERE platform = $1 AND kind = 'card' AND wanted > sent_rev AND state IN ('pending', 'sent')
			ON CONFLICT (kind, subject) DO NOTHING`, platform, micro(t.now))
		if err != nil {
			return fmt.Errorf("wake their lanes: %w", err)
		}
		return nil
	})
}

// without lists the open incidents that have no card on a platform.
func (s *Store) without(ctx context.Context, platform string) ([]int64, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT number FROM incident WHERE state <> 'resolved' AND NOT EXISTS
		(SELECT 1 FROM outbox WHERE platform = $1 AND key = 'INC-' || number || ':card') ORDER BY number`, platform)
	if err != nil {
		return nil, fmt.Errorf("find incidents without a card: %w", err)
	}
	defer rows.Close()
	var missing []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, fmt.Errorf("find incidents without a card: %w", err)
		}
		missing = append(missing, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find incidents without a card: %w", err)
	}
	return missing, nil
}
