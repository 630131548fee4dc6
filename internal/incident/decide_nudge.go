package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// awayFor is how long Mayday must have been away before a reminder says so.
const awayFor = 5 * time.Second

// Remind makes the call that is due, if one still is: the check that the
// incident is open and the record of the call are one transaction (P11).
func Remind(v View) (Change, error) {
	i := v.Incident
	due, ok := i.dueCall(v.Now)
	if !ok || i.heldTill(v.Now).After(v.Now) {
		return Change{Wakes: []Wake{nudgeWake(i, v.Now)}}, nil
	}
	n := Nudge{Key: due.key, Due: due.due, Words: "due"}
	switch {
	case due.key.Slot < 0:
		n.Words, n.Who = "unowned", i.onCallOr("responder")
	case due.key.Call == 2:
		n.Words, n.Who = "second", append(slices.DeleteFunc(i.ownerOr("responder"), isBackup), "@responder")
	case due.key.Call == 3:
		n.Words, n.Who = i.escalation(v.Now)
	default:
		n.Who = i.ownerOr("responder")
	}
	if due.key.Call > 1 && due.key.Slot == 0 && i.ownerActive(v.Now) {
		n.Facts, n.Who = true, nil
		if !i.Clock.Alive { // nothing stands that could offer the facts: ask once, plainly
			n.Facts, n.Words, n.Who = false, "due", i.ownerOr("responder")
		}
	}
	if due.key.Call == 1 && due.key.Slot >= 0 && !i.Clock.StepEnded.IsZero() && v.Now.Sub(i.Clock.StepEnded) < i.Policy.Fresh {
		n.Words = "fresh"
	}
	n.Long = due.key.Slot >= 0 && i.offersLong(v.Now)
	if a := v.Away; a.To.Sub(a.From) > awayFor && !i.firstMissed(a.To).After(a.To) && i.Clock.LastDue.Before(a.To) {
		n.AwayFrom, n.AwayTo = a.From, a.To
	}
	who := "nobody in particular"
	if len(n.Who) > 0 {
		who = strings.Join(n.Who, ", ")
	}
	e := Entry{Text: fmt.Sprintf("Reminded %s: %s.", who, wordsOf[n.Words]), Body: &Nudged{Nudge: n}}
	if n.Facts {
		e.Text, e.Quiet = "The second call was skipped: the owner is at work.", true
	}
	return Change{Entries: []Entry{e}}, nil
}

var wordsOf = map[string]string{
	"due":      "#status is waiting for a word",
	"second":   "second call for a word in #status",
	"escalate": "no answer for a while, somebody else please",
	"page":     "no sign of life, paged",
	"unowned":  "nobody owns it",
	"fresh":    "a step has just finished, tell the readers",
}

// isBackup names who is called beside the owner.
func isBackup(who string) bool { return who == "@responder" }

// offersLong says whether a reminder offers a longer cadence: once an incident
// has become long, and again when the reminder that asked is posted anew.
func (i *Incident) offersLong(now time.Time) bool {
	if now.Sub(i.DeclaredAt) < i.Policy.Long || i.Policy.Every >= i.Policy.Slow {
		return false
	}
	n := len(i.Nudges)
	return !i.Clock.AskedLong || i.Clock.Alive && n > 0 && i.Nudges[n-1].Long && i.Nudges[n-1].Key.Slot == 0
}

// firstMissed is the due time of the call that follows the last one made.
func (i *Incident) firstMissed(now time.Time) time.Time {
	first := now.Add(time.Hour)
	for _, c := range i.calls(now) {
		if c.due.After(i.Clock.LastDue) && c.due.Before(first) {
			first = c.due
		}
	}
	return first
}

// escalation says who is asked at the third call: SEV1 the commanders, paged
// through the source after 20 minutes without any sign of life; SEV2 the backup
// (INTERACTION 2.6).
func (i *Incident) escalation(now time.Time) (string, []string) {
	if i.Severity == SEV1 {
		if i.Policy.Pager && now.Sub(later(i.DeclaredAt, i.Clock.AnyLife)) >= i.Policy.Page {
			return "page", []string{"@commander"}
		}
		return "escalate", []string{"@commander"}
	}
	return "escalate", []string{"@responder"}
}

// ownerActive reports a sign of life of the owner within the last ten minutes
// (not just the one that made them owner before the word became due).
func (i *Incident) ownerActive(now time.Time) bool {
	return i.Owner != "" && !i.Clock.OwnerLife.IsZero() && now.Sub(i.Clock.OwnerLife) < i.Policy.Life
}

func (i *Incident) ownerOr(role string) []string {
	if i.Owner != "" {
		return []string{i.Owner}
	}
	return i.onCallOr(role)
}

func (i *Incident) onCallOr(role string) []string {
	if i.OnCall != "" {
		return []string{i.OnCall}
	}
	return []string{"@" + role}
}
