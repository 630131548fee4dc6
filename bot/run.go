package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// HandleRun takes a playbook run one move further: it looks, plans the next act
// or asks. The run is a fold of its results, so doing this again after a crash
// finds what is known and goes on from there.
func (d *Desk) HandleRun(ctx context.Context, c incident.Claim) error {
	number, id, err := incident.ParseWakeRow(c.Row)
	if err != nil {
		return d.Queue.Done(ctx, c)
	}
	inc, err := d.Store.Journal.Incident(ctx, number)
	if err != nil {
		return err
	}
	r := inc.Run(id)
	if r == nil || r.State.Over() || r.State == incident.RunPaused || r.Step != "" || !inc.Open() {
		return d.Queue.Done(ctx, c)
	}
	if r.UndoTarget() != "" {
		return d.moveUndo(ctx, c, inc, r)
	}
	pb, err := playbooks.Unpin(d.Catalogue, r.Playbook, r.Pinned)
	if err != nil {
		return d.stopRun(ctx, c, inc, r, "it cannot be read any more: "+err.Error())
	}
	m, err := pb.Next(d.facts(inc), r.Inputs, r.Results)
	if err != nil {
		return d.stopRun(ctx, c, inc, r, err.Error())
	}
	return d.move(ctx, c, inc, r, m)
}

func (d *Desk) stopRun(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, why string) error {
	_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.MoveRun(incident.Person{}, r.ID, incident.RunStopped, false, why))
	return err
}

func (d *Desk) facts(i *incident.Incident) playbooks.Facts {
	env := d.service(i.Service).Env
	return playbooks.Facts{Now: d.Now(), ID: i.ID(), Title: i.Title, Severity: string(i.Severity), State: string(i.State),
		Service: i.Service, Env: env, OpenedAt: i.OpenedAt}
}

func (d *Desk) move(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, m playbooks.Move) error {
	name := m.ID
	if name == "" {
		name = strings.TrimSpace(m.Say)
	}
	if name == "" {
		name = nameless(m)
	}
	q := question{Name: name, Pick: m.Pick, Most: m.Most, Link: m.Link, Copy: m.Copy, Fields: m.Fields, Saw: m.Saw, Inputs: m.Inputs}
	switch m.Kind {
	case playbooks.Done:
		_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.MoveRun(incident.Person{}, r.ID, incident.RunDone, false, ""))
		return err
	case playbooks.Look:
		return d.look(ctx, c, inc, r, m, q)
	case playbooks.Act:
		return d.propose(ctx, c, inc, r, m, q)
	case playbooks.Enter:
		res := incident.Result{Outcome: incident.OutDone, When: m.When, Extra: q.raw()}
		return d.progress(ctx, c, inc, r, m.Path, "Goes into "+name+".", res, incident.RunGoing)
	case playbooks.Skip:
		res := incident.Result{Outcome: incident.OutSkipped, Reason: m.Reason, When: m.When, Extra: q.raw()}
		return d.progress(ctx, c, inc, r, m.Path, "Skipped "+name+": "+m.Reason, res, incident.RunGoing)
	}
	if r.Results[m.Path].Asked != "" {
		return d.Queue.Done(ctx, c) // the question stands
	}
	q.Text = questionText(m)
	for _, o := range m.Options {
		q.Options = append(q.Options, option{Label: o.Label, Say: o.Say, Likely: o.Likely, Fields: o.Fields})
	}
	res := incident.Result{Asked: string(m.Kind), When: m.When, Extra: q.raw()}
	return d.progress(ctx, c, inc, r, m.Path, "Asks: "+q.Text, res, incident.RunWaiting)
}

// nameless is how people read a step that was given neither id nor words.
func nameless(m playbooks.Move) string {
	switch {
	case m.Action.Name != "":
		return m.Action.Name
	case m.Tell != "":
		return chat.Clamp(m.Tell, 60)
	case m.Kind == playbooks.Enter:
		return "another playbook"
	}
	return fmt.Sprintf("step %d", m.Index)
}

func questionText(m playbooks.Move) string {
	switch {
	case m.Tell != "":
		return m.Tell
	case m.Say != "":
		return m.Say
	}
	return m.Reason
}

func (d *Desk) progress(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, path, text string, res incident.Result, state incident.RunState) error {
	_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.Progress(r.ID, path, text, res, state, false))
	return err
}

// look reads and stores what it found, typed, in the timeline. A look that fails
// is shown; its outputs are missing and the run goes on.
func (d *Desk) look(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, m playbooks.Move, q question) error {
	limit := m.Timeout
	if limit <= 0 {
		limit = 10 * time.Second
	}
	lookCtx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	table, err := m.Action.Look(lookCtx, m.Args)
	if ctx.Err() != nil {
		return ctx.Err() // we are stopping; the look is repeated after the restart
	}
	if err != nil {
		why := reason(err)
		res := incident.Result{Outcome: incident.OutFailed, Reason: why, When: m.When, Extra: q.raw()}
		return d.progress(ctx, c, inc, r, m.Path, "Looked ("+q.Name+") and failed: "+why, res, incident.RunGoing)
	}
	res := incident.Result{Outcome: incident.OutDone, Table: &table, When: m.When, Extra: q.raw()}
	state := incident.RunGoing
	if m.Pick != "" && len(table.Rows) > 0 {
		res.Outcome, res.Asked, state = "", "pick", incident.RunWaiting
	}
	return d.progress(ctx, c, inc, r, m.Path, "Looked ("+q.Name+"): "+table.Summary, res, state)
}

// reason is an error in words for people; what is not meant for them stays in
// the log.
func reason(err error) string {
	if r, ok := integrations.AsRejected(err); ok {
		return strings.TrimSpace(r.Why + " " + r.Fix)
	}
	if s, ok := integrations.AsStale(err); ok {
		return s.Diff
	}
	if err == context.DeadlineExceeded || strings.Contains(err.Error(), "deadline exceeded") {
		return "no answer in time"
	}
	return fault.Of(err).Message
}

// propose plans an act, or every child of an each, and shows the preview.
func (d *Desk) propose(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, m playbooks.Move, q question) error {
	head := incident.Step{ID: newID(), Run: r.ID, Path: m.Path, Index: m.Index, Of: m.Of, Playbook: r.Playbook, Action: m.Action.Name,
		Grade: m.Action.Grade, RequestedBy: r.By, Optional: m.Optional, Failures: m.Failures, Timeout: m.Timeout}
	if !m.Each {
		return d.proposeOne(ctx, c, inc, r, m, head)
	}
	var children []incident.Step
	var left, stop []string
	for _, item := range m.Items {
		p, err := d.plan(ctx, m.Action, item.Args)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if why, code := unfit(p, err); why != "" {
			left = append(left, item.Row.ID+": "+why)
			if code != "" {
				head.Plan, stop = outlined(p, m.Action), []string{why, code}
			}
			continue
		}
		child := head
		child.ID, child.Parent, child.Plan, child.Grade = newID(), head.ID, p, head.Grade.Raise(p.Grade)
		child.Plan.Note, child.Args = note(inc, child.ID, r.By), jsonArgs(item.Args)
		children = append(children, child)
	}
	if len(children) == 0 && stop != nil {
		_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.Unplannable(head, stop[0], stop[1], false))
		return err
	}
	if len(children) == 0 {
		res := incident.Result{Outcome: incident.OutSkipped, Reason: "nothing left to act on (" + strings.Join(left, "; ") + ")", When: m.When, Extra: q.raw()}
		return d.progress(ctx, c, inc, r, m.Path, "Skipped "+q.Name+": "+res.Reason, res, incident.RunGoing)
	}
	head.Plan = groupPlan(m.Action, children, left)
	head.Grade = head.Grade.Raise(head.Plan.Grade)
	return d.preview(ctx, c, inc, r, head, children)
}

// unfit says why an item of an each cannot be acted on; "" when it can. What
// people must mend first, a missing right or a database that cannot be reached,
// has a code and is no reason to go on without the act.
func unfit(p incident.Plan, err error) (why, code string) {
	switch {
	case err != nil:
		return reason(err), codeOf(err)
	case p.Gone != "":
		return p.Gone, ""
	case len(p.Failing()) > 0:
		return p.Failing()[0].Text, p.Failing()[0].Code
	}
	return "", ""
}

// outlined is a plan that names at least the action.
func outlined(p incident.Plan, a integrations.Action) incident.Plan {
	if p.Title == "" {
		p.Title = a.Summary
	}
	return p
}

func (d *Desk) proposeOne(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, m playbooks.Move, head incident.Step) error {
	p, err := d.plan(ctx, m.Action, m.Args)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	head.Plan = outlined(p, m.Action)
	t := incident.Target{Number: inc.Number, Claim: &c}
	switch {
	case err != nil:
		_, err = d.do(ctx, t, incident.Unplannable(head, reason(err), codeOf(err), false))
		return err
	case p.Gone != "":
		_, err = d.do(ctx, t, incident.Unplannable(head, p.Gone, "E18", true))
		return err
	case len(p.Failing()) > 0:
		_, err = d.do(ctx, t, incident.Unplannable(head, p.Failing()[0].Text, failCode(p), false))
		return err
	}
	head.Grade = head.Grade.Raise(p.Grade)
	head.Plan.Note, head.Args = note(inc, head.ID, r.By), jsonArgs(m.Args)
	return d.preview(ctx, c, inc, r, head, nil)
}

// note is what the target's own audit log shall say of an act.
func note(inc *incident.Incident, step, by string) string {
	return fmt.Sprintf("%s, step %s, asked by %s", inc.ID(), step[:8], by)
}

// failCode is the code of the first check that says no.
func failCode(p incident.Plan) string {
	if c := p.Failing()[0].Code; c != "" {
		return c
	}
	return "E8"
}

// codeOf is the code of an error of an integration; what has none could not be
// asked.
func codeOf(err error) string {
	if r, ok := integrations.AsRejected(err); ok {
		return r.Code
	}
	if s, ok := integrations.AsStale(err); ok {
		return s.Code
	}
	return "E5"
}

func (d *Desk) plan(ctx context.Context, a integrations.Action, args integrations.Args) (incident.Plan, error) {
	planCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	p, err := a.Plan(planCtx, args)
	if err != nil {
		return incident.Plan{}, err
	}
	p.Action, p.Version, p.Grade = a.Name, a.Version, a.Grade.Raise(p.Grade)
	if p.Args == nil {
		p.Args = jsonArgs(args)
	}
	return p, nil
}

// jsonArgs keeps arguments as JSON values, durations and times as text.
func jsonArgs(args integrations.Args) map[string]any {
	out := make(map[string]any, len(args))
	for k, v := range args {
		switch x := v.(type) {
		case time.Duration:
			out[k] = x.String()
		case time.Time:
			out[k] = x.UTC().Format(time.RFC3339Nano)
		default:
			out[k] = v
		}
	}
	return out
}

// preview decides how the act is confirmed and shows it.
func (d *Desk) preview(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, head incident.Step, children []incident.Step) error {
	_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.Preview(head, r.Hash, d.gate(head, len(children)), children))
	return err
}

// wide is how many items make an act dangerous whatever its verb (decision 2).
const wide = 20

// groupPlan is the plan over all children: the worst of each.
func groupPlan(a integrations.Action, children []incident.Step, left []string) incident.Plan {
	first := children[0].Plan
	if len(children) == 1 {
		for _, l := range left {
			first.Details = append([]string{"left out " + l}, first.Details...)
		}
		return first
	}
	p := incident.Plan{Action: a.Name, Version: a.Version, Subject: first.Subject, Env: first.Env, Grade: first.Grade,
		NoUndo: first.NoUndo, Undo: first.Undo, Credential: first.Credential, Command: first.Command, Title: first.Title}
	p.Title = fmt.Sprintf("%s and %d more", first.Title, len(children)-1)
	if first.Many != "" {
		p.Title = fmt.Sprintf(first.Many, len(children))
	}
	for n, ch := range children {
		p.Grade = p.Grade.Raise(ch.Plan.Grade)
		if ch.Plan.Env == "" || ch.Plan.Env == "prod" {
			p.Env = ch.Plan.Env
		}
		switch {
		case n < 3 || len(children) == 4:
			p.Details = append(p.Details, strings.TrimSpace(ch.Plan.Title+": "+ch.Plan.From))
		case n == 3:
			p.Details = append(p.Details, fmt.Sprintf("… %d more in the war room", len(children)-3))
		}
	}
	if len(children) > wide {
		p.Grade = incident.GradeDanger
	}
	p.Checks = groupChecks(children)
	for _, l := range left {
		p.Details = append([]string{"left out " + l}, p.Details...)
	}
	return p
}

// groupChecks folds the checks of children: one line where all agree, else a
// line for each that does not say yes.
func groupChecks(children []incident.Step) []incident.Check {
	var out []incident.Check
	seen := map[incident.Check]bool{}
	for _, ch := range children {
		for _, check := range ch.Plan.Checks {
			if !seen[check] {
				seen[check] = true
				out = append(out, check)
			}
		}
	}
	return out
}

func (d *Desk) gate(s incident.Step, children int) incident.Gate {
	g := incident.Gate{Expires: d.Safety.ApprovalExpires}
	prod := s.Plan.Env == "" || s.Plan.Env == "prod"
	if s.Grade == incident.GradeDanger {
		g.Phrase = s.Plan.Subject
		if children > 0 {
			g.Phrase = fmt.Sprintf("%s %d", s.Plan.Subject, children)
		}
		if w := d.Safety.ProdPhrase; prod && w != "" && w != "target" {
			g.Phrase = w
		}
	}
	switch d.Safety.SecondPerson {
	case "never":
	case "always":
		g.Second = true
	case "when_available":
		g.Second = s.Grade == incident.GradeDanger && prod && d.approvers(s.RequestedBy)
	default:
		g.Second = s.Grade == incident.GradeDanger && prod
	}
	return g
}
