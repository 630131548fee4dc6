package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// Undo previews taking an act back. Without a name it asks which; it is never
// guessed.
func (d *Desk) Undo(ctx context.Context, by incident.Person, number int64, step string) (chat.Message, error) {
	if err := incident.Needs(by, "undo a step", incident.Responder); err != nil {
		return chat.Message{}, d.who(err, incident.Responder)
	}
	if err := d.frozen(ctx); err != nil {
		return chat.Message{}, err
	}
	inc, err := d.Store.Journal.Incident(ctx, number)
	if err != nil {
		return chat.Message{}, err
	}
	if step == "" {
		return d.undoForm(ctx, inc)
	}
	s := d.named(inc, step)
	if s == nil {
		return chat.Message{}, fault.New(fault.NotFound, "E23", "There is no step "+chat.Clamp(chat.Clean(step), 40)+" in "+inc.ID()+".", "Type undo alone to choose.")
	}
	run := incident.Run{ID: newID(), Playbook: incident.UndoPlaybook, Say: "Take back: " + s.Plan.Title, Hash: s.Digest,
		Inputs: map[string]any{"step": s.ID}, By: by.Name, ByID: by.ID}
	inc, err = d.do(ctx, at(number), incident.StartUndo(by, run, d.Safety.UndoFor))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "Preparing the preview of the undo. Nothing acts before you press it."), nil
}

// named finds a step by its id, the code that people see, or the action's name
// when only one act of it can be taken back.
func (d *Desk) named(inc *incident.Incident, word string) *incident.Step {
	var found []*incident.Step
	for n := range inc.Steps {
		s := &inc.Steps[n]
		if s.ID == word || incident.Code(s.Digest) == word {
			return s
		}
		if s.Action == word && s.Parent == "" && s.Undoable(d.Now(), d.Safety.UndoFor) == nil {
			found = append(found, s)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

// undoForm offers the last ten acts that can be taken back.
func (d *Desk) undoForm(ctx context.Context, inc *incident.Incident) (chat.Message, error) {
	c := d.card(inc, "form", inc.ID()+":form:undo")
	var options []chat.Choice
	for n := range slices.Backward(inc.Steps) {
		s := &inc.Steps[n]
		if s.Parent != "" || len(options) == 10 || s.Undoable(d.Now(), d.Safety.UndoFor) != nil {
			continue
		}
		label := fmt.Sprintf("%s %s (%s)", s.EndedAt.UTC().Format("15:04"), s.Plan.Title, s.StartedBy)
		options = append(options, chat.Choice{Value: s.ID, Label: chat.Clamp(label, 75)})
	}
	if len(options) == 0 {
		c.line("Nothing in ", inc.ID(), " can be taken back.")
		return c.answer(ctx)
	}
	c.line("What should be taken back? You will see a preview first.")
	c.form("Undo", "Preview the undo", "undo", nil, chat.Field{Name: "step", Label: "Act", Type: chat.FieldOne, Required: true, Options: options})
	return c.answer(ctx)
}

func pressUndo(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	step := b.Step
	if step == "" {
		step = in.text("step")
	}
	return d.Undo(ctx, by, b.Incident, step)
}

func pressKeepAct(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.act(ctx, by, "answer a reminder", b.Incident, incident.KeepAct(by, b.Step))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "It stays. It is listed on the card until somebody puts it back."), nil
}

// HandleRemind asks about an act that is still in force.
func (d *Desk) HandleRemind(ctx context.Context, c incident.Claim) error {
	number, id, err := incident.ParseWakeRow(c.Row)
	if err != nil {
		return d.Queue.Done(ctx, c)
	}
	_, err = d.do(ctx, incident.Target{Number: number, Claim: &c}, incident.AskPutBack(id, d.Safety.UndoFor))
	return err
}

// moveUndo takes an undo run further: its one step is the undo.
func (d *Desk) moveUndo(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run) error {
	switch r.Results["0"].Outcome {
	case "":
	case incident.OutDone:
		_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.MoveRun(incident.Person{}, r.ID, incident.RunDone, false, ""))
		return err
	default:
		if of := inc.Step(r.UndoTarget()); of != nil && of.UndoneBy != "" { // it was made, and did not end well
			_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.MoveRun(incident.Person{}, r.ID, incident.RunDone, false, "It was taken back; look at its result."))
			return err
		}
		return d.stopRun(ctx, c, inc, r, "Nothing was taken back.")
	}
	head := incident.Step{ID: newID(), Run: r.ID, Path: "0", Index: 1, Of: 1, Playbook: r.Playbook, RequestedBy: r.By, AskedByID: r.ByID, Askers: r.Askers}
	return d.proposeUndo(ctx, c, inc, r, head, []string{r.UndoTarget()}, playbooks.Move{})
}

// proposeUndo plans taking back acts, the last one first. An each is taken back
// child by child.
func (d *Desk) proposeUndo(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, head incident.Step, of []string, m playbooks.Move) error {
	targets := undone(inc, of)
	var children []incident.Step
	var left []string
	for _, s := range targets {
		p, err := d.undoPlan(ctx, inc, s, r.By)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			p = guarded(p, m)
		}
		if why, _ := unfit(p, err); why != "" {
			left = append(left, why)
			if len(targets) == 1 {
				head.Plan = incident.Plan{Title: "Undo: " + s.Plan.Title}
				head.Action = s.Action
				_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.Unplannable(head, why, "E15", true))
				return err
			}
			continue
		}
		child := head
		child.ID, child.Parent, child.Plan, child.Action, child.Grade, child.UndoOf = newID(), head.ID, p, p.Action, head.Grade.Raise(p.Grade), s.ID
		children = append(children, child)
	}
	switch {
	case len(children) == 0:
		head.Plan.Title = "Undo"
		_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.Unplannable(head, "nothing is left to take back. "+strings.Join(left, "; "), "E15", true))
		return err
	case len(targets) == 1:
		one := children[0]
		one.ID, one.Parent = head.ID, ""
		return d.preview(ctx, c, inc, r, one, nil)
	}
	head.Action, head.UndoOf = children[0].Action, of[0]
	head.Plan = groupPlan(d.actions[head.Action], children, left)
	head.Grade = head.Plan.Grade
	return d.preview(ctx, c, inc, r, head, children)
}

// undone lists the acts to take back, newest first: an each is its children.
func undone(inc *incident.Incident, of []string) []*incident.Step {
	var out []*incident.Step
	add := func(s *incident.Step) {
		if s != nil && s.State == incident.Succeeded && s.UndoneBy == "" && s.Plan.Undo != "" {
			out = append(out, s)
		}
	}
	for _, id := range slices.Backward(of) {
		s := inc.Step(id)
		if s == nil || !s.Group() {
			add(s)
			continue
		}
		for _, ch := range slices.Backward(s.Children) {
			add(inc.Step(ch))
		}
	}
	return out
}

// undoPlan asks the action how to take an act back. The record was captured
// before the act, so it is there even when the answer of the act was lost.
func (d *Desk) undoPlan(ctx context.Context, inc *incident.Incident, s *incident.Step, by string) (incident.Plan, error) {
	a, ok := d.actions[s.Action]
	if !ok || a.Undo == nil {
		return incident.Plan{}, &integrations.Rejected{Code: "E15", Why: "This act has no undo."}
	}
	r := incident.Receipt{Values: maps.Clone(s.Plan.Record)}
	if r.Values == nil {
		r.Values = map[string]string{}
	}
	if s.Receipt != nil {
		r.Text = s.Receipt.Text
		maps.Copy(r.Values, s.Receipt.Values)
	}
	p, err := a.Undo(ctx, r)
	if err != nil {
		return incident.Plan{}, err
	}
	carrier, ok := d.actions[p.Action]
	if !ok {
		return incident.Plan{}, fmt.Errorf("plan the undo of %s: there is no action %q", s.Action, p.Action)
	}
	p.Version, p.Grade = carrier.Version, carrier.Grade.Raise(p.Grade)
	p.Note = note(inc, s.ID, by) + ", undo"
	return p, nil
}

// freeze is the kill switch: steps stop, updates and reminders go on.
type freeze struct {
	By  string `json:"by"`
	Why string `json:"why,omitempty"`
	On  bool   `json:"on"`
}

// Freeze stops all steps, or lets them go on again.
func (d *Desk) Freeze(ctx context.Context, by incident.Person, on bool, why string) (chat.Message, error) {
	role, what := incident.Responder, "freeze steps"
	if !on {
		role, what = incident.Commander, "lift a freeze"
	}
	if err := incident.Needs(by, what, role); err != nil {
		return chat.Message{}, d.who(err, role)
	}
	raw, err := json.Marshal(freeze{By: by.Name, Why: why, On: on})
	if err != nil {
		return chat.Message{}, fmt.Errorf("write freeze: %w", err)
	}
	if err := d.Store.Notes.Note(ctx, "freeze", string(raw)); err != nil {
		return chat.Message{}, err
	}
	text := "Steps may run again, says " + by.Name + "."
	if on {
		text = "All steps are frozen by " + by.Name + becauseOf(why) + "."
	}
	open, err := d.Store.Reader.Incidents(ctx, incident.Filter{State: "open", Limit: 50})
	if err != nil {
		return chat.Message{}, err
	}
	for _, i := range open {
		if _, err := d.do(ctx, at(i.Number), incident.Tell(by, text)); err != nil {
			return chat.Message{}, err
		}
	}
	return said(nil, "%s Updates and reminders go on.", text), nil
}

// frozen is E21 while steps must not run.
func (d *Desk) frozen(ctx context.Context) error {
	if d.Frozen {
		return fault.New(fault.Refused, "E21", "Steps are frozen: Mayday runs read-only.", "Updates and nudges work.")
	}
	raw, since, err := d.Store.Reader.Noted(ctx, "freeze")
	if err != nil {
		return err
	}
	if raw == "" {
		return nil
	}
	var f freeze
	if err := json.Unmarshal([]byte(raw), &f); err != nil {
		return fmt.Errorf("read freeze: %w", err) // in doubt nothing acts
	}
	if !f.On {
		return nil
	}
	return fault.Newf(fault.Refused, "E21", "Steps are frozen by %s since %s%s.", f.By, since.UTC().Format("15:04"), becauseOf(f.Why)).
		WithHint("Updates and nudges work. Ask " + f.By + ".")
}

// becauseOf quotes a reason at the end of a sentence, where one was given.
func becauseOf(why string) string {
	if why = strings.TrimSpace(why); why == "" {
		return ""
	}
	return ": “" + chat.Clamp(why, 120) + "”"
}

// pressGlass starts a step without its second person: phrase and reason first.
func pressGlass(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	if err := d.frozen(ctx); err != nil {
		return chat.Message{}, err
	}
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	s := inc.Step(b.Step)
	if s == nil {
		return chat.Message{}, fault.New(fault.Gone, "E4", "That step is not there any more.", "The buttons of now are in the thread.")
	}
	empty := in.text("phrase") == ""
	if s.Phrase == "" { // nothing is to be typed: the reason is what was filled in
		_, filled := in["reason"]
		empty = !filled
	}
	if empty {
		return d.glassForm(ctx, by, inc, s, b)
	}
	tries := s.PhraseTries
	inc, err = d.do(ctx, at(b.Incident), incident.BreakGlass(by, b.Step, in.text("phrase"), in.text("reason"), d.Safety.Glass))
	if err != nil {
		return chat.Message{}, err
	}
	return d.pressed(inc, inc.Step(b.Step), incident.PressStart, tries)
}

func (d *Desk) glassForm(ctx context.Context, by incident.Person, inc *incident.Incident, s *incident.Step, b incident.Button) (chat.Message, error) {
	dry := incident.BreakGlass(by, s.ID, s.Phrase, "dry", d.Safety.Glass)
	if _, err := dry(incident.View{Now: d.Now(), Incident: inc}); err != nil {
		return chat.Message{}, err
	}
	c := d.card(inc, "form", inc.ID()+":form:glass:"+s.ID)
	c.msg.Step = s.ID
	c.line(chat.Strong("Break the glass:"), " ", s.Plan.Title, ". Nobody else approved. It is on record, in red.")
	c.line(c.undoWords(s))
	fields := []chat.Field{{Name: "reason", Label: "Why can nobody approve?", Type: chat.FieldText, Required: true, Max: 200}}
	if s.Phrase != "" {
		fields = slices.Insert(fields, 0, chat.Field{Name: "phrase", Label: "Type " + s.Phrase, Type: chat.FieldText, Required: true, Max: 200})
	}
	c.msg.Form = &chat.Form{Title: "Break the glass", Submit: b.ID, Label: "Break it and run", Fields: fields}
	return c.answer(ctx)
}
