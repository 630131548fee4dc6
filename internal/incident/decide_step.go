package incident

import (
	"fmt"
	"slices"
	"time"

	"mayday/internal/fault"
)

// Gate is how an act is confirmed, from `safety` in the configuration.
type Gate struct {
	Second  bool          // somebody else must approve
	Phrase  string        // to be typed by whoever starts it; "" for none
	Expires time.Duration // how long preview and approval live
}

// Preview proposes an act and shows it. children are the plans of an `each`, in
// order; then head is the step over all of them and its digest covers the list.
func Preview(head Step, hash string, gate Gate, children []Step) Decide {
	return func(v View) (Change, error) {
		r := v.Incident.Run(head.Run)
		if err := runGone(r); err != nil {
			return Change{}, err
		}
		if (!v.Incident.Open() && !r.Late()) || r.Step != "" || r.Results[head.Path].Outcome != "" {
			return Change{}, nil // somebody was faster
		}
		expires := v.Now.Add(gate.Expires)
		plans := []Plan{head.Plan}
		if len(children) > 0 {
			plans = plans[:0]
			for n := range children {
				c := &children[n]
				c.State, c.ExpiresAt = Previewed, expires
				c.Digest = Digest(Binding{Step: c.ID, PlaybookHash: hash, Expires: expires}, c.Plan)
				plans = append(plans, c.Plan)
			}
		}
		digest := Digest(Binding{Step: head.ID, PlaybookHash: hash, Expires: expires}, plans...)
		plan := head.Plan
		entries := []Entry{
			{Text: "Proposed: " + plan.Title + ".", Step: head.ID, Quiet: true, Body: &StepMoved{ID: head.ID, To: Proposed, New: &head}},
			{Text: fmt.Sprintf("Preview: %s. Code %s.", plan.Title, Code(digest)), Step: head.ID, Body: &StepMoved{ID: head.ID, To: Previewed,
				Plan: &plan, Digest: digest, Children: children, Second: gate.Second, Phrase: gate.Phrase, ExpiresAt: expires}},
		}
		if gate.Second {
			entries = append(entries, Entry{Text: "A second person is asked to approve: " + plan.Title + ".", Step: head.ID,
				Body: &StepMoved{ID: head.ID, To: Waiting}})
		}
		entries = append(entries, Entry{Text: "The run waits for a press.", Quiet: true, Body: &RunMoved{Run: r.ID, State: RunWaiting}})
		return Change{Entries: entries, Wakes: []Wake{wakeStep(&head, v, expires)}}, nil
	}
}

// Unplannable records that an act could not even be previewed.
func Unplannable(head Step, reason, code string, stale bool) Decide {
	return func(v View) (Change, error) {
		r := v.Incident.Run(head.Run)
		if r == nil || r.State.Over() || r.Step != "" || r.Results[head.Path].Outcome != "" {
			return Change{}, nil
		}
		to := FailedProven
		if stale {
			to = RefusedStale
		}
		head.Reason, head.Code = reason, code
		e := []Entry{
			{Text: "Proposed: " + head.Plan.Title + ".", Step: head.ID, Quiet: true, Body: &StepMoved{ID: head.ID, To: Proposed, New: &head}},
			{Text: head.Plan.Title + " was not done: " + reason, Step: head.ID, Body: &StepMoved{ID: head.ID, To: to, Reason: reason, Code: code}},
		}
		return endRun(v, &head, to, reason, Change{Entries: e}), nil
	}
}

// Begin commits STARTING, the attempt and the undo record before the first byte
// goes to the target. It refuses when another act is on its way to the same
// target.
func Begin(id, attempt string) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil || s.State != Approved {
			return Change{}, ErrLost
		}
		if v.Now.After(s.ExpiresAt) && s.Parent == "" {
			return s.end(v, Person{}, Expired, "The approval ran out before it could start: "+s.Plan.Title+". Nothing was done."), nil
		}
		for n := range v.Incident.Steps {
			o := &v.Incident.Steps[n]
			if o.ID != s.ID && o.ID != s.Parent && o.Parent != s.ID && o.State == Starting && o.Plan.Target == s.Plan.Target {
				return Change{}, fault.Newf(fault.Conflict, "E16", "%s is already under way.", o.Plan.Title)
			}
		}
		return Change{Entries: []Entry{{Text: "Started: " + s.Plan.Title + ".", Step: id, Quiet: s.Parent != "",
			Body: &StepMoved{ID: id, To: Starting, Attempt: attempt}}}}, nil
	}
}

// Ended is how an attempt ended, as far as anybody knows.
type Ended struct {
	To       StepState
	Text     string // for the timeline
	Receipt  *Receipt
	Evidence *Evidence
	Reason   string
	Code     string
}

// Finish records how an attempt ended. For a step that is not part of an `each`
// the run gets its outcome in the same transaction.
func Finish(id string, end Ended) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil || (!s.State.May(end.To) && s.State != end.To) || s.State.Terminal() {
			return Change{}, nil
		}
		c := Change{Entries: []Entry{{Text: end.Text, Step: id, Quiet: s.State == end.To, Body: &StepMoved{ID: id, To: end.To,
			Receipt: end.Receipt, Evidence: end.Evidence, Reason: end.Reason, Code: end.Code}}}}
		if s.Remind > 0 && end.To == Succeeded {
			c.Wakes = append(c.Wakes, wakeBack(s, v, v.Now.Add(s.Remind)))
		}
		switch {
		case s.Parent != "" || s.State == end.To:
			return c, nil
		case end.To == Succeeded && s.Settle > 0:
			return watch(v, s, c), nil
		}
		return endRun(v, s, end.To, end.Reason, c), nil
	}
}

// outcomes of the states in which an act can rest.
var outcomes = map[StepState]Outcome{
	Succeeded: OutDone, FailedProven: OutFailed, UnknownOutcome: OutUnknown, RefusedStale: OutRefused,
	Denied: OutDeclined, Expired: OutExpired, Cancelled: OutSkipped,
}

// endRun tells the run how its act ended: a good end goes on, a bad one pauses.
// An optional act never pauses, except that only a person closes an unknown.
func endRun(v View, s *Step, state StepState, reason string, c Change) Change {
	r := v.Incident.Run(s.Run)
	if r == nil || r.State.Over() || r.past(s) {
		return c
	}
	to := RunPaused
	if state == Succeeded || (s.Optional && state != UnknownOutcome) {
		to = RunGoing
	}
	c.Entries = append(c.Entries, Entry{Text: fmt.Sprintf("%s: step ended, %s.", r.Playbook, outcomes[state]), Step: s.ID, Quiet: true,
		Body: &RunResult{Run: s.Run, Path: s.Path, State: to, Result: Result{Outcome: outcomes[state], Step: s.ID, Reason: reason, Acted: state != Succeeded && v.Incident.acted(s)}}})
	if to == RunGoing {
		c.Wakes = append(c.Wakes, wakeRun(s.Run, v))
	}
	return c
}

// acted reports whether an act changed its target, whatever became of it then: its
// effect went wrong, or an each was done in part.
func (i *Incident) acted(s *Step) bool {
	if s.State == Succeeded {
		return true
	}
	return slices.ContainsFunc(s.Children, func(id string) bool { c := i.Step(id); return c != nil && c.State == Succeeded })
}

// past reports whether the run went on without waiting for s, or stands at
// another attempt of the same step: what becomes of s does not move it then.
func (r *Run) past(s *Step) bool {
	if r.Step != "" {
		return r.Step != s.ID
	}
	res := r.Results[s.Path]
	return res.Outcome != "" && (res.Step != s.ID || r.State != RunPaused || r.At != s.Path)
}

// Keep makes a value durable in the middle of an act.
func Keep(id, key, value string) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil || s.State != Starting {
			return Change{}, ErrLost
		}
		return Change{Entries: []Entry{{Text: "Kept " + key + ".", Step: id, Quiet: true,
			Body: &StepMoved{ID: id, To: Starting, Kept: map[string]string{key: value}}}}}, nil
	}
}

// CloseUnknown is a person's word on an act whose result nobody knows: it
// worked, or it did not. Nothing else closes it.
func CloseUnknown(by Person, id string, worked bool) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil {
			return Change{}, fault.New(fault.NotFound, "E23", "There is no such step.", "")
		}
		if s.State != UnknownOutcome {
			return Change{}, fault.Newf(fault.Already, "E22", "That is settled: %s.", words(s.State)).WithState("")
		}
		to, text := FailedProven, by.Name+" looked: it did not work."
		if worked {
			to, text = Succeeded, by.Name+" looked: it worked."
		}
		return Finished(v, by, s, to, text), nil
	}
}

// Finished closes a step by a person's word, and the `each` it is part of. What
// was not started because nobody knew is still to be done: then the whole stopped
// half-way, and may be tried again for the rest.
func Finished(v View, by Person, s *Step, to StepState, text string) Change {
	top := s
	if p := v.Incident.Step(s.Parent); p != nil {
		top = p
	}
	whole, words := to, text
	if left := v.Incident.notStarted(top); to == Succeeded && left > 0 {
		whole, words = FailedProven, fmt.Sprintf("%s %d of %d were not started.", text, left, len(top.Children))
	}
	moved := func(id string, to StepState, text string) *StepMoved {
		b := &StepMoved{ID: id, To: to, Reason: text}
		if id == top.ID && top.Group() && to == FailedProven {
			b.Code = "E14"
		}
		return b
	}
	own, said := to, text
	if s.ID == top.ID {
		own, said = whole, words
	}
	c := Change{Entries: []Entry{{Actor: by.Name, Via: by.Via, Text: said, Step: s.ID, Body: moved(s.ID, own, said)}}}
	for _, id := range s.Children {
		if ch := v.Incident.Step(id); ch != nil && ch.State == UnknownOutcome {
			c.Entries = append(c.Entries, Entry{Text: text, Step: id, Quiet: true, Body: moved(id, to, text)})
		}
	}
	if top.ID != s.ID && top.State == UnknownOutcome {
		c.Entries = append(c.Entries, Entry{Text: words, Step: top.ID, Quiet: true, Body: moved(top.ID, whole, words)})
	}
	if whole == Succeeded && top.Settle > 0 {
		return watch(v, top, c)
	}
	return endRun(v, top, whole, words, c)
}

// notStarted counts the children of an each that were left alone.
func (i *Incident) notStarted(s *Step) int {
	n := 0
	for _, id := range s.Children {
		if ch := i.Step(id); ch != nil && ch.State == Cancelled {
			n++
		}
	}
	return n
}

// LookAgain wakes the resolver of an unknown result.
func LookAgain(by Person, id string) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil || s.State != UnknownOutcome {
			return Change{}, fault.New(fault.Already, "E22", "That is settled.", "").WithState("")
		}
		e := say(by, by.Name+" looks again.", &Life{})
		e.Quiet = true
		return Change{Entries: []Entry{e}, Wakes: []Wake{wakeStep(s, v, v.Now)}}, nil
	}
}
