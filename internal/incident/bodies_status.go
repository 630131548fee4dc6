package incident

import "time"

// Updated is a word to the readers of #status. It restarts the clock.
type Updated struct {
	State  State         `json:"state"`
	Impact string        `json:"impact"`
	Doing  string        `json:"doing"`
	NextIn time.Duration `json:"next_in,omitempty"` // 0: the policy's; below 0: none
	Same   bool          `json:"same,omitempty"`
}

// Kind names the entry.
func (*Updated) Kind() string { return "update" }

func (b *Updated) fold(i *Incident, e Entry) {
	every := i.Policy.Every
	if b.NextIn > 0 {
		every = b.NextIn
	}
	i.State = b.State
	u := Update{Seq: e.Seq, N: len(i.Updates) + 1, At: e.At, By: e.Actor, State: b.State,
		Impact: b.Impact, Doing: b.Doing, Same: b.Same, Final: b.State == Resolved}
	i.touch(e)
	i.Clock.Snoozes = 0
	i.Clock.Paused = b.NextIn < 0
	i.anchor(e, e.At.Add(every), every, "updated "+e.At.UTC().Format("15:04")+" by "+e.Actor)
	if !i.Clock.Paused && !u.Final {
		u.Next = i.Clock.Due
	}
	i.Updates = append(i.Updates, u)
}

// Composing says that somebody has the form of a status update open: no nudge
// for three minutes.
type Composing struct{}

// Kind names the entry.
func (*Composing) Kind() string { return "composing" }

func (*Composing) fold(i *Incident, e Entry) {
	i.Clock.ComposingTill = e.At.Add(i.Policy.Compose)
	i.alive(e)
}

// Snoozed holds the next nudge. It restarts the clock.
type Snoozed struct {
	For time.Duration `json:"for"`
	Why string        `json:"why,omitempty"`
}

// Kind names the entry.
func (*Snoozed) Kind() string { return "snoozed" }

func (b *Snoozed) fold(i *Incident, e Entry) {
	i.touch(e)
	i.Clock.Snoozes++
	i.anchor(e, e.At.Add(b.For), i.Policy.Every, "snoozed to "+e.At.Add(b.For).UTC().Format("15:04")+" by "+e.Actor)
	i.Clock.Snoozed, i.Clock.SnoozeBy = true, e.Actor
}

// Cadence changes how often a word is due, or pauses the nudges.
type Cadence struct {
	Every time.Duration `json:"every,omitempty"`
	Pause bool          `json:"pause,omitempty"`
	Byh   bool          `json:"by_hand,omitempty"` // "I posted by hand": the clock restarts
}

// Kind names the entry.
func (*Cadence) Kind() string { return "cadence" }

func (b *Cadence) fold(i *Incident, e Entry) {
	i.touch(e)
	i.Clock.Paused = b.Pause
	if b.Every > 0 {
		i.Policy.Every = b.Every
		i.Clock.Every = b.Every
	}
	switch {
	case b.Pause:
		i.endNudge("nudges paused by " + e.Actor)
	case b.Byh:
		i.anchor(e, e.At.Add(i.Policy.Every), i.Policy.Every, "posted by hand, says "+e.Actor)
	}
}

// Nudged is one call for a status update (or for an owner). Its key is unique
// for ever.
type Nudged struct {
	Nudge Nudge `json:"nudge"`
}

// Kind names the entry.
func (*Nudged) Kind() string { return "nudged" }

func (b *Nudged) fold(i *Incident, e Entry) {
	n := b.Nudge
	n.Seq, n.At = e.Seq, e.At
	i.Clock.LastDue = n.Due
	i.Clock.Sent = append(i.Clock.Sent, n.Key)
	if n.Facts && len(i.Nudges) > 0 && i.Clock.Alive {
		// The second call is skipped: the nudge that stands offers the facts.
		i.Nudges[len(i.Nudges)-1].Facts = true
		return
	}
	i.endNudge("replaced by the next call")
	i.Nudges = append(i.Nudges, n)
	i.Clock.AskedLong = i.Clock.AskedLong || n.Long
	i.Clock.Alive = true
}
