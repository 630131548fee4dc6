package pagerduty

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/incident"
	"mayday/internal/practice"
)

const someTime = `"occurred_at":"2026-03-01T14:08:02.169+01:00"`

// body makes a delivery; rest is more JSON of the event, data its data.
func body(eventType, rest, data string) []byte {
	return []byte(`{"event":{"id":"01E","event_type":"` + eventType + `",` + rest + `,"data":` + data + `}}`)
}

// TestAllPublishedTypes sends a sample of each through the door.
func TestAllPublishedTypes(t *testing.T) {
	vendor, _ := newVendor(t)
	door := newDoor(t)
	named := func(kind incident.EventKind, text string) incident.Event {
		return incident.Event{Kind: kind, Text: text, Key: practice.SampleIncident, Title: practice.SampleTitle}
	}
	wants := map[string]incident.Event{
		"incident.triggered":                 named(incident.EventTriggered, "Triggered in PagerDuty."),
		"incident.acknowledged":              named(incident.EventAcknowledged, "Acknowledged in PagerDuty by Ana."),
		"incident.unacknowledged":            named(incident.EventUnacknowledged, "No longer acknowledged in PagerDuty."),
		"incident.reassigned":                named(incident.EventOnCall, "Reassigned to Ana in PagerDuty by Ana."),
		"incident.delegated":                 named(incident.EventOnCall, "Delegated to Ana in PagerDuty by Ana."),
		"incident.escalated":                 named(incident.EventOnCall, "Escalated to Ana in PagerDuty by Ana."),
		"incident.priority_updated":          named(incident.EventPriority, "Priority is now P2 in PagerDuty by Ana."),
		"incident.annotated":                 named(incident.EventNote, "Payments time out since the deploy of 14:01."),
		"incident.status_update_published":   named(incident.EventUpdate, "Paying may fail. We are rolling back the last change."),
		"incident.responder.added":           named(incident.EventLine, "Li was asked to help in PagerDuty by Ana: Please look at payments-db"),
		"incident.responder.replied":         named(incident.EventLine, "Li has not answered the request for help yet (pending)."),
		"incident.role.assigned":             named(incident.EventLine, "Roles in PagerDuty: Incident commander is now Sam."),
		"incident.conference_bridge.updated": named(incident.EventLink, "Conference bridge Berlin +49-30-5550100: https://meet.shop.example/bridge-1"),
		"incident.resolved":                  named(incident.EventResolved, "Resolved in PagerDuty by Ana."),
		"incident.reopened":                  named(incident.EventReopened, "Reopened in PagerDuty by Ana."),
		"incident.service_updated":           named(incident.EventService, "Moved to checkout in PagerDuty by Ana."),

		"incident.custom_field_values.updated":  named(incident.EventOther, "Fields changed in PagerDuty by Ana: environment from staging to production."),
		"incident.incident_type.changed":        named(incident.EventOther, "The incident type is now incident_default in PagerDuty by Ana."),
		"incident.task.created":                 named(incident.EventOther, "Task created in PagerDuty by Ana: Tell the support desk (Li)."),
		"incident.task.updated":                 named(incident.EventOther, "Task updated in PagerDuty by Ana: Tell the support desk (Li)."),
		"incident.task.completed":               named(incident.EventOther, "Task completed in PagerDuty by Ana: Tell the support desk (Li)."),
		"incident.action_invocation.created":    named(incident.EventOther, "Automation action Collect diagnostics was started in PagerDuty by Ana (created)."),
		"incident.action_invocation.updated":    named(incident.EventOther, "Automation action Collect diagnostics was updated in PagerDuty by Ana (created)."),
		"incident.action_invocation.terminated": named(incident.EventOther, "Automation action Collect diagnostics ended in PagerDuty by Ana (created)."),
		"incident.workflow.started":             named(incident.EventOther, "Workflow Open the bridge started in PagerDuty by Ana."),
		"incident.workflow.completed":           named(incident.EventOther, "Workflow Open the bridge completed in PagerDuty by Ana."),

		"service.created":                     {Kind: incident.EventOther, Text: "Service checkout was created in PagerDuty by Ana."},
		"service.updated":                     {Kind: incident.EventOther, Text: "Service checkout was updated in PagerDuty by Ana."},
		"service.deleted":                     {Kind: incident.EventOther, Text: "Service checkout was deleted in PagerDuty by Ana."},
		"service.custom_field_values.updated": {Kind: incident.EventOther, Text: "Fields changed in PagerDuty by Ana: tier from 2 to 1."},

		"pagey.ping": {Kind: incident.EventPing, Text: "Hello from your friend Pagey!"},
	}
	for _, eventType := range append(practice.EventTypes(), "pagey.ping") {
		t.Run(eventType, func(t *testing.T) {
			raw, err := vendor.Sample(eventType)
			if err != nil {
				t.Fatal(err)
			}
			id, err := door.Verify(vendor.Signed(raw), raw)
			if err != nil {
				t.Fatal(err)
			}
			got, err := door.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if got.ID != id || got.Source != "pagerduty" || got.Type != eventType || time.Since(got.At) > time.Minute {
				t.Errorf("got %+v of delivery %s", got, id)
			}
			seen := incident.Event{Kind: got.Kind, Text: got.Text, Key: got.Key, Title: got.Title}
			if diff := cmp.Diff(wants[eventType], seen); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if len(wants) != len(meanings) {
		t.Errorf("%d types are expected, %d have a meaning", len(wants), len(meanings))
	}
}

func TestAWholeIncident(t *testing.T) {
	raw := body("incident.reassigned", someTime+`,"agent":{"id":"PU1","type":"user_reference","summary":"Ana"}`, `{
		"id":"Q1","type":"incident","html_url":"https://acme.example/incidents/Q1","title":"Error\n rate","status":"triggered",
		"service":{"id":"PS1","summary":"checkout"},"assignees":[{"id":"PU2","summary":"Li"},{"id":"PU3","summary":null}],
		"priority":{"id":"PP","summary":"P1"},"urgency":"low","number":8812,"unknown":{"deep":[1]}}`)
	got, err := newDoor(t).Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := incident.Event{
		Source: "pagerduty", ID: "01E", Type: "incident.reassigned", Kind: incident.EventOnCall,
		At: time.Date(2026, 3, 1, 13, 8, 2, 169e6, time.UTC), Key: "Q1", Title: "Error rate",
		URL: "https://acme.example/incidents/Q1", Service: incident.Ref{ID: "PS1", Name: "checkout"},
		Priority: "P1", Urgency: "low", Agent: incident.Ref{ID: "PU1", Name: "Ana"},
		OnCall: []incident.Ref{{ID: "PU2", Name: "Li"}, {ID: "PU3"}},
		Text:   "Reassigned to Li, PU3 in PagerDuty by Ana.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSpecialCases(t *testing.T) {
	door := newDoor(t)
	ref := `"incident":{"id":"Q1","summary":null,"html_url":"https://acme.example/i/Q1"}`
	tests := []struct {
		name, eventType, data string
		want                  incident.Event // of kind, key, title, URL, text, priority, link, into
	}{
		{"merge", "incident.resolved", `{"id":"Q1","type":"incident","title":"T","resolve_reason":{"type":"merge_resolve_reason","incident":{"id":"Q2","summary":"Other"}}}`,
			incident.Event{Kind: incident.EventResolved, Key: "Q1", Title: "T", Into: "Q2", Text: "Merged into Other in PagerDuty."}},
		{"another reason", "incident.resolved", `{"id":"Q1","type":"incident","title":"T","resolve_reason":{"type":"auto"}}`,
			incident.Event{Kind: incident.EventResolved, Key: "Q1", Title: "T", Text: "Resolved in PagerDuty."}},
		{"priority taken away", "incident.priority_updated", `{"id":"Q1","type":"incident","title":"T","priority":null}`,
			incident.Event{Kind: incident.EventPriority, Key: "Q1", Title: "T", Text: "The priority was taken away in PagerDuty."}},
		{"nobody", "incident.escalated", `{"id":"Q1","type":"incident","title":"T","assignees":[]}`,
			incident.Event{Kind: incident.EventOnCall, Key: "Q1", Title: "T", Text: "Escalated in PagerDuty; nobody is assigned."}},
		{"a reference without a title", "incident.annotated", `{"type":"incident_note","id":"PN","content":"hi\u0000 there\r\n2","trimmed":true,` + ref + `}`,
			incident.Event{Kind: incident.EventNote, Key: "Q1", URL: "https://acme.example/i/Q1", Text: "hi there\n2 […]"}},
		{"a bridge that is a script", "incident.conference_bridge.updated", `{"type":"incident_conference_bridge","conference_url":"javascript:alert(1)","conference_numbers":[],` + ref + `}`,
			incident.Event{Kind: incident.EventLink, Key: "Q1", URL: "https://acme.example/i/Q1", Text: "Conference bridge: javascript:alert(1)"}},
		{"a bridge by phone", "incident.conference_bridge.updated", `{"type":"incident_conference_bridge","conference_url":null,"conference_numbers":[{"label":"","number":"+1"}],` + ref + `}`,
			incident.Event{Kind: incident.EventLink, Key: "Q1", URL: "https://acme.example/i/Q1", Text: "Conference bridge +1."}},
		{"no bridge", "incident.conference_bridge.updated", `{"type":"incident_conference_bridge",` + ref + `}`,
			incident.Event{Kind: incident.EventLink, Key: "Q1", URL: "https://acme.example/i/Q1", Text: "The conference bridge was removed in PagerDuty."}},
		{"a number for a title", "incident.triggered", `{"id":77,"type":"incident","title":500,"html_url":"javascript:x"}`,
			incident.Event{Kind: incident.EventTriggered, Key: "77", Title: "500", Text: "Triggered in PagerDuty."}},
		{"declined", "incident.responder.replied", `{"type":"incident_responder","state":"declined","user":null,"escalation_policy":{"id":"PE","summary":"The Policy"},` + ref + `}`,
			incident.Event{Kind: incident.EventLine, Key: "Q1", URL: "https://acme.example/i/Q1", Text: "The Policy declined to help."}},
		{"handed over", "incident.role.assigned", `{"type":"incident_role_assignment","incident_role_assignments":[{"role":{"summary":"Scribe"},"assignee":null,"old_assignee":{"summary":"Li"},` + ref + `}]}`,
			incident.Event{Kind: incident.EventLine, Key: "Q1", URL: "https://acme.example/i/Q1", Text: "Roles in PagerDuty: Scribe is now nobody, was Li."}},
		{"a new type", "incident.exploded", `{"type":"incident_explosion","id":"X",` + ref + `}`,
			incident.Event{Kind: incident.EventOther, Key: "Q1", URL: "https://acme.example/i/Q1", Text: "PagerDuty says incident.exploded."}},
		{"a new type of nothing known", "team.created", `null`,
			incident.Event{Kind: incident.EventOther, Text: "PagerDuty says team.created."}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := door.Parse(body(tc.eventType, someTime, tc.data))
			if err != nil {
				t.Fatal(err)
			}
			seen := incident.Event{Kind: got.Kind, Key: got.Key, Title: got.Title, URL: got.URL, Text: got.Text, Priority: got.Priority, Link: got.Link, Into: got.Into}
			if diff := cmp.Diff(tc.want, seen); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	ping, err := door.Parse([]byte(`{"event":{"event_type":"pagey.ping","data":{"type":"ping"}}}`))
	if err != nil || ping.Kind != incident.EventPing || !strings.HasPrefix(ping.ID, "sha256:") {
		t.Errorf("a ping without anything: %+v, %v", ping, err)
	}
}

func TestBadInputIsRefusedInWords(t *testing.T) {
	door := newDoor(t)
	triggered := func(data string) []byte { return body("incident.triggered", someTime, data) }
	tests := []struct {
		name string
		raw  []byte
		want string
	}{
		{"empty", nil, "the body is not JSON"},
		{"cut off", []byte(`{"event":{"id":"0`), "the body is not JSON"},
		{"followed by more", []byte(`{"event":{}} x`), "the body is not JSON"},
		{"deep", []byte(strings.Repeat("[", 100_000)), "the body is not JSON"},
		{"a list", []byte(`[]`), "the body is a list, not an object"},
		{"null", []byte(`null`), "the body is null, not an object"},
		{"no event", []byte(`{}`), "event is missing"},
		{"event of text", []byte(`{"event":"x"}`), "event is text, not an object"},
		{"no type", []byte(`{"event":{"id":"1"}}`), "event.event_type is missing"},
		{"no time", []byte(`{"event":{"event_type":"incident.triggered","data":{"id":"Q","type":"incident"}}}`), "event.occurred_at is missing"},
		{"odd time", body("incident.triggered", `"occurred_at":"yesterday"`, `{"id":"Q","type":"incident"}`), "event.occurred_at is not a time"},
		{"year 9999", body("incident.triggered", `"occurred_at":"9999-01-01T00:00:00Z"`, `{"id":"Q","type":"incident"}`), "event.occurred_at is not a time of this age"},
		{"time of a list", body("incident.triggered", `"occurred_at":[]`, `{}`), "event.occurred_at is a list, not text"},
		{"agent of text", body("incident.triggered", someTime+`,"agent":"Ana"`, `{}`), "event.agent is text, not an object"},
		{"data of a list", triggered(`[]`), "event.data is a list, not an object"},
		{"no data", triggered(`null`), "event.data.incident.id is missing"},
		{"no id", triggered(`{"type":"incident","title":"x"}`), "event.data.id is missing"},
		{"id of another type", triggered(`{"type":"incident_note","id":"PN"}`), "event.data.incident.id is missing"},
		{"id with spaces", triggered(`{"type":"incident","id":"a b"}`), "event.data.id is not an id"},
		{"service of a number", triggered(`{"type":"incident","id":"Q","service":7}`), "event.data.service is a number, not an object"},
		{"title of an object", triggered(`{"type":"incident","id":"Q","title":{}}`), "event.data.title is an object, not text"},
		{"assignees of text", triggered(`{"type":"incident","id":"Q","assignees":"Ana"}`), "event.data.assignees is text, not a list"},
		{"an assignee of text", triggered(`{"type":"incident","id":"Q","assignees":["Ana"]}`), "event.data.assignees[0] is text, not an object"},
		{"urgency of a boolean", triggered(`{"type":"incident","id":"Q","urgency":true}`), "event.data.urgency is a boolean, not text"},
		{"incident of text", body("incident.annotated", someTime, `{"type":"incident_note","incident":"Q"}`), "event.data.incident is text, not an object"},
		{"no roles", body("incident.role.assigned", someTime, `{"type":"incident_role_assignment","incident_role_assignments":[]}`), "event.data.incident is missing"},
		{"merged into nothing", body("incident.resolved", someTime, `{"type":"incident","id":"Q","resolve_reason":{"type":"merge_resolve_reason"}}`), "event.data.resolve_reason.incident.id is missing"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := door.Parse(tc.raw)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestLongAndOddTextsAreKeptWithinLimits(t *testing.T) {
	title := "@everyone <!channel> \u202e\u200b" + strings.Repeat("é", 5000)
	raw, err := json.Marshal(map[string]any{"id": "Q", "type": "incident", "title": title, "html_url": "https://x.example/" + strings.Repeat("a", 3000)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := newDoor(t).Parse(body("incident.triggered", someTime, string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len([]rune(got.Title)); n != maxTitle || !strings.HasPrefix(got.Title, "@everyone <!channel>") || !strings.HasSuffix(got.Title, "é…") || got.URL != "" {
		t.Errorf("title of %d runes %.40q…, URL %.20q", n, got.Title, got.URL)
	}
}

func TestOnlyWebAddressesBecomeLinks(t *testing.T) {
	for address, want := range map[string]bool{
		"https://acme.example/i/Q1?a=b#c": true, "http://acme.example": true, "HTTPS://acme.example": true,
		"javascript:alert(1)": false, "javascript://acme.example/%0aalert(1)": false, "data:text/html,x": false,
		"ftp://acme.example/": false, "//acme.example/": false, "/incidents/1": false, "": false,
		"https://user:pw@acme.example/": false, "https://acme.example/a b": false, "https://acme.example/\nx": false,
	} {
		if got := (field{value: address}).link() != ""; got != want {
			t.Errorf("%q: a link is %t, want %t", address, got, want)
		}
	}
}
