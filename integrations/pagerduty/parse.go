package pagerduty

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"mayday/internal/incident"
)

// Parse turns a stored delivery into an event. Values of another type than
// expected are taken where their meaning survives; else the error names the
// place. Types that PagerDuty may add later are events as well.
func (r *receiver) Parse(body []byte) (incident.Event, error) {
	env, err := decode(body)
	if err != nil {
		return incident.Event{}, err
	}
	event := env.get("event")
	event.path = "event"
	if event.null() {
		return incident.Event{}, errors.New("event is missing")
	}
	if err := event.object(); err != nil {
		return incident.Event{}, err
	}
	d, err := readDelivery(event)
	if err != nil {
		return incident.Event{}, err
	}
	if d.ev.ID = bodyID(body); d.ev.ID == "" {
		d.ev.ID = hashID(body)
	}
	if err := d.fill(); err != nil {
		return incident.Event{}, err
	}
	return d.ev, nil
}

func decode(body []byte) (field, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return field{}, fmt.Errorf("the body is not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return field{}, errors.New("the body is not JSON: something follows its end")
	}
	env := field{value: v, path: "the body"}
	if env.null() {
		return field{}, env.wrong("an object")
	}
	return env, env.object()
}

// delivery is one payload while it is read.
type delivery struct {
	ev   incident.Event
	data field
	inc  field // the incident: data itself, or the reference in it
	full bool  // inc is the whole incident, not a reference
	says sayer
}

func readDelivery(event field) (*delivery, error) {
	d := &delivery{ev: incident.Event{Source: source}, data: event.get("data")}
	var err error
	if d.ev.Type, err = event.get("event_type").text(maxName); err != nil {
		return nil, err
	}
	if d.ev.Type == "" {
		return nil, errors.New("event.event_type is missing")
	}
	m, known := meanings[d.ev.Type]
	if !known {
		m = meaning{kind: incident.EventOther, say: sayUnknown}
	}
	d.ev.Kind, d.says = m.kind, m.say
	if d.ev.At, err = moment(event.get("occurred_at")); err != nil && d.ev.Kind != incident.EventPing {
		return nil, err
	}
	if d.ev.Agent, err = event.get("agent").ref(); err != nil {
		return nil, err
	}
	if err := d.data.object(); err != nil {
		return nil, err
	}
	return d, nil
}

// moment reads a time. Years that no event of PagerDuty can have are refused:
// they would sort before or after everything.
func moment(f field) (time.Time, error) {
	text, err := f.text(maxName)
	if err != nil {
		return time.Time{}, err
	}
	if text == "" {
		return time.Time{}, errors.New(f.path + " is missing")
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, errors.New(f.path + " is not a time like 2020-10-02T18:45:22.169Z")
	}
	if at.Year() < 2000 || at.Year() > 2200 {
		return time.Time{}, errors.New(f.path + " is not a time of this age")
	}
	return at.UTC(), nil
}

// fill finds the incident and what is said of it.
func (d *delivery) fill() error {
	if err := d.findIncident(); err != nil {
		return err
	}
	if err := d.describe(); err != nil {
		return err
	}
	return d.says(d)
}

// findIncident sets the key. Only data of type incident has its own id there;
// an id of a note or a task is not an incident's.
func (d *delivery) findIncident() error {
	kind, err := d.data.get("type").text(maxName)
	if err != nil {
		return err
	}
	switch kind {
	case "incident":
		d.inc, d.full = d.data, true
	case "incident_role_assignment":
		given, err := d.data.get("incident_role_assignments").list()
		if err != nil {
			return err
		}
		if len(given) > 0 {
			d.inc = given[0].get("incident")
		}
	default:
		d.inc = d.data.get("incident")
	}
	if err := d.inc.object(); err != nil {
		return err
	}
	if !d.mustHaveKey() && d.inc.get("id").null() {
		return nil
	}
	if d.inc.path == "" {
		return errors.New(d.data.path + ".incident is missing")
	}
	d.ev.Key, err = d.inc.get("id").id()
	return err
}

// mustHaveKey: everything with a meaning of its own is about an incident.
func (d *delivery) mustHaveKey() bool {
	return d.ev.Kind != incident.EventOther && d.ev.Kind != incident.EventPing
}

// describe fills what every event of an incident may carry.
func (d *delivery) describe() error {
	name := "summary"
	if d.full && !d.data.get("title").null() {
		name = "title"
	}
	var err error
	if d.ev.Title, err = d.inc.get(name).text(maxTitle); err != nil {
		return err
	}
	d.ev.Title = oneLine(d.ev.Title)
	d.ev.URL = d.inc.get("html_url").link()
	if d.ev.Service, err = d.data.get("service").ref(); err != nil {
		return err
	}
	if !d.full {
		return nil
	}
	if d.ev.OnCall, err = d.data.get("assignees").refs(); err != nil {
		return err
	}
	priority, err := d.data.get("priority").ref()
	if err != nil {
		return err
	}
	d.ev.Priority = priority.Name
	d.ev.Urgency, err = d.data.get("urgency").text(maxName)
	return err
}
