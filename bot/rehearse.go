package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// A rehearsal walks through a playbook against the real targets: it looks, it
// plans every act, and it does nothing. It goes on as if every act had been
// done, so what it says of later steps is how things stand now.

// Rehearsal is what to rehearse.
type Rehearsal struct {
	Playbook string   `json:"playbook"`
	Service  string   `json:"service"`
	With     []string `json:"with"`   // inputs: NAME=VALUE, or words in their order
	Choose   []string `json:"choose"` // answers to its questions, in their order
	Set      []string `json:"set"`    // what an answer asks for, as NAME=VALUE
}

// Rehearsed is what was found.
type Rehearsed struct {
	Playbook string          `json:"playbook"`
	Steps    []RehearsedStep `json:"steps"`
	Stopped  string          `json:"stopped"` // why it could not go on; "" at the end
	Code     string          `json:"code"`    // of that reason
}

// RehearsedStep is one step.
type RehearsedStep struct {
	Path   string         `json:"path"`
	Kind   string         `json:"kind"` // of the move: look, act, choose ...
	Action string         `json:"action,omitempty"`
	Grade  string         `json:"grade,omitempty"`
	Phrase string         `json:"phrase,omitempty"`        // to be typed by whoever starts it
	Second bool           `json:"second_person,omitempty"` // somebody else must approve
	Plan   *incident.Plan `json:"plan,omitempty"`
	Text   string         `json:"text"` // the same in words
}

// Rehearse rehearses for somebody who might run it: their right is checked as if
// they did. An incident, where one is named, gives the facts.
func (d *Desk) Rehearse(ctx context.Context, by incident.Person, number int64, r Rehearsal) (Rehearsed, error) {
	if err := incident.Needs(by, "rehearse a playbook", incident.Responder); err != nil {
		return Rehearsed{}, d.who(err, incident.Responder)
	}
	f := playbooks.Facts{Now: d.Now(), Service: r.Service, Env: d.service(r.Service).Env}
	if number > 0 {
		inc, err := d.Store.Journal.Incident(ctx, number)
		if err != nil {
			return Rehearsed{}, err
		}
		f = d.facts(ctx, inc)
	}
	return d.rehearse(ctx, by, f, r)
}

// Rehearse rehearses without a running Mayday: o needs the book, the catalogue
// and the rules of the team, and neither store nor platforms.
func Rehearse(ctx context.Context, o Options, r Rehearsal) (Rehearsed, error) {
	if o.Key == nil {
		o.Key = make([]byte, 32) // nothing is pressed here
	}
	d, err := New(o)
	if err != nil {
		return Rehearsed{}, err
	}
	return d.rehearse(ctx, incident.Person{Name: "you"}, playbooks.Facts{Now: d.Now(), Service: r.Service, Env: d.service(r.Service).Env}, r)
}

// most is how many moves a rehearsal takes; a playbook has fewer.
const most = 300

// rehearseTime is how long one look may take.
const rehearseTime = 10 * time.Second

func (d *Desk) rehearse(ctx context.Context, by incident.Person, f playbooks.Facts, r Rehearsal) (Rehearsed, error) {
	pb, values, err := d.rehearsed(f, r)
	if err != nil {
		return Rehearsed{}, err
	}
	w := &rehearsal{d: d, by: by.Name, book: pb, facts: f, ask: r, results: map[string]incident.Result{}, out: Rehearsed{Playbook: pb.Name, Steps: []RehearsedStep{}}}
	for range most {
		m, err := pb.Next(f, values, w.results)
		if err != nil {
			w.out.Stopped = reason(err)
		}
		if err != nil || m.Kind == playbooks.Done {
			return w.out, ctx.Err()
		}
		if !w.move(ctx, m) {
			return w.out, ctx.Err()
		}
	}
	return w.out, nil
}

// rehearsed finds the playbook and reads its inputs.
func (d *Desk) rehearsed(f playbooks.Facts, r Rehearsal) (*playbooks.Playbook, map[string]any, error) {
	pb, ok := d.Book.Get(r.Playbook)
	if !ok {
		return nil, nil, fault.Newf(fault.NotFound, "E23", "There is no playbook %q.%s", chat.Clamp(chat.Clean(r.Playbook), 40), fault.DidYouMean(r.Playbook, d.Book.Names()))
	}
	given, words := map[string]string{}, []string(nil)
	for _, w := range r.With {
		if name, value, ok := strings.Cut(w, "="); ok {
			given[name] = value
			continue
		}
		words = append(words, w)
	}
	values, missing, err := pb.Inputs(given, words, map[string]any{"service": f.Service})
	if err != nil {
		return nil, nil, err
	}
	if len(missing) > 0 {
		var names []string
		for _, m := range missing {
			names = append(names, m.Name)
		}
		return nil, nil, fault.New(fault.Invalid, "E24", pb.Name+" needs "+list(names)+".", "Give them as name=value.")
	}
	return pb, values, nil
}

// rehearsal is one on its way.
type rehearsal struct {
	d       *Desk
	by      string
	book    *playbooks.Playbook
	facts   playbooks.Facts
	ask     Rehearsal
	chosen  int
	acted   bool // an act was planned, and taken for done
	results map[string]incident.Result
	out     Rehearsed
}

// move takes one move; false when it cannot go on.
func (w *rehearsal) move(ctx context.Context, m playbooks.Move) bool {
	switch m.Kind {
	case playbooks.Look:
		return w.look(ctx, m)
	case playbooks.Act:
		return w.act(ctx, m)
	case playbooks.Choose:
		return w.choose(m)
	case playbooks.Inputs:
		return w.inputs(m)
	case playbooks.Enter:
		w.results[m.Path] = incident.Result{Outcome: incident.OutDone, When: m.When, Extra: playbooks.Extra{Saw: m.Saw, Inputs: m.Inputs}.JSON()}
		return true
	case playbooks.Skip:
		w.say(m, "– skipped: "+m.Reason)
		w.results[m.Path] = incident.Result{Outcome: incident.OutSkipped, Reason: m.Reason, When: m.When}
		return true
	case playbooks.Tell:
		w.say(m, "○ a person does: "+questionText(m))
		w.results[m.Path] = incident.Result{Outcome: incident.OutDone, When: m.When}
		return true
	case playbooks.Undo:
		w.say(m, "○ takes back what was done before it, after a preview of its own")
		w.results[m.Path] = incident.Result{Outcome: incident.OutDone, When: m.When}
		return true
	}
	return w.stop(m, "a person is asked here: "+questionText(m), "")
}

func (w *rehearsal) say(m playbooks.Move, text string) {
	w.out.Steps = append(w.out.Steps, RehearsedStep{Path: m.Path, Kind: string(m.Kind), Action: m.Action.Name, Text: text})
}

func (w *rehearsal) stop(m playbooks.Move, why, code string) bool {
	w.say(m, "✗ "+why)
	w.out.Stopped, w.out.Code = why, code
	return false
}

// look really looks. Where a person would pick rows, all of them are taken.
func (w *rehearsal) look(ctx context.Context, m playbooks.Move) bool {
	ctx, cancel := context.WithTimeout(ctx, rehearseTime)
	defer cancel()
	table, err := m.Action.Look(ctx, m.Args)
	if err != nil {
		w.say(m, "✗ "+m.Action.Name+": "+reason(err))
		w.results[m.Path] = incident.Result{Outcome: incident.OutFailed, Reason: reason(err), When: m.When}
		return true
	}
	res := incident.Result{Outcome: incident.OutDone, Table: &table, When: m.When}
	text := "✓ " + m.Action.Name + ": " + table.Summary
	if m.Pick != "" && len(table.Rows) > 0 {
		res.Asked, res.Picked = string(playbooks.Pick), table.Rows
		if m.Pick == "one" {
			res.Picked = table.Rows[:1]
		}
		if m.Most > 0 {
			res.Picked = res.Picked[:min(len(res.Picked), m.Most)]
		}
		text += fmt.Sprintf("\n  a person picks; here: %d of %d", len(res.Picked), len(table.Rows))
	}
	w.say(m, text)
	w.results[m.Path] = res
	return true
}

func (w *rehearsal) act(ctx context.Context, m playbooks.Move) bool {
	items := []playbooks.Item{{Args: m.Args}}
	if m.Each {
		items = m.Items
	}
	for _, item := range items {
		p, err := w.d.plan(ctx, m.Action, item.Args)
		p = outlined(guarded(p, m), m.Action)
		why, code := unfit(p, err)
		switch {
		case why != "" && m.Each:
			w.say(m, "– left out "+item.Row.ID+": "+why)
			continue
		case why != "" && w.acted && code != "E5": // an act before it may change that
			w.say(m, "○ "+p.Title+": as things are now it would not be done, "+why)
			continue
		case why != "":
			return w.stop(m, p.Title+" would not be done: "+why, code)
		}
		w.planned(m, p, len(items))
	}
	w.acted = true
	w.results[m.Path] = incident.Result{Outcome: incident.OutDone, When: m.When}
	return true
}

// planned writes a plan as its preview would have it.
func (w *rehearsal) planned(m playbooks.Move, p incident.Plan, of int) {
	s := incident.Step{Playbook: w.book.Name, Action: m.Action.Name, Grade: m.Action.Grade.Raise(m.Grade).Raise(p.Grade), Plan: p, RequestedBy: w.by}
	children := 0
	if m.Each {
		children = of
	}
	g := w.d.gate(s, children)
	c := w.d.card(nil, "step", "rehearsal")
	c.line(fmt.Sprintf("Dry run · %s, step %d of %d", w.book.Name, m.Index, m.Of))
	c.planned(p)
	c.line(c.undoWords(&s))
	how := "started by one press: " + startLabel(&s)
	if g.Phrase != "" {
		how = "started by typing " + g.Phrase
	}
	if g.Second {
		how += ", by a second person"
	}
	c.line(how)
	w.out.Steps = append(w.out.Steps, RehearsedStep{Path: m.Path, Kind: string(m.Kind), Action: m.Action.Name, Grade: string(s.Grade), Phrase: g.Phrase, Second: g.Second,
		Plan: &p, Text: c.done().Text})
}

func (w *rehearsal) choose(m playbooks.Move) bool {
	var labels []string
	for _, o := range m.Options {
		labels = append(labels, o.Label)
	}
	if w.chosen >= len(w.ask.Choose) {
		return w.stop(m, "it asks: "+questionText(m)+" Answers: "+list(labels)+".", "E24")
	}
	word := w.ask.Choose[w.chosen]
	w.chosen++
	n := slices.IndexFunc(labels, func(l string) bool { return strings.EqualFold(strings.Trim(l, " ★"), strings.Trim(word, " ★")) })
	if n < 0 {
		return w.stop(m, fmt.Sprintf("no answer is %q; there is: %s.", chat.Clamp(chat.Clean(word), 40), list(labels)), "E24")
	}
	w.say(m, "✓ answered: "+labels[n])
	res := incident.Result{Choice: labels[n], Outcome: incident.OutDone, When: m.When}
	if len(m.Options[n].Fields) > 0 {
		res.Outcome, res.Asked = "", string(playbooks.Inputs)
	}
	w.results[m.Path] = res
	return true
}

func (w *rehearsal) inputs(m playbooks.Move) bool {
	given := map[string]string{}
	for _, word := range w.ask.Set {
		name, value, _ := strings.Cut(word, "=")
		for _, f := range m.Fields {
			if f.Name == name {
				given[name] = value
			}
		}
	}
	res := w.results[m.Path]
	values, missing, err := w.book.OptionInputs(m.Path, res.Choice, given, map[string]any{"service": w.facts.Service})
	if err != nil || len(missing) > 0 {
		why := "it needs more for " + res.Choice
		if err != nil {
			why = reason(err)
		}
		for _, f := range missing {
			why += ", " + f.Name + "="
		}
		return w.stop(m, why, "E24")
	}
	res.Outcome, res.Extra = incident.OutDone, playbooks.Extra{Inputs: values}.JSON()
	w.results[m.Path] = res
	return true
}
