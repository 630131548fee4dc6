package processtest

import (
	"bytes"
	_ "embed"
	"slices"
	"strings"
	"testing"
	"time"

	"mayday/internal/store"
)

// opens are the types that open an incident when they are the first that is heard
// of a key; the others wait in quarantine, but for incident.resolved.
var opens = []string{
	"incident.triggered", "incident.acknowledged", "incident.unacknowledged", "incident.reassigned", "incident.delegated", "incident.escalated",
	"incident.priority_updated", "incident.annotated", "incident.status_update_published", "incident.responder.added", "incident.responder.replied",
	"incident.role.assigned", "incident.conference_bridge.updated", "incident.reopened", "incident.service_updated",
}

// TestUnknownKeys sends each type about a key that nothing was heard of.
func TestUnknownKeys(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	for _, c := range append([]chapter{{kind: "incident.triggered"}}, story...) {
		key := "Q" + strings.ToUpper(strings.NewReplacer(".", "", "_", "").Replace(c.kind))
		body := s.sample(c.kind, key, separate(key))
		switch {
		case c.kind == "incident.resolved":
		case slices.Contains(opens, c.kind):
			h.deliver(body)
			open(t, h, h.opened(key))
		default:
			h.quarantines(t, body, "about no incident that is open here")
		}
	}
	if got := len(h.incidents()); got != len(opens) {
		t.Errorf("%d incidents, want %d", got, len(opens))
	}
}

// separate puts an incident on a service of its own, so that it joins no other.
// A reference to an incident names no service anyhow.
func separate(key string) func(event, data object) {
	return func(_, data object) {
		if data["type"] == "incident" {
			data["service"] = ref("service", "PS"+key, "service of "+key)
		}
	}
}

// TestResolvedComesFirst: a late trigger opens nothing once its end was heard of.
func TestResolvedComesFirst(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	trigger := s.sample("incident.triggered", "QLATE")
	h.deliver(s.sample("incident.resolved", "QLATE"))
	pass(t, visibleWithin)
	h.deliver(trigger)
	h.deliver(s.sample("incident.triggered", "QNEXT"))
	h.opened("QNEXT")
	pass(t, visibleWithin)
	if i := h.byKey("QLATE"); i != nil && i.State != "resolved" {
		t.Errorf("an older trigger opened %s after its end", i.ID)
	}
}

// visibleWithin is how long what was answered 202 may take to be seen.
const visibleWithin = time.Second

// TestWhoActsAtTheSource: people who are linked own, others are named.
func TestWhoActsAtTheSource(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	h.deliver(s.sample("incident.triggered", "QACK"))
	i := h.opened("QACK")
	ack := s.sample("incident.acknowledged", "QACK", func(event, _ object) { event["agent"] = ref("user", "PUNOBODY", "Stranger") })
	h.deliver(ack)
	if got := texts(h.happened(i.ID, ack)); !strings.Contains(got, "acknowledged in PagerDuty by Stranger") {
		t.Errorf("the acknowledgement reads:\n%s", got)
	}
	owner("")(t, h, h.incident(i.ID))
	back := s.sample("incident.unacknowledged", "QACK")
	h.deliver(back)
	if got := texts(h.happened(i.ID, back)); !strings.Contains(got, "Nobody has it now") {
		t.Errorf("taking it back reads:\n%s", got)
	}
	done := s.sample("incident.resolved", "QACK")
	h.deliver(done)
	h.happened(i.ID, done)
	state("resolved")(t, h, h.incident(i.ID)) // nobody here touched it
	again := s.sample("incident.reopened", "QACK")
	h.deliver(again)
	h.happened(i.ID, again)
	state("investigating")(t, h, h.incident(i.ID))
}

// TestMergedAtTheSource joins the other incident and leads there.
func TestMergedAtTheSource(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	h.deliver(s.sample("incident.triggered", "QFROM"))
	h.deliver(s.sample("incident.triggered", "QINTO"))
	from, into := h.opened("QFROM"), h.opened("QINTO")
	merged := s.sample("incident.resolved", "QFROM", set("resolve_reason", object{"type": "merge_resolve_reason", "incident": ref("incident", "QINTO", "the other")}))
	h.deliver(merged)
	h.happened(from.ID, merged)
	got := h.incident(from.ID)
	if got.State != "resolved" || got.MergedInto == nil || *got.MergedInto != into.ID {
		t.Errorf("after the merge it is %+v", got)
	}
	if told := texts(h.timeline(into.ID)); !strings.Contains(told, "merged into this one") {
		t.Errorf("the other one does not tell of it:\n%s", told)
	}
	open(t, h, h.incident(into.ID))
}

// The two whole deliveries that PagerDuty publishes, byte for byte. They are
// years old, so they are recorded and do nothing.
var (
	//go:embed testdata/incident.priority_updated.json
	wholePriority []byte
	//go:embed testdata/service.updated.json
	wholeService []byte
)

func TestWholeDeliveries(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	p := h.serve()
	h.deliver(wholePriority)
	h.deliver(wholeService)
	h.deliver(s.sample("incident.triggered", "QAFTER"))
	h.opened("QAFTER")
	pass(t, visibleWithin)
	if all := h.incidents(); len(all) != 1 || all[0].Source.ID != "QAFTER" {
		t.Errorf("an old delivery opened something: %+v", all)
	}
	if q := h.quarantine(); len(q) != 0 {
		t.Errorf("an old delivery is in quarantine: %+v", q)
	}
	p.term()
	p.wait(patience)
	h.recorded(t, 1, wholePriority)
	h.recorded(t, 2, wholeService)
}

// recorded looks into the store, for the one thing that no answer shows.
func (h *home) recorded(t *testing.T, id int64, body []byte) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: h.data})
	if err != nil {
		t.Fatalf("open what the server left: %v", err)
	}
	defer func() { _ = st.Close() }()
	row, err := st.Received(t.Context(), id)
	if err != nil {
		t.Fatalf("read delivery %d: %v", id, err)
	}
	if !bytes.Equal(row.Body, body) || row.State != "recorded" {
		t.Errorf("delivery %d is %s: %.80s", id, row.State, row.Body)
	}
}
