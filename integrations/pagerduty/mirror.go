package pagerduty

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"mayday/integrations"
)

// The states of an incident at PagerDuty.
const (
	statusAcknowledged = "acknowledged"
	statusResolved     = "resolved"
)

var incidentID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// mirror repeats at PagerDuty what people did here.
type mirror struct {
	api  *api
	from string
}

// Platform is its name in the outbox.
func (m *mirror) Platform() string { return source }

// Do makes one call. It is repeated by the outbox, never here.
func (m *mirror) Do(ctx context.Context, c integrations.Call) error {
	if !incidentID.MatchString(c.ID) {
		return reject("That is not the id of a PagerDuty incident.", "")
	}
	if m.from == "" {
		return reject("PagerDuty wants to know for whom a change is made, and pagerduty.from is not set.",
			"Set pagerduty.from to the e-mail address of a PagerDuty user.")
	}
	switch c.Kind {
	case "acknowledge":
		return m.acknowledge(ctx, c)
	case "resolve":
		return m.resolve(ctx, c)
	case "note":
		return m.note(ctx, c)
	case "page":
		return m.page(ctx, c)
	}
	return reject("PagerDuty cannot be asked to "+clamp(oneLine(c.Kind), 40)+".", "")
}

func reject(why, fix string) *integrations.Rejected {
	return &integrations.Rejected{Code: "E17", Why: why, Fix: fix}
}

func resolvedThere() *integrations.Rejected {
	return reject("The incident is already resolved in PagerDuty.", "Reopen it there first, if it is not over.")
}

// remote is what matters of PagerDuty's incident.
type remote struct {
	Incident struct {
		Status string `json:"status"`
		Policy struct {
			ID string `json:"id"`
		} `json:"escalation_policy"`
	} `json:"incident"`
}

func (m *mirror) look(ctx context.Context, id string) (remote, error) {
	var r remote
	err := m.api.send(ctx, request{method: http.MethodGet, path: "/incidents/" + id, out: &r})
	return r, err
}

// acknowledge looks first: "acknowledged" sent to a resolved incident would open
// it again and page people. One that is acknowledged already is acknowledged
// again, which restarts PagerDuty's own timeout.
func (m *mirror) acknowledge(ctx context.Context, c integrations.Call) error {
	now, err := m.look(ctx, c.ID)
	if err != nil {
		return err
	}
	if now.Incident.Status == statusResolved {
		return resolvedThere()
	}
	err = m.set(ctx, c.ID, statusAcknowledged)
	switch {
	case hasCode(err, alreadyAcknowledged):
		return nil
	case hasCode(err, alreadyResolved):
		return resolvedThere()
	}
	return err
}

func (m *mirror) resolve(ctx context.Context, c integrations.Call) error {
	err := m.set(ctx, c.ID, statusResolved)
	if hasCode(err, alreadyResolved) {
		return nil
	}
	return err
}

func (m *mirror) set(ctx context.Context, id, status string) error {
	in := map[string]any{"incident": map[string]any{"type": "incident_reference", "status": status}}
	return m.api.send(ctx, request{method: http.MethodPut, path: "/incidents/" + id, from: m.from, in: in})
}

func (m *mirror) note(ctx context.Context, c integrations.Call) error {
	text := strings.TrimSpace(c.Text)
	if text == "" {
		return reject("The note for PagerDuty is empty.", "")
	}
	in := map[string]any{"note": map[string]any{"content": text}}
	return m.api.send(ctx, request{method: http.MethodPost, path: "/incidents/" + c.ID + "/notes", from: m.from, in: in})
}

// page asks for help through the incident's own escalation policy, which knows
// who is on call and how they want to be reached.
func (m *mirror) page(ctx context.Context, c integrations.Call) error {
	now, err := m.look(ctx, c.ID)
	if err != nil {
		return err
	}
	if now.Incident.Status == statusResolved {
		return resolvedThere()
	}
	if now.Incident.Policy.ID == "" {
		return reject("The incident has no escalation policy in PagerDuty, so there is nobody to page.", "Page somebody by hand in PagerDuty.")
	}
	requester := c.ByID
	if requester == "" {
		if requester, err = m.api.userID(ctx, m.from); err != nil {
			return err
		}
	}
	in := map[string]any{
		"requester_id": requester,
		"message":      cmp.Or(strings.TrimSpace(c.Text), "Please help with this incident."),
		"responder_request_targets": []any{map[string]any{
			"responder_request_target": map[string]any{"id": now.Incident.Policy.ID, "type": "escalation_policy_reference"},
		}},
	}
	return m.api.send(ctx, request{method: http.MethodPost, path: "/incidents/" + c.ID + "/responder_requests", from: m.from, in: in})
}

// userID finds the user with this e-mail address; the query of PagerDuty also
// finds people whose name or address merely contains it.
func (a *api) userID(ctx context.Context, email string) (string, error) {
	var found struct {
		Users []struct {
			ID    string `json:"id"`
			Email string `json:"email"`
		} `json:"users"`
	}
	path := "/users?limit=100&query=" + url.QueryEscape(email)
	if err := a.send(ctx, request{method: http.MethodGet, path: path, out: &found}); err != nil {
		return "", err
	}
	for _, u := range found.Users {
		if strings.EqualFold(u.Email, email) {
			return u.ID, nil
		}
	}
	return "", reject("PagerDuty has no user "+email+".", "Set pagerduty.from to the e-mail address of a PagerDuty user.")
}
