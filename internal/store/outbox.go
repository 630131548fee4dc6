package store

import (
	"context"
	"database/sql"
	"fmt"

	"mayday/internal/incident"
)

// Messages are intents, rendered late (seam 3, PROMISES rule 6). A row counts
// the intents for its key (wanted), the one that its bytes answer (rend_rev) and
// the one that stands on the platform (sent_rev); what is wanted and does not
// stand yet is still to be sent.

// lane is the thread on a platform that a message belongs to. A card and the
// replies below it share one, so that the card goes first.
func lane(platform, room, id string) string { return platform + "|" + room + "|" + id }

// out writes an intent for one platform. A key that is known already is not
// sent twice; an edit or a deletion of one raises what is wanted.
func (t *tx) out(ctx context.Context, platform string, number int64, id string, o incident.Out) error {
	if o.Edit || o.Delete {
		return t.raise(ctx, platform, o)
	}
	l := lane(platform, o.Place.Room, id)
	n, err := t.exec(ctx, `INSERT INTO outbox
		(platform, key, lane, room, thread, kind, about, priority, incident, state, wanted, wanted_at, del)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, 0)
		ON CONFLICT (platform, key) DO NOTHING`,
		platform, o.Key, l, o.Place.Room, o.Place.Thread, o.Kind, o.About, o.Priority, number, string(incident.OutPending), micro(t.now))
	if err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	if n == 0 {
		return nil
	}
	return t.wake(ctx, incident.Wake{Kind: incident.WakeOut, Row: l, Due: t.now, Priority: o.Priority})
}

// raise asks for a new rendering of what was sent, or for its removal. The new
// bytes have not been refused yet. The lane is woken first: its sender holds that
// row while it writes to the message.
func (t *tx) raise(ctx context.Context, platform string, o incident.Out) error {
	var l string
	found, err := t.scan(ctx, `SELECT lane FROM outbox WHERE platform = $1 AND key = $2 AND state IN ('pending', 'sent')`,
		[]any{platform, o.Key}, &l)
	if err != nil {
		return fmt.Errorf("find message: %w", err)
	}
	if !found {
		return nil
	}
	if err := t.wake(ctx, incident.Wake{Kind: incident.WakeOut, Row: l, Due: t.now, Priority: o.Priority}); err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE outbox SET
			wanted_at = CASE WHEN wanted > sent_rev THEN wanted_at ELSE $4 END,
			wanted = wanted + 1, del = CASE WHEN $3 = 1 THEN 1 ELSE del END, tries = 0, plain = 0
		WHERE platform = $1 AND key = $2 AND state IN ('pending', 'sent')`,
		platform, o.Key, boolean(o.Delete), micro(t.now))
	if err != nil {
		return fmt.Errorf("raise message: %w", err)
	}
	return nil
}

const outColumns = `id, lane, platform, key, room, thread, kind, about, priority, incident, state, wanted, del, rendered, rend_rev, sent_rev, ref, tries, plain, tried_at, sent_at, edited_at`

// Lane answers the rows of a lane that still have something to send, in order.
func (s *Store) Lane(ctx context.Context, lane string) ([]incident.OutRow, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT `+outColumns+` FROM outbox
		WHERE lane = $1 AND wanted > sent_rev AND state IN ('pending', 'sent') ORDER BY id`, lane)
	if err != nil {
		return nil, fmt.Errorf("read lane: %w", err)
	}
	defer rows.Close()
	var out []incident.OutRow
	for rows.Next() {
		r, err := scanOut(rows)
		if err != nil {
			return nil, fmt.Errorf("read lane: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read lane: %w", err)
	}
	return out, nil
}

func scanOut(rows *sql.Rows) (incident.OutRow, error) {
	var r incident.OutRow
	var del, plain, tried, sent, edited int64
	err := rows.Scan(&r.Row, &r.Lane, &r.Platform, &r.Key, &r.Place.Room, &r.Place.Thread, &r.Kind, &r.About, &r.Priority, &r.Incident,
		&r.State, &r.Wanted, &del, &r.Rendered, &r.RendRev, &r.SentRev, &r.Ref, &r.Tries, &plain, &tried, &sent, &edited)
	r.Out.Platform = r.Platform
	r.Delete, r.Edit, r.Plain = del != 0, r.Ref != "", plain != 0
	r.Tried, r.SentAt, r.EditedAt = fromMicro(tried), fromMicro(sent), fromMicro(edited)
	return r, err
}

// Rendered keeps the bytes that are about to be sent, with their buttons. From
// now on a new message may stand, until Sent or NotSent says more.
func (s *Store) Rendered(ctx context.Context, c incident.Claim, row incident.OutRow, body []byte, buttons []incident.Button) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.held(ctx, c); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE outbox SET rendered = $2, rend_rev = $3,
				tried_at = CASE WHEN ref = '' AND tried_at = 0 THEN $4 ELSE tried_at END
			WHERE id = $1 AND wanted >= $3 AND rend_rev <= $3`,
			row.Row, body, row.Wanted, micro(t.now))
		if err != nil {
			return fmt.Errorf("keep rendering: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("keep rendering: message %d has no intent %d", row.Row, row.Wanted)
		}
		return t.keepButtons(ctx, buttons)
	})
}

// Sent says that the rendered bytes stand on the platform as ref, or that a row
// that was to be taken back is gone.
func (s *Store) Sent(ctx context.Context, c incident.Claim, row incident.OutRow, ref string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.held(ctx, c); err != nil {
			return err
		}
		state := incident.OutSent
		if row.Delete {
			state = incident.OutGone
		}
		var number int64
		var key string
		found, err := t.scan(ctx, `UPDATE outbox SET ref = CASE WHEN $2 = '' THEN ref ELSE $2 END, state = $3,
				sent_rev = CASE WHEN $5 = 1 THEN wanted ELSE rend_rev END, tries = 0, plain = 0, tried_at = 0, reason = '',
				edited_at = CASE WHEN sent_at = 0 THEN sent_at ELSE $4 END,
				sent_at = CASE WHEN sent_at = 0 THEN $4 ELSE sent_at END
			WHERE id = $1 RETURNING key, incident`,
			[]any{row.Row, ref, string(state), micro(t.now), boolean(row.Delete)}, &key, &number)
		if err != nil {
			return fmt.Errorf("note sent message: %w", err)
		}
		if !found {
			return fmt.Errorf("note sent message: there is no row %d", row.Row)
		}
		t.feed(feedID(number), "message", key)
		return nil
	})
}

// Refused counts a failed try; the next one is in plain text. With quarantine
// the row is given up and the lane goes on.
func (s *Store) Refused(ctx context.Context, c incident.Claim, row incident.OutRow, reason string, quarantine bool) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.held(ctx, c); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE outbox SET tries = tries + 1, plain = 1, reason = $2,
				state = CASE WHEN $3 = 1 THEN 'quarantined' ELSE state END WHERE id = $1`, row.Row, reason, boolean(quarantine))
		if err != nil {
			return fmt.Errorf("note refused message: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("note refused message: there is no row %d", row.Row)
		}
		return nil
	})
}

// NotSent says that a message which was about to be sent for the first time
// certainly does not stand.
func (s *Store) NotSent(ctx context.Context, c incident.Claim, row incident.OutRow) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.held(ctx, c); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE outbox SET tried_at = 0 WHERE id = $1`, row.Row); err != nil {
			return fmt.Errorf("note unsent message: %w", err)
		}
		return nil
	})
}

// roomRows bounds what is answered of a whole room: the newest of it.
const roomRows = 1000

// Posted answers what stands in a room (thread "") or a thread (card first). In
// the room of the cards, replies below them are not part of the room itself.
func (s *Store) Posted(ctx context.Context, platform, room, thread string) ([]incident.Posted, error) {
	query, args := `SELECT key, room, thread, kind, rendered, ref, sent_at, edited_at FROM (
			SELECT * FROM outbox WHERE platform = $1 AND room = $2 AND (thread = '' OR room <> 'operations')
				AND ref <> '' AND state = 'sent' ORDER BY id DESC LIMIT $3) AS newest
		ORDER BY id`, []any{platform, room, roomRows}
	if thread != "" {
		query, args = `SELECT key, room, thread, kind, rendered, ref, sent_at, edited_at FROM outbox
			WHERE lane = $1 AND ref <> '' AND state = 'sent'
			ORDER BY CASE WHEN key = $2 THEN 0 ELSE 1 END, id`, []any{lane(platform, room, thread), thread + ":card"}
	}
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read room: %w", err)
	}
	defer rows.Close()
	var out []incident.Posted
	for rows.Next() {
		var p incident.Posted
		var sent, edited int64
		if err := rows.Scan(&p.Key, &p.Room, &p.Thread, &p.Kind, &p.Body, &p.Ref, &sent, &edited); err != nil {
			return nil, fmt.Errorf("read room: %w", err)
		}
		p.SentAt, p.EditedAt = fromMicro(sent), fromMicro(edited)
		out = append(out, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read room: %w", err)
	}
	return out, nil
}
