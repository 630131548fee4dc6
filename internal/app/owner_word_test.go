package app

import (
	"testing"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// opened opens an incident by hand.
func (w *workbench) opened(by chat.Interaction) string {
	w.t.Helper()
	by.Text = "open trouble"
	m, err := w.handle(by)
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Incident
}

// TestNotAnIncidentIsTheOwnersWord: an incident that somebody owns is not closed by
// others, and readers who were told of it get a last word.
func TestNotAnIncidentIsTheOwnersWord(t *testing.T) {
	t.Parallel()
	w := newWorkbench(t)
	ana, sam := w.as("ana", incident.Responder), w.as("sam", incident.Responder)
	id := w.opened(ana)
	for _, text := range []string{"own", "update we look into it"} {
		ana.Text, ana.Incident = text, id
		if _, err := w.handle(ana); err != nil {
			t.Fatal(err)
		}
	}
	inc, _ := w.step(id)
	if got := w.press(sam, inc, "not_incident", nil); got != "E1" {
		t.Errorf("somebody else: %q, want E1", got)
	}
	ana.Text, ana.Incident = "", ""
	if got := w.press(ana, inc, "not_incident", nil); got != "" {
		t.Errorf("the owner: %q", got)
	}
	inc, _ = w.step(id)
	if last := inc.LastUpdate(); inc.Open() || last.State != incident.Resolved || last.Doing != "It was no incident." {
		t.Errorf("open: %v, the last word is %+v", inc.Open(), last)
	}
}

// TestTheNamedIncidentIsMeant: a mistyped word that names an incident goes there and
// not where it was typed.
func TestTheNamedIncidentIsMeant(t *testing.T) {
	t.Parallel()
	w := newWorkbench(t)
	cleo := w.as("cleo", incident.Admin)
	here, there := w.opened(cleo), w.opened(cleo)
	cleo.Text, cleo.Incident = "reslove "+there+" bad deploy", here
	m, err := w.handle(cleo)
	if err != nil || len(m.Buttons) != 1 || m.Code != "E24" {
		t.Fatalf("got %+v, %v; want an offer", m, err)
	}
	cleo.Text, cleo.Incident, cleo.Button = "", here, m.Buttons[0].ID
	if _, err := w.handle(cleo); err != nil {
		t.Fatal(err)
	}
	if one, _ := w.step(here); !one.Open() {
		t.Error("the incident of the thread was resolved")
	}
	if two, _ := w.step(there); two.Open() {
		t.Error("the incident that was named is open")
	}
}
