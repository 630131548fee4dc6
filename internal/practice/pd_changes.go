package practice

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// ChangeSpec is something that a pipeline sends to PagerDuty. Everything but
// Summary has a default: checkout, now, "ci".
type ChangeSpec struct {
	Summary, Service, Source, URL string
	At                            time.Time
}

// pdChange is a change event as PagerDuty keeps it.
type pdChange struct {
	id      string
	spec    ChangeSpec
	service Service
}

// Changed records a change event.
func (p *PagerDuty) Changed(c ChangeSpec) (string, error) {
	service, err := p.shop.service(cmp.Or(c.Service, "checkout"))
	if err != nil {
		return "", err
	}
	if c.At.IsZero() {
		c.At = p.now()
	}
	c.Source = cmp.Or(c.Source, "ci")
	p.mu.Lock()
	defer p.mu.Unlock()
	one := pdChange{id: newID("01"), spec: c, service: service}
	p.changes = append(p.changes, one)
	return one.id, nil
}

func (c pdChange) rest() object {
	links := []any{}
	if c.spec.URL != "" {
		links = append(links, object{"href": c.spec.URL, "text": "View more details"})
	}
	return object{
		"id": c.id, "type": "change_event", "summary": c.spec.Summary, "timestamp": stamp(c.spec.At), "source": c.spec.Source,
		"services": []any{object{"id": c.service.ID, "type": "service_reference"}}, "integration": object{"id": "PINTEG", "type": "inbound_integration_reference"},
		"custom_details": object{"branch": "main"}, "links": links, "images": []any{},
	}
}

// getChanges lists change events between two instants, newest first.
func (p *PagerDuty) getChanges(c *call) (any, error) {
	q := c.URL.Query()
	var limits [2]time.Time
	for n, name := range []string{"since", "until"} {
		if !q.Has(name) {
			continue
		}
		at, err := time.Parse(time.RFC3339, q.Get(name))
		if err != nil {
			return nil, invalid(name + " must be a time")
		}
		limits[n] = at
	}
	p.mu.Lock()
	all := slices.Clone(p.changes)
	p.mu.Unlock()
	slices.SortStableFunc(all, func(a, b pdChange) int { return b.spec.At.Compare(a.spec.At) })
	found := []any{}
	for _, one := range all {
		if !one.spec.At.Before(limits[0]) && (limits[1].IsZero() || !one.spec.At.After(limits[1])) {
			found = append(found, one.rest())
		}
	}
	return page("change_events", found, q)
}

// created is an answer with 201.
type created struct{ value any }

// postSnooze acknowledges an incident, and makes it come back after a while.
func (p *PagerDuty) postSnooze(c *call) (any, error) {
	var in struct {
		Duration int `json:"duration"`
	}
	if err := read(c, &in); err != nil {
		return nil, err
	}
	if in.Duration < 1 || in.Duration > 604800 {
		return nil, invalid("Duration must be 1 to 604800 seconds")
	}
	return p.onIncident(c, func(i *pdIncident) (any, error) {
		if i.status == stateResolved {
			return nil, &refusal{status: http.StatusBadRequest, code: codeResolved, message: "Incident Already Resolved"}
		}
		was := i.status
		i.status, i.changed, i.acked, i.updated = stateAcknowledged, c.from, []Person{c.from}, p.now()
		i.snoozed = i.updated.Add(time.Duration(in.Duration) * time.Second)
		if was != stateAcknowledged {
			p.emit("incident.acknowledged", c.from, i.id, i.webhook())
		}
		return created{object{"incident": i.rest()}}, nil
	})
}

// pending is what PagerDuty will do to the incident by itself.
func (i *pdIncident) pending() []any {
	if i.status != stateAcknowledged || i.snoozed.IsZero() {
		return []any{}
	}
	return []any{object{"type": "unacknowledge", "at": stamp(i.snoozed)}}
}
