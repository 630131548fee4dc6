package incident

import (
	"fmt"
	"strings"
	"time"

	"mayday/internal/fault"
)

// MaxWords is how long each field of a status update may be, in characters
// (INTERACTION 2.3).
const MaxWords = 400

// Opening is what a person says when opening an incident by hand.
type Opening struct {
	Title    string
	Service  string
	Severity Severity // "" is SEV2: unsure means the higher of the usual two
	Impact   string
	DoNot    []string
	Policy   Policy
}

// OpenByHand opens an incident; it is declared at once.
func OpenByHand(by Person, o Opening) Decide {
	return func(View) (Change, error) {
		if by.Outside {
			return Change{}, fault.New(fault.Refused, "E1", "Guests and people of other workspaces can't open incidents, or I could not check who you are.",
				"Ask somebody of the team, or try again in a moment.")
		}
		title := strings.Join(strings.Fields(o.Title), " ")
		if title == "" {
			return Change{}, fault.New(fault.Invalid, "E24", "An incident needs a title.", "Try: open checkout is slow")
		}
		hand := o.Severity != ""
		if !hand {
			o.Severity = SEV2
		}
		return Change{Entries: []Entry{
			say(by, fmt.Sprintf("%s opened it: %s", by.Name, clamp(title, 250)), &Opened{Title: clamp(title, 250), Service: o.Service,
				Impact: o.Impact, Severity: o.Severity, ByHand: hand, DoNot: o.DoNot, Policy: o.Policy}),
			say(by, "Declared: opened by hand.", &Declared{Why: "opened by hand"}),
			{Actor: by.Name, Via: by.Via, Text: by.Name + " is here.", Quiet: true, Body: &Life{}},
		}}, nil
	}
}

func say(by Person, text string, b Body) Entry {
	return Entry{Actor: by.Name, Via: by.Via, Text: text, Body: b}
}

// Say puts news of Mayday itself on the timeline.
func Say(text string) Decide {
	return func(View) (Change, error) {
		return Change{Entries: []Entry{{Text: text, Body: &Line{}}}}, nil
	}
}

// declare adds the entry that makes an alert an incident, if it is one still.
func declare(i *Incident, by Person, why string, into []Entry) []Entry {
	if i.Declared() {
		return into
	}
	return append(into, say(by, "Declared: "+why+".", &Declared{Why: why}))
}

// over is E27 for an incident that is resolved.
func over(i *Incident) error {
	if i.Open() {
		return nil
	}
	return fault.New(fault.Conflict, "E27", fmt.Sprintf("%s was resolved at %s.", i.ID(), i.ResolvedAt.UTC().Format("15:04")),
		"Reopen it on its card if it goes on.")
}

// Own makes somebody the owner. to is the new owner; by is who says so.
func Own(by Person, to, zone string) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		if err := over(i); err != nil {
			return Change{}, err
		}
		if i.Owner == to {
			return Change{}, fault.New(fault.Already, "E22", fmt.Sprintf("%s owns %s already.", to, i.ID()), "")
		}
		text := to + " took it."
		switch {
		case i.Owner != "" && to == by.Name:
			text = fmt.Sprintf("%s took over from %s.", to, i.Owner)
		case to != by.Name:
			text = fmt.Sprintf("%s handed it to %s.", by.Name, to)
		}
		entries := []Entry{say(by, text, &Owned{Owner: to, Zone: zone, Hand: true})}
		return Change{Entries: declare(i, by, to+" took it", entries)}, nil
	}
}

// Words are a status update as a person gives it; what is missing is taken from
// what is in force.
type Words struct {
	State  State
	Impact string
	Doing  string
	NextIn time.Duration // 0: the usual; below 0: none
	Same   bool          // "No change"
}

// PostUpdate puts a word into #status. It declares an alert: somebody works.
func PostUpdate(by Person, w Words) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		if err := over(i); err != nil {
			return Change{}, err
		}
		filled := i.Fill(w)
		if filled.State == Resolved {
			return Change{}, fault.New(fault.Conflict, "E24", "Resolving asks a little more than an update.", "Press Resolve, or type: resolve")
		}
		if err := checkWords(filled); err != nil {
			return Change{}, err
		}
		text := "Told #status: " + filled.Impact + " " + filled.Doing
		entries := declare(i, by, "somebody told #status", nil)
		entries = append(entries, say(by, text, &Updated{State: filled.State, Impact: filled.Impact, Doing: filled.Doing,
			NextIn: filled.NextIn, Same: w.Same}))
		return Change{Entries: entries}, nil
	}
}

func checkWords(w Words) error {
	for name, text := range map[string]string{"what users see": w.Impact, "what we are doing": w.Doing} {
		if n := len([]rune(text)); n > MaxWords {
			return fault.Newf(fault.Invalid, "E24", "%s is %d characters; %d fit.", strings.ToUpper(name[:1])+name[1:], n, MaxWords).
				WithHint("Shorten it and post it again.")
		}
	}
	return nil
}

// Fill completes an update from what is in force now, never from an old text
// about doing (INTERACTION 2.5).
func (i *Incident) Fill(w Words) Words {
	if w.State == "" {
		w.State = i.State
	}
	if w.Impact == "" {
		w.Impact = i.ImpactNow()
	}
	if w.Doing == "" {
		w.Doing = i.DoingNow()
	}
	return w
}

// ImpactNow is the last word on what users feel.
func (i *Incident) ImpactNow() string {
	if u := i.LastUpdate(); u != nil {
		return u.Impact
	}
	if i.Impact != "" {
		return i.Impact
	}
	return "We see a problem with " + i.ServiceName() + " and find out who is affected."
}

// DoingNow is what we are doing, made from what is in force.
func (i *Incident) DoingNow() string {
	for n := len(i.Steps) - 1; n >= 0; n-- {
		s := i.Steps[n]
		switch {
		case s.Parent != "":
			continue
		case s.State.Running():
			return "Now: " + lowerFirst(s.Plan.Title) + "."
		case s.State == UnknownOutcome:
			return "We check the result of: " + lowerFirst(s.Plan.Title) + "."
		case s.State == Succeeded && s.UndoneBy == "":
			return "Done: " + lowerFirst(s.Plan.Title) + ". We are watching."
		}
	}
	switch i.State {
	case Identified:
		return "We know the cause and are working on it."
	case Monitoring:
		return "It looks better. We are watching."
	}
	return "We are working on it."
}

// ServiceName is the service, or a word for it.
func (i *Incident) ServiceName() string {
	if i.Service == "" {
		return "a service"
	}
	return i.Service
}

func lowerFirst(s string) string {
	if len(s) < 2 || s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// Compose says that somebody has the form of an update open.
func Compose(by Person) Decide {
	return func(v View) (Change, error) {
		if err := over(v.Incident); err != nil {
			return Change{}, err
		}
		e := say(by, by.Name+" writes an update.", &Composing{})
		e.Quiet = true
		return Change{Entries: []Entry{e}}, nil
	}
}

// Alive says that somebody pressed something.
func Alive(by Person) Decide {
	return func(v View) (Change, error) {
		if v.Incident == nil || !v.Incident.Open() {
			return Change{}, nil
		}
		return Change{Entries: []Entry{{Actor: by.Name, Via: by.Via, Text: by.Name + " is here.", Quiet: true, Body: &Life{}}}}, nil
	}
}

// Note puts a fact on the timeline. It works after the end as well: facts come
// late.
func Note(by Person, text string) Decide {
	return func(View) (Change, error) {
		text = strings.TrimSpace(text)
		if text == "" {
			return Change{}, fault.New(fault.Invalid, "E24", "A note needs words.", "Try: note rollback started by ci")
		}
		if n := len([]rune(text)); n > 3000 {
			return Change{}, fault.Newf(fault.Invalid, "E24", "The note is %d characters; 3000 fit.", n).WithHint("Split it in two.")
		}
		return Change{Entries: []Entry{say(by, text, &Noted{})}}, nil
	}
}

// Snooze holds the next nudge: 10 or 30 minutes, twice in a row at most, SEV1
// 10 only (INTERACTION 2.5). asked is what was asked for, in real minutes; hold
// is what it lasts at the speed of this Mayday.
func Snooze(by Person, asked, hold time.Duration, why string) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		if err := over(i); err != nil {
			return Change{}, err
		}
		switch {
		case !i.Declared():
			return Change{}, fault.New(fault.Conflict, "E24", i.ID()+" is only an alert: no update is due.", "Press I'm on it to make it an incident.")
		case i.Owner != by.Name && !by.Role.AtLeast(Commander):
			return Change{}, fault.New(fault.Refused, "E1", "Only the owner holds the nudge"+ownerIs(i)+".", "Take it first: own")
		case asked != 10*time.Minute && asked != 30*time.Minute:
			return Change{}, fault.New(fault.Invalid, "E24", "Snooze is 10m or 30m.", "Try: snooze 10m")
		case i.Severity == SEV1 && asked != 10*time.Minute:
			return Change{}, fault.New(fault.Invalid, "E24", "A SEV1 can be snoozed for 10m only.", "Try: snooze 10m")
		case i.Clock.Snoozes >= 2:
			return Change{}, fault.New(fault.Conflict, "E24", "It was snoozed twice in a row; readers are waiting.", "Press No change: it takes one tap.")
		}
		text := fmt.Sprintf("%s snoozed the reminder to %s.", by.Name, v.Now.Add(hold).UTC().Format("15:04"))
		if why != "" {
			text += " " + why
		}
		return Change{Entries: []Entry{say(by, text, &Snoozed{For: hold, Why: why})}}, nil
	}
}

func ownerIs(i *Incident) string {
	if i.Owner == "" {
		return "; nobody owns " + i.ID()
	}
	return ", and that is " + i.Owner
}

// Pace changes how often a word is due, pauses the nudges, or restarts the clock
// because somebody posted by hand.
func Pace(by Person, c Cadence) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		if err := over(i); err != nil {
			return Change{}, err
		}
		text := by.Name + " posted by hand."
		switch {
		case c.Pause:
			text = by.Name + " paused the reminders."
		case c.Every > 0:
			text = by.Name + " set an update every " + c.Every.String() + "."
		}
		return Change{Entries: []Entry{say(by, text, &c)}}, nil
	}
}

// Tell puts a sentence of Mayday's own into a thread.
func Tell(by Person, text string) Decide {
	return func(View) (Change, error) {
		return Change{Entries: []Entry{say(by, text, &Line{})}}, nil
	}
}
