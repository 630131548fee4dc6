package cli

import (
	"fmt"
	"net/url"
	"strings"
)

type incidentsCmd struct {
	ID    string `arg:"" optional:"" help:"One of them: its card and what stands in its thread."`
	State string `enum:"open,resolved,all" default:"open" help:"open, resolved or all."`
	Limit int    `default:"50" help:"At most so many, up to 200."`
	remote
}

// Run lists incidents, or shows one.
func (c *incidentsCmd) Run(r *run) error {
	if c.ID != "" {
		return c.one(r)
	}
	var answer struct {
		Incidents []incidentView `json:"incidents"`
	}
	path := fmt.Sprintf("/api/v1/incidents?state=%s&limit=%d", url.QueryEscape(c.State), c.Limit)
	if r.style.JSON {
		return c.pass(r, path)
	}
	if err := c.get(r, path, &answer); err != nil {
		return err
	}
	if len(answer.Incidents) == 0 {
		if !r.style.Plain {
			fmt.Fprintln(r.out, "No "+strings.TrimPrefix(c.State+" ", "all ")+"incidents.")
		}
		r.next("mayday open WHAT IS WRONG --service NAME")
		return nil
	}
	var rows [][]string
	for _, i := range answer.Incidents {
		owner, due := i.Owner, r.clock(i.Due)
		if owner == "" {
			owner = "nobody"
		}
		rows = append(rows, []string{i.ID, i.Severity, i.State, i.Service, owner, due, i.Title})
	}
	if err := r.table([]string{"ID", "SEV", "STATE", "SERVICE", "OWNER", "UPDATE DUE", "TITLE"}, rows); err != nil {
		return err
	}
	r.next("mayday incidents %s", answer.Incidents[0].ID)
	return nil
}

// pass writes what the server answers as it is.
func (m *remote) pass(r *run, path string) error {
	var v any
	if err := m.get(r, path, &v); err != nil {
		return err
	}
	return r.json(v)
}

// one shows what stands in the thread, as chat does, with the words that press
// each button.
func (c *incidentsCmd) one(r *run) error {
	if r.style.JSON {
		return c.pass(r, under(c.ID, ""))
	}
	all, err := c.messages(r, c.ID)
	if err != nil {
		return err
	}
	for n, m := range all {
		if n > 0 {
			fmt.Fprintln(r.out)
		}
		r.message(m)
	}
	r.next("mayday press BUTTON -i %s, where [BUTTON] stands above", c.ID)
	return nil
}

// message writes a message with its buttons.
func (r *run) message(m message) {
	fmt.Fprintln(r.out, inert(m.Text))
	var labels []string
	for _, b := range m.Buttons {
		if b.URL == "" {
			labels = append(labels, "["+inert(b.Label)+"]")
		}
	}
	if len(labels) > 0 {
		fmt.Fprintln(r.out, strings.Join(labels, " "))
	}
}
