package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// outline is a step before it has a plan.
func outline(r *incident.Run, m playbooks.Move) incident.Step {
	return incident.Step{ID: newID(), Run: r.ID, Path: m.Path, Index: m.Index, Of: m.Of, Playbook: r.Playbook, Action: m.Action.Name,
		Grade: m.Action.Grade.Raise(m.Grade), RequestedBy: r.By, AskedByID: r.ByID, Askers: r.Askers, Optional: m.Optional, Failures: m.Failures, Timeout: m.Timeout}
}

// stepsAt lists the acts that were made at these places of a run.
func stepsAt(r *incident.Run, paths []string) []string {
	var ids []string
	for _, p := range paths {
		if id := r.Results[p].Step; id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// guarded adds what the playbook's file asks of an act: its guards, one line
// each, and a grade that it raises. A check that says no stops the act, unless a
// person may go on in spite of it: then it is a danger step (E8, [Override...]).
func guarded(p incident.Plan, m playbooks.Move) incident.Plan {
	if m.Grade.Valid() {
		p.Grade = p.Grade.Raise(m.Grade)
	}
	for _, g := range m.Guards {
		c := g.Check(p)
		c.Override = c.Answer == incident.No && g.Override
		p.Checks = append(p.Checks, c)
	}
	if len(p.InSpite()) > 0 {
		p.Grade = p.Grade.Raise(incident.GradeDanger)
	}
	return p
}

// propose plans an act, or every child of an each, and shows the preview.
func (d *Desk) propose(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, m playbooks.Move, q question) error {
	head := outline(r, m)
	head.Remind = d.scaled(m.Remind)
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
		p = guarded(p, m)
		if why, code := unfit(p, err); why != "" {
			left = append(left, item.Row.ID+": "+why)
			if code != "" {
				head.Plan, stop = outlined(p, m.Action), []string{why, code}
			}
			continue
		}
		child := head
		child.ID, child.Parent, child.Plan, child.Grade = newID(), head.ID, p, head.Grade.Raise(p.Grade)
		child.Plan.Note, child.Args, child.Remind = note(inc, child.ID, r.By), jsonArgs(item.Args), 0
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
	p = guarded(p, m)
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
	head.Settle = d.actions[head.Action].Settle
	for n := range children {
		children[n].Settle = d.actions[children[n].Action].Settle
	}
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
		g.Second = s.Grade == incident.GradeDanger && prod && d.approvers(s)
	default:
		g.Second = s.Grade == incident.GradeDanger && prod
	}
	return g
}
