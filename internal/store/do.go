package store

import (
	"context"
	"fmt"
	"slices"

	"mayday/internal/incident"
)

// Do loads the incident that target names, runs decide and writes everything
// that it answers, all in one transaction (seam 1). It answers the incident
// after, nil when there is none.
func (s *Store) Do(ctx context.Context, target incident.Target, decide incident.Decide) (*incident.Incident, error) {
	var after *incident.Incident
	write := s.writeNow
	if target.Claim != nil {
		write = s.write // the loop does this, nobody waits
	}
	err := write(ctx, func(ctx context.Context, t *tx) error {
		d := doing{store: s, tx: t, target: target}
		var err error
		after, err = d.run(ctx, decide)
		return err
	})
	if err != nil {
		return nil, err
	}
	return after, nil
}

// doing is one Do under way.
type doing struct {
	store  *Store
	tx     *tx
	target incident.Target
	view   incident.View
	change incident.Change
	sealed []incident.Entry // of change, as they were appended
	after  *incident.Incident
}

func (d *doing) run(ctx context.Context, decide incident.Decide) (*incident.Incident, error) {
	if err := d.look(ctx); err != nil {
		return nil, err
	}
	if d.target.Claim != nil {
		if err := d.tx.held(ctx, *d.target.Claim); err != nil {
			return nil, err
		}
	}
	change, err := decide(d.view)
	if err != nil {
		return nil, err
	}
	d.change, d.after = change, d.view.Incident
	if len(change.Entries) > 0 {
		if err := d.append(ctx); err != nil {
			return nil, err
		}
	}
	if err := d.finishClaim(ctx); err != nil {
		return nil, err
	}
	return d.after, d.follow(ctx)
}

// looks is how often an incident that was resolved at this very moment is looked
// for again.
const looks = 3

// look builds what the decision sees.
func (d *doing) look(ctx context.Context) error {
	if err := d.lockNames(ctx); err != nil {
		return err
	}
	for range looks {
		number, mine, err := d.find(ctx)
		if err != nil {
			return err
		}
		d.view = incident.View{Away: d.store.away, Mine: mine}
		if number > 0 {
			if d.view.Incident, err = d.tx.incident(ctx, number); err != nil {
				return err
			}
		}
		joins := d.target.Number == 0 && !mine && d.view.Incident != nil
		if !joins || d.view.Incident.Open() {
			break
		}
	}
	if err := d.tx.tick(ctx); err != nil {
		return err
	}
	d.view.Now = d.tx.now
	if d.view.Mine || d.target.SourceKey == "" {
		return nil
	}
	var err error
	d.view.Dead, err = d.tx.tombstone(ctx, d.target.SourceKind, d.target.SourceKey)
	return err
}

// lockNames keeps others from opening an incident for the same key, or the first
// one of the same service, until this is decided.
func (d *doing) lockNames(ctx context.Context) error {
	t := d.target
	if t.SourceKey == "" {
		return nil
	}
	if err := d.tx.lock(ctx, "source:"+t.SourceKind+":"+t.SourceKey); err != nil {
		return err
	}
	if !t.Group || t.Service == "" {
		return nil
	}
	return d.tx.lock(ctx, "service:"+t.Service)
}

// find answers the number of the incident that is meant, 0 when there is none
// yet, and whether the key belongs to it already.
func (d *doing) find(ctx context.Context) (number int64, mine bool, err error) {
	t := d.target
	if t.Fresh || (t.Number == 0 && t.SourceKey == "") {
		return 0, false, nil
	}
	owner := t.Number
	if t.SourceKey != "" {
		if owner, err = d.tx.sourceOwner(ctx, t.SourceKind, t.SourceKey); err != nil {
			return 0, false, err
		}
	}
	switch {
	case t.Number > 0:
		return t.Number, owner == t.Number, nil
	case owner > 0:
		return owner, true, nil
	case t.Group && t.Service != "":
		number, err = d.tx.openOf(ctx, t.Service)
	}
	return number, false, err
}

// append seals and folds the new entries and writes them with their rows.
func (d *doing) append(ctx context.Context) error {
	before := d.view.Incident
	number := int64(0)
	if before != nil {
		number = before.Number
	}
	if number == 0 {
		next, err := d.tx.next(ctx, "incident")
		if err != nil {
			return err
		}
		number = next
	}
	d.cleanEntries()
	after, sealed, err := incident.Append(d.store.key, number, before, d.view, d.change.Entries)
	if err != nil {
		return fmt.Errorf("append to %s: %w", incident.FormatID(number), err)
	}
	d.after, d.sealed = after, sealed
	if err := d.mayAct(ctx); err != nil {
		return err
	}
	if err := d.tx.keepIncident(ctx, before, after); err != nil {
		return err
	}
	for _, e := range sealed {
		if err := d.tx.keepEntry(ctx, number, e); err != nil {
			return err
		}
	}
	d.tx.feed(after.ID(), "entry", fmt.Sprint(after.Seq))
	return nil
}

// cleanEntries makes the words of entries storable before they are sealed: what is
// read back has to be what the seal is about.
func (d *doing) cleanEntries() {
	for n := range d.change.Entries {
		e := &d.change.Entries[n]
		e.Actor, e.Via, e.Text, e.Step = plain(e.Actor), plain(e.Via), plain(e.Text), plain(e.Step)
	}
}

// finishClaim ends the wake-up that caused this, before new ones are set: a row
// that is woken for later by its own work must not lose that.
func (d *doing) finishClaim(ctx context.Context) error {
	c := d.target.Claim
	if c == nil || c.Keep {
		return nil
	}
	if c.Kind == incident.WakeInbox {
		number := int64(0)
		if d.after != nil {
			number = d.after.Number
		}
		if err := d.tx.settle(ctx, c.Row, incident.InboxDone, "", number); err != nil {
			return err
		}
	}
	return d.tx.finish(ctx, *c)
}

// follow writes what goes out and what is to be looked at: what the decision
// said, and what every change implies.
func (d *doing) follow(ctx context.Context) error {
	outs, wakes := d.change.Outs, d.change.Wakes
	// A nudge's wake-up that changed nothing is consumed all the same, so the
	// clock is set again from the fold: an open incident is never without one.
	rearm := d.after != nil && d.target.Claim != nil && d.target.Claim.Kind == incident.WakeNudge
	if len(d.sealed) > 0 || rearm {
		moreOuts, moreWakes := incident.Follow(d.view.Incident, d.after, d.sealed, d.tx.now)
		outs, wakes = append(outs[:len(outs):len(outs)], moreOuts...), append(wakes[:len(wakes):len(wakes)], moreWakes...)
	}
	for _, o := range outs {
		if err := d.send(ctx, o); err != nil {
			return err
		}
	}
	for _, w := range wakes {
		if err := d.tx.wake(ctx, w); err != nil {
			return err
		}
	}
	if d.change.Tombstone == nil {
		return nil
	}
	return d.tx.bury(ctx, *d.change.Tombstone)
}

// recipients are the platforms that an intent is for.
func (s *Store) recipients(o incident.Out) []string {
	switch {
	case o.Platform != "":
		return []string{o.Platform}
	case o.Where == "" || !slices.Contains(s.platforms, o.Where) || slices.Contains(s.always, o.Where):
		return s.platforms // a phone must ring somewhere
	}
	return append([]string{o.Where}, s.always...)
}

// send writes an intent, once for each platform that it is for.
func (d *doing) send(ctx context.Context, o incident.Out) error {
	platforms := d.store.recipients(o)
	number, id := int64(0), o.Place.Thread
	if d.after != nil {
		number, id = d.after.Number, d.after.ID()
	}
	for _, p := range platforms {
		if err := d.tx.out(ctx, p, number, id, o); err != nil {
			return err
		}
	}
	return nil
}
