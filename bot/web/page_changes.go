package web

import (
	"net/http"
	"slices"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// changesPage is the feed of deploys, flags, config and the like: what every
// connected source and every pipeline told, newest first.
type changesPage struct {
	frame
	Rows    []changeView
	Service string
	Window  string
	Windows []string
	Silent  []string
	Asked   int
	URL     string // where pipelines tell of their changes
}

type changeView struct {
	At       time.Time
	Kind     string
	Service  string
	What     string
	By       string
	Source   string
	URL      string
	Detail   []string
	Offer    string // label of what puts it back
	Text     string // the command that its button types
	Incident string // on which incident; "" where none is open
	Before   string // how long before the incident began, on its page
}

var changeWindows = []string{"1h", "3h", "24h", "168h"}

func (s *Server) changes(w http.ResponseWriter, r *http.Request, v visitor) error {
	window := r.URL.Query().Get("window")
	if window == "" {
		window = "24h"
	}
	span, err := time.ParseDuration(window)
	if err != nil || span <= 0 || span > 7*24*time.Hour {
		return fault.New(fault.Invalid, "E24", "`window` is a duration of at most 168h, like 24h.", "Choose one above the list.")
	}
	f, err := s.frame(r, v, "changes", "Changes")
	if err != nil {
		return err
	}
	p := changesPage{frame: f, Service: chat.Clamp(chat.Clean(r.URL.Query().Get("service")), 64), Window: window, Windows: changeWindows, URL: s.o.URL}
	if s.o.Changes == nil {
		s.show(w, r, http.StatusOK, "changes", p)
		return nil
	}
	found, silent, asked := s.o.Changes(r.Context(), p.Service, span)
	p.Silent, p.Asked = silent, asked
	on := ""
	if f.Acts {
		if open, err := s.o.Reader.Incidents(r.Context(), incident.Filter{State: "open", Limit: 2}); err == nil && len(open) == 1 {
			on = open[0].ID()
		}
	}
	slices.SortStableFunc(found, func(a, b incident.Suspect) int { return b.At.Compare(a.At) })
	for _, one := range found[:min(len(found), 200)] {
		p.Rows = append(p.Rows, viewChange(one, on))
	}
	s.show(w, r, http.StatusOK, "changes", p)
	return nil
}

func viewChange(one incident.Suspect, on string) changeView {
	c := changeView{At: one.At, Kind: string(one.Kind), Service: chat.Clean(one.Service), What: chat.Clean(one.What), By: chat.Clean(one.Who),
		Source: one.Source, URL: safeURL(one.URL)}
	if one.Why != "" {
		c.Detail = append(c.Detail, chat.Clean(one.Why))
	}
	for _, d := range one.Detail {
		c.Detail = append(c.Detail, chat.Clean(d))
	}
	if o := one.Offer; o != nil && on != "" {
		c.Offer, c.Incident, c.Text = chat.Clean(o.Label), on, o.Command()
	}
	return c
}

// suspectsOf are the suspects of an incident, for its page.
func suspectsOf(i *incident.Incident, acts bool) []changeView {
	if i.Suspicion == nil {
		return nil
	}
	on := ""
	if acts && i.Open() {
		on = i.ID()
	}
	var out []changeView
	for _, one := range i.Suspicion.Suspects {
		c := viewChange(one, on)
		c.Before = length(i.Began().Sub(one.At)) + " before"
		if one.At.After(i.Began()) {
			c.Before = length(one.At.Sub(i.Began())) + " after"
		}
		out = append(out, c)
	}
	return out
}
