package practice

import (
	"context"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/fault"
)

func TestEveryActIsDelivered(t *testing.T) {
	in := &inbox{}
	p := newRange(t, in, nil)
	id, other := incidentOn(t, p), ""
	var err error
	if other, err = p.Trigger(TriggerSpec{Title: "Queue", Service: "PRABBIT", Urgency: "low", Priority: "P3", Assignee: "Li"}); err != nil {
		t.Fatal(err)
	}
	settled(t, p)
	acts := []struct {
		event string
		err   error
	}{
		{"incident.acknowledged", p.Acknowledge(id, "Ana")},
		{"incident.unacknowledged", p.Unacknowledge(id)},
		{"incident.annotated", p.Annotate(id, "li@shop.example", "looking")},
		{"incident.escalated", p.Escalate(id, "PUSAM")},
		{"incident.reassigned", p.Reassign(id, "Sam", "Li")},
		{"incident.priority_updated", p.SetPriority(id, "Li", "P1")},
		{"incident.priority_updated", p.SetPriority(id, "Li", "")},
		{"incident.resolved", p.Merge(id, other, "Li")},
		{"incident.reopened", p.Reopen(id, "Li")},
		{"incident.resolved", p.Resolve(id, "Li")},
		{"incident.odd", p.Deliver("incident.odd", object{"type": "incident", "id": id})},
	}
	settled(t, p)
	var want []string
	for _, a := range acts {
		if a.err != nil {
			t.Errorf("%s: %v", a.event, a.err)
		}
		want = append(want, a.event)
	}
	if diff := cmp.Diff(want, in.types(t)[2:]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	reason := eventOf(t, in.bodies[9])["data"].(object)["resolve_reason"].(object)
	if reason["type"] != "merge_resolve_reason" || reason["incident"].(object)["id"] != other {
		t.Errorf("merge: %v", reason)
	}
}

func TestActsThatCannotBe(t *testing.T) {
	p := newRange(t, nil, nil)
	id := incidentOn(t, p)
	ended := incidentOn(t, p)
	if err := p.Resolve(ended, ""); err != nil {
		t.Fatal(err)
	}
	_, noTitle := p.Trigger(TriggerSpec{})
	_, noService := p.Trigger(TriggerSpec{Title: "x", Service: "shipping"})
	_, oddUrgency := p.Trigger(TriggerSpec{Title: "x", Urgency: "medium"})
	tests := []struct {
		name string
		err  error
		kind fault.Kind
	}{
		{"no such incident", p.Acknowledge("QNONE", "Ana"), fault.NotFound},
		{"nobody of that name", p.Acknowledge(id, "Eve"), fault.NotFound},
		{"nobody at all", p.Acknowledge(id, ""), fault.Invalid},
		{"resolved", p.Acknowledge(ended, "Ana"), fault.Conflict},
		{"resolved twice", p.Resolve(ended, "Ana"), fault.Conflict},
		{"not acknowledged", p.Unacknowledge(id), fault.Conflict},
		{"not resolved", p.Reopen(id, "Ana"), fault.Conflict},
		{"into itself", p.Merge(id, id, "Ana"), fault.NotFound},
		{"P9", p.SetPriority(id, "Ana", "P9"), fault.Invalid},
		{"no title", noTitle, fault.Invalid},
		{"no service", noService, fault.NotFound},
		{"urgency", oddUrgency, fault.Invalid},
	}
	for _, tc := range tests {
		if !fault.Is(tc.err, tc.kind) {
			t.Errorf("%s: got %v, want %s", tc.name, tc.err, tc.kind)
		}
	}
}

func TestSamplesHaveTheShapeOfTheirType(t *testing.T) {
	p := newRange(t, nil, nil)
	types := EventTypes()
	if len(types) != 30 {
		t.Fatalf("%d types, want 30", len(types))
	}
	for _, eventType := range append(types, "pagey.ping") {
		first, err := p.Sample(eventType)
		if err != nil {
			t.Fatal(err)
		}
		second, err := p.Sample(eventType)
		if err != nil {
			t.Fatal(err)
		}
		e := eventOf(t, first)
		if e["event_type"] != eventType || e["data"].(object)["type"] != dataTypes[eventType] || e["id"] == eventOf(t, second)["id"] {
			t.Errorf("%s: %s", eventType, first)
		}
		if strings.HasPrefix(eventType, "incident.") && !strings.Contains(string(first), SampleIncident) {
			t.Errorf("%s is about no incident: %s", eventType, first)
		}
	}
	if _, err := p.Sample("incident.trigered"); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "incident.triggered") {
		t.Errorf("a typo: %v", err)
	}
}

func TestTheCurlCanBePastedAndItsIncidentExists(t *testing.T) {
	in := &inbox{}
	p := newRange(t, in, nil)
	command, err := p.Curl("incident.triggered")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// sh splits the words; the function stands in for curl and shows its last one.
	script := "curl() { for last; do :; done; printf '%s' \"$last\"; }\n" + command
	body, err := exec.CommandContext(ctx, "sh", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := p.Signed(body).Get("X-PagerDuty-Signature")
	if !strings.Contains(command, want) {
		t.Errorf("the signature of the body is missing in\n%s", command)
	}
	id, _ := eventOf(t, body)["data"].(object)["id"].(string)
	if w := ask(p, "GET", "/incidents/"+id, "", nil); w.Code != http.StatusOK {
		t.Errorf("the incident of the command is unknown: %s", w.Body)
	}
	if len(in.got) != 0 {
		t.Error("making the command delivered something")
	}
	if _, err := p.Curl("nonsense"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nonsense: %v", err)
	}
}

func TestQuoted(t *testing.T) {
	if got := quoted("it's"); got != `'it'\''s'` {
		t.Errorf("got %s", got)
	}
}
