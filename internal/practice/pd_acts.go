package practice

import (
	"cmp"
	"slices"

	"mayday/internal/fault"
)

// TriggerSpec is an alert. Everything but Title has a default: checkout, high,
// no priority, Ana.
type TriggerSpec struct {
	Title, Service, Urgency, Priority, Assignee string
}

// Trigger opens an incident and delivers incident.triggered.
func (p *PagerDuty) Trigger(t TriggerSpec) (string, error) {
	i, err := p.newIncident(t)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open(i)
	p.emit("incident.triggered", Person{}, i.id, i.webhook())
	return i.id, nil
}

func (p *PagerDuty) newIncident(t TriggerSpec) (*pdIncident, error) {
	service, err := p.shop.service(cmp.Or(t.Service, "checkout"))
	if err != nil {
		return nil, err
	}
	who, err := p.shop.person(cmp.Or(t.Assignee, "Ana"))
	if err != nil {
		return nil, err
	}
	urgency := cmp.Or(t.Urgency, "high")
	if urgency != "high" && urgency != "low" {
		return nil, fault.Newf(fault.Invalid, "E24", "Urgency is high or low, not %q.", urgency)
	}
	if err := knownPriority(t.Priority); err != nil {
		return nil, err
	}
	if t.Title == "" {
		return nil, fault.Newf(fault.Invalid, "E24", "An incident needs a title.")
	}
	at := p.now()
	return &pdIncident{
		id: newID("Q"), title: t.Title, service: service, urgency: urgency, priority: t.Priority,
		status: stateTriggered, assigned: []Person{who}, created: at, updated: at,
	}, nil
}

func knownPriority(name string) error {
	if name == "" || slices.Contains(shopPriorities, name) {
		return nil
	}
	return fault.Newf(fault.Invalid, "E24", "Priority is P1 to P5, not %q.", name)
}

// open numbers an incident and keeps it. The caller holds mu.
func (p *PagerDuty) open(i *pdIncident) {
	i.number = len(p.incidents) + 1
	p.incidents = append(p.incidents, i)
}

// change finds the incident and who does it, lets act change it, and delivers
// the event. by is a name, an id, an e-mail address, or "" for the machinery.
func (p *PagerDuty) change(id, by, event string, act func(i *pdIncident, who Person) (object, error)) error {
	who := Person{}
	if by != "" {
		var err error
		if who, err = p.shop.person(by); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.find(id)
	if !ok {
		return fault.Newf(fault.NotFound, "E23", "The practice PagerDuty has no incident %s.", id)
	}
	data, err := act(i, who)
	if err != nil {
		return err
	}
	i.updated = p.now()
	if data == nil {
		data = i.webhook()
	}
	p.emit(event, who, i.id, data)
	return nil
}

// find needs mu.
func (p *PagerDuty) find(id string) (*pdIncident, bool) {
	n := slices.IndexFunc(p.incidents, func(i *pdIncident) bool { return i.id == id })
	if n < 0 {
		return nil, false
	}
	return p.incidents[n], true
}

func needOpen(i *pdIncident) error {
	if i.status == stateResolved {
		return fault.Newf(fault.Conflict, "E27", "%s is resolved.", i.id)
	}
	return nil
}

// Acknowledge takes an incident.
func (p *PagerDuty) Acknowledge(id, by string) error {
	return p.change(id, by, "incident.acknowledged", func(i *pdIncident, who Person) (object, error) {
		if err := needOpen(i); err != nil {
			return nil, err
		}
		if who == (Person{}) {
			return nil, fault.Newf(fault.Invalid, "E24", "Somebody has to acknowledge it.")
		}
		i.status, i.changed, i.acked = stateAcknowledged, who, []Person{who}
		return nil, nil
	})
}

// Unacknowledge is PagerDuty's timeout: nobody has it any more.
func (p *PagerDuty) Unacknowledge(id string) error {
	return p.change(id, "", "incident.unacknowledged", func(i *pdIncident, _ Person) (object, error) {
		if i.status != stateAcknowledged {
			return nil, fault.Newf(fault.Conflict, "", "%s is not acknowledged.", i.id)
		}
		i.status, i.changed, i.acked = stateTriggered, Person{}, nil
		return nil, nil
	})
}

// Resolve ends an incident.
func (p *PagerDuty) Resolve(id, by string) error {
	return p.change(id, by, "incident.resolved", func(i *pdIncident, who Person) (object, error) {
		if err := needOpen(i); err != nil {
			return nil, err
		}
		i.resolve(who, nil)
		return nil, nil
	})
}

func (i *pdIncident) resolve(who Person, reason any) {
	i.status, i.changed, i.acked, i.reason = stateResolved, who, nil, reason
}

// Reopen takes a resolution back.
func (p *PagerDuty) Reopen(id, by string) error {
	return p.change(id, by, "incident.reopened", func(i *pdIncident, who Person) (object, error) {
		if i.status != stateResolved {
			return nil, fault.Newf(fault.Conflict, "", "%s is not resolved.", i.id)
		}
		i.status, i.changed, i.reason, i.reopened = stateTriggered, who, nil, p.now()
		return nil, nil
	})
}

// Merge resolves an incident into another one.
func (p *PagerDuty) Merge(id, into, by string) error {
	return p.change(id, by, "incident.resolved", func(i *pdIncident, who Person) (object, error) {
		other, ok := p.find(into)
		if !ok || other == i {
			return nil, fault.Newf(fault.NotFound, "E23", "The practice PagerDuty has no other incident %s.", into)
		}
		if err := needOpen(i); err != nil {
			return nil, err
		}
		i.resolve(who, object{"type": "merge_resolve_reason", "incident": other.reference()})
		return nil, nil
	})
}

// Annotate adds a note.
func (p *PagerDuty) Annotate(id, by, text string) error {
	return p.change(id, by, "incident.annotated", func(i *pdIncident, who Person) (object, error) {
		return i.annotate(who, text, p.now()), nil
	})
}

// Reassign gives an incident to somebody else.
func (p *PagerDuty) Reassign(id, by, to string) error {
	return p.assign(id, by, to, "incident.reassigned")
}

// Escalate goes on to the next one of the escalation policy.
func (p *PagerDuty) Escalate(id, to string) error {
	return p.assign(id, "", to, "incident.escalated")
}

func (p *PagerDuty) assign(id, by, to, event string) error {
	next, err := p.shop.person(to)
	if err != nil {
		return err
	}
	return p.change(id, by, event, func(i *pdIncident, _ Person) (object, error) {
		if err := needOpen(i); err != nil {
			return nil, err
		}
		i.assigned, i.status, i.acked = []Person{next}, stateTriggered, nil
		return nil, nil
	})
}

// SetPriority gives an incident a priority, "" for none.
func (p *PagerDuty) SetPriority(id, by, priority string) error {
	if err := knownPriority(priority); err != nil {
		return err
	}
	return p.change(id, by, "incident.priority_updated", func(i *pdIncident, _ Person) (object, error) {
		i.priority = priority
		return nil, nil
	})
}
