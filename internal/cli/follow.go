package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// followEvery is how often the server is asked how a run stands.
const followEvery = 250 * time.Millisecond

// follow watches a run, or one step of it, and answers what it asks as far as
// the flags say so.
type follow struct {
	*remote
	incident string
	only     string // follow this step, and nothing behind it
	mine     ours   // else how to find the run
	act      acting

	run    string // its id, once it is found
	asked  string // what was shown to be pressed
	seen   progress
	chosen int // how many of act.Choose were used
}

// to follows to the end and answers how it ended, as an exit code.
func (f *follow) to(r *run) error {
	f.seen = progress{run: r, state: map[string]string{}}
	defer f.seen.clear()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		inc, err := f.remote.incident(r, f.incident)
		if err != nil {
			return err
		}
		ended, err := f.look(r, inc)
		if ended || err != nil {
			return err
		}
		select {
		case <-r.ctx.Done():
			f.seen.clear()
			return fmt.Errorf("stopped watching; the run goes on: %w", r.ctx.Err())
		case <-tick.C:
		}
	}
}

// look takes one look at the incident.
func (f *follow) look(r *run, inc incidentView) (ended bool, err error) {
	if f.only != "" {
		return f.lookAtStep(r, inc)
	}
	run, err := f.find(inc)
	if run == nil || err != nil {
		return false, err
	}
	f.seen.show(inc, run)
	switch run.State {
	case "done", "stopped", "paused":
		f.seen.clear()
		return true, f.result(r, inc, run)
	}
	if run.WaitsFor == "" || run.WaitsFor == f.asked {
		return false, nil
	}
	return f.ask(r, inc, run)
}

func (f *follow) lookAtStep(r *run, inc incidentView) (ended bool, err error) {
	s := inc.step(f.only)
	if s == nil {
		return false, nil
	}
	f.seen.step(*s)
	if code, over := stepExit(s.State); over {
		f.seen.clear()
		return true, f.end(r, inc, nil, []stepView{*s}, code)
	}
	return false, nil
}

// find answers the run that is followed, and keeps to it once it is found.
func (f *follow) find(inc incidentView) (*runView, error) {
	for n := range inc.Runs {
		if inc.Runs[n].ID == f.run {
			return &inc.Runs[n], nil
		}
	}
	run, err := f.mine.find(inc)
	if run != nil {
		f.run = run.ID
	}
	return run, err
}

func (i incidentView) step(id string) *stepView {
	for n := range i.Steps {
		if i.Steps[n].ID == id {
			return &i.Steps[n]
		}
	}
	return nil
}

// stepExit is the exit code of a state that does not move by itself.
func stepExit(state string) (code int, over bool) {
	switch state {
	case "SUCCEEDED":
		return exitOK, true
	case "FAILED_PROVEN":
		return exitStep, true
	case "UNKNOWN":
		return exitUnknown, true
	case "EXPIRED", "DENIED", "REFUSED_STALE", "CANCELLED":
		return exitRefused, true
	}
	return exitOK, false
}

// result says how a run ended, and with which code.
func (f *follow) result(r *run, inc incidentView, run *runView) error {
	var acts []stepView
	code := exitOK
	if run.State == "stopped" {
		code = exitFailed
	}
	for _, s := range inc.Steps {
		if s.Run != run.ID || s.Parent != "" {
			continue
		}
		acts = append(acts, s)
		code = f.worse(code, run, s)
	}
	for _, res := range run.Results {
		if (res.Outcome == "not_met" || res.Outcome == "not_helped") && code == exitOK {
			code = exitUnmet
		}
	}
	return f.end(r, inc, run, acts, code)
}

// worse is the code that an act gives its run. One that was optional does not
// count when the run went on to its end.
func (f *follow) worse(code int, run *runView, s stepView) int {
	ended, over := stepExit(s.State)
	if !over || ended == exitOK || run.State == "done" && ended != exitUnknown {
		return code
	}
	switch s.ReasonCode {
	case "E5", "E20", "E26":
		return exitUnreachable
	case "E6", "E8", "E10", "E18":
		return exitRefused
	}
	return ended
}

// end writes the result.
func (f *follow) end(r *run, inc incidentView, run *runView, acts []stepView, code int) error {
	if r.style.JSON {
		out := map[string]any{"incident": inc.ID, "exit": code, "steps": acts}
		if run != nil {
			out["run"] = run
		}
		if err := r.json(out); err != nil {
			return err
		}
	} else {
		f.words(r, run, acts)
	}
	if code == exitOK {
		return nil
	}
	return &exit{code, errors.New(endWords[code])}
}

var endWords = map[int]string{
	exitFailed: "it was stopped", exitRefused: "it was refused; nothing was done by this step", exitUnreachable: "something cannot be reached; nothing was done by this step",
	exitStep: "a step failed", exitUnmet: "it was done, but did not help", exitUnknown: "nobody knows whether it worked: look before you try again",
}

func (f *follow) words(r *run, run *runView, acts []stepView) {
	back := ""
	for _, s := range acts {
		shape := shapes[s.State]
		line := s.Plan.Title
		if s.StartedAt != nil && s.EndedAt != nil {
			line += fmt.Sprintf(" in %.0f s", s.EndedAt.Sub(*s.StartedAt).Seconds())
		}
		if s.StartedBy != "" {
			line += " · " + s.StartedBy
		}
		fmt.Fprintln(r.out, inert(r.shape(shape)+" "+line))
		for _, more := range []string{s.Receipt, s.Reason} {
			if more != "" {
				fmt.Fprintln(r.out, "  "+strings.ReplaceAll(inert(more), "\n", "\n  "))
			}
		}
		if s.State == "SUCCEEDED" && s.Plan.Undo != "" {
			back = s.Code
		}
	}
	if run != nil && run.State != "done" && run.Reason != "" {
		fmt.Fprintln(r.out, inert(run.Reason))
	}
	switch {
	case run != nil && run.State == "paused":
		r.next("mayday press \"Try again\" -i %s, or \"Skip it\", or \"Stop %s\"", f.incident, run.Playbook)
	case back != "" && f.mine.playbook != undoing:
		r.next("mayday undo %s -i %s takes it back", back, f.incident)
	}
}

// shapes are the marks of INTERACTION 2.0.
var shapes = map[string]string{
	"PROPOSED": "○", "PREVIEWED": "○", "WAITING_APPROVAL": "○", "APPROVED": "◐", "STARTING": "◐", "SUCCEEDED": "✓", "FAILED_PROVEN": "✗",
	"UNKNOWN": "?", "EXPIRED": "–", "DENIED": "–", "REFUSED_STALE": "–", "CANCELLED": "–",
}
