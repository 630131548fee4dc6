package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// HandleStep looks at one act: it expires a preview, starts what was approved,
// or finds out about what was under way when Mayday died. It never repeats an
// attempt: a step found in STARTING goes to the resolver (PROMISES rules 2, 3).
func (d *Desk) HandleStep(ctx context.Context, c incident.Claim) (err error) {
	number, id, err := incident.ParseWakeRow(c.Row)
	if err != nil {
		return d.Queue.Done(ctx, c)
	}
	ctx, end := d.stepSpan(ctx, number, id)
	defer func() { end(err) }()
	inc, err := d.Store.Journal.Incident(ctx, number)
	if err != nil {
		return err
	}
	s := inc.Step(id)
	p := &performance{d: d, claim: c, inc: inc}
	switch {
	case s != nil && s.Watching():
		return (&performance{d: d, claim: c, inc: inc}).watch(ctx, s)
	case s == nil || s.State.Terminal():
		return d.Queue.Done(ctx, c)
	case s.State.WaitsForPress():
		_, err := d.do(ctx, incident.Target{Number: number, Claim: &c}, incident.Expire(id))
		return err
	case s.Group() && s.State != incident.UnknownOutcome:
		err = p.group(ctx, s)
	case s.State == incident.Approved:
		err = p.one(ctx, s)
	case s.State == incident.Starting:
		err = p.resolve(ctx, s, "Mayday stopped while it was under way.")
	default:
		err = p.lookAgain(ctx, s)
	}
	if err != nil {
		return err
	}
	return d.Queue.Done(ctx, c)
}

// performance is one claimed act. inc is the newest fold.
type performance struct {
	d     *Desk
	claim incident.Claim
	inc   *incident.Incident
}

// write records something under the claim without finishing it. It happens even
// when the process is told to stop: an act that was made must be on record.
func (p *performance) write(ctx context.Context, decide incident.Decide) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	c := p.claim
	c.Keep = true
	inc, err := p.d.do(ctx, incident.Target{Number: p.inc.Number, Claim: &c}, decide)
	if err != nil {
		return err
	}
	p.inc = inc
	return nil
}

// one starts one act: look again, compare, commit STARTING, act once, record.
func (p *performance) one(ctx context.Context, s *incident.Step) error {
	a, ok := p.d.actions[s.Action]
	if !ok || a.Version != s.Plan.Version {
		return p.refuse(ctx, s, "The action "+s.Action+" is another one than at the preview.", "E10")
	}
	if !p.bound(s) {
		return p.refuse(ctx, s, "The plan is not the one that was approved.", "E10")
	}
	if err := p.d.frozen(ctx); err != nil {
		return p.refuse(ctx, s, fault.Of(err).Message, "E21")
	}
	if why := p.forbidden(ctx, s); why != "" {
		return p.refuse(ctx, s, why, "E1")
	}
	release, busy := p.d.occupy(s)
	if busy {
		return p.refuse(ctx, s, "Somebody else acts on the same target at this moment.", "E16")
	}
	defer release()
	if stop, err := p.compare(ctx, a, s); stop || err != nil {
		return err
	}
	id := s.ID
	if err := p.write(ctx, incident.Begin(id, attempt(p.inc.ID(), id))); err != nil {
		// Somebody acts on the same target, or the disk has no room for an act: it is
		// not started later by itself. Where nothing can be written this fails as well,
		// and it is looked at again.
		if f := fault.Of(err); f.Code == "E16" || f.Code == "E26" {
			return p.refuse(ctx, s, f.Message, f.Code)
		}
		return err
	}
	if s = p.inc.Step(id); s.State != incident.Starting {
		return nil // it expired
	}
	return p.apply(ctx, a, s)
}

// bound reports whether the digest that was approved is still that of the plan
// (P6): of the one plan, or of the ordered list of an each.
func (p *performance) bound(s *incident.Step) bool {
	r := p.inc.Run(s.Run)
	if r == nil {
		return false
	}
	plans := []incident.Plan{s.Plan}
	if s.Group() {
		plans = plans[:0]
		for _, id := range s.Children {
			plans = append(plans, p.inc.Step(id).Plan)
		}
	}
	return incident.Digest(incident.Binding{Step: s.ID, PlaybookHash: r.Hash, Expires: s.ExpiresAt}, plans...) == s.Digest
}

// forbidden says why whoever started the step may not do so any more: roles are
// looked at twice, at the press and now (P8).
func (p *performance) forbidden(ctx context.Context, s *incident.Step) string {
	if top := p.inc.Step(s.Parent); top != nil {
		s = top
	}
	least := incident.Responder
	if s.SecondOne && s.Glass == "" {
		least = incident.Approver
		if len(s.ApprovedBy) == 0 || s.AskedBy(s.ApprovedBy[0]) {
			return "Nobody but the asker approved it."
		}
	}
	role, err := p.d.roleNow(ctx, s.StartedByID)
	if err != nil { // in doubt an act is denied
		p.d.Log.Warn("role not known at execution", "err", err)
		return fmt.Sprintf("I could not check that %s may still do this. Press again in a moment, or in the war room.", s.StartedBy)
	}
	if !role.AtLeast(least) {
		return fmt.Sprintf("%s started it and is %s now; it needs %s.", s.StartedBy, role, least)
	}
	return ""
}

// occupy takes the target for one act at a time in this process.
func (d *Desk) occupy(s *incident.Step) (release func(), busy bool) {
	if _, busy := d.acting.LoadOrStore(s.Plan.Target, s.ID); busy {
		return nil, true
	}
	return func() { d.acting.Delete(s.Plan.Target) }, false
}

func (p *performance) refuse(ctx context.Context, s *incident.Step, why, code string) error {
	return p.write(ctx, incident.Finish(s.ID, incident.Ended{To: incident.RefusedStale, Text: s.Plan.Title + " was refused: " + why, Reason: why, Code: code}))
}

func (p *performance) apply(ctx context.Context, a integrations.Action, s *incident.Step) error {
	limit := s.Timeout
	if limit <= 0 {
		limit = p.d.StepTimeout
	}
	// The attempt outlives a stop of the process for as long as the shutdown
	// waits; what is cut off then is UNKNOWN, which the next start resolves.
	actCtx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	keep := func(key, value string) error { return p.write(ctx, incident.Keep(s.ID, key, value)) }
	if ctx.Err() != nil { // the last look before the target is called: we are stopping, or somebody else has the row
		why := "Mayday was stopped before it called the target. Nothing was sent."
		return p.write(ctx, incident.Finish(s.ID, incident.Ended{To: incident.FailedProven, Text: s.Plan.Title + ": " + why, Reason: why}))
	}
	receipt, err := a.Apply(actCtx, s.Plan, keep)
	if err == nil {
		return p.write(ctx, incident.Finish(s.ID, incident.Ended{To: incident.Succeeded, Text: s.Plan.Title + ": " + receipt.Text, Receipt: &receipt}))
	}
	if st, ok := integrations.AsStale(err); ok {
		return p.refuse(ctx, s, st.Diff, st.Code)
	}
	if r, ok := integrations.AsRejected(err); ok {
		why := strings.TrimSpace(r.Why + " " + r.Fix)
		return p.write(ctx, incident.Finish(s.ID, incident.Ended{To: incident.FailedProven, Text: s.Plan.Title + " was refused: " + why, Reason: why, Code: r.Code}))
	}
	p.d.Log.Error("the result of a step is unknown", "step", s.ID, "err", err)
	return p.resolve(ctx, p.inc.Step(s.ID), "No answer came.")
}

// resolve says that nobody knows, with what is true at the target now.
func (p *performance) resolve(ctx context.Context, s *incident.Step, why string) error {
	end := incident.Ended{To: incident.UnknownOutcome, Text: s.Plan.Title + ": the result is not known. " + why,
		Reason: why, Code: "E13"}
	if ev := p.probe(ctx, s); ev != nil {
		end.Evidence = ev
		end.Text += " Now: " + ev.Text
	}
	return p.write(ctx, incident.Finish(s.ID, end))
}

// lookAgain refreshes the evidence of an unknown result; only a person closes it.
func (p *performance) lookAgain(ctx context.Context, s *incident.Step) error {
	for _, id := range append([]string{s.ID}, s.Children...) {
		t := p.inc.Step(id)
		if t.State != incident.UnknownOutcome || t.Group() {
			continue
		}
		ev := p.probe(ctx, t)
		if ev == nil {
			continue
		}
		for _, to := range slices.Compact([]string{t.ID, s.ID}) {
			err := p.write(ctx, incident.Finish(to, incident.Ended{To: incident.UnknownOutcome, Text: "Looked again: " + ev.Text, Evidence: ev}))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *performance) probe(ctx context.Context, s *incident.Step) *incident.Evidence {
	a, ok := p.d.actions[s.Action]
	if !ok || a.Probe == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	ev, err := a.Probe(ctx, s.Plan, s.Kept)
	if err != nil {
		return &incident.Evidence{Text: "I could not look: " + reason(err), Applied: incident.Unknown, Blind: true}
	}
	return &ev
}

// attempt is the idempotency key of the one attempt of a step (PROMISES rule 4).
func attempt(inc, step string) string {
	sum := sha256.Sum256([]byte(inc + "|" + step + "|1"))
	return hex.EncodeToString(sum[:16])
}

// args types the JSON arguments of a stored plan again, by the action's
// parameters.
func args(a integrations.Action, stored map[string]any) integrations.Args {
	out := integrations.Args{}
	for _, f := range a.Params {
		v, ok := stored[f.Name]
		if !ok {
			continue
		}
		out[f.Name] = typed(f, v)
	}
	return out
}
