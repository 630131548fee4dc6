package web

import (
	"net/http"
	"slices"
	"time"

	"mayday/bot"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// shelfPage lists the playbooks; bookPage is one of them: what it would do, who
// may, and how it went the last times.
type shelfPage struct {
	frame
	Books []bot.Volume
}

type bookPage struct {
	frame
	bot.Volume
	Command string // dry run on the command line
	Open    string // an open incident to run it on, "" when there is none
}

func (s *Server) playbooks(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.frame(r, v, "playbooks", "Playbooks")
	if err != nil {
		return err
	}
	p := shelfPage{frame: f}
	if p.Books, err = s.shelf(r); err != nil {
		return err
	}
	s.show(w, r, http.StatusOK, "playbooks", p)
	return nil
}

func (s *Server) shelf(r *http.Request) ([]bot.Volume, error) {
	if s.o.Shelf == nil {
		return nil, nil
	}
	return s.o.Shelf(r.Context())
}

func (s *Server) playbook(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("name")
	books, err := s.shelf(r)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(books, func(b bot.Volume) bool { return b.Name == name })
	if n < 0 {
		return fault.New(fault.NotFound, "E23", "There is no such playbook.", "The list is at /playbooks.").WithState("")
	}
	f, err := s.frame(r, v, "playbooks", name)
	if err != nil {
		return err
	}
	p := bookPage{frame: f, Volume: books[n], Command: "mayday playbooks test " + name}
	if v.reads || !incident.Role(v.user.Role).AtLeast(p.Who) {
		s.show(w, r, http.StatusOK, "playbook", p)
		return nil
	}
	open, err := s.o.Reader.Incidents(r.Context(), incident.Filter{State: "open", Limit: 2})
	if err != nil {
		return err
	}
	if len(open) == 1 {
		p.Open = open[0].ID()
	}
	s.show(w, r, http.StatusOK, "playbook", p)
	return nil
}

// took is a span that may not be over.
func took(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return length(d)
}
