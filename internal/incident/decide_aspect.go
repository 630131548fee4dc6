package incident

import "fmt"

// aspects handles what an event says about one side of a key: who took it, who
// is called, how bad it is, where it belongs. Each aspect has its own newest
// stamp, so that news of one never hides news of another.
func (r *reception) aspects(s Source) {
	switch r.ev.Kind {
	case EventAcknowledged:
		r.acknowledged(s)
	case EventUnacknowledged:
		r.unacknowledged(s)
	case EventOnCall:
		r.onCall(s)
	case EventPriority:
		r.priority(s)
	case EventService:
		r.service(s)
	case EventNote:
		r.add(r.ev.SourceTitle, r.said("noted: "), &Line{Type: r.ev.Type})
	case EventUpdate:
		r.add(r.ev.SourceTitle, r.said("published a status update: "), &Line{Type: r.ev.Type})
	case EventLink:
		r.link()
	default:
		r.line(r.ev.Text)
	}
}

// said is "Ana noted: text", or the source's name where nobody is named.
func (r *reception) said(verb string) string {
	who := r.ev.Agent.Name
	if r.ev.Person != "" {
		who = r.ev.Person
	}
	if who == "" {
		who = r.ev.SourceTitle
	}
	return who + " " + verb + clamp(r.ev.Text, 2000)
}

func (r *reception) link() {
	if r.ev.Link.URL == "" {
		r.line(r.ev.Text)
		return
	}
	r.add(r.ev.SourceTitle, r.ev.Link.Name+": "+r.ev.Link.URL, &Linked{Link: r.ev.Link})
}

func (r *reception) acknowledged(s Source) {
	by := r.ev.Person
	if by == "" {
		by = r.ev.Agent.Name
	}
	if by == "" {
		by = "somebody"
	}
	text := fmt.Sprintf("acknowledged in %s by %s", r.ev.SourceTitle, by)
	stamp := r.ev.Stamp()
	fresh := stamp.After(s.OwnerAt) && stamp.After(s.StatusAt) && r.inc.mayBeOwned()
	if stamp.After(s.OwnerAt) {
		s.OwnerAt = stamp
	}
	if stamp.After(s.StatusAt) {
		s.Status, s.StatusAt = "acknowledged", stamp
	}
	r.add(r.ev.SourceTitle, text, &Alert{Source: s})
	switch {
	case !fresh:
	case r.ev.Person != "":
		r.add(r.ev.Person, r.ev.Person+" took it in "+r.ev.SourceTitle+".", &Owned{Owner: r.ev.Person, Zone: r.ev.Zone})
		if r.inc == nil || !r.inc.Declared() {
			r.declareOnce("somebody took it")
		}
	default:
		r.add(r.ev.SourceTitle, text, &Acknowledged{By: by})
	}
}

// mayBeOwned reports whether an acknowledgement at the source may name the
// owner: an owner that somebody chose stays. A new incident has none.
func (i *Incident) mayBeOwned() bool {
	return i == nil || (i.Open() && i.Owner == "")
}

func (r *reception) declareOnce(why string) {
	for _, e := range r.out.Entries {
		if e.Kind() == "declared" {
			return
		}
	}
	r.add("", "Declared: "+why+".", &Declared{Why: why})
}

func (r *reception) unacknowledged(s Source) {
	stamp := r.ev.Stamp()
	fresh := stamp.After(s.OwnerAt)
	if fresh {
		s.OwnerAt = stamp
	}
	if stamp.After(s.StatusAt) {
		s.Status, s.StatusAt = "triggered", stamp
	}
	r.add(r.ev.SourceTitle, "No longer acknowledged in "+r.ev.SourceTitle+".", &Alert{Source: s})
	switch {
	case !fresh || r.inc == nil:
	case r.inc.AckedBy != "":
		r.add("", "Nobody has it now.", &Acknowledged{})
	case r.inc.OwnedThere:
		r.add("", "Nobody owns it now.", &Owned{})
	}
}

func (r *reception) onCall(s Source) {
	stamp := r.ev.Stamp()
	text := r.ev.Text
	if r.ev.Called == "" || !stamp.After(s.CallAt) {
		r.line(text)
		return
	}
	s.CallAt = stamp
	r.add(r.ev.SourceTitle, text, &Alert{Source: s})
	r.add(r.ev.SourceTitle, r.ev.Called+" is on call.", &OnCall{Who: r.ev.Called})
}

func (r *reception) priority(s Source) {
	stamp := r.ev.Stamp()
	to := r.ev.Severity()
	text := "Priority " + r.ev.Priority + " in " + r.ev.SourceTitle + "."
	if r.ev.Priority == "" {
		text = "Priority removed in " + r.ev.SourceTitle + "."
	}
	if !stamp.After(s.SevAt) {
		r.line(text)
		return
	}
	s.SevAt, s.Sev = stamp, ""
	if r.ev.Priority != "" {
		s.Sev = to
	}
	r.add(r.ev.SourceTitle, text, &Alert{Source: s})
	if r.ev.Priority != "" {
		r.severity(to) // after the end as well: how bad it was is worth knowing
	}
}

func (r *reception) service(s Source) {
	stamp := r.ev.Stamp()
	text := fmt.Sprintf("Moved to %s in %s.", r.ev.Service.Name, r.ev.SourceTitle)
	if !stamp.After(s.ServAt) || r.inc == nil || r.ev.Service.Name == "" {
		r.line(text)
		return
	}
	s.ServAt = stamp
	r.add(r.ev.SourceTitle, text, &Alert{Source: s})
	if r.inc.Open() && r.inc.Service != r.ev.Service.Name {
		r.add(r.ev.SourceTitle, text, &ServiceMoved{Service: r.ev.Service.Name, Impact: r.ev.Impact, DoNot: r.ev.DoNot})
	}
}
