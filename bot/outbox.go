package bot

import (
	"context"
	"strings"

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
		send := d.deliver
		if row.Place.Room == incident.RoomSource {
			send = d.callSource
		}
		ctx, end := d.messageSpan(ctx, row)
		err = send(ctx, c, row)
		end(err)
		if err != nil {
			return err
		}
	}
	return d.Queue.Done(ctx, c)
}

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
	if row.Kind == incident.CallNote {
		if d.URL == "" { // there is nothing to say
			return d.Store.Outbox.Sent(ctx, c, row, row.Key)
		}
		call.Text = "War room of " + inc.ID() + ", also while chat is down: " + d.URL + "/i/" + inc.ID()
	}
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
