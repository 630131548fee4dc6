package bot

import (
	"context"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// at names an incident by number.
func at(number int64) incident.Target { return incident.Target{Number: number} }

// act runs a decision that takes a responder.
func (d *Desk) act(ctx context.Context, by incident.Person, what string, number int64, decide incident.Decide) (*incident.Incident, error) {
	if err := incident.Needs(by, what, incident.Responder); err != nil {
		return nil, d.who(err, incident.Responder)
	}
	return d.do(ctx, at(number), decide)
}

// who adds to a refusal the people who could do it.
func (d *Desk) who(err error, role incident.Role) error {
	f := fault.Of(err)
	names := d.withRole(role)
	if len(names) == 0 {
		return f
	}
	return f.WithHint("Ask " + list(names) + ".")
}

// withRole lists up to three people who have a role by name.
func (d *Desk) withRole(role incident.Role) []string {
	var names []string
	for _, l := range d.People.Same {
		for where, id := range l.IDs {
			if len(names) < 3 && d.Person(where, chat.User{ID: id}).Role.AtLeast(role) {
				names = append(names, l.Name)
				break
			}
		}
	}
	return names
}

func list(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	out := names[0]
	for _, n := range names[1 : len(names)-1] {
		out += ", " + n
	}
	return out + " or " + names[len(names)-1]
}

// Own makes somebody the owner, the asker unless named.
func (d *Desk) Own(ctx context.Context, by incident.Person, number int64, who string) (chat.Message, error) {
	to := by.Name
	if who != "" {
		name, err := d.someone(who)
		if err != nil {
			return chat.Message{}, err
		}
		to = name
	}
	return d.own(ctx, by, number, to, false)
}

// own makes somebody the owner. With free, only where nobody is: of fifty who
// press at once, one becomes it.
func (d *Desk) own(ctx context.Context, by incident.Person, number int64, to string, free bool) (chat.Message, error) {
	inc, err := d.act(ctx, by, "take an incident", number, func(v incident.View) (incident.Change, error) {
		if i := v.Incident; free && i.Open() && i.Owner != "" {
			return incident.Change{}, fault.Newf(fault.Already, "E22", "%s has it already.", i.Owner).WithHint("To take over, type: own").WithState("")
		}
		return incident.Own(by, to, d.People.zone(to))(v)
	})
	if err != nil {
		return chat.Message{}, err
	}
	if to != by.Name {
		return said(inc, "%s owns %s now.", to, inc.ID()), nil
	}
	return said(inc, "You own %s now. Tell #status by %s, look at what changed, and ask for help early: hand over or page somebody any time.",
		inc.ID(), inc.Clock.Due.UTC().Format("15:04 UTC")), nil
}

// Update posts a word to #status.
func (d *Desk) Update(ctx context.Context, by incident.Person, number int64, w incident.Words) (chat.Message, error) {
	if w.NextIn > 0 {
		w.NextIn = d.scaled(w.NextIn)
	}
	inc, err := d.act(ctx, by, "write to #status", number, incident.PostUpdate(by, w))
	if err != nil {
		return chat.Message{}, err
	}
	if inc.Clock.Paused {
		return said(inc, "Posted to #status. No next update is due."), nil
	}
	return said(inc, "Posted to #status. Next update by %s.", inc.Clock.Due.UTC().Format("15:04 UTC")), nil
}

// UpdateForm asks for the five fields of M3. It says that somebody writes, so
// that no nudge interrupts.
func (d *Desk) UpdateForm(ctx context.Context, by incident.Person, number int64) (chat.Message, error) {
	return d.UpdateFrom(ctx, by, number, "")
}

// UpdateFrom is UpdateForm with somebody's words as what users see.
func (d *Desk) UpdateFrom(ctx context.Context, by incident.Person, number int64, words string) (chat.Message, error) {
	inc, err := d.act(ctx, by, "write to #status", number, incident.Compose(by))
	if err != nil {
		return chat.Message{}, err
	}
	c := d.card(inc, "form", inc.ID()+":form:update")
	c.line("Status update for ", inc.ID(), ": what do users see, and what are we doing?")
	fields := updateFields(inc)
	if words != "" {
		fields[1].Value = chat.Clamp(words, incident.MaxWords)
	}
	c.form("Status update", "Post update", "update", nil, fields...)
	return c.answer(ctx)
}

func updateFields(i *incident.Incident) []chat.Field {
	states := []chat.Choice{}
	for _, s := range incident.States {
		states = append(states, chat.Choice{Value: string(s), Label: string(s)})
	}
	next := []chat.Choice{{Value: "15m", Label: "15 min"}, {Value: "30m", Label: "30 min"}, {Value: "60m", Label: "60 min"}, {Value: "none", Label: "none"}}
	return []chat.Field{
		{Name: "state", Label: "State", Type: chat.FieldOne, Options: states, Value: string(i.State)},
		{Name: "impact", Label: "What users see", Type: chat.FieldArea, Required: true, Value: i.ImpactNow(), Max: incident.MaxWords},
		{Name: "doing", Label: "What we are doing", Type: chat.FieldArea, Required: true, Value: i.DoingNow(), Max: incident.MaxWords},
		{Name: "next", Label: "Next update in", Type: chat.FieldOne, Options: next, Value: "30m"},
	}
}

// FirstStatus shows the prepared words before they are posted.
func (d *Desk) FirstStatus(ctx context.Context, by incident.Person, number int64) (chat.Message, error) {
	inc, err := d.act(ctx, by, "write to #status", number, incident.Compose(by))
	if err != nil {
		return chat.Message{}, err
	}
	w := inc.Fill(incident.Words{})
	c := d.card(inc, "form", inc.ID()+":form:first")
	c.line("This goes to #status:")
	c.line(chat.Strong(mark(inc)+" "+inc.ServiceName()), ": ", w.Impact, " ", w.Doing)
	c.line("Next update by ", chat.At(d.Now().Add(inc.Policy.Every)), ".")
	c.button(chat.Primary, "post", "Post it", nil)
	c.button(chat.Plain, "update", "Edit", nil)
	return c.answer(ctx)
}

// Note puts a fact on the timeline.
func (d *Desk) Note(ctx context.Context, by incident.Person, number int64, text string) (chat.Message, error) {
	inc, err := d.act(ctx, by, "write notes", number, incident.Note(by, text))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "Noted on the timeline of %s.", inc.ID()), nil
}

// Snooze holds the next nudge.
func (d *Desk) Snooze(ctx context.Context, by incident.Person, number int64, asked time.Duration, why string) (chat.Message, error) {
	inc, err := d.act(ctx, by, "hold a reminder", number, incident.Snooze(by, asked, d.scaled(asked), why))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "Snoozed to %s.", inc.Clock.Due.UTC().Format("15:04 UTC")), nil
}

// Resolve ends an incident; the owner or a commander may.
func (d *Desk) Resolve(ctx context.Context, by incident.Person, number int64, e incident.Ending) (chat.Message, error) {
	inc, err := d.do(ctx, at(number), func(v incident.View) (incident.Change, error) {
		if err := mayEnd(by, v.Incident, "resolve"); err != nil {
			return incident.Change{}, err
		}
		return incident.Resolve(by, e)(v)
	})
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "%s is resolved after %s.", inc.ID(), span(inc.ResolvedAt.Sub(inc.OpenedAt))), nil
}

// mayEnd is E1 for somebody who neither owns the incident nor commands.
func mayEnd(by incident.Person, i *incident.Incident, verb string) error {
	if i.Owner == by.Name || by.Role.AtLeast(incident.Commander) {
		return nil
	}
	f := fault.New(fault.Refused, "E1", "You can't "+verb+" "+i.ID()+": the owner or a commander can.", "Take it first: own")
	if i.Owner != "" {
		f = f.WithHint(i.Owner + " owns it.")
	}
	return f
}

// ResolveForm asks what M12 asks.
func (d *Desk) ResolveForm(ctx context.Context, by incident.Person, number int64) (chat.Message, error) {
	inc, err := d.act(ctx, by, "resolve", number, incident.Alive(by))
	if err != nil {
		return chat.Message{}, err
	}
	if !inc.Open() {
		return chat.Message{}, fault.Newf(fault.Conflict, "E27", "%s was resolved at %s.", inc.ID(), inc.ResolvedAt.UTC().Format("15:04"))
	}
	c := d.card(inc, "form", inc.ID()+":form:resolve")
	for _, s := range inc.InForce() {
		c.line("Still in force: ", s.Plan.Title)
	}
	c.line("Resolve ", inc.ID(), ": a last word for those who wait.")
	yes := []chat.Choice{{Value: "yes", Label: "yes, in #status"}, {Value: "no", Label: "no"}}
	c.form("Resolve "+inc.ID(), "Resolve", "resolve", nil,
		chat.Field{Name: "saw", Label: "What users saw", Type: chat.FieldArea, Value: inc.ImpactNow(), Max: incident.MaxWords},
		chat.Field{Name: "fixed", Label: "What fixed it", Type: chat.FieldArea, Value: inc.FixedBy(), Max: incident.MaxWords},
		chat.Field{Name: "lost", Label: "Data lost or to repair?", Type: chat.FieldText, Max: 200},
		chat.Field{Name: "tell", Label: "Tell readers", Type: chat.FieldOne, Options: yes, Value: "yes"})
	return c.answer(ctx)
}
