package incident

import (
	"fmt"
	"strings"
	"time"

	"mayday/internal/fault"
)

// StartRun pins a playbook to the incident and starts it. It declares an alert:
// somebody acts.
func StartRun(by Person, run Run) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		if err := over(i); err != nil {
			return Change{}, err
		}
		for _, r := range i.Runs {
			if r.Playbook == run.Playbook && r.Of == "" && !r.State.Over() {
				return Change{}, fault.Newf(fault.Conflict, "E16", "%s started %s at %s and it is not over.", r.By, r.Playbook, r.StartedAt.UTC().Format("15:04:05")).
					WithHint("Go on there, or stop it first.")
			}
		}
		run.Askers = []Asker{asks(by)}
		entries := declare(i, by, "somebody runs a playbook", nil)
		entries = append(entries, say(by, fmt.Sprintf("%s started %s.", by.Name, run.Playbook), &RunStarted{Run: run}))
		return Change{Entries: entries, Wakes: []Wake{wakeRun(run.ID, v)}}, nil
	}
}

func wakeRun(id string, v View) Wake {
	return Wake{Kind: WakeRun, Row: WakeRow(v.Incident.Number, id), Due: v.Now, Priority: PriorityAct}
}

func wakeStep(s *Step, v View, due time.Time) Wake {
	return Wake{Kind: WakeStep, Row: WakeRow(v.Incident.Number, s.ID), Due: due, Priority: PriorityAct}
}

// WakeRow names a step or run together with its incident.
func WakeRow(number int64, id string) string { return FormatID(number) + ":" + id }

// ParseWakeRow reads it back.
func ParseWakeRow(row string) (number int64, id string, err error) {
	inc, id, _ := strings.Cut(row, ":")
	number, err = ParseID(inc)
	return number, id, err
}

// runGone is the answer when a run is over or unknown.
func runGone(r *Run) error {
	if r == nil {
		return fault.New(fault.NotFound, "E23", "There is no such run.", "")
	}
	if r.State.Over() {
		return fault.New(fault.Gone, "E4", fmt.Sprintf("%s is over: %s.", r.Playbook, r.State), "Start it again if you need it.")
	}
	return nil
}

// Progress records what Mayday itself found out: a look, a skip, a question that
// a person must answer. Finding the step already answered changes nothing.
func Progress(runID, path, text string, res Result, state RunState, quiet bool) Decide {
	return func(v View) (Change, error) {
		r := v.Incident.Run(runID)
		if r == nil || r.State.Over() || r.Results[path].Outcome != "" {
			return Change{}, nil
		}
		e := Entry{Text: text, Quiet: quiet, Body: &RunResult{Run: runID, Path: path, Result: res, State: state}}
		c := Change{Entries: []Entry{e}}
		if state == RunGoing {
			c.Wakes = append(c.Wakes, wakeRun(runID, v))
		}
		return c, nil
	}
}

// AnswerRun records what a person answered to a pick, a choice, a tell or a
// question, and lets the run go on. update gets the open result and completes it.
func AnswerRun(by Person, runID, path, text string, update func(*Result) error) Decide {
	return func(v View) (Change, error) {
		r := v.Incident.Run(runID)
		if err := v.Incident.mayMove(r); err != nil {
			return Change{}, err
		}
		if err := runGone(r); err != nil {
			return Change{}, err
		}
		res, asked := r.Results[path]
		if !asked || res.Outcome != "" || res.Asked == "" {
			return Change{}, fault.New(fault.Already, "E22", "That was answered: "+answered(res)+".", "")
		}
		body := &RunResult{Run: runID, Path: path, State: RunGoing, Person: true}
		if shapes(res.Asked) {
			a := asks(by)
			body.Asker = &a
		}
		if err := update(&res); err != nil {
			return Change{}, err
		}
		body.Result = res
		e := say(by, text, body)
		return Change{Entries: []Entry{e}, Wakes: []Wake{wakeRun(runID, v)}}, nil
	}
}

func answered(r Result) string {
	switch {
	case r.Choice != "":
		return r.Choice
	case len(r.Picked) > 0:
		return fmt.Sprintf("%d picked", len(r.Picked))
	case r.Outcome != "":
		return string(r.Outcome)
	}
	return "it is not asked any more"
}

// MoveRun stops a run, lets a paused one go on past the step that did not end
// well, or tries that step again as a new one.
func MoveRun(by Person, runID string, to RunState, again bool, reason string) Decide {
	return func(v View) (Change, error) {
		r := v.Incident.Run(runID)
		if err := runGone(r); err != nil {
			return Change{}, err
		}
		if s := v.Incident.Step(r.Step); s != nil && s.State.Running() {
			return Change{}, fault.New(fault.Conflict, "E16", "A step is on its way: "+s.Plan.Title+".", "Wait for its result.")
		}
		if s := v.Incident.Step(r.Results[r.At].Step); to == RunGoing && s != nil && s.State == UnknownOutcome {
			return Change{}, fault.New(fault.Conflict, "E13", "Nobody knows whether this worked: "+s.Plan.Title+". Do not start it twice.",
				"Look again, then say whether it worked.").WithState("")
		}
		if to == RunGoing && r.State != RunPaused {
			return Change{}, fault.New(fault.Already, "E22", r.Playbook+" goes on already.", "")
		}
		body := &RunMoved{Run: runID, State: to, Reason: reason}
		text := fmt.Sprintf("%s goes on after a step that did not end well.", r.Playbook)
		switch {
		case again:
			a := asks(by)
			body.Again, body.Asker = r.At, &a
			text = r.Playbook + ": the step is tried again, as a new one."
		case to == RunStopped:
			text = r.Playbook + " was stopped."
		case to == RunDone:
			text = r.Playbook + " is done."
		}
		e := Entry{Text: text, Body: body}
		if by.Name != "" {
			e = say(by, by.Name+": "+text, body)
		}
		c := Change{Entries: []Entry{e}}
		if to == RunStopped {
			c.Entries = append(c.Entries, cancelOpen(v.Incident, r, "the run was stopped")...)
		}
		if to == RunGoing {
			c.Wakes = append(c.Wakes, wakeRun(runID, v))
		}
		return c, nil
	}
}

// cancelOpen takes back the preview that stands when its run is stopped.
func cancelOpen(i *Incident, r *Run, why string) []Entry {
	s := i.Step(r.Step)
	if s == nil || !s.State.WaitsForPress() {
		return nil
	}
	return []Entry{{Text: "The preview of " + lowerFirst(s.Plan.Title) + " was taken back.", Step: s.ID,
		Body: &StepMoved{ID: s.ID, To: Cancelled, Reason: why}}}
}
