package bot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// group runs the children of an each one after the other, under one approval.
func (p *performance) group(ctx context.Context, head *incident.Step) error {
	id := head.ID
	if !p.bound(head) {
		return p.refuse(ctx, head, "The list is not the one that was approved.", "E10")
	}
	if head.State == incident.Approved {
		if err := p.write(ctx, incident.Begin(id, attempt(p.inc.ID(), id))); err != nil {
			if f := fault.Of(err); f.Code == "E26" { // the disk has no room for acts
				return p.refuse(ctx, head, f.Message, f.Code)
			}
			return err
		}
		if p.inc.Step(id).State != incident.Starting {
			return nil // it expired
		}
	}
	for _, child := range slices.Clone(head.Children) {
		if err := p.child(ctx, child, head.Failures); err != nil {
			return err
		}
	}
	return p.write(ctx, incident.Finish(id, p.sum(id)))
}

// longest is how long an each may go on under one approval: the longest timeout
// that a playbook can give. What is left after that, say after an outage, is not
// started unattended.
const longest = 30 * time.Minute

// child runs one child, unless an earlier one stopped the rest.
func (p *performance) child(ctx context.Context, id string, tolerated int) error {
	s := p.inc.Step(id)
	if s.State == incident.Starting {
		return p.resolve(ctx, s, "Mayday stopped while it was under way.")
	}
	if s.State != incident.Approved {
		return nil
	}
	failed, unknown := 0, false
	for _, o := range p.inc.Step(s.Parent).Children {
		switch p.inc.Step(o).State {
		case incident.UnknownOutcome:
			unknown = true
		case incident.FailedProven:
			failed++
		}
	}
	if head := p.inc.Step(s.Parent); p.d.Now().Sub(head.StartedAt) > longest {
		return p.write(ctx, incident.Finish(id, incident.Ended{To: incident.Cancelled, Text: s.Plan.Title + " was not started.",
			Reason: "it was approved too long ago, Mayday was away meanwhile"}))
	}
	if unknown || failed > tolerated {
		return p.write(ctx, incident.Finish(id, incident.Ended{To: incident.Cancelled, Text: s.Plan.Title + " was not started.",
			Reason: "one before it did not end well, so it was not started"}))
	}
	return p.one(ctx, s)
}

// sum is how an each ended as a whole.
func (p *performance) sum(id string) incident.Ended {
	head := p.inc.Step(id)
	if len(head.Children) == 1 {
		return alone(p.inc.Step(head.Children[0]))
	}
	count := map[incident.StepState]int{}
	for _, ch := range head.Children {
		count[p.inc.Step(ch).State]++
	}
	done := count[incident.Succeeded]
	text := fmt.Sprintf("%s: %d of %d done", head.Plan.Title, done, len(head.Children))
	switch {
	case count[incident.UnknownOutcome] > 0:
		return incident.Ended{To: incident.UnknownOutcome, Text: text + ", the result of one is not known.", Code: "E13", Reason: text + "."}
	case count[incident.FailedProven] > head.Failures:
		return incident.Ended{To: incident.FailedProven, Text: text + ".", Code: "E14", Reason: text + "."}
	case done == 0:
		return p.refusedAll(head, text)
	}
	return incident.Ended{To: incident.Succeeded, Text: text + ".", Receipt: &incident.Receipt{Text: fmt.Sprintf("%d of %d done", done, len(head.Children))}}
}

// refusedAll is how an each ended of which nothing was done: the world moved, or
// all of them were stopped by one thing, a freeze or a lost role.
func (p *performance) refusedAll(head *incident.Step, text string) incident.Ended {
	first := p.inc.Step(head.Children[0])
	for _, id := range head.Children {
		if code := p.inc.Step(id).Code; code != first.Code || code == "" || code == "E10" || code == "E18" {
			return incident.Ended{To: incident.RefusedStale, Text: text + ".", Code: "E10", Reason: "Everything changed since the preview."}
		}
	}
	return incident.Ended{To: incident.RefusedStale, Text: text + ". " + first.Reason, Code: first.Code, Reason: first.Reason}
}

// alone is how an each of one item ended: as that one did.
func alone(s *incident.Step) incident.Ended {
	end := incident.Ended{To: s.State, Receipt: s.Receipt, Evidence: s.Evidence, Reason: s.Reason, Code: s.Code}
	switch s.State {
	case incident.Succeeded:
		end.Text = s.Plan.Title + ": done."
	case incident.UnknownOutcome:
		end.Text = s.Plan.Title + ": the result is not known."
	default:
		end.Text = s.Plan.Title + " was not done: " + s.Reason
	}
	return end
}
