package incident

import (
	"fmt"
	"time"
)

// EffectState is how far the effect of an act has come after its target accepted
// it: a rollout goes on for minutes. The step itself has succeeded by then, so a
// crash while watching is no unknown result (PROMISES rule 1).
type EffectState string

// The states of an effect.
const (
	EffectWatching EffectState = "watching"
	EffectSettled  EffectState = "settled"
	EffectWrong    EffectState = "wrong" // it will not become complete by itself, or did not in time
)

// Effect is what became of an act that takes its time.
type Effect struct {
	State EffectState `json:"state"`
	Text  string      `json:"text"`            // what is true now: "4 of 6 pods new, 0 failing"
	Wrong string      `json:"wrong,omitempty"` // why, when it went wrong
	Until time.Time   `json:"until,omitzero"`  // watched until then
	At    time.Time   `json:"at,omitzero"`     // when Text became true
	Since time.Time   `json:"since,omitzero"`  // when the watching began
}

// EffectSeen says how far an effect has come.
type EffectSeen struct {
	Step   string `json:"step"`
	Effect Effect `json:"effect"`
}

// Kind names the entry.
func (*EffectSeen) Kind() string { return "effect" }

func (b *EffectSeen) fold(i *Incident, e Entry) {
	s := i.Step(b.Step)
	if s == nil {
		return
	}
	f := b.Effect
	f.At, f.Since = e.At, e.At
	if s.Effect != nil {
		f.Since = s.Effect.Since
	}
	s.Effect, s.Seq = &f, e.Seq
	if f.State != EffectWatching {
		i.Clock.StepEnded, i.Clock.StepText = e.At, s.Plan.Title
	}
}

// Watching reports whether the step was done and its effect is on its way.
func (s *Step) Watching() bool {
	return s.State == Succeeded && s.Effect != nil && s.Effect.State == EffectWatching
}

// firstLook is how soon after an act its effect is looked at.
const firstLook = time.Second

// watch begins to watch the effect of a step that has just succeeded. The run
// waits for what becomes of it.
func watch(v View, s *Step, c Change) Change {
	c.Entries = append(c.Entries, Entry{Text: "Watching: " + s.Plan.Title + ".", Step: s.ID, Quiet: true,
		Body: &EffectSeen{Step: s.ID, Effect: Effect{State: EffectWatching, Until: v.Now.Add(s.Settle)}}})
	c.Wakes = append(c.Wakes, wakeStep(s, v, v.Now.Add(firstLook)))
	return c
}

// SeeEffect records what is true of an effect. In the end the run goes on, or
// pauses because it went wrong.
func SeeEffect(id string, ev Evidence) Decide {
	return func(v View) (Change, error) {
		s := v.Incident.Step(id)
		if s == nil || !s.Watching() {
			return Change{}, nil
		}
		f := Effect{State: EffectWatching, Text: ev.Text, Wrong: ev.Wrong, Until: s.Effect.Until}
		switch {
		case s.UndoneBy != "": // somebody took it back on the way: that is no failure
			f = Effect{State: EffectSettled, Text: "taken back before it was complete", Until: f.Until}
		case ev.Settled:
			f.State = EffectSettled
		case ev.Wrong != "":
			f.State = EffectWrong
		case !v.Now.Before(f.Until):
			f.State, f.Wrong = EffectWrong, fmt.Sprintf("not complete after %s", plainSpan(s.Settle))
		case ev.Text == s.Effect.Text:
			return Change{}, nil
		}
		e := Entry{Text: f.words(s), Step: id, Quiet: f.State == EffectWatching, Body: &EffectSeen{Step: id, Effect: f}}
		c := Change{Entries: []Entry{e}}
		switch f.State {
		case EffectSettled:
			return endRun(v, s, Succeeded, "", c), nil
		case EffectWrong:
			return endRun(v, s, FailedProven, f.Wrong, c), nil
		}
		return c, nil
	}
}

func (f Effect) words(s *Step) string {
	switch f.State {
	case EffectSettled:
		return s.Plan.Title + " is complete: " + f.Text + "."
	case EffectWrong:
		return fmt.Sprintf("%s went wrong: %s. Now: %s.", s.Plan.Title, f.Wrong, f.Text)
	}
	return s.Plan.Title + ": " + f.Text + "."
}
