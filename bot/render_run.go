package bot

import (
	"encoding/json"
	"fmt"
	"strings"

	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/incident"
)

// question is what a run asks a person, kept with the open result so that the
// message needs nothing but the fold.
type question struct {
	Name    string               `json:"name,omitempty"` // id or say of the step, for people
	Text    string               `json:"text,omitempty"`
	Pick    string               `json:"pick,omitempty"` // one, many
	Most    int                  `json:"most,omitempty"` // rows that may be picked, 0 for no limit
	Options []option             `json:"options,omitempty"`
	Link    string               `json:"link,omitempty"`
	Copy    string               `json:"copy,omitempty"`
	Fields  []integrations.Field `json:"fields,omitempty"`
	Saw     map[string]any       `json:"saw,omitempty"`
	Inputs  map[string]any       `json:"inputs,omitempty"` // of a nested run or a chosen option; the interpreter reads them
}

type option struct {
	Label  string               `json:"label"`
	Say    string               `json:"say,omitempty"`
	Likely *bool                `json:"likely,omitempty"`
	Fields []integrations.Field `json:"fields,omitempty"` // asked when it is chosen
}

func (q question) raw() json.RawMessage {
	out, err := json.Marshal(q)
	if err != nil {
		return nil // a question of strings and field descriptions always encodes
	}
	return out
}

// of answers the fields that an option asks for.
func (q question) of(label string) []integrations.Field {
	for _, o := range q.Options {
		if o.Label == label {
			return o.Fields
		}
	}
	return q.Fields
}

func askedIn(r incident.Result) question {
	var q question
	_ = json.Unmarshal(r.Extra, &q) // an empty question is shown without options
	return q
}

// run is the head of a playbook run: what it is, how far it is, what it must
// not do.
func (c *card) run(o incident.Out, _ *incident.Entry) {
	r := c.inc.Run(o.About)
	if r == nil {
		return
	}
	c.msg.Silent = true
	head := map[incident.RunState]string{incident.RunGoing: "◐", incident.RunWaiting: "◐", incident.RunPaused: "✗",
		incident.RunDone: "✓", incident.RunStopped: "–"}[r.State]
	name := r.Playbook
	if r.Of != "" {
		name = "Audit of " + name
	}
	c.line(chat.Strong(head+" "+name), " · ", chat.Code("v"+incident.Code(r.Hash)), " · asked by ", r.By)
	if r.Say != "" {
		c.line(r.Say)
	}
	for _, no := range c.inc.DoNot[:min(len(c.inc.DoNot), 3)] {
		c.line(chat.Strong("Do NOT " + no))
	}
	switch r.State {
	case incident.RunPaused:
		if s := c.inc.Step(r.Results[r.At].Step); s != nil && s.State == incident.UnknownOutcome {
			c.line("Nobody knows whether a step worked. Say so on its own card first.")
			c.stepButton(chat.Plain, "stop", "Stop "+r.Playbook, r.ID, nil)
			return
		}
		c.line("A step did not end well. You decide how it goes on.")
		c.stepButton(chat.Primary, "again", "Try again", r.ID, r.At)
		c.stepButton(chat.Plain, "skip", "Skip it", r.ID, r.At)
		c.stepButton(chat.Plain, "stop", "Stop "+r.Playbook, r.ID, nil)
	case incident.RunDone, incident.RunStopped:
		c.msg.Tone = chat.ToneOK
		c.line(strings.TrimSpace(string(r.State)+" after "+span(r.EndedAt.Sub(r.StartedAt))+". "+r.Reason), "")
	default:
		c.stepButton(chat.Plain, "stop", "Stop "+r.Playbook, r.ID, nil)
	}
}

// step is one message of a run: a look, a question, or an act from preview to
// result.
func (c *card) step(o incident.Out, _ *incident.Entry) {
	if s := c.inc.Step(o.About); s != nil {
		c.act(s)
		return
	}
	runID, path, _ := strings.Cut(o.About, ":")
	r := c.inc.Run(runID)
	if r == nil {
		return
	}
	res := r.Results[path]
	q := askedIn(res)
	c.msg.Step = o.About
	if res.Watch != nil && res.Outcome == "" && r.State.Over() {
		c.msg.Silent = true
		c.line("– check: ", chat.Strong(q.Text), ": not watched any more (", chat.Clamp(res.Watch.Text, 200), ")")
		return
	}
	if res.Watch != nil && (res.Outcome == incident.OutNotMet || res.Outcome == incident.OutDone && len(res.Picked) == 0) {
		c.msg.Silent = true
		c.watched(o.About, res, q)
		return
	}
	if res.Outcome != "" || r.State.Over() {
		c.answeredStep(res, q)
		return
	}
	switch res.Asked {
	case "":
		c.msg.Silent = true
		c.line("✓ ", chat.Strong(q.Name), ": do it")
	case incident.AskWatch:
		c.watch(o.About, r, res, q)
	case incident.AskNotMet:
		c.notMet(o.About, r, res, q)
	case "pick":
		c.pick(o.About, res, q)
	case "choose":
		c.choose(o.About, q)
	case "tell":
		c.tell(o.About, q)
	default:
		c.ask(o.About, res, q)
	}
}

// answeredStep is the one line that stays of a look or a question.
func (c *card) answeredStep(res incident.Result, q question) {
	c.msg.Silent = true
	name := q.Name
	switch {
	case res.Outcome == incident.OutSkipped:
		c.line("– skipped ", chat.Strong(name), ": ", res.Reason)
	case res.Outcome == incident.OutFailed:
		c.line("✗ ", chat.Strong(name), ": ", chat.Clamp(res.Reason, 300))
	case res.Choice != "":
		c.line("✓ ", chat.Strong(name), ": ", res.Choice)
	case res.Asked == "pick" && len(res.Picked) == 0 && res.Table != nil:
		c.line("✓ ", chat.Strong(name), ": none picked of ", len(res.Table.Rows))
	case len(res.Picked) > 0:
		c.line("✓ ", chat.Strong(name), ": ", len(res.Picked), " picked")
		c.rows(res.Picked, 5)
	case res.Table != nil:
		c.line("✓ ", chat.Strong(name), ": ", res.Table.Summary)
		c.rows(res.Table.Rows, 5)
	case res.Outcome == "":
		c.line("– ", chat.Strong(name), ": not asked any more")
	default:
		c.line("✓ ", chat.Strong(name), ": ", strings.ReplaceAll(string(res.Outcome), "_", " "))
	}
}

func (c *card) rows(rows []incident.Row, most int) {
	for _, r := range rows[:min(len(rows), most)] {
		c.line("  ", chat.Clamp(r.Label, 120))
	}
	if more := len(rows) - most; more > 0 {
		c.line(chat.Muted(fmt.Sprintf("  … %d more in the war room", more)))
	}
}

// pick lets a person choose rows; none is chosen before.
func (c *card) pick(about string, res incident.Result, q question) {
	c.msg.Tone = chat.ToneAsk
	c.line("◐ ", chat.Strong(q.Name), ": ", res.Table.Summary)
	c.rows(res.Table.Rows, 7)
	kind := chat.FieldOne
	if q.Pick == "many" {
		kind = chat.FieldMany
	}
	field := chat.Field{Name: "pick", Label: "Pick", Type: kind}
	for _, r := range res.Table.Rows[:min(len(res.Table.Rows), 25)] {
		field.Options = append(field.Options, chat.Choice{Value: r.ID, Label: chat.Clamp(chat.Clean(r.Label), 75)})
	}
	c.stepButton(chat.Primary, "pick", "Use what I picked", about, nil)
	c.stepButton(chat.Plain, "skip", "None of them", about, nil)
	c.msg.Form = &chat.Form{Title: "Pick", Submit: c.msg.Buttons[0].ID, Label: "Use what I picked", Fields: []chat.Field{field}}
}

func (c *card) choose(about string, q question) {
	c.msg.Tone = chat.ToneAsk
	c.line(chat.Strong(q.Text))
	for n, o := range q.Options {
		style, star := chat.Plain, ""
		if o.Likely != nil && *o.Likely {
			star = " ★"
		}
		if o.Say != "" || star != "" {
			c.line("  ", o.Label, star, chat.Muted(" "+o.Say))
		}
		if n < 3 || len(q.Options) == 4 {
			c.stepButton(style, "choose", chat.Clamp(o.Label, chat.Shared.Label-2)+star, about, o.Label)
			continue
		}
		c.msg.More = append(c.msg.More, chat.Button{ID: c.id("choose", about, o.Label), Label: o.Label, Verb: "choose", Step: about, Style: chat.Plain})
	}
}

func (c *card) tell(about string, q question) {
	c.msg.Tone = chat.ToneAsk
	c.line("☐ By hand: ", q.Text)
	if q.Link != "" {
		c.line(chat.A("open", q.Link))
	}
	if q.Copy != "" {
		c.line(chat.Code(q.Copy))
	}
	c.stepButton(chat.Primary, "done", "Done", about, nil)
	c.stepButton(chat.Plain, "not_helped", "Did not help", about, nil)
	c.stepButton(chat.Plain, "skip", "Skip", about, nil)
}

// ask is a step whose `when` could not be computed, or inputs of an option.
func (c *card) ask(about string, res incident.Result, q question) {
	c.msg.Tone = chat.ToneAsk
	if res.Asked == "inputs" {
		c.line(chat.Strong(res.Choice), " needs a few words.")
		c.stepButton(chat.Primary, "inputs", "Fill in", about, nil)
		c.msg.Form = &chat.Form{Title: "Inputs", Submit: c.msg.Buttons[0].ID, Label: "Go on", Fields: c.d.fields(q.of(res.Choice), nil)}
		return
	}
	c.line("? ", chat.Strong(q.Name), ": ", q.Text)
	c.stepButton(chat.Plain, "do_it", "Do it", about, nil)
	c.stepButton(chat.Plain, "skip", "Skip", about, nil)
}

// fields turns what a playbook asks into a form.
func (d *Desk) fields(ask []integrations.Field, given map[string]string) []chat.Field {
	var out []chat.Field
	for _, f := range ask[:min(len(ask), chat.Shared.Fields)] {
		field := chat.Field{Name: f.Name, Label: f.Name, Type: chat.FieldText, Required: f.Default == nil, Hint: f.Say, Max: 200}
		if f.Default != nil {
			field.Value = fmt.Sprint(f.Default)
		}
		if v := given[f.Name]; v != "" {
			field.Value = v
		}
		for _, o := range d.choices(f) {
			field.Type = chat.FieldOne
			field.Options = append(field.Options, chat.Choice{Value: o, Label: chat.Clamp(o, 75)})
		}
		out = append(out, field)
	}
	return out
}

// choices are the values that a field can take, when they are known.
func (d *Desk) choices(f integrations.Field) []string {
	if len(f.OneOf) > 0 {
		return f.OneOf
	}
	if f.Kind != integrations.Connection {
		return nil
	}
	var names []string
	for _, of := range d.Catalogue.Connections {
		names = append(names, of...)
	}
	return names
}
