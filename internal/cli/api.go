package cli

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// What the JSON API answers, as far as the command line looks at it.

type message struct {
	Key     string   `json:"key"`
	Kind    string   `json:"kind"`
	Text    string   `json:"text"`
	Code    string   `json:"code"`
	Thread  string   `json:"thread"`
	Buttons []button `json:"buttons"`
	Form    *form    `json:"form"`
}

type button struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Verb  string `json:"verb"`
	Step  string `json:"step"`
	URL   string `json:"url"`
}

type form struct {
	Submit string  `json:"submit"`
	Fields []field `json:"fields"`
}

type field struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Type     string   `json:"type"`
	Required bool     `json:"required"`
	Value    any      `json:"value"`
	Options  []choice `json:"options"`
	Hint     string   `json:"hint"`
}

type choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// reply is the answer to a command or a press.
type reply struct {
	Reply    message `json:"reply"`
	Incident string  `json:"incident"`
	Step     string  `json:"step"`
}

type incidentView struct {
	ID         string     `json:"id"`
	Title      string     `json:"title"`
	Service    string     `json:"service"`
	Severity   string     `json:"severity"`
	State      string     `json:"state"`
	Owner      string     `json:"owner"`
	OpenedAt   *time.Time `json:"opened_at"`
	ResolvedAt *time.Time `json:"resolved_at"`
	Due        *time.Time `json:"next_update_due"`
	Steps      []stepView `json:"steps"`
	InForce    []stepView `json:"in_force"`
	Runs       []runView  `json:"runs"`
}

type stepView struct {
	ID          string     `json:"id"`
	Run         string     `json:"run"`
	Playbook    string     `json:"playbook"`
	Action      string     `json:"action"`
	Grade       string     `json:"grade"`
	State       string     `json:"state"`
	Code        string     `json:"code"`
	Parent      string     `json:"parent"`
	Phrase      string     `json:"phrase"`
	Second      bool       `json:"second_person"`
	RequestedBy string     `json:"requested_by"`
	ApprovedBy  []string   `json:"approved_by"`
	StartedBy   string     `json:"started_by"`
	Reason      string     `json:"reason"`
	ReasonCode  string     `json:"reason_code"`
	Receipt     string     `json:"receipt"`
	UndoOf      string     `json:"undo_of"`
	UndoneBy    string     `json:"undone_by"`
	ExpiresAt   *time.Time `json:"expires_at"`
	StartedAt   *time.Time `json:"started_at"`
	EndedAt     *time.Time `json:"ended_at"`
	Plan        struct {
		Title   string `json:"title"`
		Target  string `json:"target"`
		Command string `json:"command"`
		Undo    string `json:"undo"`
	} `json:"plan"`
}

// runView is a playbook in progress.
type runView struct {
	ID       string       `json:"id"`
	Playbook string       `json:"playbook"`
	State    string       `json:"state"`
	By       string       `json:"by"`
	Reason   string       `json:"reason"`
	WaitsFor string       `json:"waits_for"`
	Results  []resultView `json:"results"`
}

type resultView struct {
	Path    string     `json:"path"`
	Outcome string     `json:"outcome"`
	Reason  string     `json:"reason"`
	Summary string     `json:"summary"`
	Choice  string     `json:"choice"`
	Step    string     `json:"step"`
	At      *time.Time `json:"at"`
}

type entryView struct {
	Seq   int64     `json:"seq"`
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"`
	Actor string    `json:"actor"`
	Text  string    `json:"text"`
	Step  *string   `json:"step"`
	Refs  []string  `json:"refs"`
	Quiet bool      `json:"quiet,omitempty"`
}

// under is the path of something that belongs to an incident.
func under(incident, what string) string {
	path := "/api/v1/incidents/" + url.PathEscape(incident)
	if what != "" {
		path += "/" + what
	}
	return path
}

// incident reads one.
func (m *remote) incident(r *run, id string) (incidentView, error) {
	var i incidentView
	return i, m.get(r, under(id, ""), &i)
}

// messages reads the thread of an incident, card first.
func (m *remote) messages(r *run, id string) ([]message, error) {
	var answer struct{ Messages []message }
	return answer.Messages, m.get(r, under(id, "messages"), &answer)
}

// open reads the newest open incidents, without their acts.
func (m *remote) open(r *run, most int) ([]incidentView, error) {
	var answer struct{ Incidents []incidentView }
	err := m.get(r, fmt.Sprintf("/api/v1/incidents?state=open&limit=%d", most), &answer)
	return answer.Incidents, err
}

// newest finds the incident that is meant when none is named: the only open one.
func (m *remote) newest(r *run) (string, error) {
	open, err := m.open(r, 20)
	if err != nil {
		return "", err
	}
	switch len(open) {
	case 0:
		return "", &exit{exitFailed, errNoIncident}
	case 1:
		return open[0].ID, nil
	}
	ids := make([]string, len(open))
	for n, i := range open {
		ids[n] = i.ID
	}
	return "", &exit{exitUsage, whichIncident(strings.Join(ids, ", "))}
}
