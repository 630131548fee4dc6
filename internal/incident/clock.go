package incident

import (
	"fmt"
	"maps"
	"time"
)

// Policy holds the durations of `updates` as they were when the incident
// opened, already divided by `--speed`. It travels in the opening entry, so
// that the fold needs no configuration.
type Policy struct {
	First      map[Severity]time.Duration `json:"first"`       // to the first word: 5, 10, 30 min (INTERACTION 2.5)
	Every      time.Duration              `json:"every"`       // between words: 30 min
	SecondCall time.Duration              `json:"second_call"` // 5 min after due
	Escalate   time.Duration              `json:"escalate"`    // 10 min after due
	Unowned1   time.Duration              `json:"unowned_1"`   // 2 min after declared, nobody owns it
	Unowned2   time.Duration              `json:"unowned_2"`   // 5 min after declared
	Life       time.Duration              `json:"life"`        // 10 min: an owner this active is not called twice
	Page       time.Duration              `json:"page"`        // 20 min without a sign of life before a page
	Compose    time.Duration              `json:"compose"`     // 3 min: the form is open
	Fresh      time.Duration              `json:"fresh"`       // 2 min: a step has just finished
	Long       time.Duration              `json:"long"`        // 2 h: offer a longer cadence
	Slow       time.Duration              `json:"slow"`        // 60 min: that cadence
	Snooze     time.Duration              `json:"snooze"`      // 10 min: the button
	Holding    bool                       `json:"holding,omitempty"`
	Pager      bool                       `json:"pager,omitempty"` // the source can page people
	// NightFrom and NightTo are the hours in the owner's zone between which
	// SEV3 is not nudged: 23 and 7.
	NightFrom int `json:"night_from"`
	NightTo   int `json:"night_to"`
}

// DefaultPolicy is what INTERACTION 2.5 and 2.6 say.
func DefaultPolicy() Policy {
	return Policy{
		First:      map[Severity]time.Duration{SEV1: 5 * time.Minute, SEV2: 10 * time.Minute, SEV3: 30 * time.Minute},
		Every:      30 * time.Minute,
		SecondCall: 5 * time.Minute,
		Escalate:   10 * time.Minute,
		Unowned1:   2 * time.Minute,
		Unowned2:   5 * time.Minute,
		Life:       10 * time.Minute,
		Page:       20 * time.Minute,
		Compose:    3 * time.Minute,
		Fresh:      2 * time.Minute,
		Long:       2 * time.Hour,
		Slow:       time.Hour,
		Snooze:     10 * time.Minute,
		NightFrom:  23,
		NightTo:    7,
	}
}

// Faster divides every duration by speed, for demos and drills.
func (p Policy) Faster(speed float64) Policy {
	if speed <= 0 || speed == 1 {
		return p
	}
	by := func(d time.Duration) time.Duration { return time.Duration(float64(d) / speed) }
	p.First = maps.Clone(p.First)
	for s, d := range p.First {
		p.First[s] = by(d)
	}
	p.Every, p.SecondCall, p.Escalate = by(p.Every), by(p.SecondCall), by(p.Escalate)
	p.Unowned1, p.Unowned2, p.Life, p.Page = by(p.Unowned1), by(p.Unowned2), by(p.Life), by(p.Page)
	p.Compose, p.Fresh, p.Long, p.Slow, p.Snooze = by(p.Compose), by(p.Fresh), by(p.Long), by(p.Slow), by(p.Snooze)
	return p
}

// NudgeKey names one call for a status update; it is unique for ever (I8).
// Slot is -1 for the calls to own an incident that nobody took.
type NudgeKey struct {
	Anchor int64 `json:"anchor"` // seq of the entry that started the clock
	Slot   int   `json:"slot"`   // k of rule 13
	Call   int   `json:"call"`   // 1, 2, 3
}

// Clock says when the next word in #status is due (PROMISES rule 13).
type Clock struct {
	Anchor    int64         `json:"anchor,omitempty"`
	AnchorAt  time.Time     `json:"anchor_at,omitzero"`
	Due       time.Time     `json:"due,omitzero"` // due(0)
	Every     time.Duration `json:"every,omitempty"`
	Snoozed   bool          `json:"snoozed,omitempty"` // the anchor is a snooze
	SnoozeBy  string        `json:"snooze_by,omitempty"`
	Snoozes   int           `json:"snoozes,omitempty"` // in a row
	Paused    bool          `json:"paused,omitempty"`
	AskedLong bool          `json:"asked_long,omitempty"`

	LastDue time.Time  `json:"last_due,omitzero"` // newest call served; an older one is never made
	Sent    []NudgeKey `json:"sent,omitempty"`    // of this anchor
	Alive   bool       `json:"alive,omitempty"`   // the last nudge stands unanswered

	ComposingTill time.Time `json:"composing_till,omitzero"`
	OwnerLife     time.Time `json:"owner_life,omitzero"` // the owner pressed, ran or wrote
	AnyLife       time.Time `json:"any_life,omitzero"`   // anybody did
	StepEnded     time.Time `json:"step_ended,omitzero"`
	StepText      string    `json:"step_text,omitempty"`
	Zone          string    `json:"zone,omitempty"` // of the owner
}

func (c Clock) clone() Clock {
	c.Sent = append([]NudgeKey(nil), c.Sent...)
	return c
}

// anchor starts the clock anew and remembers how the nudge that stood ended.
func (i *Incident) anchor(e Entry, due time.Time, every time.Duration, ended string) {
	i.endNudge(ended)
	c := &i.Clock
	c.Anchor, c.AnchorAt, c.Due, c.Every = e.Seq, e.At, due, every
	c.Sent, c.LastDue = nil, time.Time{}
	c.Snoozed, c.SnoozeBy = false, ""
	c.ComposingTill = time.Time{}
}

// Nudge is one call that was made, with how it ended.
type Nudge struct {
	Key      NudgeKey  `json:"key"`
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	Due      time.Time `json:"due"`
	Words    string    `json:"words"`              // which text: due, second, escalate, unowned, fresh
	Who      []string  `json:"who,omitempty"`      // mentioned: people's names, "@role"
	Facts    bool      `json:"facts,omitempty"`    // the owner was active: [Post facts] instead of a second call
	Long     bool      `json:"long,omitempty"`     // offers a longer cadence
	AwayFrom time.Time `json:"away_from,omitzero"` // Mayday did not run in between
	AwayTo   time.Time `json:"away_to,omitzero"`
	Ended    string    `json:"ended,omitempty"`
}

// endNudge closes the nudge that stands, if one does.
func (i *Incident) endNudge(how string) {
	if n := len(i.Nudges); i.Clock.Alive && n > 0 {
		i.Nudges[n-1].Ended = how
	}
	i.Clock.Alive = false
}

// MessageKey is the stable key of the message that carries the call.
func (k NudgeKey) MessageKey(incident string) string {
	return fmt.Sprintf("%s:nudge:%d:%d:%d", incident, k.Anchor, k.Slot, k.Call)
}
