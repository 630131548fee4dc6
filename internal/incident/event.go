package incident

import "time"

// EventKind is what a source's event means to Mayday, whatever the source
// calls it.
type EventKind string

// The meanings.
const (
	EventTriggered      EventKind = "triggered"
	EventAcknowledged   EventKind = "acknowledged"
	EventUnacknowledged EventKind = "unacknowledged"
	EventOnCall         EventKind = "on_call" // reassigned, delegated, escalated: a line and the new on-call
	EventPriority       EventKind = "priority"
	EventNote           EventKind = "note"
	EventUpdate         EventKind = "status_update" // published at the source; does not reset the #status clock
	EventLine           EventKind = "line"
	EventLink           EventKind = "link"
	EventResolved       EventKind = "resolved"
	EventReopened       EventKind = "reopened"
	EventService        EventKind = "service"
	EventChange         EventKind = "change" // something was changed: a suspect for the time to come, about no incident
	EventPing           EventKind = "ping"   // a test of the door; noted for doctor
	EventOther          EventKind = "other"  // a line where the incident is known, else quarantine
)

// Ref names somebody or something at the source.
type Ref struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Event is one thing that a source said, in our words. Receivers make it, the
// domain decides what follows. Every text in it is untrusted.
type Event struct {
	Source   string            `json:"source"` // "pagerduty"
	ID       string            `json:"id"`     // unique per event
	Type     string            `json:"type"`   // the source's own name for it
	Kind     EventKind         `json:"kind"`
	At       time.Time         `json:"at"`            // when it happened, says the source
	Key      string            `json:"key,omitempty"` // the source's incident; "" when it is about none
	Title    string            `json:"title,omitempty"`
	URL      string            `json:"url,omitempty"`
	Service  Ref               `json:"service,omitzero"`
	Labels   map[string]string `json:"labels,omitempty"`   // of the alert, by which services.NAME.match knows it
	Priority string            `json:"priority,omitempty"` // "P1"
	Urgency  string            `json:"urgency,omitempty"`  // high, low
	Agent    Ref               `json:"agent,omitzero"`     // who did it
	OnCall   []Ref             `json:"on_call,omitempty"`  // assignees
	Text     string            `json:"text,omitempty"`     // the note, the message, the line
	Link     Link              `json:"link,omitzero"`
	Into     string            `json:"into,omitempty"`   // resolved by a merge into this key
	Change   *Suspect          `json:"change,omitempty"` // of EventChange

	// Filled in by the desk, which knows the configuration.
	SourceTitle string   `json:"-"` // "PagerDuty"
	Person      string   `json:"-"` // Agent, when linked to a person
	Zone        string   `json:"-"`
	Called      string   `json:"-"` // first of OnCall, by the best name known
	Declare     string   `json:"-"` // always, high_urgency, priority, press
	Impact      string   `json:"-"`
	DoNot       []string `json:"-"`
	Policy      Policy   `json:"-"`
	IntoNumber  int64    `json:"-"` // the incident of Into, when known
}

// Stamp orders the event among others of its key.
func (e Event) Stamp() Stamp { return Stamp{At: e.At, ID: e.ID} }

// Severity at open: priority, else urgency high is SEV2, low SEV3.
func (e Event) Severity() Severity {
	switch {
	case e.Priority == "P1":
		return SEV1
	case e.Priority == "P2":
		return SEV2
	case e.Priority != "":
		return SEV3
	case e.Urgency == "low":
		return SEV3
	}
	return SEV2
}
