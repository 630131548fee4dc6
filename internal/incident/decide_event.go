package incident

import (
	"errors"
	"fmt"
	"time"
)

// TooOld is the age beyond which an event is recorded only (PROMISES rule 5),
// so that a replay of last month's "resolved" silences nothing.
const TooOld = 72 * time.Hour

// ReopenWithin is how long a resolved incident can be reopened by its source.
// Later it opens a new one.
const ReopenWithin = 24 * time.Hour

// skew is how far in the future a source's clock may be. Further ahead, the
// event counts as of now, or it would outrank everything that follows.
const skew = 5 * time.Minute

// ErrUnknownKey says that an event we do not act on names no incident that we
// know: it belongs in quarantine.
var ErrUnknownKey = errors.New("it is about no incident that is open here")

// ErrTooLate says that the source reopened what was resolved too long ago.
var ErrTooLate = errors.New("resolved too long ago to be reopened")

// Receive decides what an event of a source does. It is reduced by the time at
// which things happened, aspect by aspect, never by arrival: duplicates and any
// order of arrival leave the same knowledge of the source, and state never goes
// backwards (P3, P4).
func Receive(ev Event) Decide {
	return func(v View) (Change, error) {
		if ev.At.After(v.Now.Add(skew)) {
			ev.At = v.Now
		}
		r := reception{ev: ev, v: v, inc: v.Incident}
		if v.Incident == nil || !v.Mine {
			return r.unknown()
		}
		return r.known()
	}
}

// reception is one event on its way into a timeline.
type reception struct {
	ev  Event
	v   View
	inc *Incident // before
	out Change
}

func (r *reception) add(actor, text string, b Body) {
	r.out.Entries = append(r.out.Entries, Entry{Actor: actor, Text: text, Body: b,
		Refs: []string{r.ev.Source + ":" + r.ev.Key, "event:" + r.ev.ID}})
}

// line adds a sentence of the source.
func (r *reception) line(text string) { r.add(r.ev.SourceTitle, text, &Line{Type: r.ev.Type}) }

// unknown handles a key that belongs to no incident yet.
func (r *reception) unknown() (Change, error) {
	ev := r.ev
	switch {
	case ev.Kind == EventOther:
		return Change{}, ErrUnknownKey
	case ev.Kind == EventResolved:
		stamp := ev.Stamp()
		if r.v.Dead != nil && r.v.Dead.After(stamp) {
			stamp = *r.v.Dead
		}
		return Change{Tombstone: &Tombstone{Kind: ev.Source, Key: ev.Key, At: stamp}}, nil
	case r.v.Dead != nil && (!ev.Stamp().After(*r.v.Dead) || (ev.Kind != EventTriggered && ev.Kind != EventReopened)):
		return Change{}, nil
	}
	if r.inc == nil {
		r.open()
	} else {
		r.join()
	}
	// What the event says besides: an acknowledgement can be the first we hear.
	if ev.Kind != EventTriggered && ev.Kind != EventReopened && ev.Kind != EventPriority {
		r.aspects(Source{Kind: ev.Source, Key: ev.Key})
	}
	return r.out, nil
}

// source is what the event tells about its key.
func (r *reception) source() Source {
	ev := r.ev
	s := Source{Kind: ev.Source, Key: ev.Key, URL: ev.URL, Title: ev.Title, Urgency: ev.Urgency, Status: "triggered"}
	if ev.Kind == EventTriggered || ev.Kind == EventReopened {
		s.StatusAt = ev.Stamp()
	}
	if ev.Priority != "" || ev.Kind == EventPriority {
		s.SevAt = ev.Stamp()
	}
	if ev.Priority != "" {
		s.Sev = ev.Severity()
	}
	return s
}

func (r *reception) open() {
	ev, s := r.ev, r.source()
	r.add(ev.SourceTitle, fmt.Sprintf("Opened by %s: %s", ev.SourceTitle, clamp(ev.Title, 250)), &Opened{
		Title: clamp(ev.Title, 250), Service: ev.Service.Name, Impact: ev.Impact, Severity: ev.Severity(),
		Source: &s, DoNot: ev.DoNot, Policy: ev.Policy})
	if ev.Called != "" {
		r.add("", ev.Called+" is on call.", &OnCall{Who: ev.Called})
	}
	if ev.Link.URL != "" && ev.Kind != EventLink {
		r.add("", ev.Link.Name+" is open.", &Linked{Link: ev.Link})
	}
	if why := ev.declares(); why != "" {
		r.add("", "Declared: "+why+".", &Declared{Why: why})
	}
}

// declares says why the event makes an alert an incident, "" when it does not.
func (e Event) declares() string {
	switch e.Declare {
	case "always":
		return "every alert of this service is an incident"
	case "press":
		return ""
	case "priority":
		if e.Priority == "P1" || e.Priority == "P2" {
			return "priority " + e.Priority
		}
		return ""
	}
	if e.Urgency == "low" {
		return ""
	}
	return "urgency high"
}

// join puts a new key on the open incident of its service.
func (r *reception) join() {
	ev, i := r.ev, r.inc
	urgent := ev.Severity().Worse(i.Severity) || !sameTitle(i, ev.Title) || r.v.Now.Sub(i.lastAlertAt()) > 15*time.Minute
	r.add(ev.SourceTitle, fmt.Sprintf("One more alert: %s", clamp(ev.Title, 250)),
		&Alert{Source: r.source(), Joined: true, Urgent: urgent && i.Declared()})
	if !i.SevByHand && ev.Severity().Worse(i.Severity) {
		r.add(ev.SourceTitle, "Severity "+string(ev.Severity())+".", &SeverityChanged{To: ev.Severity()})
	}
	if why := ev.declares(); why != "" && !i.Declared() {
		r.add("", "Declared: "+why+".", &Declared{Why: why})
	}
}

func sameTitle(i *Incident, title string) bool {
	for _, s := range i.Sources {
		if s.Title == title {
			return true
		}
	}
	return i.Title == clamp(title, 250)
}

// lastAlertAt is when the newest alert came in, by what the sources say.
func (i *Incident) lastAlertAt() time.Time {
	at := i.OpenedAt
	for _, s := range i.Sources {
		if s.StatusAt.At.After(at) {
			at = s.StatusAt.At
		}
	}
	return at
}

// known handles a key that belongs to the incident.
func (r *reception) known() (Change, error) {
	s := *r.inc.Source(r.ev.Source, r.ev.Key)
	switch r.ev.Kind {
	case EventTriggered:
		r.triggered(s)
	case EventResolved:
		r.resolved(s)
	case EventReopened:
		if err := r.reopened(s); err != nil {
			return Change{}, err
		}
	default:
		r.aspects(s)
	}
	if why := r.ev.declares(); why != "" && r.ev.Urgency+r.ev.Priority != "" && r.inc.Open() && !r.inc.Declared() && r.ev.Kind != EventResolved {
		r.add("", "Declared: "+why+".", &Declared{Why: why})
	}
	return r.out, nil
}

func (r *reception) status(s Source, status string) Source {
	s.Status, s.StatusAt = status, r.ev.Stamp()
	if s.Title == "" {
		s.Title = r.ev.Title
	}
	return s
}

// triggered for a key we have: an event that overtook it opened the incident.
// What that one could not know is filled in; what is newer stays.
func (r *reception) triggered(s Source) {
	src := r.source()
	if !r.ev.Stamp().After(s.StatusAt) && s.Urgency != "" {
		src.Urgency = s.Urgency
	}
	text := fmt.Sprintf("Triggered in %s: %s", r.ev.SourceTitle, clamp(r.ev.Title, 250))
	r.add(r.ev.SourceTitle, text, &Alert{Source: src})
	if r.ev.Priority != "" && src.SevAt.After(s.SevAt) || s.SevAt == (Stamp{}) && s.Urgency == "" && r.ev.Urgency != "" {
		r.severity(r.ev.Severity())
	}
}

// severity follows the source unless a person chose one. Of several keys the
// worst counts.
func (r *reception) severity(to Severity) {
	i := r.inc
	to = i.worst(to, r.ev.Source, r.ev.Key)
	if i.SevByHand || i.Severity == to || len(i.Sources) > 1 && r.ev.Kind == EventTriggered && !to.Worse(i.Severity) {
		return
	}
	r.add(r.ev.SourceTitle, fmt.Sprintf("%s is now %s.", i.ID(), to), &SeverityChanged{To: to})
}

// worst is a severity, or that of a worse key beside the one of kind and key that is
// not over.
func (i *Incident) worst(to Severity, kind, key string) Severity {
	for _, s := range i.Sources {
		sev := s.Sev
		if sev == "" && s.Urgency != "" {
			sev = Event{Urgency: s.Urgency}.Severity()
		}
		if own := s.Kind == kind && s.Key == key; !own && s.Status != "resolved" && sev != "" && sev.Worse(to) {
			to = sev
		}
	}
	return to
}

func (r *reception) resolved(s Source) {
	ev := r.ev
	if ev.IntoNumber == r.inc.Number && ev.Stamp() == s.StatusAt {
		return // the merge itself just added the key, and said so
	}
	if !ev.Stamp().After(s.StatusAt) {
		r.line("Late news: resolved in " + ev.SourceTitle + " at " + clock(ev.At) + ".")
		return
	}
	text := "Resolved in " + ev.SourceTitle + "."
	if ev.Agent.Name != "" {
		text = fmt.Sprintf("Resolved in %s by %s.", ev.SourceTitle, ev.Agent.Name)
	}
	if ev.Into != "" {
		text = "Merged into " + ev.Into + " in " + ev.SourceTitle + "."
	}
	r.add(ev.SourceTitle, text, &Alert{Source: r.status(s, "resolved")})
	switch {
	case !r.inc.Open() || len(r.inc.others(ev.Source, ev.Key)) > 0 || ev.IntoNumber == r.inc.Number:
	case ev.IntoNumber > 0:
		into := FormatID(ev.IntoNumber)
		r.add("", "Goes on in "+into+".", &ResolvedBody{Into: ev.IntoNumber, Summary: "merged into " + into})
	case !r.inc.Touched:
		healed := "healed by itself"
		if ev.Agent.Name != "" || r.inc.AckedBy != "" {
			healed = "resolved in " + ev.SourceTitle
		}
		r.add("", "Closed with its source: "+healed+".", &ResolvedBody{Healed: true, Summary: healed})
	default:
		r.add("", "Looks recovered; somebody decides.", &Recovered{})
	}
}

func (r *reception) reopened(s Source) error {
	if r.ev.Stamp() == s.StatusAt {
		return nil // told again, as sources do that repeat what is still true
	}
	if !r.ev.Stamp().After(s.StatusAt) {
		r.line("Late news: reopened in " + r.ev.SourceTitle + " at " + clock(r.ev.At) + ".")
		return nil
	}
	if !r.inc.Open() && r.v.Now.Sub(r.inc.ResolvedAt) > ReopenWithin {
		return ErrTooLate
	}
	r.add(r.ev.SourceTitle, "Reopened in "+r.ev.SourceTitle+".", &Alert{Source: r.status(s, "triggered")})
	switch {
	case !r.inc.Open():
		r.add("", "Open again.", &Reopened{})
	case r.inc.State == Monitoring && !r.inc.AskedAt.IsZero():
		r.add("", "It is not over: investigating again.", &StateChanged{To: Investigating})
	}
	return nil
}

// JoinMerged adds a key that was merged into this incident at the source.
func JoinMerged(ev Event, keyKnown bool) Decide {
	return func(v View) (Change, error) {
		r := reception{ev: ev, v: v, inc: v.Incident}
		text := fmt.Sprintf("%s was merged into this one in %s.", quoteTitle(ev), ev.SourceTitle)
		if keyKnown || v.Incident.Source(ev.Source, ev.Key) != nil {
			r.line(text)
			return r.out, nil
		}
		s := r.source()
		s.Status, s.StatusAt = "resolved", ev.Stamp()
		r.add(ev.SourceTitle, text, &Alert{Source: s, Joined: true})
		return r.out, nil
	}
}

func quoteTitle(ev Event) string {
	if ev.Title == "" {
		return ev.Key
	}
	return "“" + clamp(ev.Title, 80) + "”"
}

func clock(t time.Time) string { return t.UTC().Format("15:04 UTC") }

// clamp cuts a text to at most n runes, with an ellipsis.
func clamp(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
