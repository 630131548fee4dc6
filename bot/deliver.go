package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// delivery is one message on its way to one platform.
type delivery struct {
	d     *Desk
	claim incident.Claim
	row   incident.OutRow
	to    chat.Platform
}

// deliver sends one row. What is not sent stays, and the lane waits for it.
func (d *Desk) deliver(ctx context.Context, c incident.Claim, row incident.OutRow) error {
	p, ok := d.platforms[row.Platform]
	if !ok {
		return d.Store.Outbox.Refused(ctx, c, row, incident.NotConfigured, true)
	}
	v := &delivery{d: d, claim: c, row: row, to: p}
	if row.Delete && row.Ref == "" && row.Tried.IsZero() {
		return d.Store.Outbox.Sent(ctx, c, row, "") // it never stood, so it is gone
	}
	if row.Delete && row.Ref != "" {
		if del, ok := p.(chat.Deleter); ok {
			return v.settle(ctx, row.Ref, del.Delete(ctx, chat.Ref(row.Ref)))
		}
	}
	v.row.Delete = false
	return v.try(ctx)
}

// try sends the message, and once more in plain words when these bytes will
// never be taken.
func (v *delivery) try(ctx context.Context) error {
	place, err := v.place(ctx)
	if err != nil {
		return err
	}
	if wait := v.wait(place); wait > 0 {
		return &pause{after: wait, err: errors.New("not before the platform has room for it")}
	}
	m, err := v.bytes(ctx)
	if err != nil {
		return err
	}
	ref, err := v.send(ctx, place, m)
	if failed(err, chat.Rejected) && !v.row.Plain {
		if err := v.settle(ctx, ref, err); err != nil {
			return err
		}
		if err := v.unsent(ctx); err != nil { // it was refused, so it does not stand
			return err
		}
		v.row.Plain = true
		return v.try(ctx)
	}
	return v.settle(ctx, ref, err)
}

// failed reports whether err is a failure of this kind.
func failed(err error, kind chat.FailureKind) bool {
	var f *chat.Failure
	return errors.As(err, &f) && f.Kind == kind
}

// place is where the message goes. A reply waits until its root has a ref; one
// whose root was refused for ever stands in the room itself.
func (v *delivery) place(ctx context.Context) (chat.Place, error) {
	place := chat.Place{Room: v.row.Place.Room, Incident: v.row.Place.Thread}
	if v.row.Kind == incident.KindCard || place.Room != incident.RoomOperations {
		return place, nil
	}
	root, refused, err := v.d.Store.Threads.Root(ctx, v.row.Platform, v.row.Incident)
	if err != nil {
		return place, err
	}
	if root == "" && !refused {
		return place, &chat.Failure{Kind: chat.Down, Err: errors.New("the card does not stand yet")}
	}
	place.Thread = chat.Ref(root)
	return place, nil
}

// weight is how urgent the message is. Edits come last, but for those of an act:
// they are its result.
func (v *delivery) weight() chat.Weight {
	w := chat.Weight{Priority: v.row.Priority, Edit: v.row.Ref != ""}
	if w.Edit && w.Priority > incident.PriorityAct {
		w.Priority = incident.PriorityEdit
	}
	return w
}

// wait is how long the message has to wait before it is worth rendering.
func (v *delivery) wait(place chat.Place) time.Duration {
	wait := v.d.closed.wait(v.door(), v.d.Now())
	if p, ok := v.to.(chat.Pacer); ok {
		wait = max(wait, p.Pace(place, v.weight()))
	}
	return wait
}

// door is a room of a platform, which may be closed to us.
func (v *delivery) door() string { return v.row.Platform + "|" + v.row.Place.Room }

// bytes answers the rendering of a row: the one that is kept when it answers
// the newest intent, so that a retry sends the same, else a fresh one. Either
// way the store knows from now on that it may stand.
func (v *delivery) bytes(ctx context.Context) (chat.Message, error) {
	m, body, buttons, err := v.rendering(ctx)
	if err != nil {
		return m, err
	}
	m.Weight, m.Tried = v.weight(), v.row.Tried
	if body == nil {
		return m, nil
	}
	if err := v.d.Store.Outbox.Rendered(ctx, v.claim, v.row, body, buttons); err != nil {
		return m, err
	}
	v.row.Rendered, v.row.RendRev = body, v.row.Wanted
	return m, nil
}

// rendering answers the message, and its bytes unless the store has them.
func (v *delivery) rendering(ctx context.Context) (m chat.Message, body []byte, buttons []incident.Button, err error) {
	row := v.row
	if row.RendRev == row.Wanted && len(row.Rendered) > 0 && !row.Plain {
		if err := json.Unmarshal(row.Rendered, &m); err != nil {
			return m, nil, nil, fmt.Errorf("read rendered message %s: %w", row.Key, err)
		}
		if row.Ref != "" || !row.Tried.IsZero() {
			return m, nil, nil, nil
		}
		return m, row.Rendered, nil, nil
	}
	inc, err := v.d.Store.Journal.Incident(ctx, row.Incident)
	if err != nil {
		return m, nil, nil, err
	}
	m, buttons, err = v.d.Render(ctx, inc, row.Out)
	if err != nil {
		return m, nil, nil, err
	}
	if row.Plain {
		m.Lines, m.Image = nil, nil
	}
	if m, body, err = v.d.censored(m); err != nil {
		return m, nil, nil, fmt.Errorf("write rendered message %s: %w", row.Key, err)
	}
	return m, body, buttons, nil
}

// censored answers a message without the secrets of Mayday, and its bytes: this
// is the way of everything that is posted (P18).
func (d *Desk) censored(m chat.Message) (chat.Message, []byte, error) {
	body, err := json.Marshal(m)
	if err != nil || d.Censor == nil {
		return m, body, err
	}
	clean := d.Censor(body)
	if bytes.Equal(clean, body) {
		return m, body, nil
	}
	out := chat.Message{Weight: m.Weight, Tried: m.Tried}
	return out, clean, json.Unmarshal(clean, &out)
}

func (v *delivery) send(ctx context.Context, place chat.Place, m chat.Message) (string, error) {
	if v.row.Ref != "" {
		return v.row.Ref, v.to.Edit(ctx, chat.Ref(v.row.Ref), m)
	}
	if v.row.Kind == incident.KindCard {
		ref, err := v.to.OpenThread(ctx, chat.OpenRequest{Room: place.Room, Incident: m.Incident, Title: chat.Clamp(firstLine(m.Text), 100), Message: m})
		return string(ref), err
	}
	ref, err := v.to.Post(ctx, place, m)
	return string(ref), err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// settle records the outcome of a send. Only what the platform will never take
// is given up; everything else is tried again.
func (v *delivery) settle(ctx context.Context, ref string, err error) error {
	if err == nil {
		v.d.Meter.Message(v.row.Platform, "sent")
		v.d.closed.open(v.door())
		return v.d.Store.Outbox.Sent(ctx, v.claim, v.row, ref)
	}
	var f *chat.Failure
	if !errors.As(err, &f) {
		v.d.Meter.Message(v.row.Platform, "failed")
		return err
	}
	v.d.Meter.Message(v.row.Platform, map[bool]string{true: "refused", false: "failed"}[f.Kind == chat.Rejected || f.Kind == chat.Lost])
	switch f.Kind {
	case chat.Rejected:
		v.d.Log.Warn("message refused", "key", v.row.Key, "platform", v.row.Platform, "err", err)
		return v.d.Store.Outbox.Refused(ctx, v.claim, v.row, err.Error(), v.row.Plain)
	case chat.Lost:
		return v.lost(ctx, f)
	case chat.Uncertain:
		return err
	}
	return errors.Join(v.unsent(ctx), v.later(f))
}

// unsent takes back that the message may stand, unless an earlier try is in
// doubt.
func (v *delivery) unsent(ctx context.Context) error {
	if v.row.Ref != "" || !v.row.Tried.IsZero() {
		return nil
	}
	return v.d.Store.Outbox.NotSent(ctx, v.claim, v.row)
}

func (v *delivery) later(f *chat.Failure) error {
	if f.After <= 0 {
		return f
	}
	return &pause{after: f.After, err: f}
}

// pause asks the wake loop to come back after a while.
type pause struct {
	after time.Duration
	err   error
}

func (p *pause) Error() string             { return p.err.Error() }
func (p *pause) Unwrap() error             { return p.err }
func (p *pause) RetryAfter() time.Duration { return p.after }
