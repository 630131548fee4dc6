package practice

import (
	_ "embed" // the samples
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"mayday/internal/fault"
)

// The incident that every sample is about.
const (
	SampleIncident = "Q0PRACTICE"
	SampleTitle    = "Error rate of checkout above 5 %"
)

//go:embed samples/pagerduty.json
var sampleJSON []byte

// dataTypes says what event.data is for each published type, and for the test.
var dataTypes = map[string]string{
	"incident.acknowledged":                 "incident",
	"incident.action_invocation.created":    "incident_action_invocation",
	"incident.action_invocation.terminated": "incident_action_invocation",
	"incident.action_invocation.updated":    "incident_action_invocation",
	"incident.annotated":                    "incident_note",
	"incident.conference_bridge.updated":    "incident_conference_bridge",
	"incident.custom_field_values.updated":  "incident_field_values",
	"incident.delegated":                    "incident",
	"incident.escalated":                    "incident",
	"incident.incident_type.changed":        "incident",
	"incident.priority_updated":             "incident",
	"incident.reassigned":                   "incident",
	"incident.reopened":                     "incident",
	"incident.resolved":                     "incident",
	"incident.responder.added":              "incident_responder",
	"incident.responder.replied":            "incident_responder",
	"incident.role.assigned":                "incident_role_assignment",
	"incident.service_updated":              "incident",
	"incident.status_update_published":      "incident_status_update",
	"incident.task.completed":               "incident_task",
	"incident.task.created":                 "incident_task",
	"incident.task.updated":                 "incident_task",
	"incident.triggered":                    "incident",
	"incident.unacknowledged":               "incident",
	"incident.workflow.completed":           "incident_workflow_instance",
	"incident.workflow.started":             "incident_workflow_instance",
	"service.created":                       "service",
	"service.custom_field_values.updated":   "service_field_values",
	"service.deleted":                       "service",
	"service.updated":                       "service",
	"pagey.ping":                            "ping",
}

// EventTypes are the thirty published types, in order.
func EventTypes() []string {
	types := slices.Sorted(maps.Keys(dataTypes))
	return slices.DeleteFunc(types, func(t string) bool { return t == "pagey.ping" })
}

// Sample is the body of a delivery of this type, happening now, with an id of its
// own. It is about SampleIncident, and Ana did it.
func (p *PagerDuty) Sample(eventType string) ([]byte, error) {
	at := p.now()
	ana := p.shop.people[0]
	return p.sample(eventType, &pdIncident{
		id: SampleIncident, number: 1, title: SampleTitle, service: shopServices[0], urgency: "high",
		priority: "P2", status: statusAfter(eventType), assigned: []Person{ana}, created: at, updated: at,
	})
}

// statusAfter is the state that an incident has once the event has happened.
func statusAfter(eventType string) string {
	switch eventType {
	case "incident.acknowledged":
		return stateAcknowledged
	case "incident.resolved":
		return stateResolved
	}
	return stateTriggered
}

func (p *PagerDuty) sample(eventType string, i *pdIncident) ([]byte, error) {
	kind, ok := dataTypes[eventType]
	if !ok {
		known := append(EventTypes(), "pagey.ping")
		return nil, fault.New(fault.NotFound, "E23", "PagerDuty has no event "+eventType+".", strings.TrimSpace(fault.DidYouMean(eventType, known)))
	}
	data := i.webhook()
	if kind != "incident" {
		var err error
		if data, err = sampleData(kind, i); err != nil {
			return nil, err
		}
	}
	who := p.shop.people[0]
	if kind == "ping" || eventType == "incident.triggered" || eventType == "incident.unacknowledged" {
		who = Person{}
	}
	return envelope(eventType, p.now(), who, data)
}

// sampleData is the sample of a data type, pointed at an incident.
func sampleData(kind string, i *pdIncident) (object, error) {
	var all map[string]object
	if err := json.Unmarshal(sampleJSON, &all); err != nil {
		return nil, fmt.Errorf("read the samples: %w", err)
	}
	data := all[kind]
	if data == nil {
		return nil, fmt.Errorf("read the samples: there is none for %s", kind)
	}
	if _, has := data["incident"]; has {
		data["incident"] = i.reference()
	}
	given, _ := data["incident_role_assignments"].([]any)
	for _, one := range given {
		if role, ok := one.(object); ok {
			role["incident"] = i.reference()
		}
	}
	return data, nil
}

// Signed are the headers of a delivery of this body.
func (p *PagerDuty) Signed(body []byte) http.Header { return p.courier.headers(body, newID("")) }

// Curl is a command that delivers an event of this type by hand. What it is about
// exists here: a new incident for incident.triggered, else the newest one.
func (p *PagerDuty) Curl(eventType string) (string, error) {
	target := p.courier.where()
	if target == "" {
		return "", fault.New(fault.Conflict, "", "The practice PagerDuty has no target yet.", "")
	}
	p.mu.Lock()
	i, err := p.subject(eventType)
	if err != nil {
		p.mu.Unlock()
		return "", err
	}
	body, err := p.sample(eventType, i)
	p.mu.Unlock()
	if err != nil {
		return "", err
	}
	lines := []string{"curl -i --noproxy '*' " + quoted(target)}
	h := p.Signed(body)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		lines = append(lines, "-H "+quoted(name+": "+h.Get(name)))
	}
	lines = append(lines, "--data-binary "+quoted(string(body)))
	return strings.Join(lines, " \\\n  "), nil
}

// subject needs mu.
func (p *PagerDuty) subject(eventType string) (*pdIncident, error) {
	if n := len(p.incidents); n > 0 && eventType != "incident.triggered" {
		return p.incidents[n-1], nil
	}
	if _, ok := dataTypes[eventType]; !ok {
		return &pdIncident{}, nil
	}
	i, err := p.newIncident(TriggerSpec{Title: SampleTitle})
	if err != nil {
		return nil, err
	}
	p.open(i)
	return i, nil
}

// quoted is text as one word for a POSIX shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
