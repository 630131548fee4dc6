package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// start is what a run button remembers between two answers.
type start struct {
	Playbook string            `json:"playbook"`
	Given    map[string]string `json:"given,omitempty"`
}

// Run starts a playbook on an incident. Words that are missing are asked for.
func (d *Desk) Run(ctx context.Context, by incident.Person, number int64, name string, given map[string]string, words []string) (chat.Message, error) {
	pb, ok := d.Book.Get(name)
	if !ok {
		return chat.Message{}, fault.Newf(fault.Invalid, "E24", "There is no playbook %q.%s", chat.Clamp(chat.Clean(name), 40), fault.DidYouMean(name, d.Book.Names())).
			WithHint("Those there are: " + list(d.Book.Names()) + ".")
	}
	who := pb.Who
	if !who.Valid() {
		who = incident.Responder
	}
	if err := incident.Needs(by, "run "+name, who); err != nil {
		return chat.Message{}, d.who(err, who)
	}
	if err := d.frozen(ctx); err != nil {
		return chat.Message{}, err
	}
	inc, err := d.Store.Journal.Incident(ctx, number)
	if err != nil {
		return chat.Message{}, err
	}
	if a := auditOf(inc, name); a != nil {
		return d.Continue(ctx, by, number, a.ID)
	}
	values, missing, err := pb.Inputs(given, words, map[string]any{"service": inc.Service})
	if err != nil {
		return chat.Message{}, err
	}
	if len(missing) > 0 {
		return d.inputsForm(ctx, inc, pb, values, given, missing)
	}
	hash, pinned := pb.Pin(values)
	run := incident.Run{ID: newID(), Playbook: pb.Name, Say: pb.Say, Hash: hash, Pinned: pinned, Inputs: values, After: pb.After(), By: by.Name, ByID: by.ID}
	inc, err = d.do(ctx, at(number), incident.StartRun(by, run))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "Started %s on %s. Preparing the preview.", name, inc.ID()), nil
}

// inputsForm asks for what is missing; what was given already is kept, from
// positional words too.
func (d *Desk) inputsForm(ctx context.Context, inc *incident.Incident, pb *playbooks.Playbook, values map[string]any, given map[string]string, missing []integrations.Field) (chat.Message, error) {
	keep := maps.Clone(given)
	if keep == nil {
		keep = map[string]string{}
	}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		if _, known := keep[k]; !known && values[k] != nil {
			keep[k] = fmt.Sprint(values[k])
		}
	}
	c := d.card(inc, "form", inc.ID()+":form:run:"+pb.Name)
	c.line(chat.Strong(pb.Name), ": ", pb.Say)
	c.form(chat.Clamp(pb.Name, chat.Shared.Title), "Go on", "run", start{Playbook: pb.Name, Given: keep}, d.fields(missing, given)...)
	return c.answer(ctx)
}

// RunForm offers the playbooks of the incident's service, best first.
func (d *Desk) RunForm(ctx context.Context, by incident.Person, number int64) (chat.Message, error) {
	inc, err := d.act(ctx, by, "run a playbook", number, incident.Alive(by))
	if err != nil {
		return chat.Message{}, err
	}
	c := d.card(inc, "form", inc.ID()+":form:run")
	var options []chat.Choice
	for _, pb := range d.Book.For(inc.Service) {
		if !pb.Fits(d.facts(ctx, inc)) {
			continue
		}
		options = append(options, chat.Choice{Value: pb.Name, Label: chat.Clamp(pb.Name+" — "+pb.Say, 75)})
	}
	if len(options) == 0 {
		c.line("There are no playbooks yet. Put YAML files into the folder of `playbooks` in the configuration.")
		return c.answer(ctx)
	}
	c.line("Which playbook for ", inc.ID(), "? Nothing acts before you have seen a preview and pressed it.")
	c.form("Run a playbook", "Go on", "run", nil, chat.Field{Name: "playbook", Label: "Playbook", Type: chat.FieldOne, Required: true,
		Options: options[:min(len(options), 25)]})
	return c.answer(ctx)
}

// pressRun continues a run button: which playbook, then its inputs.
func (d *Desk) pressRun(ctx context.Context, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	var s start
	if len(b.Arg) > 0 {
		if err := json.Unmarshal(b.Arg, &s); err != nil {
			return chat.Message{}, fmt.Errorf("read run button: %w", err)
		}
	}
	if s.Playbook == "" {
		s.Playbook = in.text("playbook")
	}
	if s.Playbook == "" {
		return d.RunForm(ctx, by, b.Incident)
	}
	given := maps.Clone(s.Given)
	if given == nil {
		given = map[string]string{}
	}
	for k := range in {
		if k != "playbook" && in.text(k) != "" {
			given[k] = in.text(k)
		}
	}
	return d.Run(ctx, by, b.Incident, s.Playbook, given, nil)
}
