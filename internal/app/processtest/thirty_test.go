package processtest

import (
	"slices"
	"strings"
	"testing"

	"mayday/internal/practice"
)

// chapter is one delivery in the life of an incident, and what it must do.
type chapter struct {
	kind   string
	change func(event, data object)
	entry  string // kind of an entry that names the event
	says   string // in the text of one of them
	check  func(t *testing.T, h *home, i incidentJSON)
}

// story tells of one incident. With the deliveries about services, and the one
// that opens it, it holds every published type.
var story = []chapter{
	{kind: "incident.acknowledged", entry: "owned", says: "Ana took it in PagerDuty", check: owner("Ana")},
	{kind: "incident.unacknowledged", entry: "owned", says: "Nobody owns it now", check: owner("")},
	{kind: "incident.reassigned", change: set("assignees", []any{ref("user", "PULI", "Li")}), entry: "on_call", says: "Li is on call"},
	{kind: "incident.delegated", change: set("assignees", []any{ref("user", "PUSAM", "Sam")}), entry: "on_call", says: "Sam is on call"},
	{kind: "incident.escalated", change: set("assignees", []any{ref("user", "PUANA", "Ana")}), entry: "on_call", says: "Ana is on call"},
	{kind: "incident.priority_updated", change: set("priority", ref("priority", "PPRIO1", "P1")), entry: "severity", says: "SEV1", check: severity("SEV1")},
	{kind: "incident.annotated", entry: "line", says: "Ana noted: Payments time out since the deploy of 14:01."},
	{kind: "incident.status_update_published", entry: "line", says: "Paying may fail. We are rolling back the last change."},
	{kind: "incident.responder.added", entry: "line", says: "Li was asked to help in PagerDuty"},
	{kind: "incident.responder.replied", change: set("state", "accepted"), entry: "line", says: "Li accepted to help"},
	{kind: "incident.role.assigned", entry: "line", says: "Incident commander is now Sam"},
	{kind: "incident.conference_bridge.updated", entry: "link", says: "https://meet.shop.example/bridge-1", check: bridgeIsALink},
	{kind: "incident.custom_field_values.updated", entry: "line", says: "environment from staging to production"},
	{kind: "incident.incident_type.changed", entry: "line", says: "incident type"},
	{kind: "incident.task.created", entry: "line", says: "Tell the support desk"},
	{kind: "incident.task.updated", entry: "line", says: "Tell the support desk"},
	{kind: "incident.task.completed", entry: "line", says: "Tell the support desk"},
	{kind: "incident.action_invocation.created", entry: "line", says: "Collect diagnostics was started"},
	{kind: "incident.action_invocation.updated", entry: "line", says: "Collect diagnostics was updated"},
	{kind: "incident.action_invocation.terminated", entry: "line", says: "Collect diagnostics ended"},
	{kind: "incident.workflow.started", entry: "line", says: "Open the bridge started"},
	{kind: "incident.workflow.completed", entry: "line", says: "Open the bridge completed"},
	{kind: "incident.service_updated", change: set("service", ref("service", "PSEARCH", "search")), entry: "service", says: "Moved to search", check: service("search")},
	{kind: "incident.resolved", entry: "recovered", says: "recovered", check: state("monitoring")},
	{kind: "incident.reopened", entry: "alert", says: "Reopened in PagerDuty", check: open},
}

func owner(want string) func(*testing.T, *home, incidentJSON) {
	return func(t *testing.T, _ *home, i incidentJSON) {
		got := ""
		if i.Owner != nil {
			got = *i.Owner
		}
		if got != want {
			t.Errorf("owner is %q, want %q", got, want)
		}
	}
}

func severity(want string) func(*testing.T, *home, incidentJSON) {
	return func(t *testing.T, _ *home, i incidentJSON) {
		if i.Severity != want {
			t.Errorf("severity is %s, want %s", i.Severity, want)
		}
	}
}

func service(want string) func(*testing.T, *home, incidentJSON) {
	return func(t *testing.T, _ *home, i incidentJSON) {
		if i.Service != want {
			t.Errorf("service is %s, want %s", i.Service, want)
		}
	}
}

func state(want string) func(*testing.T, *home, incidentJSON) {
	return func(t *testing.T, _ *home, i incidentJSON) {
		if i.State != want {
			t.Errorf("state is %s, want %s", i.State, want)
		}
	}
}

func open(t *testing.T, _ *home, i incidentJSON) {
	if i.State == "resolved" || i.ResolvedAt != nil {
		t.Errorf("it is %s, resolved at %v", i.State, i.ResolvedAt)
	}
}

// bridgeIsALink looks at the card, where people press it.
func bridgeIsALink(t *testing.T, h *home, i incidentJSON) {
	const want = "https://meet.shop.example/bridge-1"
	eventually(t, patience, func() string {
		for _, m := range h.messages(i.ID) {
			for _, line := range slices.Concat(m.Lines...) {
				if m.Kind == "card" && line.Kind == "link" && line.URL == want {
					return ""
				}
			}
		}
		return missing("no card links to %s", want)
	})
}

// aboutServices name no incident.
var aboutServices = []string{"service.created", "service.updated", "service.deleted", "service.custom_field_values.updated"}

func TestTheStoryTellsEveryType(t *testing.T) {
	told := append([]string{"incident.triggered"}, aboutServices...)
	for _, c := range story {
		told = append(told, c.kind)
	}
	slices.Sort(told)
	if want := practice.EventTypes(); !slices.Equal(told, want) || len(want) != 30 {
		t.Errorf("told: %q\npublished: %q", told, want)
	}
}

// TestThirtyTypes sends a signed delivery of each published type to a server with
// a configuration of ten lines.
func TestThirtyTypes(t *testing.T) {
	if lines := strings.Count(tenLines, "\n"); lines != 10 {
		t.Errorf("the configuration has %d lines", lines)
	}
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()

	first := s.sample("incident.triggered", "QSTORY")
	h.deliver(first)
	i := h.opened("QSTORY")
	checkOpened(t, i)
	due := i.NextUpdateDue
	for _, c := range story {
		t.Run(c.kind, func(t *testing.T) {
			h.tell(t, s, i.ID, c)
			if now := h.incident(i.ID).NextUpdateDue; c.kind == "incident.status_update_published" && now != nil {
				dueByPriority := due.Add(-5 * minute) // SEV1 since the priority: 5 min instead of 10
				if !now.Equal(dueByPriority) {
					t.Errorf("a word in PagerDuty moved the clock of #status from %s to %s", dueByPriority, now)
				}
			}
		})
	}
	for _, kind := range aboutServices {
		t.Run(kind, func(t *testing.T) { h.quarantines(t, s.sample(kind, "QNONE"), "about no incident") })
	}
	if got := len(h.incidents()); got != 1 {
		t.Errorf("%d incidents, want the one of the story", got)
	}
}

func checkOpened(t *testing.T, i incidentJSON) {
	t.Helper()
	if i.Title != practice.SampleTitle || i.Service != "checkout" || i.Severity != "SEV2" || i.State != "investigating" || i.Alerts != 1 {
		t.Errorf("opened as %+v", i)
	}
	if i.Owner != nil || i.DeclaredAt == nil || i.ResolvedAt != nil || i.NextUpdateDue == nil || i.Source.Kind != "pagerduty" || !strings.HasPrefix(i.Source.URL, "https://") {
		t.Errorf("opened as %+v, source %+v", i, i.Source)
	}
	if i.NextUpdateDue != nil && i.DeclaredAt != nil && i.NextUpdateDue.Sub(*i.DeclaredAt) != 10*minute {
		t.Errorf("the first word is due %s after %s", i.NextUpdateDue, i.DeclaredAt)
	}
}

// tell delivers one chapter and checks what it did.
func (h *home) tell(t *testing.T, s *sender, id string, c chapter) {
	t.Helper()
	body := s.sample(c.kind, "QSTORY")
	if c.change != nil {
		body = s.sample(c.kind, "QSTORY", c.change)
	}
	h.deliver(body)
	entries := h.happened(id, body)
	if !slices.ContainsFunc(entries, func(e entryJSON) bool { return e.Kind == c.entry && strings.Contains(e.Text, c.says) }) {
		t.Errorf("no entry of kind %s says %q:\n%s", c.entry, c.says, texts(entries))
	}
	if c.check != nil {
		c.check(t, h, h.incident(id))
	}
}

// quarantines delivers what must end in quarantine, with a reason.
func (h *home) quarantines(t *testing.T, body []byte, reason string) {
	t.Helper()
	before := len(h.quarantine())
	h.deliver(body)
	var all []quarantineJSON
	eventually(t, patience, func() string {
		all = h.quarantine()
		return unless(len(all) == before+1, "quarantine holds %d, want %d", len(all), before+1)
	})
	newest := slices.MaxFunc(all, func(a, b quarantineJSON) int { return int(a.ID - b.ID) })
	if !strings.Contains(newest.Reason, reason) || newest.Source != "pagerduty" {
		t.Errorf("quarantined with the reason %q, want %q", newest.Reason, reason)
	}
}
