package web

import (
	"net/http"
	"net/url"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// readForm reads a posted form within the limit of the API.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, apiBody)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.TooLarge, "E24", "The form is too large or broken.", "Send less at once.").Because(err)
	}
	return nil
}

// press is a button on a page: the answer waits on the page that comes next.
func (s *Server) press(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := chat.Interaction{Button: r.PathValue("id"), Input: formInput(r.PostForm)}
	m, err := s.handle(r.Context(), v, in)
	s.leaveAnswer(w, r, v, m, err)
	return nil
}

// formInput reads "f.name" as a word and "l.name" as a list.
func formInput(form url.Values) map[string]any {
	in := map[string]any{}
	for name, values := range form {
		switch {
		case strings.HasPrefix(name, "f."):
			in[name[2:]] = strings.ReplaceAll(values[0], "\r\n", "\n")
		case strings.HasPrefix(name, "l."):
			chosen := []string{}
			for _, one := range values {
				if one != "" {
					chosen = append(chosen, one)
				}
			}
			in[name[2:]] = chosen
		}
	}
	return in
}

// typed is the command box, and the box for notes.
func (s *Server) typed(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	words := r.PostForm.Get("text")
	if verb := r.PostForm.Get("verb"); verb != "" {
		words = verb + " " + words
	}
	in, err := command(words, r.PostForm.Get("incident"))
	if err != nil {
		s.leaveAnswer(w, r, v, chat.Message{}, err)
		return nil
	}
	m, err := s.handle(r.Context(), v, in)
	s.leaveAnswer(w, r, v, m, err)
	return nil
}

// leaveAnswer keeps the answer, be it a refusal, and leads to the page that
// shows it: the one that the press came from, or the incident it made.
func (s *Server) leaveAnswer(w http.ResponseWriter, r *http.Request, v visitor, m chat.Message, err error) {
	if err != nil {
		f := fault.Of(err)
		if f.Kind == fault.Internal {
			s.o.Log.Error("press failed", "path", r.URL.Path, "id", f.ID, "err", f.Err)
		}
		m = chat.Refusal(f)
		if f.Code == "E25" && s.provider != nil {
			m.Buttons = append(m.Buttons, chat.Button{Label: "Sign in again", Style: chat.Primary, URL: "/oidc/start?again=1&back=" + url.QueryEscape(backTo(r.PostForm.Get("back")))})
		}
	}
	back := backTo(r.PostForm.Get("back"))
	if v.cookie == "" {
		http.Redirect(w, r, back, http.StatusSeeOther) // a token has no pages of its own
		return
	}
	if _, err := incident.ParseID(m.Incident); err == nil && back == "/" && r.URL.Path == "/command" {
		back = "/i/" + m.Incident
	}
	http.Redirect(w, r, withPanel(back, s.sessions.leave(v.cookie, m)), http.StatusSeeOther)
}

func withPanel(back, id string) string {
	u, err := url.Parse(back)
	if err != nil || id == "" {
		return back
	}
	return addressWith(u, "p", id)
}

// demoAct presses a button of the guide.
func (s *Server) demoAct(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	if s.o.Demo == nil || s.o.Demo.Act == nil || v.reads {
		return fault.New(fault.NotFound, "E23", "There is no such page.", "").WithState("")
	}
	if err := s.o.Demo.Act(r.Context(), r.PathValue("name")); err != nil {
		s.leaveAnswer(w, r, v, chat.Message{}, err)
		return nil
	}
	http.Redirect(w, r, backTo(r.PostForm.Get("back")), http.StatusSeeOther)
	return nil
}
