package bot

import (
	"cmp"
	"context"
	"errors"
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
func (d *Desk) HandleRun(ctx context.Context, c incident.Claim) (err error) {
	number, id, err := incident.ParseWakeRow(c.Row)
	if err != nil {
		return d.Queue.Done(ctx, c)
	}
	of, _, _ := strings.Cut(c.Row, ":")
	ctx, end := d.span(ctx, "run", fromIncident, of)
	defer func() { end(err) }()
	inc, err := d.Store.Journal.Incident(ctx, number)
	if err != nil {
		return err
	}
	r := inc.Run(id)
	if r == nil || r.State.Over() || r.State == incident.RunPaused || r.Step != "" || (!inc.Open() && !r.Late()) {
		return d.Queue.Done(ctx, c)
	}
	if r.UndoTarget() != "" {
		return d.moveUndo(ctx, c, inc, r)
	}
	if inc.TakenBack(r.ID) {
		return d.stopRun(ctx, c, inc, r, "What it did was taken back.")
	}
	pb, err := d.pinned(r)
	if err != nil {
		return d.stopRun(ctx, c, inc, r, "it cannot be read any more: "+err.Error())
	}
	m, err := pb.Next(d.factsFor(ctx, inc, r, pb), r.Inputs, r.Results)
	if err != nil {
		return d.stopRun(ctx, c, inc, r, err.Error())
	}
	if m.Kind == playbooks.Watch {
		return d.watchRun(ctx, c, inc, r, m, question{Name: cmp.Or(m.ID, strings.TrimSpace(m.Say), nameless(m)), Pick: m.Pick, Most: m.Most}, pb)
	}
	return d.move(ctx, c, inc, r, m)
}

// pinned is what a run goes through.
func (d *Desk) pinned(r *incident.Run) (*playbooks.Playbook, error) {
	pb, err := playbooks.Unpin(d.Catalogue, r.Playbook, r.Pinned)
	if err != nil || r.Of == "" {
		return pb, err
	}
	return pb.Audit(), nil
}

func (d *Desk) stopRun(ctx context.Context, c incident.Claim, inc *incident.Incident, r *incident.Run, why string) error {
	_, err := d.do(ctx, incident.Target{Number: inc.Number, Claim: &c}, incident.MoveRun(incident.Person{}, r.ID, incident.RunStopped, false, why))
	return err
}

// facts is what expressions and guards of a playbook may see.
func (d *Desk) facts(ctx context.Context, i *incident.Incident) playbooks.Facts {
	f := playbooks.Facts{Now: d.Now(), ID: i.ID(), Title: i.Title, Severity: string(i.Severity), State: string(i.State),
		Service: i.Service, Env: d.service(i.Service).Env, OpenedAt: i.OpenedAt, Pager: d.pager(i)}
	if zone, err := time.LoadLocation(i.Clock.Zone); err == nil {
		f.Zone = zone
	}
	f.Alerts = len(i.Sources)
	if i.Suspicion != nil {
		f.Suspects = i.Suspicion.Suspects
	}
	open, err := d.OpenIncidents(ctx)
	f.OtherKnown = err == nil
	for _, o := range open {
		if o.Number != i.Number {
			f.OtherOpen++
		}
	}
	return f
}

// pager is the incident's id at the source that calls people, one that is not
// over before others; "" when none of its alerts came from there.
func (d *Desk) pager(i *incident.Incident) string {
	id := ""
	for _, s := range i.Sources {
		switch {
		case d.sources[s.Kind].Mirror == nil:
		case s.Status != "resolved":
			return s.Key
		case id == "":
			id = s.Key
		}
	}
	return id
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
	case playbooks.Undo:
		return d.proposeUndo(ctx, c, inc, r, outline(r, m), stepsAt(r, m.Undoes), m)
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
		if len(m.Waits) > 0 { // nobody can tell yet: it is asked again until its time is over
			res := incident.Result{Asked: incident.AskWatch, Table: &incident.Table{Summary: why}, When: m.When, Extra: q.raw()}
			return d.progress(ctx, c, inc, r, m.Path, "Looked ("+q.Name+") and failed: "+why, res, incident.RunGoing)
		}
		res := incident.Result{Outcome: incident.OutFailed, Reason: why, When: m.When, Extra: q.raw()}
		return d.progress(ctx, c, inc, r, m.Path, "Looked ("+q.Name+") and failed: "+why, res, incident.RunGoing)
	}
	res := incident.Result{Outcome: incident.OutDone, Table: &table, When: m.When, Extra: q.raw()}
	state := incident.RunGoing
	if len(m.Waits) > 0 {
		res.Outcome, res.Asked = "", incident.AskWatch
		return d.progress(ctx, c, inc, r, m.Path, "Looked ("+q.Name+"): "+table.Summary, res, state)
	}
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
	if errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "deadline exceeded") {
		return "no answer in time"
	}
	return fault.Of(err).Message
}
