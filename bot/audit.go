package bot

import (
	"context"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// auditOf is the run of a playbook whose `after` is offered because the incident is
// over; nil when there is none.
func auditOf(inc *incident.Incident, playbook string) *incident.Run {
	if inc.Open() {
		return nil
	}
	for _, r := range inc.Audits() {
		if r.Playbook == playbook {
			return r
		}
	}
	return nil
}

// Continue starts what a playbook offers when the incident is over, or goes on with
// it where it was left. Its owner may, or a commander.
func (d *Desk) Continue(ctx context.Context, by incident.Person, number int64, of string) (chat.Message, error) {
	if err := d.frozen(ctx); err != nil {
		return chat.Message{}, err
	}
	inc, err := d.Store.Journal.Incident(ctx, number)
	if err != nil {
		return chat.Message{}, err
	}
	r := inc.Run(of)
	if r == nil {
		return chat.Message{}, fault.New(fault.NotFound, "E23", "There is no such run.", "")
	}
	if a := inc.AuditOf(of); a != nil && a.State == incident.RunPaused {
		return chat.Message{}, fault.Newf(fault.Conflict, "E16", "A step of the audit of %s did not end well.", r.Playbook).
			WithHint("Its card in the thread asks how it goes on.")
	}
	next := incident.Run{ID: newID(), Playbook: r.Playbook, Say: r.Say, Hash: r.Hash, Pinned: r.Pinned, Inputs: r.Inputs, Of: of, By: by.Name, ByID: by.ID}
	if inc, err = d.do(ctx, at(number), incident.Continue(by, next)); err != nil {
		if fault.Of(err).Code == "E1" {
			err = d.who(err, incident.Commander)
		}
		return chat.Message{}, err
	}
	return said(inc, "The audit of %s goes on: %d of %d done.", r.Playbook, inc.Audited(inc.Run(of)), r.After), nil
}

func pressContinue(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	return d.Continue(ctx, by, b.Incident, b.Step)
}

// audit is one line a playbook: how far what comes after the incident is.
func (c *card) audit(o incident.Out, _ *incident.Entry) {
	r := c.inc.Run(o.About)
	if r == nil {
		return
	}
	done := c.inc.Audited(r)
	now := c.inc.AuditOf(r.ID)
	words := []any{chat.Strong("Audit of " + r.Playbook), chat.Tf(": %d of %d done", done, r.After)}
	switch {
	case done >= r.After:
		c.msg.Silent, c.msg.Tone = true, chat.ToneOK
		c.line(append([]any{"✓ "}, words...)...)
	case now != nil && !now.State.Over():
		c.msg.Silent = true
		c.line(append(append([]any{"◐ "}, words...), ", ", now.By, " is at it")...)
	default:
		c.line(append([]any{"☐ "}, words...)...)
		if now == nil {
			c.line("What ", r.Playbook, " wants to be looked at, now that it is over.")
		}
		c.stepButton(chat.Primary, "continue", "Continue", r.ID, nil)
	}
}
