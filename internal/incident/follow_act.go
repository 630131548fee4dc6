package incident

import (
	"maps"
	"slices"
)

// act posts what a playbook run shows: one message a step, edited from preview
// to result.
func (f *follower) act(e Entry) {
	switch b := e.Body.(type) {
	case *RunStarted:
		f.post(KindRun, "run:"+b.Run.ID, b.Run.ID, PriorityAct)
		f.auditMoved(b.Run.ID)
	case *RunMoved:
		f.edit(KindRun, "run:"+b.Run, b.Run, false)
		if s := f.stepOf(b.Run); s != "" {
			f.edit(KindAsk, "step:"+s, s, false)
		}
		f.unasked(b)
		f.auditMoved(b.Run)
	case *RunResult:
		f.result(b)
	case *StepMoved:
		f.step(b)
		f.finished(f.after.Step(b.ID), e)
	case *EffectSeen:
		f.edit(KindAsk, "step:"+b.Step, b.Step, false)
		f.finished(f.after.Step(b.Step), e)
	case *PutBack:
		if b.Due.IsZero() {
			f.putBack(b.Step)
		}
	}
}

// unasked edits the questions that a run leaves open when it ends: nobody is asked
// any more.
func (f *follower) unasked(b *RunMoved) {
	r := f.after.Run(b.Run)
	if r == nil || !b.State.Over() {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(r.Results)) {
		if res := r.Results[path]; res.Outcome == "" && res.Asked != "" {
			about := b.Run + ":" + path
			f.edit(KindAsk, "ask:"+about, about, false)
		}
	}
}

// putBack posts or edits the question whether an act should stay in force.
func (f *follower) putBack(id string) {
	s := f.after.Step(id)
	if s == nil || s.Asked == 0 {
		return
	}
	key := "remind:" + id + ":" + itoa(int64(s.Asked))
	if s.Asked > 1 {
		f.edit(KindRemind, "remind:"+id+":"+itoa(int64(s.Asked-1)), id, true) // one alive at a time
	}
	f.post(KindRemind, key, id, PriorityNudge)
	f.edit(KindRemind, key, id, false)
}

// backAsked edits that question, once the act was taken back.
func (f *follower) backAsked(id string) {
	if s := f.after.Step(id); s != nil && s.Asked > 0 {
		f.edit(KindRemind, "remind:"+id+":"+itoa(int64(s.Asked)), id, false)
	}
}

func (f *follower) result(b *RunResult) {
	f.edit(KindRun, "run:"+b.Run, b.Run, false)
	f.auditMoved(b.Run)
	if b.Result.Step != "" {
		f.edit(KindAsk, "step:"+b.Result.Step, b.Result.Step, false)
		return
	}
	about := b.Run + ":" + b.Path
	asked := b.Result.Asked == AskNotMet && b.Result.Outcome == ""
	paused := b.Result.Outcome == OutNotMet && b.State == RunPaused && !b.Person
	if (asked || paused) && b.Result.Watch != nil {
		f.post(KindFinished, "unmet:"+about+":"+itoa(b.Result.Watch.Since.UnixMicro()), about, PriorityAct)
	}
	f.post(KindAsk, "ask:"+about, about, PriorityAct) // known already when it is an answer
	f.edit(KindAsk, "ask:"+about, about, false)
}

// stepOf is the act that stands last in a run.
func (f *follower) stepOf(run string) string {
	for n := len(f.after.Steps) - 1; n >= 0; n-- {
		if s := f.after.Steps[n]; s.Run == run && s.Parent == "" {
			return s.ID
		}
	}
	return ""
}

func (f *follower) step(b *StepMoved) {
	s := f.after.Step(b.ID)
	if s == nil {
		return
	}
	if s.Parent != "" {
		s = f.after.Step(s.Parent)
	}
	kind := KindAsk
	if s.SecondOne {
		kind = KindApproval
	}
	f.post(kind, "step:"+s.ID, s.ID, PriorityAct)
	f.edit(kind, "step:"+s.ID, s.ID, false)
	for of := f.after.Step(f.after.Step(b.ID).UndoOf); of != nil; of = f.after.Step(of.UndoOf) {
		top := orElse(of.Parent, of.ID)
		f.edit(kind, "step:"+top, top, false)
		f.backAsked(of.ID)
		f.backAsked(top)
	}
}

// finished tells whoever asked that a long act is over.
func (f *follower) finished(s *Step, e Entry) {
	if s == nil || s.Parent != "" || s.StartedAt.IsZero() || s.Watching() || e.At.Sub(s.StartedAt) <= longAct {
		return
	}
	if _, seen := e.Body.(*EffectSeen); seen || s.State == Succeeded && s.Settle == 0 || s.State == FailedProven || s.State == UnknownOutcome {
		f.post(KindFinished, "finished:"+s.ID+":"+string(s.State), s.ID, PriorityAct)
	}
}
