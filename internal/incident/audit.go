package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mayday/internal/fault"
)

// AuditPrefix begins the paths of the steps that a playbook offers when the
// incident resolves (its `after`).
const AuditPrefix = "after."

// Late reports whether a run may go on when its incident is over: it takes an act
// back, or it is what comes after.
func (r *Run) Late() bool { return r.UndoTarget() != "" || r.Of != "" }

// mayMove refuses to go on with a run of an incident that is over.
func (i *Incident) mayMove(r *Run) error {
	if r != nil && r.Late() {
		return nil
	}
	return over(i)
}

// GoesOn reports whether something of an incident still goes on that may outlast it.
func (i *Incident) GoesOn() bool {
	return slices.ContainsFunc(i.Runs, func(r Run) bool { return r.Late() && !r.State.Over() })
}

// Audits are the runs whose `after` is offered: of each playbook the newest.
func (i *Incident) Audits() []*Run {
	newest := map[string]*Run{}
	for n := range i.Runs {
		if r := &i.Runs[n]; r.After > 0 && r.Of == "" {
			newest[r.Playbook] = r
		}
	}
	var out []*Run
	for n := range i.Runs {
		if r := &i.Runs[n]; newest[r.Playbook] == r {
			out = append(out, r)
		}
	}
	return out
}

// AuditOf is the newest run of what comes after the run of, nil when nobody began.
func (i *Incident) AuditOf(of string) *Run {
	for n := len(i.Runs) - 1; n >= 0; n-- {
		if r := &i.Runs[n]; r.Of == of {
			return r
		}
	}
	return nil
}

// Audited counts the steps after a run that need nobody any more.
func (i *Incident) Audited(of *Run) int {
	done := 0
	if a := i.AuditOf(of.ID); a != nil {
		for path, res := range a.Results {
			if n, ok := strings.CutPrefix(path, AuditPrefix); ok && res.Outcome.stays() {
				if _, err := strconv.Atoi(n); err == nil {
					done++
				}
			}
		}
	}
	return done
}

// stays reports whether a step that ended so does not come up again when what
// comes after an incident is continued.
func (o Outcome) stays() bool {
	switch o {
	case "", OutFailed, OutRefused, OutDeclined, OutExpired:
		return false
	}
	return true
}

// known is what the run after of may name and need not do again: the findings of
// that run, and how far what came after it is already.
func (i *Incident) known(of string) map[string]Result {
	out := map[string]Result{}
	keep := func(r *Run, audit bool) {
		if r == nil {
			return
		}
		for path, res := range r.Results {
			own := strings.HasPrefix(path, AuditPrefix)
			if own == audit && res.Outcome != "" && (!audit || res.Outcome.stays()) {
				out[path] = res
			}
		}
	}
	keep(i.Run(of), false)
	keep(i.AuditOf(of), true)
	return out
}

// Continue starts what a playbook offers when the incident is over, or goes on with
// it. run is the new run; its Of says after which one.
func Continue(by Person, run Run) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		of := i.Run(run.Of)
		if of == nil || of.After == 0 || of.Of != "" {
			return Change{}, fault.New(fault.NotFound, "E23", "There is no such audit.", "")
		}
		if by.Name != i.Owner {
			if err := Needs(by, "go on with an audit that is not yours", Commander); err != nil {
				return Change{}, err
			}
		}
		a := i.AuditOf(of.ID)
		switch {
		case i.Open():
			return Change{}, fault.Newf(fault.Conflict, "E16", "%s is open. The audit comes when it is resolved.", i.ID())
		case i.Audited(of) >= of.After:
			return Change{}, fault.Newf(fault.Already, "E22", "The audit of %s is done.", of.Playbook).WithState("")
		case a != nil && !a.State.Over():
			return Change{}, fault.Newf(fault.Conflict, "E16", "%s goes on with the audit of %s since %s.", a.By, of.Playbook, a.StartedAt.UTC().Format("2 Jan 15:04")).
				WithHint("Its question is in the thread.")
		}
		run.Askers = []Asker{asks(by)}
		e := say(by, fmt.Sprintf("%s goes on with the audit of %s.", by.Name, of.Playbook), &RunStarted{Run: run})
		return Change{Entries: []Entry{e}, Wakes: []Wake{wakeRun(run.ID, v)}}, nil
	}
}

// audit posts how far what comes after a run is, or says it anew.
func (f *follower) audit(of string, first bool) {
	if first {
		f.post(KindAudit, "audit:"+of, of, PriorityNudge)
	}
	f.edit(KindAudit, "audit:"+of, of, false)
}

// auditMoved edits that message when a run after it moved.
func (f *follower) auditMoved(run string) {
	if r := f.after.Run(run); r != nil && r.Of != "" {
		f.audit(r.Of, false)
	}
}
