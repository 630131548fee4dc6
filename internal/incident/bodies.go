package incident

import (
	"slices"
	"time"
)

// Opened is the first entry of every incident.
type Opened struct {
	Title    string   `json:"title"`
	Service  string   `json:"service,omitempty"`
	Impact   string   `json:"impact,omitempty"`
	Severity Severity `json:"severity"`
	ByHand   bool     `json:"by_hand,omitempty"` // severity was chosen by a person
	Source   *Source  `json:"source,omitempty"`
	DoNot    []string `json:"do_not,omitempty"`
	Policy   Policy   `json:"policy"`
}

// Kind names the entry.
func (*Opened) Kind() string { return "opened" }

func (b *Opened) fold(i *Incident, e Entry) {
	i.Title, i.Service, i.Impact, i.Severity = b.Title, b.Service, b.Impact, b.Severity
	i.SevByHand = b.ByHand
	i.State = Investigating
	i.OpenedAt, i.OpenedBy = e.At, e.Actor
	i.DoNot, i.Policy = b.DoNot, b.Policy
	if b.Source != nil {
		i.Sources = append(i.Sources, *b.Source)
	}
}

// Declared makes an alert an incident: its clock starts.
type Declared struct {
	Why string `json:"why"` // opened by hand, urgency high, owned, acted, second service
}

// Kind names the entry.
func (*Declared) Kind() string { return "declared" }

func (*Declared) fold(i *Incident, e Entry) {
	if i.Declared() {
		return
	}
	i.DeclaredAt = e.At
	i.anchor(e, e.At.Add(i.Policy.First[i.Severity]), i.Policy.Every, "")
}

// Alert is something a source said about one of its keys: what it now knows of
// that key. Older news than what is known changes nothing but the record.
type Alert struct {
	Source Source `json:"source"`
	Joined bool   `json:"joined,omitempty"` // a new key on this incident
	Urgent bool   `json:"urgent,omitempty"` // worth a mention of the owner
}

// Kind names the entry.
func (*Alert) Kind() string { return "alert" }

func (b *Alert) fold(i *Incident, _ Entry) {
	known := i.Source(b.Source.Kind, b.Source.Key)
	if known == nil {
		i.Sources = append(i.Sources, b.Source)
		return
	}
	if b.Source.StatusAt.After(known.StatusAt) {
		known.Status, known.StatusAt = b.Source.Status, b.Source.StatusAt
	}
	if b.Source.SevAt.After(known.SevAt) {
		known.SevAt, known.Sev = b.Source.SevAt, b.Source.Sev
	}
	if b.Source.OwnerAt.After(known.OwnerAt) {
		known.OwnerAt = b.Source.OwnerAt
	}
	if b.Source.Urgency != "" {
		known.Urgency = b.Source.Urgency
	}
	if b.Source.ServAt.After(known.ServAt) {
		known.ServAt = b.Source.ServAt
	}
	if b.Source.CallAt.After(known.CallAt) {
		known.CallAt = b.Source.CallAt
	}
	if known.URL == "" {
		known.URL = b.Source.URL
	}
	if known.Title == "" {
		known.Title = b.Source.Title
	}
}

// Owned hands the incident to one person; "" releases it.
type Owned struct {
	Owner string `json:"owner"`
	Zone  string `json:"zone,omitempty"`
	Hand  bool   `json:"hand,omitempty"` // by a person in Mayday, not by the source
}

// Kind names the entry.
func (*Owned) Kind() string { return "owned" }

func (b *Owned) fold(i *Incident, e Entry) {
	i.Owner, i.OwnedThere = b.Owner, !b.Hand && b.Owner != ""
	i.Clock.Zone = b.Zone
	if b.Owner != "" {
		i.Touched = true
		i.AckedBy = ""
		i.Clock.OwnerLife, i.Clock.AnyLife = e.At, e.At
		i.answerUnowned("taken by " + b.Owner)
	}
}

// answerUnowned ends a call for an owner that stands, not one for a status.
func (i *Incident) answerUnowned(how string) {
	if n := len(i.Nudges); i.Clock.Alive && n > 0 && i.Nudges[n-1].Key.Slot < 0 {
		i.endNudge(how)
	}
}

// Acknowledged says that somebody without a link took it at the source; "" takes
// that back.
type Acknowledged struct {
	By string `json:"by"`
}

// Kind names the entry.
func (*Acknowledged) Kind() string { return "acknowledged" }

func (b *Acknowledged) fold(i *Incident, e Entry) {
	i.AckedBy = b.By
	if b.By != "" {
		i.Clock.AnyLife = e.At
		i.answerUnowned("acknowledged by " + b.By)
	}
}

// OnCall says whom the source would call now.
type OnCall struct {
	Who string `json:"who"`
}

// Kind names the entry.
func (*OnCall) Kind() string { return "on_call" }

func (b *OnCall) fold(i *Incident, _ Entry) { i.OnCall = b.Who }

// SeverityChanged moves the severity. While nothing was posted yet the first
// word is due sooner or later with it.
type SeverityChanged struct {
	To   Severity `json:"to"`
	Hand bool     `json:"hand,omitempty"`
}

// Kind names the entry.
func (*SeverityChanged) Kind() string { return "severity" }

func (b *SeverityChanged) fold(i *Incident, e Entry) {
	i.Severity = b.To
	i.SevByHand = i.SevByHand || b.Hand
	if i.Declared() && len(i.Updates) == 0 && !i.Clock.Snoozed {
		// A word that would have been due before anybody knew is due now: nobody
		// is called a second time without a first.
		i.Clock.Due = later(i.Clock.AnchorAt.Add(i.Policy.First[b.To]), earlier(e.At, i.Clock.Due))
	}
}

// ServiceMoved puts the incident on another service.
type ServiceMoved struct {
	Service string   `json:"service"`
	Impact  string   `json:"impact,omitempty"`
	DoNot   []string `json:"do_not,omitempty"`
}

// Kind names the entry.
func (*ServiceMoved) Kind() string { return "service" }

func (b *ServiceMoved) fold(i *Incident, _ Entry) {
	i.Service, i.Impact, i.DoNot = b.Service, b.Impact, b.DoNot
}

// Noted is a fact that somebody put on the timeline.
type Noted struct{}

// Kind names the entry.
func (*Noted) Kind() string { return "note" }

func (*Noted) fold(i *Incident, e Entry) { i.touch(e) }

// Line is news that changes no state.
type Line struct {
	Type string `json:"type,omitempty"` // the source's name for it
}

// Kind names the entry.
func (*Line) Kind() string { return "line" }

func (*Line) fold(*Incident, Entry) {}

// Linked adds a link to the card, or replaces the one of that name.
type Linked struct {
	Link Link `json:"link"`
}

// Kind names the entry.
func (*Linked) Kind() string { return "link" }

func (b *Linked) fold(i *Incident, _ Entry) {
	for n := range i.Links {
		if i.Links[n].Name == b.Link.Name {
			i.Links[n] = b.Link
			return
		}
	}
	i.Links = append(i.Links, b.Link)
}

// Life is a press that changes nothing else: somebody is there.
type Life struct{}

// Kind names the entry.
func (*Life) Kind() string { return "life" }

func (*Life) fold(i *Incident, e Entry) { i.alive(e) }

// StateChanged moves the state without a word to readers.
type StateChanged struct {
	To State `json:"to"`
}

// Kind names the entry.
func (*StateChanged) Kind() string { return "state" }

func (b *StateChanged) fold(i *Incident, e Entry) {
	i.State = b.To
	i.alive(e)
}

// Recovered says that the source is well again while people are at work: the
// incident goes to monitoring and asks (INTERACTION 2.12).
type Recovered struct{}

// Kind names the entry.
func (*Recovered) Kind() string { return "recovered" }

func (*Recovered) fold(i *Incident, e Entry) {
	i.State = Monitoring
	i.AskedAt, i.AskedSeq = e.At, e.Seq
}

// ResolvedBody ends an incident.
type ResolvedBody struct {
	Healed  bool   `json:"healed,omitempty"` // nobody touched it
	Into    int64  `json:"into,omitempty"`   // merged into another
	Summary string `json:"summary,omitempty"`
	False   bool   `json:"false,omitempty"` // "not an incident"
}

// Kind names the entry.
func (*ResolvedBody) Kind() string { return "resolved" }

func (b *ResolvedBody) fold(i *Incident, e Entry) {
	i.State, i.ResolvedAt = Resolved, e.At
	i.Healed, i.MergedInto, i.Summary = b.Healed, b.Into, b.Summary
	how := "resolved"
	if e.Actor != "" {
		how = "resolved by " + e.Actor
	}
	i.endNudge(how)
	for n := range i.Runs {
		if !i.Runs[n].State.Over() && i.Runs[n].Step == "" {
			i.Runs[n].State, i.Runs[n].Reason, i.Runs[n].EndedAt = RunStopped, "the incident was resolved", e.At
		}
	}
}

// Reopened opens a resolved incident again; its clock starts anew.
type Reopened struct{}

// Kind names the entry.
func (*Reopened) Kind() string { return "reopened" }

func (*Reopened) fold(i *Incident, e Entry) {
	i.State, i.ResolvedAt, i.AskedAt = Investigating, time.Time{}, time.Time{}
	i.Healed, i.MergedInto, i.Summary = false, 0, ""
	if !i.Declared() {
		return
	}
	every := i.Policy.Every
	due := e.At.Add(i.Policy.First[i.Severity])
	if len(i.Updates) > 0 {
		due = e.At.Add(every)
	}
	i.Clock.Snoozes = 0
	i.anchor(e, due, every, "reopened")
}

// touch remembers that a person works on it.
func (i *Incident) touch(e Entry) {
	i.Touched = true
	i.alive(e)
}

// alive remembers a sign of life.
func (i *Incident) alive(e Entry) {
	i.Clock.AnyLife = e.At
	if e.Actor != "" && e.Actor == i.Owner {
		i.Clock.OwnerLife = e.At
	}
}

// others answers the sources that are not resolved, apart from one.
func (i *Incident) others(kind, key string) []Source {
	return slices.DeleteFunc(slices.Clone(i.Sources), func(s Source) bool {
		return s.Status == "resolved" || (s.Kind == kind && s.Key == key)
	})
}
