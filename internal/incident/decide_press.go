package incident

import (
	"fmt"
	"strings"

	"mayday/internal/fault"
)

// Press is what a person does with a preview.
type Press string

// The presses.
const (
	PressStart    Press = "start"
	PressApprove  Press = "approve"
	PressDecline  Press = "decline"
	PressWithdraw Press = "withdraw" // also [Cancel] of a preview
)

// Tries is how often the phrase may be typed wrongly before a new preview is
// needed (E9).
const Tries = 3

// NeedsPhrase answers the words to be typed, "" when the press needs none.
func (s *Step) NeedsPhrase(p Press) string {
	if p == PressStart || p == PressApprove {
		return s.Phrase
	}
	return ""
}

// PressStep decides a press on a preview. A refusal that is itself news (expired,
// a wrong word) is a change without an error; the desk reads it off the step.
func PressStep(by Person, id string, p Press, words, reason string) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil {
			return Change{}, fault.New(fault.NotFound, "E23", "There is no such step.", "")
		}
		if err := s.settled(); err != nil {
			return Change{}, err
		}
		if v.Now.After(s.ExpiresAt) {
			return Expire(id)(v)
		}
		if err := s.allowed(by, p); err != nil {
			return Change{}, err
		}
		if p == PressStart || p == PressApprove {
			if err := v.Incident.mayAct(s); err != nil {
				return Change{}, err
			}
		}
		switch p {
		case PressDecline:
			return s.end(v, by, Denied, by.Name+" declined “"+s.Plan.Title+"”"+because(reason)), nil
		case PressWithdraw:
			return s.end(v, by, Cancelled, by.Name+" took back “"+s.Plan.Title+"”."), nil
		}
		if err := v.Incident.mayUndo(by, s); err != nil {
			return Change{}, err
		}
		if want := s.NeedsPhrase(p); want != "" && strings.Join(strings.Fields(words), " ") != want {
			return s.wrongWord(v, by), nil
		}
		return s.approve(v, by), nil
	}
}

// mayAct refuses an act on an incident that is over, but for taking one back and
// for what comes after it.
func (i *Incident) mayAct(s *Step) error {
	return i.mayMove(i.Run(s.Run))
}

// because ends a sentence, with a reason where one was given.
func because(reason string) string {
	if reason = strings.TrimSpace(reason); reason != "" {
		return ": " + reason
	}
	return "."
}

// settled is the answer to a press that comes late.
func (s *Step) settled() error {
	if s.State.WaitsForPress() {
		return nil
	}
	who := s.StartedBy
	switch s.State {
	case Expired:
		return fault.New(fault.Gone, "E12", "Nobody confirmed it in time.", "Ask again: a new preview is one tap.")
	case Denied, Cancelled, RefusedStale:
		return fault.New(fault.Gone, "E4", "That is over: "+strings.TrimSuffix(s.Reason, ".")+".", "Start the step again if you still want it.")
	case "":
		return fault.New(fault.Gone, "E4", "That is over.", "")
	}
	f := fault.Newf(fault.Already, "E22", "%s pressed this at %s: %s.", who, s.StartedAt.UTC().Format("15:04:05"), words(s.State))
	if s.StartedAt.IsZero() {
		f = fault.Newf(fault.Already, "E22", "%s pressed this a moment ago: %s.", who, words(s.State))
	}
	return f.WithState("")
}

// words says a state as people do.
func words(s StepState) string {
	switch s {
	case Approved, Starting:
		return "it is on its way"
	case Succeeded:
		return "done"
	case FailedProven:
		return "it failed"
	case UnknownOutcome:
		return "nobody knows the result yet"
	}
	return strings.ToLower(string(s))
}

// allowed checks the person: role at the click, and never the asker for an
// approval (P8).
func (s *Step) allowed(by Person, p Press) error {
	switch p {
	case PressApprove:
		return s.mayApprove(by)
	case PressDecline:
		if !by.Role.AtLeast(Approver) {
			return needs(by, "decline “"+s.Plan.Title+"”", Approver)
		}
	case PressWithdraw:
		if by.Name != s.RequestedBy && !by.Role.AtLeast(Commander) {
			return needs(by, "take back what "+s.RequestedBy+" asked for", Commander)
		}
	case PressStart:
		if s.SecondOne {
			return s.mayApprove(by)
		}
		if !by.Role.AtLeast(Responder) {
			return needs(by, lowerFirst(s.Plan.Title), Responder)
		}
		return s.checked()
	}
	return nil
}

func (s *Step) mayApprove(by Person) error {
	switch {
	case !s.SecondOne:
		return fault.New(fault.Gone, "E4", "Nobody needs to approve this.", "Press its own button.")
	case by.Service:
		return fault.New(fault.Refused, "E1", "A service token never approves.", "A person must.")
	case by.Name == s.RequestedBy:
		return fault.New(fault.Refused, "E11", "You asked for this, so someone else must approve.", "Ping somebody with the approver role.")
	case s.AskedBy(by.Name):
		return fault.New(fault.Refused, "E11", "You decided what this does, so someone else must approve.", "Ping somebody with the approver role.")
	case !by.Role.AtLeast(Approver):
		return needs(by, "approve “"+s.Plan.Title+"”", Approver)
	case s.mayBeAsker(by):
		return fault.New(fault.Refused, "E11", "I can't tell whether you are who asked for this: it was asked in another place, and your accounts are not linked.",
			"Approve where it was asked, or ask an admin to link you in people.same.")
	}
	return s.checked()
}

// checked refuses an act whose preview has a check that says no (E8).
func (s *Step) checked() error {
	if no := s.Plan.Failing(); len(no) > 0 {
		return fault.New(fault.Conflict, "E8", "Stopped by a check: "+no[0].Text+".", "Mend that, then ask for a new preview.")
	}
	return nil
}

func needs(by Person, what string, role Role) error {
	return fault.New(fault.Refused, "E1", fmt.Sprintf("You can't %s: it needs %s, you are %s.", what, role, by.Role),
		"Ask somebody who has the role.")
}

// Needs is E1 for somebody whose role is too low.
func Needs(by Person, what string, role Role) error {
	if by.Role.AtLeast(role) {
		return nil
	}
	return needs(by, what, role)
}

func (s *Step) approve(v View, by Person) Change {
	body := &StepMoved{ID: s.ID, To: Approved, Starts: true, Approves: s.SecondOne, ByID: by.ID}
	text := fmt.Sprintf("%s started: %s.", by.Name, s.Plan.Title)
	if s.SecondOne {
		text = fmt.Sprintf("%s approved and started: %s. Code %s.", by.Name, s.Plan.Title, Code(s.Digest))
	}
	entries := declare(v.Incident, by, "somebody acts", nil)
	e := say(by, text, body)
	e.Step = s.ID
	entries = append(entries, e, Entry{Text: "The run goes on.", Quiet: true, Body: &RunMoved{Run: s.Run, State: RunGoing}})
	return Change{Entries: entries, Wakes: []Wake{wakeStep(s, v, v.Now)}}
}

func (s *Step) wrongWord(v View, by Person) Change {
	if s.PhraseTries+1 >= Tries {
		return s.end(v, by, Cancelled, "The phrase was wrong three times; a new preview is needed.")
	}
	e := say(by, by.Name+" typed something else than the target.", &StepMoved{ID: s.ID, To: s.State, WrongWord: true})
	e.Step, e.Quiet = s.ID, true
	return Change{Entries: []Entry{e}}
}

func (s *Step) end(v View, by Person, to StepState, text string) Change {
	e := say(by, strings.TrimSpace(text), &StepMoved{ID: s.ID, To: to, Reason: strings.TrimSpace(text)})
	e.Step = s.ID
	return endRun(v, s, to, e.Text, Change{Entries: []Entry{e}})
}

// Expire ends a preview that nobody pressed in time.
func Expire(id string) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil || !s.State.WaitsForPress() {
			return Change{}, nil
		}
		if v.Now.Before(s.ExpiresAt) {
			return Change{Wakes: []Wake{wakeStep(s, v, s.ExpiresAt)}}, nil
		}
		return s.end(v, Person{}, Expired, "Nobody confirmed it in time: "+s.Plan.Title+". Nothing was done."), nil
	}
}
