package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/incident"
)

// HandleOut sends what waits in one lane, in order. A row that the platform
// refuses is tried once more as plain text, then quarantined, and the lane goes
// on (PROMISES rule 6).
func (d *Desk) HandleOut(ctx context.Context, c incident.Claim) error {
	rows, err := d.Store.Outbox.Lane(ctx, c.Row)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := d.deliver(ctx, c, row); err != nil {
			return err
		}
	}
	return d.Queue.Done(ctx, c)
}

func (d *Desk) deliver(ctx context.Context, c incident.Claim, row incident.OutRow) error {
	if row.Place.Room == incident.RoomSource {
		return d.callSource(ctx, c, row)
	}
	p, ok := d.platforms[row.Platform]
	if !ok {
		return d.Store.Outbox.Refused(ctx, c, row, "the platform is not configured any more", true)
	}
	if row.Delete && row.Ref != "" {
		if del, ok := p.(chat.Deleter); ok {
			return d.sent(ctx, c, row, row.Ref, del.Delete(ctx, chat.Ref(row.Ref)))
		}
	}
	row.Delete = false
	m, err := d.bytes(ctx, c, &row)
	if err != nil {
		return err
	}
	ref, err := d.send(ctx, p, row, m)
	var f *chat.Failure
	if errors.As(err, &f) && f.Kind == chat.Rejected && !row.Plain {
		// These bytes will never be taken; plain words may be.
		if err := d.sent(ctx, c, row, ref, err); err != nil {
			return err
		}
		row.Plain = true
		return d.deliver(ctx, c, row)
	}
	return d.sent(ctx, c, row, ref, err)
}

// bytes answers the rendering of a row: the one that is kept when it answers
// the newest intent, so that a retry sends the same, else a fresh one.
func (d *Desk) bytes(ctx context.Context, c incident.Claim, row *incident.OutRow) (chat.Message, error) {
	var m chat.Message
	if row.RendRev == row.Wanted && len(row.Rendered) > 0 && !row.Plain {
		if err := json.Unmarshal(row.Rendered, &m); err != nil {
			return m, fmt.Errorf("read rendered message %s: %w", row.Key, err)
		}
		return m, nil
	}
	inc, err := d.Store.Journal.Incident(ctx, row.Incident)
	if err != nil {
		return m, err
	}
	m, buttons, err := d.Render(ctx, inc, row.Out)
	if err != nil {
		return m, err
	}
	if row.Plain {
		m.Lines, m.Image = nil, nil
	}
	body, err := json.Marshal(m)
	if err != nil {
		return m, fmt.Errorf("write rendered message %s: %w", row.Key, err)
	}
	if err := d.Store.Outbox.Rendered(ctx, c, *row, body, buttons); err != nil {
		return m, err
	}
	row.Rendered, row.RendRev = body, row.Wanted
	return m, nil
}

func (d *Desk) send(ctx context.Context, p chat.Platform, row incident.OutRow, m chat.Message) (string, error) {
	if row.Ref != "" {
		return row.Ref, p.Edit(ctx, chat.Ref(row.Ref), m)
	}
	if row.Kind == incident.KindCard {
		ref, err := p.OpenThread(ctx, chat.OpenRequest{Room: row.Place.Room, Incident: m.Incident, Title: chat.Clamp(firstLine(m.Text), 100), Message: m})
		return string(ref), err
	}
	place := chat.Place{Room: row.Place.Room, Incident: row.Place.Thread}
	if row.Place.Room == incident.RoomOperations {
		root, err := d.Store.Outbox.Root(ctx, row.Platform, row.Incident)
		if err != nil {
			return "", err
		}
		if root == "" {
			return "", &chat.Failure{Kind: chat.Down, Err: errors.New("the card does not stand yet")}
		}
		place.Thread = chat.Ref(root)
	}
	ref, err := p.Post(ctx, place, m)
	return string(ref), err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// sent records the outcome of a send. Only what the platform will never take is
// given up; everything else is tried again.
func (d *Desk) sent(ctx context.Context, c incident.Claim, row incident.OutRow, ref string, err error) error {
	if err == nil {
		d.Meter.Message(row.Platform, "sent")
		return d.Store.Outbox.Sent(ctx, c, row, ref)
	}
	var f *chat.Failure
	if errors.As(err, &f) && (f.Kind == chat.Rejected || f.Kind == chat.Lost) {
		d.Meter.Message(row.Platform, "refused")
		d.Log.Warn("message refused", "key", row.Key, "platform", row.Platform, "err", err)
		return d.Store.Outbox.Refused(ctx, c, row, err.Error(), row.Plain || f.Kind == chat.Lost)
	}
	d.Meter.Message(row.Platform, "failed")
	if f != nil && f.After > 0 {
		return &pause{after: f.After, err: err}
	}
	return err
}

// pause asks the wake loop to come back after a while.
type pause struct {
	after time.Duration
	err   error
}

func (p *pause) Error() string             { return p.err.Error() }
func (p *pause) Unwrap() error             { return p.err }
func (p *pause) RetryAfter() time.Duration { return p.after }

// callSource makes a call to the alert source. What it definitely refuses is
// noted and given up: an acknowledgement that cannot be made must not hold the
// thread.
func (d *Desk) callSource(ctx context.Context, c incident.Claim, row incident.OutRow) error {
	s, ok := d.sources[row.Platform]
	if !ok || s.Mirror == nil {
		return d.Store.Outbox.Refused(ctx, c, row, "no way to call "+row.Platform+" is configured", true)
	}
	inc, err := d.Store.Journal.Incident(ctx, row.Incident)
	if err != nil {
		return err
	}
	key, seq, _ := strings.Cut(row.About, ":")
	e, err := d.entry(ctx, row.Incident, seqOf(seq))
	if err != nil {
		return err
	}
	by := e.Actor
	if b, ok := e.Body.(*incident.Owned); ok {
		by = b.Owner
	}
	call := integrations.Call{Key: row.Key, Kind: row.Kind, ID: key, By: by, Text: inc.ID() + ": " + e.Text}
	if l := d.People.named(by); l != nil {
		call.ByID = l.IDs[row.Platform]
	}
	err = s.Mirror.Do(ctx, call)
	if r, ok := integrations.AsRejected(err); ok {
		d.Meter.Message(row.Platform, "refused")
		d.Log.Warn("alert source refused a call", "key", row.Key, "why", r.Why)
		return d.Store.Outbox.Refused(ctx, c, row, r.Why, true)
	}
	if err != nil {
		d.Meter.Message(row.Platform, "failed")
		return err
	}
	d.Meter.Message(row.Platform, "sent")
	return d.Store.Outbox.Sent(ctx, c, row, row.Key)
}

// HandleNudge makes the call that is due on an incident's clock. The decision is
// made again inside the transaction, so a stale wake-up does nothing.
func (d *Desk) HandleNudge(ctx context.Context, c incident.Claim) error {
	number, err := incident.ParseID(c.Row)
	if err != nil {
		return d.Queue.Done(ctx, c)
	}
	_, err = d.do(ctx, incident.Target{Number: number, Claim: &c}, incident.Remind)
	return err
}

// HandleAsk asks once more whether an incident is over.
func (d *Desk) HandleAsk(ctx context.Context, c incident.Claim) error {
	number, err := incident.ParseID(c.Row)
	if err != nil {
		return d.Queue.Done(ctx, c)
	}
	_, err = d.do(ctx, incident.Target{Number: number, Claim: &c}, incident.AskAgain)
	return err
}
