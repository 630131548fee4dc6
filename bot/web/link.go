package web

import (
	"net/http"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
)

// apiLink makes a sign-in link: for whoever the token belongs to, or, with the
// key of the host, for anybody in the configuration. Nobody can make one for
// somebody else by token: whoever could, could be their own second person.
func (s *Server) apiLink(w http.ResponseWriter, r *http.Request, v visitor) error {
	var body struct {
		For string `json:"for"`
	}
	if err := readJSON(w, r, &body, true); err != nil {
		return err
	}
	user, err := s.linked(v, strings.TrimSpace(body.For))
	if err != nil {
		return err
	}
	if v.host {
		s.o.Log.Warn("sign-in link was made on the host", "for", user.Name)
	}
	path := s.Link(user)
	writeJSON(w, http.StatusOK, map[string]any{"url": strings.TrimSuffix(s.address(r), "/") + path, "name": user.Name, "minutes": int(linkLife / time.Minute)})
	return nil
}

// linked answers whom a link signs in.
func (s *Server) linked(v visitor, name string) (chat.User, error) {
	switch {
	case v.host && name == "":
		return chat.User{}, fault.New(fault.Invalid, "E24", "A link made on the host is for somebody.", "Say for whom, as in: mayday web link --for Ana")
	case v.host && s.o.Named == nil:
		return chat.User{}, fault.New(fault.NotFound, "E23", "Nobody is named in the configuration.", "Add people.same or web.tokens.")
	case v.host:
		return s.o.Named(name)
	case v.user.Service || v.reads:
		return chat.User{}, fault.New(fault.Refused, "E1", "A sign-in link is for people; this token belongs to a service.", "Use the token of a person.")
	case name != "" && !strings.EqualFold(name, v.user.Name):
		return chat.User{}, fault.New(fault.Refused, "E1", "A token makes links for its own person only.",
			"On the host of the server, and without a token: mayday web link --for "+chat.Clamp(chat.Clean(name), 40))
	}
	return v.user, nil
}
