package incident

import (
	"fmt"
	"strings"

	"mayday/internal/fault"
)

// Ending is what a person says when resolving.
type Ending struct {
	Saw   string // what users saw
	Fixed string // what fixed it
	Lost  string // data lost or to repair
	Tell  bool   // tell readers in #status
	False bool   // "not an incident": closed without a word to readers
}

// Resolve ends an incident. The last word to readers is an update of its own.
func Resolve(by Person, e Ending) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		if !i.Open() {
			return Change{}, fault.New(fault.Already, "E22", fmt.Sprintf("%s was resolved at %s.", i.ID(), i.ResolvedAt.UTC().Format("15:04")), "")
		}
		for n := range i.Steps {
			if i.Steps[n].State.Running() {
				return Change{}, fault.New(fault.Conflict, "E16", "A step is on its way: "+i.Steps[n].Plan.Title+".", "Wait for its result, then resolve.")
			}
		}
		if e.False {
			return askTomorrow(v, Change{Entries: append(notOne(i, by), say(by, by.Name+": not an incident.", &ResolvedBody{False: true, Summary: "not an incident"}))}), nil
		}
		w := Words{State: Resolved, Impact: e.Saw, Doing: e.Fixed}
		if w.Impact == "" {
			w.Impact = i.ImpactNow()
		}
		if w.Doing == "" {
			w.Doing = i.fixedBy()
		}
		if err := checkWords(w); err != nil {
			return Change{}, err
		}
		if e.Lost != "" {
			w.Doing += " " + e.Lost
		}
		entries := endRuns(i)
		if e.Tell && i.Declared() {
			entries = append(entries, say(by, "Told #status: resolved. "+w.Doing, &Updated{State: Resolved, Impact: w.Impact, Doing: w.Doing}))
		}
		text := strings.TrimSpace(by.Name + " resolved it. " + w.Doing)
		return askTomorrow(v, Change{Entries: append(entries, say(by, text, &ResolvedBody{Summary: w.Doing}))}), nil
	}
}

// notOne ends what goes on in an incident that was none. Readers who were told of it
// get a last word.
func notOne(i *Incident, by Person) []Entry {
	entries := endRuns(i)
	if len(i.Updates) == 0 {
		return entries
	}
	return append(entries, say(by, "Told #status: it was no incident.", &Updated{State: Resolved, Impact: i.ImpactNow(), Doing: "It was no incident."}))
}

// endRuns stops what is still going and takes back the previews that stand: a
// resolved incident takes no presses.
func endRuns(i *Incident) []Entry {
	var entries []Entry
	for n := range i.Runs {
		r := &i.Runs[n]
		if r.State.Over() {
			continue
		}
		entries = append(entries, cancelOpen(i, r, "the incident was resolved")...)
		entries = append(entries, Entry{Text: r.Playbook + " was stopped with the incident.", Quiet: true,
			Body: &RunMoved{Run: r.ID, State: RunStopped, Reason: "the incident was resolved"}})
	}
	return entries
}

func (i *Incident) fixedBy() string {
	if act := i.FixedBy(); act != "" {
		return act
	}
	return "It works again."
}

// FixedBy is the last act that stands, as a sentence; "" when there is none. An
// undo is none, and neither is what was undone.
func (i *Incident) FixedBy() string {
	for n := len(i.Steps) - 1; n >= 0; n-- {
		if s := i.Steps[n]; s.State == Succeeded && s.Parent == "" && s.UndoneBy == "" && s.UndoOf == "" {
			return s.Plan.Title + "."
		}
	}
	return ""
}

// Reopen opens a resolved incident again.
func Reopen(by Person) Decide {
	return func(v View) (Change, error) {
		if v.Incident.Open() {
			return Change{}, fault.New(fault.Already, "E22", v.Incident.ID()+" is open.", "")
		}
		entries := []Entry{say(by, by.Name+" reopened it.", &Reopened{})}
		return Change{Entries: declare(v.Incident, by, "reopened by hand", entries)}, nil
	}
}

// Watch goes on watching after the source says that all is well; NotFixed goes
// back to work.
func Watch(by Person, fixed bool) Decide {
	return func(v View) (Change, error) {
		if err := over(v.Incident); err != nil {
			return Change{}, err
		}
		if fixed {
			again := Wake{Kind: WakeAsk, Row: v.Incident.ID(), Due: v.Now.Add(v.Incident.Policy.Snooze), Priority: PriorityNudge}
			return Change{Entries: []Entry{say(by, by.Name+" watches it a little longer.", &StateChanged{To: Monitoring})}, Wakes: []Wake{again}}, nil
		}
		return Change{Entries: []Entry{say(by, by.Name+" says it is not fixed.", &StateChanged{To: Investigating})}}, nil
	}
}

// SetSeverity changes it by hand; after that no source changes it again.
func SetSeverity(by Person, to Severity) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		if err := over(i); err != nil {
			return Change{}, err
		}
		if i.Severity == to && i.SevByHand {
			return Change{}, fault.New(fault.Already, "E22", fmt.Sprintf("%s is %s already.", i.ID(), to), "")
		}
		entries := []Entry{say(by, fmt.Sprintf("%s set %s (was %s).", by.Name, to, i.Severity), &SeverityChanged{To: to, Hand: true})}
		return Change{Entries: entries}, nil
	}
}

// WakeAsk asks once more whether it is over.
const WakeAsk = "ask"

// AskAgain asks again after somebody watched a little longer, if every alert is
// still well and nobody went back to work.
func AskAgain(v View) (Change, error) {
	i := v.Incident
	if !i.Open() || i.State != Monitoring || len(i.Sources) == 0 || len(i.others("", "")) > 0 {
		return Change{}, nil
	}
	return Change{Entries: []Entry{{Text: "Still looks recovered; somebody decides.", Body: &Recovered{}}}}, nil
}
