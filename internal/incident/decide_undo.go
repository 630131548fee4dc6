package incident

import (
	"fmt"
	"time"

	"mayday/internal/fault"
)

// UndoPlaybook is the name of the run that carries one undo: an undo is a step
// of its own, with preview, checks and approval like any act (P10).
const UndoPlaybook = "undo"

// UndoTarget answers the step that an undo run takes back, "" for other runs.
func (r *Run) UndoTarget() string {
	if r.Playbook != UndoPlaybook {
		return ""
	}
	id, _ := r.Inputs["step"].(string)
	return id
}

// Undoable says why an act cannot be taken back now; nil when it can.
// within is how long undo is offered (24 h).
func (s *Step) Undoable(now time.Time, within time.Duration) error {
	switch {
	case s.State != Succeeded:
		return fault.New(fault.Conflict, "E15", "There is nothing to undo. "+s.Plan.Title+": "+words(s.State)+".", "")
	case s.UndoneBy != "":
		return fault.New(fault.Already, "E22", "That was undone already.", "")
	case s.Plan.Undo == "":
		return fault.New(fault.Conflict, "E15", "Can't undo: "+orElse(s.Plan.NoUndo, "this act has no undo")+"", "")
	case within > 0 && now.Sub(s.EndedAt) > within+s.grace():
		return fault.Newf(fault.Gone, "E15", "Can't undo: it was done more than %s ago.", plainSpan(within)).WithHint("Look at the target and change it there.")
	}
	return nil
}

// grace is how much longer an act may be taken back because somebody is asked
// about it: whoever is asked has time to answer, over a weekend as well.
func (s *Step) grace() time.Duration {
	if s.Asked > 0 || !s.BackDue.IsZero() {
		return max(s.Remind, 96*time.Hour)
	}
	return s.Remind
}

func orElse(s, standard string) string {
	if s == "" {
		return standard
	}
	return s
}

// StartUndo starts the run that previews taking back an act.
func StartUndo(by Person, run Run, within time.Duration) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(run.UndoTarget())
		if s == nil {
			return Change{}, fault.New(fault.NotFound, "E23", "There is no such step.", "")
		}
		if err := s.Undoable(v.Now, within); err != nil {
			return Change{}, err
		}
		for _, r := range v.Incident.Runs {
			if r.UndoTarget() == s.ID && !r.State.Over() {
				return Change{}, fault.Newf(fault.Conflict, "E16", "%s asked for this undo at %s already.", r.By, r.StartedAt.UTC().Format("15:04:05")).
					WithHint(whereUndoIs(r.State))
			}
		}
		run.Askers = []Asker{asks(by)}
		e := say(by, fmt.Sprintf("%s wants to undo: %s.", by.Name, s.Plan.Title), &RunStarted{Run: run})
		return Change{Entries: []Entry{e}, Wakes: []Wake{wakeRun(run.ID, v)}}, nil
	}
}

func whereUndoIs(s RunState) string {
	if s == RunPaused {
		return "It did not end well: press Try again or Stop on its card in the thread."
	}
	return "Its preview is in the thread."
}

// plainSpan is a limit as people say it, "24 h".
func plainSpan(d time.Duration) string {
	if d >= time.Hour && d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	if d >= time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return d.String()
}

// Helped reports whether taking an act back would undo a mitigation that seems
// to have worked: things look better (INTERACTION 2.11). Whoever says that it is
// not fixed moves the incident out of these states.
func (i *Incident) Helped() bool { return i.State == Monitoring || i.State == Resolved }

// mayUndo keeps what helped: only the owner or a commander takes it back. Where
// a second person approves, it is enough that the owner asked for it.
func (i *Incident) mayUndo(by Person, s *Step) error {
	switch {
	case s.UndoOf == "" || !i.Helped() || by.Name == i.Owner || by.Role.AtLeast(Commander):
		return nil
	case s.SecondOne && i.Owner != "" && s.RequestedBy == i.Owner:
		return nil
	}
	return fault.New(fault.Refused, "E1", "It seems to have helped, so only the owner or a commander takes it back"+ownerIs(i)+".", "Ask them to press it.")
}

// tookBack notes what a step took back. Taking back an undo puts the act before
// it in force again, and so on down the chain.
func (i *Incident) tookBack(s *Step) {
	for back := true; s.UndoOf != ""; back = !back {
		u := i.Step(s.UndoOf)
		if u == nil {
			return
		}
		u.UndoneBy = ""
		if back {
			u.UndoneBy = s.ID
		}
		i.sumBack(u)
		s = u
	}
}

// sumBack makes an each undone when every item of it that was done is undone.
func (i *Incident) sumBack(child *Step) {
	head := i.Step(child.Parent)
	if head == nil {
		return
	}
	head.UndoneBy = child.UndoneBy
	for _, id := range head.Children {
		if c := i.Step(id); c != nil && c.State == Succeeded && c.Plan.Undo != "" && c.UndoneBy == "" {
			head.UndoneBy = ""
		}
	}
}

// PutBack asks whether an act that is in force should stay, or records that it
// should. A timer asks; it never acts.
type PutBack struct {
	Step string    `json:"step"`
	Keep bool      `json:"keep,omitempty"`
	Due  time.Time `json:"due,omitzero"` // set: do not ask now, ask then
}

// Kind names the entry.
func (*PutBack) Kind() string { return "put_back" }

func (b *PutBack) fold(i *Incident, e Entry) {
	s := i.Step(b.Step)
	if s == nil {
		return
	}
	if b.Keep {
		s.KeptBy, s.Seq = e.Actor, e.Seq
		i.touch(e)
		return
	}
	s.Seq = e.Seq
	if !b.Due.IsZero() {
		s.BackDue = b.Due
		return
	}
	s.Asked++
	s.BackDue = time.Time{}
}

// AskPutBack asks [Put back] [Keep] for an act that is still in force when its
// time has come, and again after the same time until somebody answers, or until
// it cannot be put back any more.
func AskPutBack(id string, within time.Duration) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil || !s.asksBack() {
			return Change{}, nil
		}
		after := time.Duration(s.Asked+1) * s.Remind
		due := s.EndedAt.Add(after)
		switch {
		case !s.BackDue.IsZero():
			due = s.BackDue
		case within > 0 && after > within:
			return Change{}, nil
		}
		if v.Now.Before(due) {
			return Change{Wakes: []Wake{wakeBack(s, v, due)}}, nil
		}
		e := Entry{Text: fmt.Sprintf("Still in force after %s: %s.", v.Now.Sub(s.EndedAt).Round(time.Second), s.Plan.Title), Step: id, Body: &PutBack{Step: id}}
		c := Change{Entries: []Entry{e}}
		if s.Remind > 0 {
			c.Wakes = append(c.Wakes, wakeBack(s, v, v.Now.Add(s.Remind)))
		}
		return c, nil
	}
}

// nextMorning is 10:00 of the next working day in a zone, "" for UTC: when people
// are asked about what is left of an incident (INTERACTION 2.12).
func nextMorning(now time.Time, zone string) time.Time {
	where, err := time.LoadLocation(zone)
	if err != nil {
		where = time.UTC
	}
	there := now.In(where)
	day := time.Date(there.Year(), there.Month(), there.Day()+1, 10, 0, 0, 0, where)
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return day.UTC()
}

// askTomorrow asks about every act that is in force when an incident ends.
func askTomorrow(v View, c Change) Change {
	due := nextMorning(v.Now, v.Incident.Clock.Zone)
	for _, s := range v.Incident.InForce() {
		if s.KeptBy != "" {
			continue
		}
		c.Entries = append(c.Entries, Entry{Text: "Will ask whether it stays: " + s.Plan.Title + ".", Step: s.ID, Quiet: true, Body: &PutBack{Step: s.ID, Due: due}})
		c.Wakes = append(c.Wakes, wakeBack(s, v, due))
	}
	return c
}

func (s *Step) asksBack() bool {
	return (s.Remind > 0 || !s.BackDue.IsZero()) && s.State == Succeeded && s.UndoneBy == "" && s.KeptBy == ""
}

// WakeRemind asks about an act in force.
const WakeRemind = "remind"

func wakeBack(s *Step, v View, due time.Time) Wake {
	return Wake{Kind: WakeRemind, Row: WakeRow(v.Incident.Number, s.ID), Due: due, Priority: PriorityNudge}
}

// KeepAct says that an act should stay as it is.
func KeepAct(by Person, id string) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		switch {
		case s == nil:
			return Change{}, fault.New(fault.NotFound, "E23", "There is no such step.", "")
		case s.KeptBy != "" || s.UndoneBy != "":
			return Change{}, fault.New(fault.Already, "E22", "That was answered.", "")
		}
		e := say(by, fmt.Sprintf("%s keeps it: %s.", by.Name, s.Plan.Title), &PutBack{Step: id, Keep: true})
		e.Step = id
		return Change{Entries: []Entry{e}}, nil
	}
}

// Glass says how the glass may be broken: `safety.break_glass`.
type Glass struct {
	Allowed bool
	After   time.Duration // without an answer; SEV1: at once
}

// BreakGlass starts a step without its second person: the owner alone, with the
// phrase and a reason, once in an incident, for one target, loud and on record
// (INTERACTION 2.8).
func BreakGlass(by Person, id, typed, reason string, g Glass) Decide {
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
		if err := v.Incident.mayBreak(by, s, v.Now, g); err != nil {
			return Change{}, err
		}
		if err := v.Incident.mayAct(s); err != nil {
			return Change{}, err
		}
		if typed != s.Phrase {
			return s.wrongWord(v, by), nil
		}
		if reason == "" {
			return Change{}, fault.New(fault.Invalid, "E24", "Breaking the glass needs a reason.", "Say in a few words why nobody can approve.")
		}
		c := s.approve(v, by)
		for n := range c.Entries {
			if b, ok := c.Entries[n].Body.(*StepMoved); ok {
				b.Glass, b.Approves = reason, false
				c.Entries[n].Text = fmt.Sprintf("%s BROKE THE GLASS and started: %s. Nobody approved. Reason: %s", by.Name, s.Plan.Title, reason)
			}
		}
		return c, nil
	}
}

func (i *Incident) mayBreak(by Person, s *Step, now time.Time, g Glass) error {
	wait := g.After
	if i.Severity == SEV1 {
		wait = 0
	}
	switch {
	case !g.Allowed:
		return fault.New(fault.Refused, "E1", "Breaking the glass is switched off here.", "Somebody else must approve.")
	case !s.SecondOne || s.State != Waiting:
		return fault.New(fault.Gone, "E4", "No approval is missing here.", "Use its own button.")
	case by.Service || by.Name != i.Owner || !by.Role.AtLeast(Responder):
		return fault.New(fault.Refused, "E1", "Only the owner may break the glass"+ownerIs(i)+".", "Take it first: own")
	case len(s.Children) > 1:
		return fault.Newf(fault.Refused, "E1", "The glass is broken for one target at a time; here are %d.", len(s.Children)).WithHint("Pick one.")
	case now.Sub(s.ProposedAt) < wait:
		return fault.Newf(fault.Refused, "E12", "Give them a moment: the glass can be broken in %s.", (wait - now.Sub(s.ProposedAt)).Round(time.Second)).
			WithHint("They were asked at " + s.ProposedAt.UTC().Format("15:04:05") + ".")
	}
	for n := range i.Steps {
		if i.Steps[n].Glass != "" {
			return fault.New(fault.Refused, "E1", "The glass was broken once in this incident already.", "Somebody else must approve.")
		}
	}
	return s.checked()
}
