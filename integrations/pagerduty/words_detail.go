package pagerduty

import (
	"encoding/json"
	"fmt"
	"strings"

	"mayday/internal/incident"
)

// responder is who is asked: a person, or a whole escalation policy.
func (d *delivery) responder() (string, error) {
	user, err := d.data.get("user").ref()
	if err != nil {
		return "", err
	}
	policy, err := d.data.get("escalation_policy").ref()
	if err != nil {
		return "", err
	}
	return nameOf(user, nameOf(policy, "Somebody")), nil
}

func sayResponderAdded(d *delivery) error {
	who, err := d.responder()
	if err != nil {
		return err
	}
	message, err := d.data.get("message").text(maxText)
	if err != nil {
		return err
	}
	d.ev.Text = who + " was asked to help" + here + d.by()
	if message != "" {
		d.ev.Text += ": " + message
		return nil
	}
	d.ev.Text += "."
	return nil
}

func sayResponderReplied(d *delivery) error {
	who, err := d.responder()
	if err != nil {
		return err
	}
	state, err := d.data.get("state").text(maxName)
	if err != nil {
		return err
	}
	switch state {
	case "accepted", "joined":
		d.ev.Text = who + " accepted to help."
	case "declined":
		d.ev.Text = who + " declined to help."
	default:
		d.ev.Text = who + " has not answered the request for help yet (" + oneLine(state) + ")."
	}
	return nil
}

func sayRoles(d *delivery) error {
	given, err := d.data.get("incident_role_assignments").list()
	if err != nil {
		return err
	}
	var lines []string
	for _, one := range given {
		line, err := roleLine(one)
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	d.ev.Text = clamp("Roles"+here+": "+strings.Join(lines, "; ")+".", maxText)
	return nil
}

func roleLine(one field) (string, error) {
	var who [3]incident.Ref
	for i, key := range []string{"role", "assignee", "old_assignee"} {
		var err error
		if who[i], err = one.get(key).ref(); err != nil {
			return "", err
		}
	}
	line := nameOf(who[0], "a role") + " is now " + nameOf(who[1], "nobody")
	if before := nameOf(who[2], ""); before != "" {
		line += ", was " + before
	}
	return line, nil
}

// sayBridge makes the bridge a link. Its numbers stand in the name, since that
// is what a link shows.
func sayBridge(d *delivery) error {
	numbers, err := bridgeNumbers(d.data.get("conference_numbers"))
	if err != nil {
		return err
	}
	address, err := d.data.get("conference_url").text(maxURL)
	if err != nil {
		return err
	}
	name := "Conference bridge"
	if numbers != "" {
		name += " " + numbers
	}
	name = clamp(name, maxName)
	if link := d.data.get("conference_url").link(); link != "" {
		d.ev.Link = incident.Link{Name: name, URL: link}
	}
	switch {
	case address != "":
		d.ev.Text = name + ": " + address
	case numbers != "":
		d.ev.Text = name + "."
	default:
		d.ev.Text = "The conference bridge was removed" + here + d.by() + "."
	}
	return nil
}

func bridgeNumbers(f field) (string, error) {
	items, err := f.list()
	if err != nil {
		return "", err
	}
	var out []string
	for _, item := range items {
		if err := item.object(); err != nil {
			return "", err
		}
		number, err := item.get("number").text(maxName)
		if err != nil {
			return "", err
		}
		label, err := item.get("label").text(maxName)
		if err != nil {
			return "", err
		}
		if line := oneLine(label + " " + number); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, ", "), nil
}

// sayFields tells the new values of the fields that changed. The payload lists
// those with their old values, and all fields with the values of now.
func sayFields(d *delivery) error {
	now := map[string]string{}
	all, err := d.data.get("custom_fields").list()
	if err != nil {
		return err
	}
	for _, f := range all {
		now[fmt.Sprint(f.get("id").value)] = shown(f.get("value").value)
	}
	changed, err := d.data.get("changed_custom_fields").list()
	if err != nil {
		return err
	}
	var lines []string
	for _, f := range changed {
		name, err := f.get("name").text(maxName)
		if err != nil {
			return err
		}
		after, ok := now[fmt.Sprint(f.get("id").value)]
		if !ok {
			after = shown(nil)
		}
		lines = append(lines, oneLine(name)+" from "+shown(f.get("value").value)+" to "+after)
	}
	d.ev.Text = clamp("Fields changed"+here+d.by()+": "+strings.Join(lines, "; ")+".", maxText)
	return nil
}

// shown is a custom field's value, which may be of any type, in words.
func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return clamp(oneLine(clean(v)), maxName)
	case json.Number:
		return clamp(v.String(), maxName)
	case bool:
		return fmt.Sprint(v)
	case []any:
		var out []string
		for _, item := range v[:min(len(v), 10)] {
			if _, nested := item.([]any); !nested {
				out = append(out, shown(item))
			}
		}
		return strings.Join(out, ", ")
	}
	return "another value"
}

func sayIncidentType(d *delivery) error {
	name, err := d.data.get("incident_type").get("name").text(maxName)
	if err != nil {
		return err
	}
	if name == "" {
		name = "another one"
	}
	d.ev.Text = "The incident type is now " + oneLine(name) + here + d.by() + "."
	return nil
}

func sayTask(verb string) sayer {
	return func(d *delivery) error {
		name, err := d.data.get("name").text(maxName)
		if err != nil {
			return err
		}
		if name == "" {
			name = "without a name"
		}
		who, err := d.data.get("assignees").refs()
		if err != nil {
			return err
		}
		d.ev.Text = "Task " + verb + here + d.by() + ": " + oneLine(name)
		if len(who) > 0 {
			d.ev.Text += " (" + names(who) + ")"
		}
		d.ev.Text += "."
		return nil
	}
}

func sayAction(verb string) sayer {
	return func(d *delivery) error {
		action, err := d.data.get("action").ref()
		if err != nil {
			return err
		}
		state, err := d.data.get("state").text(maxName)
		if err != nil {
			return err
		}
		d.ev.Text = "Automation action " + nameOf(action, "without a name") + " " + verb + here + d.by()
		if state != "" {
			d.ev.Text += " (" + oneLine(state) + ")"
		}
		d.ev.Text += "."
		return nil
	}
}

func sayWorkflow(verb string) sayer {
	return func(d *delivery) error {
		flow, err := d.data.get("incident_workflow").ref()
		if err != nil {
			return err
		}
		if flow.Name == "" {
			if flow.Name, err = d.data.get("summary").text(maxName); err != nil {
				return err
			}
		}
		d.ev.Text = "Workflow " + nameOf(flow, "without a name") + " " + verb + here + d.by() + "."
		return nil
	}
}
