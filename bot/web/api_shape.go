package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// What programs see (SURFACE). Fields that are not set are null, lists are never.

type incidentJSON struct {
	ID            string      `json:"id"`
	Title         string      `json:"title"`
	Service       string      `json:"service"`
	Severity      string      `json:"severity"`
	State         string      `json:"state"`
	Owner         *string     `json:"owner"`
	Drill         bool        `json:"drill"`
	OpenedAt      *time.Time  `json:"opened_at"`
	DeclaredAt    *time.Time  `json:"declared_at"`
	ResolvedAt    *time.Time  `json:"resolved_at"`
	NextUpdateDue *time.Time  `json:"next_update_due"`
	Alerts        int         `json:"alerts"`
	Source        *sourceJSON `json:"source"`
	Impact        string      `json:"impact"`
	Updates       int         `json:"updates"`
	MergedInto    *string     `json:"merged_into"`
}

type sourceJSON struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	URL  string `json:"url"`
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func shapeIncident(i *incident.Incident) incidentJSON {
	out := incidentJSON{
		ID: i.ID(), Title: chat.Clean(i.Title), Service: chat.Clean(i.Service), Severity: string(i.Severity), State: string(i.State), Owner: text(i.Owner),
		OpenedAt: moment(i.OpenedAt), DeclaredAt: moment(i.DeclaredAt), ResolvedAt: moment(i.ResolvedAt),
		Alerts: len(i.Sources), Impact: i.Impact, Updates: len(i.Updates),
	}
	if due, ok := nextDue(i); ok {
		out.NextUpdateDue = moment(due)
	}
	if len(i.Sources) > 0 {
		out.Source = &sourceJSON{Kind: i.Sources[0].Kind, ID: i.Sources[0].Key, URL: i.Sources[0].URL}
	}
	if i.MergedInto > 0 {
		out.MergedInto = text(incident.FormatID(i.MergedInto))
	}
	return out
}

// nextDue says when the readers of #status are told something at the latest.
func nextDue(i *incident.Incident) (time.Time, bool) {
	if !i.Open() || !i.Declared() || i.Clock.Paused || i.Clock.Due.IsZero() {
		return time.Time{}, false
	}
	return i.Clock.Due, true
}

// wholeIncident adds the acts. Both lists are there, if empty.
type wholeIncident struct {
	incidentJSON
	Steps   []stepJSON `json:"steps"`
	InForce []stepJSON `json:"in_force"`
	Runs    []runJSON  `json:"runs"`

	Suspects []suspectJSON `json:"suspects"`
}

func shapeWhole(i *incident.Incident) wholeIncident {
	out := wholeIncident{incidentJSON: shapeIncident(i), Steps: []stepJSON{}, InForce: []stepJSON{}, Runs: []runJSON{}, Suspects: shapeSuspects(i)}
	for n := range i.Steps {
		out.Steps = append(out.Steps, shapeStep(i, &i.Steps[n]))
	}
	for _, st := range i.InForce() {
		out.InForce = append(out.InForce, shapeStep(i, st))
	}
	for n := range i.Runs {
		out.Runs = append(out.Runs, shapeRun(i, &i.Runs[n]))
	}
	return out
}

type stepJSON struct {
	ID          string             `json:"id"`
	Incident    string             `json:"incident"`
	Run         string             `json:"run"`
	Index       int                `json:"index"`
	Of          int                `json:"of"`
	Playbook    string             `json:"playbook"`
	Action      string             `json:"action"`
	Grade       string             `json:"grade"`
	State       string             `json:"state"`
	Digest      string             `json:"digest"`
	Code        string             `json:"code"` // the digest as people see it
	RequestedBy string             `json:"requested_by"`
	ApprovedBy  []string           `json:"approved_by"`
	StartedBy   *string            `json:"started_by"`
	Second      bool               `json:"second_person"`
	Phrase      *string            `json:"phrase"`
	Plan        planJSON           `json:"plan"`
	Evidence    *incident.Evidence `json:"evidence"`
	Effect      *effectJSON        `json:"effect"`
	Receipt     *string            `json:"receipt"`
	Reason      *string            `json:"reason"`
	ReasonCode  *string            `json:"reason_code"`
	Asked       *string            `json:"asked"` // of a question: pick, choose, tell, inputs
	Parent      *string            `json:"parent"`
	Children    []string           `json:"children"`
	UndoOf      *string            `json:"undo_of"`
	UndoneBy    *string            `json:"undone_by"`
	ExpiresAt   *time.Time         `json:"expires_at"`
	StartedAt   *time.Time         `json:"started_at"`
	EndedAt     *time.Time         `json:"ended_at"`
}

type planJSON struct {
	Title   string           `json:"title"`
	Target  string           `json:"target"`
	From    string           `json:"from"`
	To      string           `json:"to"`
	Details []string         `json:"details"`
	Checks  []incident.Check `json:"checks"`
	Command string           `json:"command"`
	Undo    string           `json:"undo"` // "" means that it cannot be undone
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func shapeStep(i *incident.Incident, s *incident.Step) stepJSON {
	out := stepJSON{
		ID: s.ID, Incident: i.ID(), Run: s.Run, Index: s.Index, Of: s.Of, Playbook: s.Playbook, Action: s.Action,
		Grade: string(s.Grade), State: string(s.State), Digest: s.Digest, RequestedBy: s.RequestedBy, ApprovedBy: list(s.ApprovedBy),
		StartedBy: text(s.StartedBy), Second: s.SecondOne, Phrase: text(s.Phrase), Evidence: s.Evidence, Effect: shapeEffect(s), Reason: text(s.Reason), ReasonCode: text(s.Code),
		Parent: text(s.Parent), Children: list(s.Children), UndoOf: text(s.UndoOf), UndoneBy: text(s.UndoneBy),
		ExpiresAt: moment(s.ExpiresAt), StartedAt: moment(s.StartedAt), EndedAt: moment(s.EndedAt),
		Plan: planJSON{Title: s.Plan.Title, Target: s.Plan.Target, From: s.Plan.From, To: s.Plan.To, Details: list(s.Plan.Details),
			Checks: list(s.Plan.Checks), Command: s.Plan.Command, Undo: s.Plan.Undo},
	}
	if s.Digest != "" {
		out.Code = incident.Code(s.Digest)
	}
	if s.Receipt != nil {
		out.Receipt = text(s.Receipt.Text)
	}
	return out
}

// outcomeStates says how a look or question stands in the words of steps.
var outcomeStates = map[incident.Outcome]incident.StepState{
	"": incident.Proposed, incident.OutDone: incident.Succeeded, incident.OutFailed: incident.FailedProven,
	incident.OutUnknown: incident.UnknownOutcome, incident.OutRefused: incident.RefusedStale, incident.OutDeclined: incident.Denied,
	incident.OutExpired: incident.Expired, incident.OutSkipped: incident.Cancelled, incident.OutNotMet: incident.Succeeded,
	incident.OutNotHelped: incident.Succeeded,
}

// shapeQuestion shows a look or question of a run as a step: "run:path".
func shapeQuestion(i *incident.Incident, r *incident.Run, path string, res incident.Result) stepJSON {
	out := stepJSON{
		ID: r.ID + ":" + path, Incident: i.ID(), Run: r.ID, Playbook: r.Playbook, Grade: string(incident.GradeLook), State: string(outcomeStates[res.Outcome]),
		RequestedBy: r.By, ApprovedBy: []string{}, Children: []string{}, Asked: text(res.Asked), Reason: text(res.Reason),
		Plan: planJSON{Details: []string{}, Checks: []incident.Check{}},
	}
	if res.Outcome != "" {
		out.EndedAt = moment(res.At)
	}
	if res.Table != nil {
		out.Plan.From = res.Table.Summary
	}
	return out
}

type entryJSON struct {
	Seq   int64     `json:"seq"`
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"`
	Actor string    `json:"actor"`
	Via   string    `json:"via,omitempty"`
	Text  string    `json:"text"`
	Step  *string   `json:"step"`
	Refs  []string  `json:"refs"`
	Quiet bool      `json:"quiet,omitempty"` // housekeeping; pages do not list it
}

// inert is a text without characters that hide or turn others: scripts print it
// to terminals. Its lines stay.
func inert(s string) string {
	lines := strings.Split(s, "\n")
	for n := range lines {
		lines[n] = chat.Clean(lines[n])
	}
	return strings.Join(lines, "\n")
}

func shapeEntry(e incident.Entry) entryJSON {
	actor := e.Actor
	if actor == "" {
		actor = "Mayday"
	}
	return entryJSON{Seq: e.Seq, At: e.At.UTC(), Kind: e.Kind(), Actor: chat.Clean(actor), Via: e.Via, Text: inert(e.Text), Step: text(e.Step), Refs: list(e.Refs), Quiet: e.Quiet}
}

// messageJSON is a message with every key that programs count on. Buttons behind
// "More..." are among the buttons: that drawer is a matter of layout.
type messageJSON struct {
	chat.Message
	Room     string         `json:"room"`
	Thread   string         `json:"thread"`
	By       string         `json:"by"`
	At       *time.Time     `json:"at"`
	EditedAt *time.Time     `json:"edited_at"`
	Buttons  []chat.Button  `json:"buttons"`
	Mentions []chat.Mention `json:"mentions"`
	Fields   []chat.Field   `json:"fields"`
}

func shapeMessage(m chat.Message) messageJSON {
	out := messageJSON{Message: m, Room: m.Room, Thread: m.Thread, By: m.By, At: moment(m.At), Mentions: list(m.Mentions), Fields: list(m.Fields)}
	if m.EditedAt != nil {
		out.EditedAt = moment(*m.EditedAt)
	}
	if m.Image != nil && len(m.Image.Data) > 0 {
		out.Image = &chat.Image{URL: pictureURL(m), Alt: m.Image.Alt} // the bytes are there
	}
	if out.Thread == "" {
		out.Thread = m.Incident // a card is the head of its own thread
	}
	out.Buttons = append(append([]chat.Button{}, m.Buttons...), m.More...)
	if m.Form != nil && len(out.Fields) == 0 {
		out.Fields = m.Form.Fields
	}
	return out
}

// stands reads a row of the outbox as the message that it is.
func stands(p incident.Posted) (chat.Message, error) {
	var m chat.Message
	if err := json.Unmarshal(p.Body, &m); err != nil {
		return m, fmt.Errorf("read message %s: %w", p.Key, err)
	}
	m.Key, m.At = p.Key, p.SentAt
	if m.Kind == "" {
		m.Kind = p.Kind
	}
	if m.Room == "" {
		m.Room = p.Room
	}
	if m.Thread == "" {
		m.Thread = p.Thread
	}
	if !p.EditedAt.IsZero() {
		at := p.EditedAt
		m.EditedAt = &at
	}
	if strings.TrimSpace(m.Text) == "" {
		m.Text = m.Key
	}
	return m, nil
}
