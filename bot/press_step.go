package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// pressStep starts, approves, declines or takes back an act.
func pressStep(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	p := incident.Press(b.Verb)
	if p == incident.PressStart || p == incident.PressApprove {
		if err := d.frozen(ctx); err != nil {
			return chat.Message{}, err
		}
	}
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	s := inc.Step(b.Step)
	if s == nil {
		return chat.Message{}, fault.New(fault.Gone, "E4", "That step is not there any more.", "The buttons of now are in the thread.")
	}
	words, typed := in["phrase"].(string)
	if want := s.NeedsPhrase(p); want != "" && !typed && s.State.WaitsForPress() {
		return d.phraseForm(ctx, by, inc, s, b, p)
	}
	tries := s.PhraseTries
	inc, err = d.do(ctx, at(b.Incident), incident.PressStep(by, b.Step, p, words, in.text("reason")))
	if err != nil {
		return chat.Message{}, d.whoCan(err, by, s, p)
	}
	return d.pressed(inc, inc.Step(b.Step), p, tries)
}

// whoCan names the people who could press it instead: never whoever asked, where
// somebody else must.
func (d *Desk) whoCan(err error, by incident.Person, s *incident.Step, p incident.Press) error {
	role := incident.Responder
	switch {
	case s.SecondOne && p != incident.PressWithdraw, p == incident.PressDecline:
		role = incident.Approver
	case p == incident.PressWithdraw:
		role = incident.Commander
	}
	names := slices.DeleteFunc(d.withRole(role), func(name string) bool { return name == by.Name || s.AskedBy(name) && role == incident.Approver })
	switch f := fault.Of(err); {
	case len(names) == 0 || f.Code != "E11" && f.Code != "E1":
		return err
	case f.Code == "E11" && s.AskedBy(by.Name):
		f = f.WithState("Nothing was done yet.").WithHint("")
		f.Message = strings.TrimSuffix(f.Message, ".") + ": " + either(names) + "."
		return f
	default:
		return f.WithHint("Ask " + either(names) + ".")
	}
}

// either is "Li, Sam or Kim".
func either(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// phraseForm asks for the typed target. Whoever may not press is told before
// they type.
func (d *Desk) phraseForm(ctx context.Context, by incident.Person, inc *incident.Incident, s *incident.Step, b incident.Button, p incident.Press) (chat.Message, error) {
	dry := incident.PressStep(by, s.ID, p, s.Phrase, "")
	if _, err := dry(incident.View{Now: s.ProposedAt, Incident: inc}); err != nil {
		return chat.Message{}, d.whoCan(err, by, s, p)
	}
	c := d.card(inc, "form", inc.ID()+":form:phrase:"+s.ID)
	c.msg.Step = s.ID
	c.line(chat.Strong(s.Plan.Title), ". Type ", chat.Code(s.Phrase), " to do it. Code ", chat.Code(incident.Code(s.Digest)), ".")
	c.line(c.undoWords(s))
	c.msg.Form = &chat.Form{Title: "Type the target", Submit: b.ID, Label: "Do it now",
		Fields: []chat.Field{{Name: "phrase", Label: "Type " + s.Phrase, Type: chat.FieldText, Required: true, Max: 200}}}
	return c.answer(ctx)
}

// pressed is the answer to a press, read off what the step became.
func (d *Desk) pressed(inc *incident.Incident, s *incident.Step, p incident.Press, tries int) (chat.Message, error) {
	switch {
	case s.State == incident.Expired:
		return chat.Message{}, fault.New(fault.Gone, "E12", "Nobody confirmed it in time.", "Press Try again for a new preview.")
	case s.State == incident.Cancelled && p != incident.PressWithdraw:
		return chat.Message{}, fault.New(fault.Gone, "E9", "That is not `"+s.Phrase+"`, for the third time.", "Press Try again for a new preview.")
	case s.PhraseTries > tries:
		left := incident.Tries - s.PhraseTries
		return chat.Message{}, fault.New(fault.Conflict, "E9", "That is not `"+s.Phrase+"`.", triesLeft(left)+" left, then a new preview.")
	}
	m := said(inc, "%s", map[incident.StepState]string{
		incident.Approved: "Started: " + s.Plan.Title + ".", incident.Denied: "Declined. Nothing was done.", incident.Cancelled: "Taken back. Nothing was done.",
	}[s.State])
	m.Step = s.ID
	return m, nil
}

func triesLeft(n int) string {
	switch n {
	case 1:
		return "One try"
	case 2:
		return "Two tries"
	}
	return fmt.Sprintf("%d tries", n)
}

// pressLookAgain asks the resolver to read the target once more.
func pressLookAgain(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.act(ctx, by, "look again", b.Incident, incident.LookAgain(by, b.Step))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "Looking again."), nil
}

// pressClose is a person's word on an unknown result.
func pressClose(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.act(ctx, by, "settle a step", b.Incident, incident.CloseUnknown(by, b.Step, b.Verb == "worked"))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "Noted. The run can go on."), nil
}

// pressMove lets a paused run go on, tries its step again, or stops it.
func pressMove(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	if at := argText(b); at != "" {
		// An older card may stand at another step than the run does now.
		inc, err := d.Store.Journal.Incident(ctx, b.Incident)
		if err != nil {
			return chat.Message{}, err
		}
		if r := inc.Run(b.Step); r != nil && r.State == incident.RunPaused && r.At != at {
			return chat.Message{}, fault.New(fault.Gone, "E4", "This button belongs to an older step of "+r.Playbook+".", "The buttons of now are in the thread.")
		}
	}
	to, again := incident.RunGoing, b.Verb == "again"
	if b.Verb == "stop" {
		to = incident.RunStopped
	}
	inc, err := d.act(ctx, by, "steer a run", b.Incident, incident.MoveRun(by, b.Step, to, again, ""))
	if err != nil {
		return chat.Message{}, err
	}
	if to == incident.RunStopped {
		return said(inc, "Stopped. Nothing more will be asked or done."), nil
	}
	return said(inc, "Going on. Nothing acts before you have seen a preview."), nil
}

// pressSkip leaves out a question, or the step at which a run is paused.
func pressSkip(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	if strings.Contains(b.Step, ":") {
		return pressAnswer(ctx, d, by, b, in)
	}
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	if inc.Owner != "" && inc.Owner != by.Name && !by.Role.AtLeast(incident.Commander) {
		return chat.Message{}, fault.New(fault.Refused, "E1", "The owner or a commander leaves out an act, and that is "+inc.Owner+".", "Ask them, or take it first: own")
	}
	return pressMove(ctx, d, by, b, in)
}

// answerRun records the answer to a question of a run.
func (d *Desk) answerRun(ctx context.Context, by incident.Person, b incident.Button, text string, update func(*incident.Result) error) (chat.Message, error) {
	run, path, _ := strings.Cut(b.Step, ":")
	inc, err := d.act(ctx, by, "answer a playbook", b.Incident, incident.AnswerRun(by, run, path, by.Name+": "+text, update))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "%s", strings.ToUpper(text[:1])+text[1:]+"."), nil
}

// pressPick takes the rows that somebody chose. Rows are named by the ids that
// were offered; anything else is refused.
func pressPick(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	ids, given := in.list("pick")
	if !given {
		return d.pickForm(ctx, b)
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	return d.answerRun(ctx, by, b, fmt.Sprintf("picked %d", len(ids)), func(r *incident.Result) error {
		if r.Asked != "pick" || r.Table == nil {
			return fault.New(fault.Already, "E22", "That was answered.", "").WithState("")
		}
		q := askedIn(*r)
		if q.Pick == "one" && len(ids) > 1 {
			return fault.New(fault.Invalid, "E24", fmt.Sprintf("One is wanted, %d were picked.", len(ids)), "Pick one.")
		}
		if q.Most > 0 && len(ids) > q.Most {
			return fault.New(fault.Invalid, "E24", fmt.Sprintf("%d were picked; at most %d can be acted on at once.", len(ids), q.Most), "Pick fewer; the rest can follow.")
		}
		r.Picked = nil
		for _, id := range ids {
			n := slices.IndexFunc(r.Table.Rows, func(row incident.Row) bool { return row.ID == id })
			if n < 0 {
				return fault.New(fault.Invalid, "E24", chat.Clamp(chat.Clean(id), 40)+" is not one of those offered.", "Pick from the list.")
			}
		}
		for _, row := range r.Table.Rows { // in the order in which they were offered
			if slices.Contains(ids, row.ID) {
				r.Picked = append(r.Picked, row)
			}
		}
		r.Outcome = incident.OutDone
		return nil
	})
}

// pickForm shows the list again to somebody who pressed without choosing.
func (d *Desk) pickForm(ctx context.Context, b incident.Button) (chat.Message, error) {
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	c := d.card(inc, "form", b.Message)
	run, path, _ := strings.Cut(b.Step, ":")
	r := inc.Run(run)
	if r == nil || r.Results[path].Table == nil || r.Results[path].Outcome != "" {
		return chat.Message{}, fault.New(fault.Already, "E22", "That was answered.", "").WithState("")
	}
	c.pick(b.Step, r.Results[path], askedIn(r.Results[path]))
	c.msg.Ephemeral, c.msg.Buttons = true, nil
	return c.done(), nil
}

// pressAnswer answers a choice, a tell, a question, or leaves it out.
func pressAnswer(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	label := argText(b)
	text := map[string]string{"skip": "left it out", "choose": "chose " + label, "done": "did it by hand", "not_helped": "it did not help", "do_it": "do it"}[b.Verb]
	return d.answerRun(ctx, by, b, text, func(r *incident.Result) error {
		if b.Verb != "skip" && !asks(b.Verb, r.Asked) {
			return fault.New(fault.Already, "E22", "That was answered.", "").WithState("")
		}
		switch b.Verb {
		case "skip":
			r.Outcome, r.Reason, r.Picked = incident.OutSkipped, "left out by "+by.Name, nil
			if r.Asked == "pick" {
				r.Outcome = incident.OutDone // the look was done; nothing was picked
			}
		case "choose":
			r.Choice, r.Outcome = label, incident.OutDone
			if len(askedIn(*r).of(label)) > 0 {
				r.Outcome, r.Asked = "", string(playbooks.Inputs)
			}
		case "not_helped":
			r.Outcome = incident.OutNotHelped
		case "do_it":
			yes := true
			r.When, r.Asked = &yes, ""
		default:
			r.Outcome = incident.OutDone
		}
		return nil
	})
}

// asks reports whether a verb answers the question that stands.
func asks(verb, asked string) bool {
	switch verb {
	case "choose":
		return asked == string(playbooks.Choose)
	case "do_it":
		return asked == string(playbooks.Ask)
	}
	return asked == string(playbooks.Tell)
}

// pressInputs takes the words that an option asked for.
func pressInputs(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	run, path, _ := strings.Cut(b.Step, ":")
	r := inc.Run(run)
	if r == nil || r.Results[path].Asked != string(playbooks.Inputs) || r.Results[path].Outcome != "" {
		return chat.Message{}, fault.New(fault.Already, "E22", "That was answered.", "").WithState("")
	}
	pb, err := d.pinned(r)
	if err != nil {
		return chat.Message{}, fmt.Errorf("read the pinned playbook: %w", err)
	}
	given := map[string]string{}
	for name := range in {
		given[name] = in.text(name)
	}
	values, missing, err := pb.OptionInputs(path, r.Results[path].Choice, given, map[string]any{"service": inc.Service})
	if err != nil {
		return chat.Message{}, err
	}
	if len(missing) > 0 {
		return chat.Message{}, fault.New(fault.Invalid, "E24", "`"+missing[0].Name+"` is missing.", "Fill it in and press again.")
	}
	return d.answerRun(ctx, by, b, "filled in what was asked", func(res *incident.Result) error {
		q := askedIn(*res)
		q.Inputs = values
		res.Extra, res.Outcome = q.raw(), incident.OutDone
		return nil
	})
}
