package pagerduty

import (
	"strings"

	"mayday/internal/incident"
)

const here = " in PagerDuty"

// by is " by Ana", or nothing where nobody is named.
func (d *delivery) by() string {
	if d.ev.Agent.Name == "" {
		return ""
	}
	return " by " + d.ev.Agent.Name
}

func sayDone(verb string) sayer {
	return func(d *delivery) error {
		d.ev.Text = verb + here + d.by() + "."
		return nil
	}
}

func sayUnknown(d *delivery) error {
	d.ev.Text = "PagerDuty says " + clamp(oneLine(d.ev.Type), 80) + d.by() + "."
	return nil
}

func sayPing(d *delivery) error {
	text, err := d.data.get("message").text(maxText)
	d.ev.Text = text
	if text == "" {
		d.ev.Text = "Test event from PagerDuty."
	}
	return err
}

// sayAssigned: "Escalated to Ana.", "Reassigned to Li by Ana.".
func sayAssigned(verb string) sayer {
	return func(d *delivery) error {
		if len(d.ev.OnCall) == 0 {
			d.ev.Text = verb + here + d.by() + "; nobody is assigned."
			return nil
		}
		d.ev.Text = verb + " to " + names(d.ev.OnCall) + here + d.by() + "."
		return nil
	}
}

func names(refs []incident.Ref) string {
	var out []string
	for _, r := range refs {
		out = append(out, nameOf(r, "somebody"))
	}
	if n := len(out); n > 5 {
		out = append(out[:5], "others")
	}
	return strings.Join(out, ", ")
}

// nameOf is the name, else the id, which is better than nothing to look up.
func nameOf(r incident.Ref, otherwise string) string {
	switch {
	case r.Name != "":
		return r.Name
	case r.ID != "":
		return r.ID
	}
	return otherwise
}

func sayPriority(d *delivery) error {
	if d.ev.Priority == "" {
		d.ev.Text = "The priority was taken away" + here + d.by() + "."
		return nil
	}
	d.ev.Text = "Priority is now " + d.ev.Priority + here + d.by() + "."
	return nil
}

// sayContent keeps what a person wrote as it is; who wrote it is the agent.
func sayContent(key string) sayer {
	return func(d *delivery) error {
		text, err := d.data.get(key).text(maxText)
		if err != nil {
			return err
		}
		if text == "" {
			text = "(empty)"
		}
		if trimmed, _ := d.data.get("trimmed").value.(bool); trimmed {
			text += " […]"
		}
		d.ev.Text = text
		return nil
	}
}

// sayResolved finds the incident that a merge joined this one to.
func sayResolved(d *delivery) error {
	d.ev.Text = "Resolved" + here + d.by() + "."
	reason := d.data.get("resolve_reason")
	if _, isObject := reason.value.(map[string]any); !isObject {
		return nil
	}
	kind, err := reason.get("type").text(maxName)
	if err != nil || !strings.Contains(kind, "merge") {
		return err
	}
	into := reason.get("incident")
	if d.ev.Into, err = into.get("id").id(); err != nil {
		return err
	}
	other, err := into.ref()
	d.ev.Text = "Merged into " + nameOf(other, "another incident") + here + d.by() + "."
	return err
}

func sayService(d *delivery) error {
	d.ev.Text = "Moved to " + nameOf(d.ev.Service, "another service") + here + d.by() + "."
	return nil
}

func sayServiceItself(what string) sayer {
	return func(d *delivery) error {
		service, err := d.data.ref()
		d.ev.Service = service
		d.ev.Text = "Service " + nameOf(service, "without a name") + " " + what + here + d.by() + "."
		return err
	}
}
