package pagerduty

import "mayday/internal/incident"

// sayer adds to an event what its type says, above all its text.
type sayer func(d *delivery) error

// meaning is what a type of PagerDuty is to Mayday.
type meaning struct {
	kind incident.EventKind
	say  sayer
}

// meanings are the published types and the test event. What comes with
// EventOther is a line where the incident is known; the service types are about
// no incident, so they have no key.
var meanings = map[string]meaning{
	"incident.triggered":                 {incident.EventTriggered, sayDone("Triggered")},
	"incident.acknowledged":              {incident.EventAcknowledged, sayDone("Acknowledged")},
	"incident.unacknowledged":            {incident.EventUnacknowledged, sayDone("No longer acknowledged")},
	"incident.reassigned":                {incident.EventOnCall, sayAssigned("Reassigned")},
	"incident.delegated":                 {incident.EventOnCall, sayAssigned("Delegated")},
	"incident.escalated":                 {incident.EventOnCall, sayAssigned("Escalated")},
	"incident.priority_updated":          {incident.EventPriority, sayPriority},
	"incident.annotated":                 {incident.EventNote, sayContent("content")},
	"incident.status_update_published":   {incident.EventUpdate, sayContent("message")},
	"incident.responder.added":           {incident.EventLine, sayResponderAdded},
	"incident.responder.replied":         {incident.EventLine, sayResponderReplied},
	"incident.role.assigned":             {incident.EventLine, sayRoles},
	"incident.conference_bridge.updated": {incident.EventLink, sayBridge},
	"incident.resolved":                  {incident.EventResolved, sayResolved},
	"incident.reopened":                  {incident.EventReopened, sayDone("Reopened")},
	"incident.service_updated":           {incident.EventService, sayService},

	"incident.custom_field_values.updated":  {incident.EventOther, sayFields},
	"incident.incident_type.changed":        {incident.EventOther, sayIncidentType},
	"incident.task.created":                 {incident.EventOther, sayTask("created")},
	"incident.task.updated":                 {incident.EventOther, sayTask("updated")},
	"incident.task.completed":               {incident.EventOther, sayTask("completed")},
	"incident.action_invocation.created":    {incident.EventOther, sayAction("was started")},
	"incident.action_invocation.updated":    {incident.EventOther, sayAction("was updated")},
	"incident.action_invocation.terminated": {incident.EventOther, sayAction("ended")},
	"incident.workflow.started":             {incident.EventOther, sayWorkflow("started")},
	"incident.workflow.completed":           {incident.EventOther, sayWorkflow("completed")},

	"service.created":                     {incident.EventOther, sayServiceItself("was created")},
	"service.updated":                     {incident.EventOther, sayServiceItself("was updated")},
	"service.deleted":                     {incident.EventOther, sayServiceItself("was deleted")},
	"service.custom_field_values.updated": {incident.EventOther, sayFields},

	"pagey.ping": {incident.EventPing, sayPing},
}
