package incident

import (
	"slices"
	"strconv"
	"time"
)

// Replaced is how a call ended that the next one took over from.
const Replaced = "replaced by the next call"

// call is one moment at which somebody should be reminded.
type call struct {
	key NudgeKey
	due time.Time
}

// calls lists the calls that the clock makes up to now, newest last. In slot 0
// a missed word is called for three times, in later slots once; nobody owns it:
// twice, counted from the declaration (PROMISES rule 13).
func (i *Incident) calls(now time.Time) []call {
	if !i.Open() || !i.Declared() {
		return nil
	}
	var out []call
	add := func(anchor int64, slot, n int, due time.Time) {
		if !due.After(now) {
			out = append(out, call{NudgeKey{anchor, slot, n}, due})
		}
	}
	for _, c := range i.future() {
		add(c.key.Anchor, c.key.Slot, c.key.Call, c.due)
	}
	if c := i.Clock; !c.Paused && c.Every > 0 && !c.Due.After(now) {
		if k := int(now.Sub(c.Due) / c.Every); k > 0 {
			add(c.Anchor, k, 1, c.Due.Add(time.Duration(k)*c.Every))
		}
	}
	slices.SortStableFunc(out, func(a, b call) int { return a.due.Compare(b.due) })
	return out
}

// future lists the calls of slot 0, of the next slot and of the ladder for an
// owner, whether due or not.
func (i *Incident) future() []call {
	c := i.Clock
	var out []call
	if i.Owner == "" && i.AckedBy == "" && len(i.Updates) == 0 {
		for n, wait := range []time.Duration{i.Policy.Unowned1, i.Policy.Unowned2} {
			// A clock that started anew does not repeat what was due before it.
			if due := i.DeclaredAt.Add(wait); due.After(c.AnchorAt) {
				out = append(out, call{NudgeKey{c.Anchor, -1, n + 1}, due})
			}
		}
	}
	if c.Paused || c.Every <= 0 {
		return out
	}
	out = append(out, call{NudgeKey{c.Anchor, 0, 1}, c.Due}, call{NudgeKey{c.Anchor, 0, 2}, c.Due.Add(i.Policy.SecondCall)})
	if i.Severity != SEV3 { // nobody is escalated to for a SEV3
		out = append(out, call{NudgeKey{c.Anchor, 0, 3}, c.Due.Add(i.Policy.Escalate)})
	}
	return append(out, call{NudgeKey{c.Anchor, 1, 1}, c.Due.Add(c.Every)})
}

// Due answers the one call to make now. After downtime only the newest is made,
// once; one that was made, or is older than one that was, is never made again,
// whatever the clock of the machine says.
func (i *Incident) dueCall(now time.Time) (call, bool) {
	all := i.calls(now)
	if len(all) == 0 {
		return call{}, false
	}
	newest := all[len(all)-1]
	if !newest.due.After(i.Clock.LastDue) || slices.Contains(i.Clock.Sent, newest.key) {
		return call{}, false
	}
	return newest, true
}

// NextCall answers when the clock wants to be looked at next; false when
// nothing will ever be due as things stand.
func (i *Incident) NextCall(now time.Time) (time.Time, bool) {
	if !i.Open() || !i.Declared() {
		return time.Time{}, false
	}
	hold := i.heldTill(now)
	if _, due := i.dueCall(now); due {
		return later(now, hold), true
	}
	var next time.Time
	for _, c := range i.future() {
		if c.due.After(now) && c.due.After(i.Clock.LastDue) && (next.IsZero() || c.due.Before(next)) {
			next = c.due
		}
	}
	// A clock that went back waits for the slot after the newest call made.
	from := later(now, i.Clock.LastDue)
	if c := i.Clock; !c.Paused && c.Every > 0 && !c.Due.After(from) {
		k := from.Sub(c.Due)/c.Every + 1
		if slot := c.Due.Add(k * c.Every); next.IsZero() || slot.Before(next) {
			next = slot
		}
	}
	if next.IsZero() {
		return next, false
	}
	return later(next, i.heldTill(next)), true
}

// heldTill says until when no nudge may be sent: somebody writes the update at
// this moment, or it is night for the owner of a SEV3.
func (i *Incident) heldTill(now time.Time) time.Time {
	hold := i.Clock.ComposingTill
	if i.Severity != SEV3 || i.Policy.NightFrom == i.Policy.NightTo {
		return hold
	}
	zone, err := time.LoadLocation(i.Clock.Zone)
	if err != nil || i.Clock.Zone == "" {
		zone = time.UTC
	}
	at := later(now, hold).In(zone)
	morning := time.Date(at.Year(), at.Month(), at.Day(), i.Policy.NightTo, 0, 0, 0, zone)
	switch {
	case at.Hour() < i.Policy.NightTo:
		return later(hold, morning)
	case at.Hour() >= i.Policy.NightFrom:
		return later(hold, morning.AddDate(0, 0, 1))
	}
	return hold
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
