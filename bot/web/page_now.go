package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// nowPage is the first page: what is open, and what readers were told.
type nowPage struct {
	frame
	Cards  []cardView
	Status []messageView
	Last   *incidentView // shown when all is quiet
	Ended  []incidentView
}

// cardView is an open incident with its card.
type cardView struct {
	incidentView
	Card *messageView // nil while the card is on its way
}

const statusShown = 20

func (s *Server) now(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.frame(r, v, "now", "Now")
	if err != nil {
		return err
	}
	p := nowPage{frame: f}
	if p.Cards, err = s.openCards(r.Context(), v, f.Back); err != nil {
		return err
	}
	if p.Status, err = s.statusRoom(r.Context(), v, f.Back); err != nil {
		return err
	}
	ended, err := s.o.Reader.Incidents(r.Context(), incident.Filter{State: "resolved", Limit: 3})
	if err != nil {
		return err
	}
	for _, i := range ended {
		p.Ended = append(p.Ended, s.viewIncident(i))
	}
	if len(p.Cards) == 0 && len(p.Ended) > 0 {
		p.Last = &p.Ended[0]
	}
	s.show(w, r, http.StatusOK, "now", p)
	return nil
}

// openCards pairs what is open with the cards that stand, newest first.
func (s *Server) openCards(ctx context.Context, v visitor, back string) ([]cardView, error) {
	open, err := s.o.Reader.Incidents(ctx, incident.Filter{State: "open", Limit: pageMost})
	if err != nil {
		return nil, err
	}
	posted, err := s.room(ctx, incident.RoomOperations, "")
	if err != nil {
		return nil, err
	}
	byIncident := map[string]chat.Message{}
	for _, m := range posted {
		if m.Kind == incident.KindCard {
			byIncident[m.Incident] = m
		}
	}
	var out []cardView
	for _, i := range open {
		c := cardView{incidentView: s.viewIncident(i)}
		if m, ok := byIncident[i.ID()]; ok {
			card := view(m, v, back)
			c.Card = &card
		}
		for n := range c.Waits {
			c.Waits[n].Link = "/i/" + c.ID + c.Waits[n].Link
		}
		out = append(out, c)
	}
	return out, nil
}

// statusRoom is #status, newest first.
func (s *Server) statusRoom(ctx context.Context, v visitor, back string) ([]messageView, error) {
	posted, err := s.room(ctx, incident.RoomStatus, "")
	if err != nil {
		return nil, err
	}
	slices.Reverse(posted)
	var out []messageView
	for _, m := range posted[:min(len(posted), statusShown)] {
		out = append(out, view(m, v, back))
	}
	return out, nil
}

// listPage is the table of incidents.
type listPage struct {
	frame
	State string
	Rows  []incidentView
	Next  string
}

func (s *Server) incidents(w http.ResponseWriter, r *http.Request, v visitor) error {
	q := r.URL.Query()
	if q.Get("state") == "" {
		q.Set("state", "all")
		r.URL.RawQuery = q.Encode()
	}
	filter, err := readFilter(r)
	if err != nil {
		return err
	}
	f, err := s.frame(r, v, "incidents", "Incidents")
	if err != nil {
		return err
	}
	found, err := s.o.Reader.Incidents(r.Context(), filter)
	if err != nil {
		return err
	}
	p := listPage{frame: f, State: filter.State}
	for _, i := range found {
		p.Rows = append(p.Rows, s.viewIncident(i))
	}
	if len(found) == filter.Limit {
		p.Next = addressWith(r.URL, "cursor", strconv.FormatInt(found[len(found)-1].Number, 10))
	}
	s.show(w, r, http.StatusOK, "incidents", p)
	return nil
}

func (s *Server) help(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.frame(r, v, "help", "Help")
	if err != nil {
		return err
	}
	f.Refresh = false
	s.show(w, r, http.StatusOK, "help", f)
	return nil
}
