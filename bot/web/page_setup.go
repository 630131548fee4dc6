package web

import (
	"net/http"
	"time"

	"mayday/bot"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// setupPage is doctor as a page: what works, and what does not with its exact
// fix.
type setupPage struct {
	frame
	Groups []findings
	Bad    int
	At     time.Time
	Again  bool // whoever looks may have it asked anew
}

// findings are the lines of one part.
type findings struct {
	Part string
	Rows []bot.Finding
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.frame(r, v, "setup", "Setup")
	if err != nil {
		return err
	}
	p := setupPage{frame: f, Again: s.mayCheck(v)}
	if s.o.Clinic != nil {
		var found []bot.Finding
		found, p.At = s.o.Clinic.Last()
		for _, one := range found {
			if n := len(p.Groups); n == 0 || p.Groups[n-1].Part != one.Part {
				p.Groups = append(p.Groups, findings{Part: one.Part})
			}
			last := &p.Groups[len(p.Groups)-1]
			last.Rows = append(last.Rows, one)
			if !one.OK && !one.Warn {
				p.Bad++
			}
		}
	}
	s.show(w, r, http.StatusOK, "setup", p)
	return nil
}

// checkAgain asks everybody anew, which costs vendors a few requests.
func (s *Server) checkAgain(w http.ResponseWriter, r *http.Request, v visitor) error {
	if !s.mayCheck(v) || s.o.Clinic == nil {
		return fault.New(fault.Refused, "E1", "You can't have everything checked again: it needs responder.", "The report is renewed every ten minutes.")
	}
	s.o.Clinic.Again(r.Context())
	http.Redirect(w, r, "/setup", http.StatusSeeOther)
	return nil
}

func (s *Server) mayCheck(v visitor) bool {
	return !v.reads && s.o.Person(v.user).Role.AtLeast(incident.Responder)
}

// apiDoctor answers the newest report.
func (s *Server) apiDoctor(w http.ResponseWriter, _ *http.Request, _ visitor) error {
	answer := map[string]any{"findings": []bot.Finding{}, "at": nil}
	if s.o.Clinic != nil {
		if found, at := s.o.Clinic.Last(); !at.IsZero() {
			answer = map[string]any{"findings": found, "at": at.UTC()}
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// apiDoors answers how the doors for alerts fare.
func (s *Server) apiDoors(w http.ResponseWriter, r *http.Request, _ visitor) error {
	doors := []bot.DoorState{}
	if s.o.DoorStates != nil {
		found, err := s.o.DoorStates(r.Context())
		if err != nil {
			return err
		}
		doors = found
	}
	writeJSON(w, http.StatusOK, map[string]any{"doors": doors})
	return nil
}
