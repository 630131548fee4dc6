package bot

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Knock takes a body in at a door: verified, stored and synced before it
// returns nil (P1). What an authentic body says is never judged here (P2).
func (d *Desk) Knock(ctx context.Context, source string, h http.Header, body []byte) error {
	s, ok := d.sources[source]
	if !ok || s.Receiver == nil {
		return fault.New(fault.NotFound, "E23", "There is no such door.", "")
	}
	id, err := s.Receiver.Verify(h, body)
	switch {
	case fault.Is(err, fault.Unsigned):
		d.Meter.Webhook("unsigned")
		d.refusedKnock(source)
		return err
	case err != nil: // a secret cannot be read: it may well be signed
		d.Meter.Webhook("unavailable")
		return err
	}
	ctx, end := d.span(ctx, "webhook", source, id)
	d.mark(ctx, "source", source)
	d.cause(ctx, source, id)
	fresh, err := d.Store.Inbox.Receive(ctx, source, id, body)
	end(err)
	switch {
	case err != nil:
		d.Meter.Webhook("unavailable")
	case fresh:
		d.Meter.Webhook("accepted")
	default:
		d.Meter.Webhook("duplicate")
	}
	return err
}

// HandleInbox is the second transaction: parse, fold, done or quarantined. A
// body that nobody understands blocks nothing.
func (d *Desk) HandleInbox(ctx context.Context, c incident.Claim) (err error) {
	id, err := strconv.ParseInt(c.Row, 10, 64)
	if err != nil {
		return d.Queue.Done(ctx, c)
	}
	row, err := d.Store.Inbox.Received(ctx, id)
	if err != nil {
		return err
	}
	if row.State != incident.InboxNew {
		return d.Queue.Done(ctx, c)
	}
	ctx, end := d.span(ctx, "event", row.Source, row.EventID)
	defer func() { end(err) }()
	d.mark(ctx, "source", row.Source)
	s, ok := d.sources[row.Source]
	if !ok || s.Receiver == nil {
		return d.quarantine(ctx, c, "no receiver for "+row.Source+" is configured any more")
	}
	events, err := eventsOf(s.Receiver, row.Body)
	if err != nil {
		return d.quarantine(ctx, c, err.Error())
	}
	for n := range events {
		ev := &events[n]
		if ev.Source, ev.SourceTitle = row.Source, s.Title; ev.ID == "" {
			ev.ID = row.EventID
		}
		*ev = d.known(*ev)
	}
	return d.receiveAll(ctx, c, row, events)
}

// eventsOf is what a body tells; never nothing without an error.
func eventsOf(r integrations.Receiver, body []byte) ([]incident.Event, error) {
	s, ok := r.(integrations.Splitter)
	if !ok {
		ev, err := r.Parse(body)
		ev.ID = "" // that of the body
		return []incident.Event{ev}, err
	}
	events, err := s.Split(body)
	if err == nil && len(events) == 0 {
		err = errors.New("it tells of nothing")
	}
	return events, err
}

// receiveAll takes the events of one body one after another; the last finishes
// the body. After a crash in between all are taken again, which changes nothing
// for those that were: the same event twice leaves the same knowledge.
func (d *Desk) receiveAll(ctx context.Context, c incident.Claim, row incident.Received, events []incident.Event) error {
	last := events[len(events)-1]
	young := slices.DeleteFunc(events, func(ev incident.Event) bool { return row.At.Sub(ev.At) > incident.TooOld })
	if len(young) > 0 {
		last = young[len(young)-1]
	}
	for _, ev := range young[:max(0, len(young)-1)] {
		more := c
		more.Keep = true
		if err := d.receive(ctx, more, row, ev); err != nil {
			return err
		}
	}
	return d.receive(ctx, c, row, last)
}

func (d *Desk) quarantine(ctx context.Context, c incident.Claim, reason string) error {
	d.Meter.Webhook("quarantined")
	d.Log.Warn("webhook quarantined", "row", c.Row, "reason", reason)
	return d.Store.Inbox.Settle(ctx, c, incident.InboxQuarantined, reason)
}

func (d *Desk) receive(ctx context.Context, c incident.Claim, row incident.Received, ev incident.Event) error {
	switch {
	case ev.Kind == incident.EventPing:
		if err := d.Store.Notes.Note(ctx, "ping:"+ev.Source, ev.ID); err != nil {
			return err
		}
		return d.Store.Inbox.Settle(ctx, c, incident.InboxRecorded, "a test of the door")
	case ev.Kind == incident.EventChange && ev.Change != nil:
		return d.Store.Suspects.KeepChange(ctx, c, told(ev, row))
	case row.At.Sub(ev.At) > incident.TooOld:
		return d.Store.Inbox.Settle(ctx, c, incident.InboxRecorded, "older than 72 hours when it arrived")
	case ev.Key == "":
		return d.quarantine(ctx, c, ev.Type+" is about no incident")
	}
	if err := d.merge(ctx, &ev); err != nil {
		return err
	}
	t := incident.Target{SourceKind: ev.Source, SourceKey: ev.Key, Service: ev.Service.Name, Group: d.groups(ev), Claim: &c}
	d.cause(ctx, ev.Source, ev.Key)
	inc, err := d.do(ctx, t, incident.Receive(ev))
	switch {
	case errors.Is(err, incident.ErrUnknownKey):
		return d.quarantine(ctx, c, ev.Type+": "+err.Error())
	case errors.Is(err, incident.ErrTooLate):
		t.Fresh, t.Group = true, false
		_, err = d.do(ctx, t, incident.Receive(ev))
	}
	if err == nil && inc != nil && inc.Seq > 0 {
		d.Log.Debug("event taken in", "type", ev.Type, "incident", inc.ID())
	}
	return err
}

// merge tells the other incident first that a key was merged into it, so that
// the one which ends can name where it goes on.
func (d *Desk) merge(ctx context.Context, ev *incident.Event) error {
	if ev.Into == "" {
		return nil
	}
	into, err := d.Store.Journal.BySource(ctx, ev.Source, ev.Into)
	if err != nil || into == 0 {
		return err
	}
	own, err := d.Store.Journal.BySource(ctx, ev.Source, ev.Key)
	if err != nil {
		return err
	}
	ev.IntoNumber = into
	if own == into {
		return nil
	}
	_, err = d.do(ctx, incident.Target{Number: into}, incident.JoinMerged(*ev, own != 0))
	return err
}

// known fills in what the configuration says about the event.
func (d *Desk) known(ev incident.Event) incident.Event {
	ev.Policy = d.policy(ev.Source)
	if l := d.People.find(ev.Source, ev.Agent.ID); l != nil && ev.Agent.ID != "" {
		ev.Person, ev.Zone = l.Name, l.Zone
	}
	for _, r := range ev.OnCall[:min(len(ev.OnCall), 1)] {
		ev.Called = r.Name
		if l := d.People.find(ev.Source, r.ID); l != nil {
			ev.Called = l.Name
		}
	}
	if s := d.serviceOf(ev); s != nil {
		ev.Service.Name, ev.Impact, ev.DoNot, ev.Declare = s.Name, s.Impact, s.DoNot, s.Declare
	}
	return ev
}

func (d *Desk) groups(ev incident.Event) bool {
	s := d.serviceOf(ev)
	return ev.Service.Name != "" && (s == nil || s.Group)
}

// serviceOf finds a configured service by its id at the source, then by the
// labels that mean it, most of them first, then by name.
func (d *Desk) serviceOf(ev incident.Event) *Service {
	var best *Service
	for n := range d.Services {
		s := &d.Services[n]
		if id := s.SourceID[ev.Source]; id != "" && id == ev.Service.ID {
			return s
		}
		if s.matches(ev.Labels) && (best == nil || len(s.Match) > len(best.Match)) {
			best = s
		}
	}
	if best != nil {
		return best
	}
	for n := range d.Services {
		if d.Services[n].Name == ev.Service.Name {
			return &d.Services[n]
		}
	}
	return nil
}

// matches reports whether an alert has every label that means the service.
func (s *Service) matches(labels map[string]string) bool {
	for name, value := range s.Match {
		if labels[name] != value {
			return false
		}
	}
	return len(s.Match) > 0
}

// service is what is known of a service by name; an unknown one knows nothing.
func (d *Desk) service(name string) Service {
	for _, s := range d.Services {
		if s.Name == name {
			return s
		}
	}
	return Service{Name: name, Group: true}
}

// policy is the reminder policy for incidents of a source.
func (d *Desk) policy(source string) incident.Policy {
	p := d.Policy
	p.Pager = source != "" && d.sources[source].Mirror != nil
	return p
}

// do runs a decision and counts what came of it.
func (d *Desk) do(ctx context.Context, t incident.Target, decide incident.Decide) (*incident.Incident, error) {
	var made []incident.Entry
	var now time.Time
	inc, err := d.Store.Journal.Do(ctx, t, func(v incident.View) (incident.Change, error) {
		c, err := decide(v)
		made, now = c.Entries, v.Now // decide may be called again; the last call is the one that counts
		d.begun(ctx, made)
		return c, err
	})
	if err != nil {
		return nil, err
	}
	d.about(ctx, inc, made)
	for _, e := range made {
		d.count(t, e, now)
	}
	return inc, nil
}

// count keeps the figures of what happened, after it was committed.
func (d *Desk) count(t incident.Target, e incident.Entry, now time.Time) {
	switch b := e.Body.(type) {
	case *incident.Opened:
		d.Meter.IncidentOpened(t.SourceKind, string(b.Severity))
	case *incident.ResolvedBody:
		d.Meter.IncidentResolved()
	case *incident.Nudged:
		d.Meter.NudgeSent(b.Nudge.Key.Call, now.Sub(b.Nudge.Due))
	case *incident.StepMoved:
		d.Meter.Step(strings.ToLower(string(b.To)))
	}
}
