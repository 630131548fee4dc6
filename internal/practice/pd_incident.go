package practice

import (
	"crypto/rand"
	"fmt"
	"time"
)

// The states of an incident.
const (
	stateTriggered    = "triggered"
	stateAcknowledged = "acknowledged"
	stateResolved     = "resolved"
)

// pdIncident is one incident as PagerDuty keeps it.
type pdIncident struct {
	id       string
	number   int
	title    string
	service  Service
	urgency  string
	priority string
	status   string
	assigned []Person
	acked    []Person
	created  time.Time
	updated  time.Time
	reopened time.Time
	changed  Person // who changed the status last; zero for a service
	reason   any    // why it was resolved; nil mostly
	notes    []object
	snoozed  time.Time // until then it stays acknowledged
}

func newID(prefix string) string { return prefix + rand.Text()[:12] }

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func (i *pdIncident) reference() object {
	return reference("incident", "incidents", i.id, i.title)
}

// webhook is event.data of type incident.
func (i *pdIncident) webhook() object {
	return object{
		"id": i.id, "type": "incident",
		"self": shopWeb + "/api/incidents/" + i.id, "html_url": shopWeb + "/incidents/" + i.id,
		"number": i.number, "status": i.status, "incident_key": "key-" + i.id,
		"created_at": stamp(i.created), "reopened_at": stamp(i.reopened),
		"title": i.title, "incident_type": object{"name": "incident_default"},
		"service": i.service.reference(), "assignees": references(i.assigned),
		"escalation_policy": policyReference(), "teams": []any{teamReference()},
		"priority": priorityReference(i.priority), "urgency": i.urgency,
		"conference_bridge": nil, "resolve_reason": i.reason,
	}
}

// rest is the incident as the REST API shows it, which is another shape.
func (i *pdIncident) rest() object {
	assignments, acks := []any{}, []any{}
	var resolved any
	if i.status == stateResolved {
		resolved = stamp(i.updated)
	} else {
		for _, p := range i.assigned {
			assignments = append(assignments, object{"at": stamp(i.created), "assignee": p.reference()})
		}
		for _, p := range i.acked {
			acks = append(acks, object{"at": stamp(i.updated), "acknowledger": p.reference()})
		}
	}
	by := i.service.reference()
	if i.changed != (Person{}) {
		by = i.changed.reference()
	}
	return object{
		"id": i.id, "type": "incident", "summary": fmt.Sprintf("[#%d] %s", i.number, i.title),
		"self": shopWeb + "/api/incidents/" + i.id, "html_url": shopWeb + "/incidents/" + i.id,
		"incident_number": i.number, "title": i.title, "status": i.status, "incident_key": "key-" + i.id,
		"created_at": stamp(i.created), "updated_at": stamp(i.updated), "resolved_at": resolved,
		"service": i.service.reference(), "assignments": assignments, "assigned_via": "escalation_policy",
		"acknowledgements": acks, "last_status_change_at": stamp(i.updated), "last_status_change_by": by,
		"escalation_policy": policyReference(), "teams": []any{teamReference()},
		"priority": priorityReference(i.priority), "urgency": i.urgency,
		"incident_type": object{"name": "incident_default"}, "resolve_reason": i.reason,
		"is_mergeable": i.status != stateResolved, "pending_actions": i.pending(),
		"alert_counts": object{"all": 1, "triggered": 1, "resolved": 0},
	}
}

func references(people []Person) []any {
	out := []any{}
	for _, p := range people {
		out = append(out, p.reference())
	}
	return out
}
