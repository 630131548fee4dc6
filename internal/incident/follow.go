package incident

import (
	"strings"
	"time"
)

// Message kinds, as programs see them.
const (
	KindCard      = "card"
	KindOpener    = "opener"
	KindDeclared  = "declared"
	KindAlert     = "alert"
	KindLine      = "line"
	KindNote      = "note"
	KindUpdate    = "update"
	KindHolding   = "holding"
	KindNudge     = "nudge"
	KindRun       = "run"
	KindAsk       = "step" // a question of a run, a look, a preview: all are steps
	KindApproval  = "approval"
	KindRecovered = "recovered"
	KindResolved  = "resolved"
	KindRemind    = "remind"
	KindFinished  = "finished"
	KindAudit     = "audit" // what a playbook offers when the incident is over
	KindPicture   = "picture"
)

// Calls to an alert source, kinds of outbox rows in the room "source".
const (
	CallAcknowledge = "acknowledge"
	CallResolve     = "resolve"
	CallPage        = "page"
	CallNote        = "note" // where the war room is, once it is declared
)

// Follow answers what every change implies, whatever caused it: each entry that
// somebody must know becomes a message; the card is edited when what it shows
// has changed; a nudge that was answered is edited to say so; the next nudge is
// due when the clock says. The store calls it in the transaction of the change.
func Follow(before, after *Incident, entries []Entry, now time.Time) ([]Out, []Wake) {
	f := follower{id: after.ID(), after: after}
	wakes := []Wake{nudgeWake(after, now)}
	if before == nil || before.Seq == 0 {
		f.post(KindCard, "card", "", PriorityOpen)
		f.post(KindOpener, "opener", "", PriorityOpen)
		before = &Incident{Number: after.Number}
		wakes = append(wakes, suspectsWake(after, now))
	} else if cardFace(before) != cardFace(after) {
		f.edit(KindCard, "card", "", false)
	}
	for _, e := range entries {
		f.entry(before, e)
	}
	f.nudges(before)
	f.asked(before)
	if after.Suspicion != nil && after.runsOver() > before.runsOver() {
		wakes = append(wakes, suspectsWake(after, now.Add(settledFigures)))
	}
	if len(before.Updates) != len(after.Updates) && len(after.Updates) > 1 {
		f.edit(KindUpdate, "update:"+itoa(after.Updates[0].Seq), itoa(after.Updates[0].Seq), false)
	}
	return f.outs, wakes
}

// follower collects the messages of one change.
type follower struct {
	id    string
	after *Incident
	outs  []Out
}

func (f *follower) place(kind string) Place {
	switch kind {
	case KindCard:
		return Place{Room: RoomOperations}
	case KindUpdate, KindHolding:
		return Place{Room: RoomStatus, Thread: f.id}
	}
	return Place{Room: RoomOperations, Thread: f.id}
}

func (f *follower) post(kind, key, about string, priority int) {
	f.outs = append(f.outs, Out{Key: f.id + ":" + key, Place: f.place(kind), Kind: kind, About: about, Priority: priority})
}

func (f *follower) edit(kind, key, about string, gone bool) {
	f.outs = append(f.outs, Out{Key: f.id + ":" + key, Place: f.place(kind), Kind: kind, About: about, Priority: PriorityEdit, Edit: true, Delete: gone})
}

// call asks the alert sources for something, once for each of their keys.
func (f *follower) call(kind string, seq int64) {
	if !f.after.Policy.Pager {
		return
	}
	for _, s := range f.after.Sources {
		if s.Status == "resolved" {
			continue
		}
		f.outs = append(f.outs, Out{Key: f.id + ":" + kind + ":" + s.Key + ":" + itoa(seq), Platform: s.Kind,
			Place: Place{Room: RoomSource, Thread: f.id}, Kind: kind, About: s.Key + ":" + itoa(seq), Priority: PriorityAct})
	}
}

// entry posts what one entry says, if somebody must know.
func (f *follower) entry(before *Incident, e Entry) {
	seq := itoa(e.Seq)
	switch b := e.Body.(type) {
	case *Declared:
		if before.Seq > 0 {
			f.post(KindDeclared, "declared:"+seq, seq, PriorityOpen)
		}
		f.call(CallNote, e.Seq)
	case *Alert:
		if b.Joined && b.Urgent {
			f.post(KindAlert, "alert:"+seq, seq, PriorityOpen)
		}
	case *Owned:
		f.post(KindLine, "line:"+seq, seq, PriorityOpen)
		if b.Hand && b.Owner != "" {
			f.call(CallAcknowledge, e.Seq)
		}
	case *Acknowledged, *OnCall, *SeverityChanged, *ServiceMoved, *Line, *Linked, *Reopened, *StateChanged, *Cadence:
		if before.Seq > 0 && !e.Quiet {
			f.post(KindLine, "line:"+seq, seq, PriorityEdit)
		}
	case *Noted:
		f.post(KindNote, "note:"+seq, seq, PriorityEdit)
	case *Updated:
		f.post(KindUpdate, "update:"+seq, seq, PriorityOpen)
	case *Nudged:
		f.nudged(b.Nudge, e)
	case *SuspectsSeen:
		f.edit(KindOpener, "opener", "", false)
		if before.Suspicion == nil && f.after.Severity == SEV1 && len(b.Found.Figures) > 0 {
			f.post(KindPicture, "picture:"+seq, b.Found.Figures[0].Name, PriorityEdit)
		}
	case *PictureAsked:
		f.post(KindPicture, "picture:"+seq, b.Chart, PriorityEdit)
	case *Recovered:
		f.post(KindRecovered, "recovered:"+seq, seq, PriorityNudge)
	case *ResolvedBody:
		f.resolved(b, e)
	default:
		f.act(e)
	}
}

func (f *follower) nudged(n Nudge, e Entry) {
	if n.Facts {
		return
	}
	key := strings.TrimPrefix(n.Key.MessageKey(f.id), f.id+":")
	f.post(KindNudge, key, f.id+":"+key, PriorityNudge)
	if len(n.Who) == 1 && n.Who[0] == f.after.Owner {
		f.outs[len(f.outs)-1].Where = f.after.OwnerVia // one person is asked, where they are
	}
	if n.Words == "page" {
		f.call(CallPage, e.Seq)
	}
	if f.after.Policy.Holding && n.Key.Slot == 0 && n.Key.Call == 3 {
		f.post(KindHolding, "holding:"+itoa(e.Seq), itoa(e.Seq), PriorityNudge)
	}
}

// resolved says the end in the thread, unless it healed untouched: then the
// edit of the card is all.
func (f *follower) resolved(b *ResolvedBody, e Entry) {
	if !b.Healed {
		f.post(KindResolved, "resolved:"+itoa(e.Seq), itoa(e.Seq), PriorityOpen)
	}
	if e.Actor != "" {
		f.call(CallResolve, e.Seq)
	}
	if !b.False && f.after.MergedInto == 0 {
		for _, r := range f.after.Audits() {
			f.audit(r.ID, true)
		}
	}
}

// longAct is how long an act may take before its end is said on a line of its
// own: edits ring no phone, and whoever asked has put it away (INTERACTION 2.9).
const longAct = 20 * time.Second

// nudges edits what became of the calls that were made before.
func (f *follower) nudges(before *Incident) {
	for n := range before.Nudges {
		was, is := before.Nudges[n], f.after.Nudges[n]
		if was.Ended == is.Ended && was.Facts == is.Facts {
			continue
		}
		key := strings.TrimPrefix(is.Key.MessageKey(f.id), f.id+":")
		f.edit(KindNudge, key, f.id+":"+key, is.Ended == Replaced)
	}
}

// asked edits the question whether it is over once it was answered, or asked
// anew.
func (f *follower) asked(before *Incident) {
	if before.AskedSeq == 0 {
		return
	}
	if left := before.State == Monitoring && f.after.State != Monitoring; left || before.AskedSeq != f.after.AskedSeq {
		f.edit(KindRecovered, "recovered:"+itoa(before.AskedSeq), itoa(before.AskedSeq), false)
	}
}

// nudgeWake sets, moves or cancels the one wake-up of an incident's clock.
func nudgeWake(i *Incident, now time.Time) Wake {
	due, ok := i.NextCall(now)
	return Wake{Kind: WakeNudge, Row: i.ID(), Due: due, Priority: PriorityNudge, Cancel: !ok}
}

// face is what the card shows, apart from numbers that tick.
type face struct {
	title, service, impact, owner, oncall, acked, links string
	force, figures                                      string
	sev                                                 Severity
	state                                               State
	declared, paused, snoozed, healed, called           bool
	due                                                 int64
	alerts, updates                                     int
	merged                                              int64
}

func cardFace(i *Incident) face {
	f := face{title: i.Title, service: i.Service, impact: i.ImpactNow(), owner: i.Owner, oncall: i.OnCall, acked: i.AckedBy,
		sev: i.Severity, state: i.State, declared: i.Declared(), paused: i.Clock.Paused, snoozed: i.Clock.Snoozed,
		healed: i.Healed, called: i.Clock.Alive, due: i.Clock.Due.UnixMicro(), alerts: len(i.Sources), updates: len(i.Updates), merged: i.MergedInto}
	for _, l := range i.Links {
		f.links += l.Name + l.URL
	}
	if i.Suspicion != nil {
		for _, g := range i.Suspicion.Figures {
			f.figures += g.Name + g.Spark + g.Now
		}
	}
	for _, s := range i.InForce() {
		f.force += s.ID
	}
	return f
}
