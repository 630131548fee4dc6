package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
)

// Link makes a sign-in link for somebody who was recognised elsewhere, as a path:
// it works once, for ten minutes, and is redeemed by a press, because chat apps
// fetch links on their own. It is "" when the link cannot be kept.
func (s *Server) Link(user chat.User) string {
	ctx, cancel := context.WithTimeout(context.Background(), linkPatience)
	defer cancel()
	path, err := s.makeLink(ctx, user)
	if err != nil {
		s.o.Log.Warn("sign-in link cannot be made", "err", err)
	}
	return path
}

// linkPatience is how long a link may take to be kept.
const linkPatience = 5 * time.Second

func (s *Server) makeLink(ctx context.Context, user chat.User) (string, error) {
	key, err := s.mint(ctx, user)
	if err != nil {
		return "", err
	}
	return "/?k=" + url.QueryEscape(key), nil
}

// apiLink makes a sign-in link: for whoever the token belongs to, or, with the
// key of the host, for anybody in the configuration. Nobody can make one for
// somebody else by token: whoever could, could be their own second person. A
// session makes none at all.
func (s *Server) apiLink(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.giveLink(w, r, v, s.address(r))
}

// giveLink answers a link that begins with the address that a browser uses.
func (s *Server) giveLink(w http.ResponseWriter, r *http.Request, v visitor, address string) error {
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
	path, err := s.makeLink(r.Context(), user)
	if err != nil {
		return err
	}
	if v.host {
		s.o.Log.Warn("sign-in link was made on the host", "for", user.Name)
	}
	writeJSON(w, http.StatusOK, map[string]any{"url": strings.TrimSuffix(address, "/") + path, "name": user.Name, "minutes": int(linkLife / time.Minute)})
	return nil
}

// errOwnLink refuses a link to a browser that is signed in already, however: it
// would never have to show again who sits before it, and a session that is too
// old to approve would make its own fresh sign-in.
func errOwnLink() error {
	return fault.New(fault.Refused, "E1", "A signed-in browser makes no sign-in links: they prove who you are anew.",
		"Type help in chat, or use your token (mayday web link), or on the host of the server: mayday web link --for NAME")
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
	case !v.token:
		return chat.User{}, errOwnLink()
	case v.user.Service:
		return chat.User{}, fault.New(fault.Refused, "E1", "A sign-in link is for people; this token belongs to a service.", "Use the token of a person.")
	case name != "" && !strings.EqualFold(name, v.user.Name):
		return chat.User{}, fault.New(fault.Refused, "E1", "A token makes links for its own person only.",
			"On the host of the server, and without a token: mayday web link --for "+chat.Clamp(chat.Clean(name), 40))
	}
	return v.user, nil
}

// HostHandler is for a listener on loopback that is there for the command line on
// the host, whatever names, proxies and certificates the war room has. It makes
// sign-in links with the key of the host and nothing else. Own is where the war
// room itself listens, for links without a web.url.
func (s *Server) HostHandler(own string) http.Handler {
	if s.o.URL != "" {
		own = s.o.URL
	}
	return s.steady(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers(w.Header())
		v, err := s.onHost(r)
		if err == nil {
			err = s.giveLink(w, r, v, own)
		}
		if err != nil {
			writeFault(w, s.told(r, err))
		}
	}))
}

// onHost admits the key of the host to its one route. Another name is a page of
// somebody else that points it at this machine.
func (s *Server) onHost(r *http.Request) (visitor, error) {
	switch HostName(r.Host) {
	case "localhost", "127.0.0.1", "::1":
	default:
		return visitor{}, fault.New(fault.Refused, "", "This is not called by this name.", "It is for mayday web link, on the host itself.")
	}
	if err := s.crossing.Check(r); err != nil {
		return visitor{}, fault.New(fault.Refused, "", "This came from a page of somebody else.", "It is for mayday web link, on the host itself.").Because(err)
	}
	v, err := s.byToken(r, r.Header.Get("Authorization"))
	if err != nil || !v.host {
		return visitor{}, errSignIn()
	}
	return v, nil
}
