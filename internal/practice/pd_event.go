package practice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// emit delivers an event about an incident, after those before it. The caller
// holds mu, so the order of events is the order of the changes.
func (p *PagerDuty) emit(eventType string, who Person, incident string, data object) {
	body, err := envelope(eventType, p.now(), who, data)
	if err != nil {
		p.log.Error("a practice event cannot be written", "type", eventType, "error", err)
		return
	}
	p.courier.push(incident, eventType, body)
}

// Deliver sends an event of any type with any data, also such as PagerDuty would
// never send.
func (p *PagerDuty) Deliver(eventType string, data map[string]any) error {
	body, err := envelope(eventType, p.now(), Person{}, data)
	if err != nil {
		return err
	}
	p.courier.push(incidentOf(data), eventType, body)
	return nil
}

// incidentOf is the queue that keeps the order of an event.
func incidentOf(data object) string {
	if data["type"] == "incident" {
		return fmt.Sprint(data["id"])
	}
	if ref, ok := data["incident"].(object); ok {
		return fmt.Sprint(ref["id"])
	}
	return ""
}

func envelope(eventType string, at time.Time, who Person, data object) ([]byte, error) {
	var agent any
	if who != (Person{}) {
		agent = who.reference()
	}
	resource, _, _ := strings.Cut(eventType, ".")
	return encode(object{"event": object{
		"id": newID("01"), "event_type": eventType, "resource_type": resource,
		"occurred_at": stamp(at), "agent": agent, "client": nil, "data": data,
	}})
}

// encode writes JSON as PagerDuty does, without escaping < and &.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// annotate adds a note and answers event.data for it.
func (i *pdIncident) annotate(who Person, text string, at time.Time) object {
	note := object{"id": newID("PN"), "content": text, "created_at": stamp(at), "channel": object{"summary": "The PagerDuty website or APIs"}}
	if who != (Person{}) {
		note["user"] = who.reference()
	}
	i.notes = append(i.notes, note)
	return object{"type": "incident_note", "id": note["id"], "content": text, "trimmed": false, "incident": i.reference()}
}
