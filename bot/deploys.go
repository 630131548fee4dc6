package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// tooFarAhead is how far in the future a pipeline's clock may be. Further ahead,
// the change counts as of its arrival, or it would never be before anything.
const tooFarAhead = 5 * time.Minute

// told completes a change with what only the row of its body knows: when it
// arrived, and an id where the pipeline gave none.
func told(ev incident.Event, row incident.Received) incident.Suspect {
	c := *ev.Change
	if ev.Service.Name != "" {
		c.Service = ev.Service.Name
	}
	if c.ID == "" {
		c.ID = row.EventID
	}
	switch {
	case c.At.IsZero():
		c.At = row.At
	case c.At.After(row.At.Add(tooFarAhead)):
		c.Detail = append(slices.Clone(c.Detail), "Its time was "+c.At.UTC().Format(time.RFC3339)+", in the future; this is when it was told.")
		c.At = row.At
	}
	return c
}

// DeployAnswer is what a pipeline is told before it deploys.
type DeployAnswer struct {
	Allowed   bool     `json:"allowed"`
	Why       string   `json:"why"`
	Incidents []string `json:"incidents"` // open ones of the service, or of what it stands on
}

// MayDeploy answers whether a service may be deployed now: not while an incident
// of it, or of a service that it stands on, is declared and open, and not while
// people froze the steps. An alert that nobody declared stops nothing. "" asks
// for every service. E23 for a service that neither the configuration nor an
// incident knows.
func (d *Desk) MayDeploy(ctx context.Context, service string) (DeployAnswer, error) {
	open, err := d.Store.Reader.Incidents(ctx, incident.Filter{State: "open", Limit: 200})
	if err != nil {
		return DeployAnswer{}, err
	}
	out := DeployAnswer{Allowed: true, Incidents: []string{}}
	near := d.standsOn(service)
	known := service == "" || len(d.Services) == 0 || slices.ContainsFunc(d.Services, func(s Service) bool { return s.Name == service })
	var why []string
	for _, i := range open {
		known = known || i.Service == service
		if !i.Declared() || (service != "" && !slices.Contains(near, i.Service)) {
			continue
		}
		out.Incidents = append(out.Incidents, i.ID())
		why = append(why, fmt.Sprintf("%s is open on %s: %s, %s.", i.ID(), i.Service, i.Severity, chat.Clamp(i.Title, 120)))
	}
	if !known {
		return DeployAnswer{}, fault.New(fault.NotFound, "E23", "There is no service "+chat.Clamp(chat.Clean(service), 40)+" in the configuration."+fault.DidYouMean(service, d.Catalogue.Services), "Ask for one of services.")
	}
	frozen, err := d.frozenByPeople(ctx)
	if err != nil {
		return DeployAnswer{}, err
	}
	if frozen != "" {
		why = append([]string{frozen}, why...)
	}
	out.Allowed = len(why) == 0
	switch {
	case !out.Allowed:
		out.Why = strings.Join(why, " ")
	case service == "":
		out.Why = "No incident is open."
	default:
		out.Why = "No incident is open on " + strings.Join(near, ", ") + "."
	}
	return out, nil
}

// standsOn is a service with everything that it stands on, itself first.
func (d *Desk) standsOn(service string) []string {
	all := []string{service}
	for n := 0; n < len(all); n++ {
		for _, below := range d.service(all[n]).DependsOn {
			if !slices.Contains(all, below) {
				all = append(all, below)
			}
		}
	}
	return all
}

// frozenByPeople says who froze the steps, "" when nobody did.
func (d *Desk) frozenByPeople(ctx context.Context) (string, error) {
	raw, _, err := d.Store.Reader.Noted(ctx, "freeze")
	if err != nil || raw == "" {
		return "", err
	}
	var f freeze
	if err := json.Unmarshal([]byte(raw), &f); err != nil {
		return "", fmt.Errorf("read freeze: %w", err)
	}
	if !f.On {
		return "", nil
	}
	return "Frozen by " + f.By + becauseOf(f.Why) + ".", nil
}
