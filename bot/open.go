package bot

import (
	"context"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Open opens an incident by hand; anyone may.
func (d *Desk) Open(ctx context.Context, by incident.Person, title, service string, sev incident.Severity) (chat.Message, error) {
	s := d.service(service)
	inc, err := d.do(ctx, incident.Target{}, incident.OpenByHand(by, incident.Opening{Title: title, Service: service, Severity: sev,
		Impact: s.Impact, DoNot: s.DoNot, Policy: d.policy("")}))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "%s is open: %s.", inc.ID(), headline(inc)), nil
}

// OpenForm asks for the words of a new incident. All but the title has a
// default: nobody is held up by a form.
func (d *Desk) OpenForm(ctx context.Context, by incident.Person) (chat.Message, error) {
	c := d.card(nil, "form", "open:form:"+by.ID)
	c.only = by.ID
	c.line("What is wrong? Unsure of the severity means the higher one.")
	service := chat.Field{Name: "service", Label: "Service", Type: chat.FieldText, Max: 80, Suggest: "open service"}
	if n := len(d.Services); n > 0 && n <= 25 {
		service.Type = chat.FieldOne
		for _, s := range d.Services {
			service.Options = append(service.Options, chat.Choice{Value: s.Name, Label: s.Name})
		}
	}
	c.form("Open an incident", "Open it", "open", nil,
		chat.Field{Name: "title", Label: "What is wrong", Type: chat.FieldText, Required: true, Max: 250, Hint: "in a few words, as in: checkout is slow"},
		service,
		chat.Field{Name: "severity", Label: "Severity", Type: chat.FieldOne, Value: string(incident.SEV2), Options: severityChoices()})
	return c.answer(ctx)
}

func severityChoices() []chat.Choice {
	return []chat.Choice{{Value: "SEV1", Label: "SEV1, down"}, {Value: "SEV2", Label: "SEV2, degraded"}, {Value: "SEV3", Label: "SEV3, minor"}}
}

func pressOpen(ctx context.Context, d *Desk, by incident.Person, _ incident.Button, in input) (chat.Message, error) {
	if len(in) == 0 {
		return d.OpenForm(ctx, by)
	}
	sev, ok := incident.ParseSeverity(in.text("severity"))
	if !ok && in.text("severity") != "" {
		return chat.Message{}, fault.New(fault.Invalid, "E24", "A severity is SEV1, SEV2 or SEV3.", "Choose one.")
	}
	return d.Open(ctx, by, in.text("title"), in.text("service"), sev)
}
