package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Redo is a command that a button types for somebody.
type Redo struct {
	Text     string `json:"text"`
	Incident string `json:"incident,omitempty"`
}

// Offer is a button that types a command.
type Offer struct {
	Label string
	Redo  Redo
}

// Offer answers lines with buttons that type commands. Only the person who was
// answered may press them.
func (d *Desk) Offer(ctx context.Context, by incident.Person, lines []string, offers []Offer) (chat.Message, error) {
	c := d.card(nil, "answer", "offer:"+by.ID)
	c.only = by.ID
	for _, l := range lines {
		c.line(l)
	}
	for n, o := range offers {
		if n < chat.Shared.Row {
			c.button(chat.Plain, "command", o.Label, o.Redo)
			continue
		}
		c.more("command", o.Label, o.Redo)
	}
	return c.answer(ctx)
}

// Redo answers the command that a button types; false when it is a button of
// another kind.
func (d *Desk) Redo(ctx context.Context, by incident.Person, id string) (Redo, bool, error) {
	b, err := d.Store.Buttons.Button(ctx, id)
	if err != nil || b.Verb != "command" {
		return Redo{}, false, err
	}
	if b.Person != "" && b.Person != by.ID {
		return Redo{}, true, fault.New(fault.Refused, "E1", "This button was shown to somebody else.", "Type the command yourself.")
	}
	var r Redo
	if err := json.Unmarshal(b.Arg, &r); err != nil {
		return Redo{}, true, fmt.Errorf("read command button: %w", err)
	}
	return r, true, nil
}

// OpenIncidents answers what is open, newest first, at most five and one more.
func (d *Desk) OpenIncidents(ctx context.Context) ([]*incident.Incident, error) {
	return d.Store.Reader.Incidents(ctx, incident.Filter{State: "open", Limit: 6})
}

// OwnedBy answers what is open and somebody's own, at most two: one is the one
// that they mean.
func (d *Desk) OwnedBy(ctx context.Context, name string) ([]*incident.Incident, error) {
	return d.Store.Reader.Incidents(ctx, incident.Filter{State: "open", Owner: name, Limit: 2})
}

// Line is an incident on one line: "◆ SEV2 INC-42 checkout: errors · identified · @Ana".
func Line(i *incident.Incident) string {
	owner := "nobody"
	if i.Owner != "" {
		owner = i.Owner
	}
	return fmt.Sprintf("%s %s %s %s · %s · %s", mark(i), i.Severity, i.ID(), chat.Clamp(headline(i), 60), i.State, owner)
}
