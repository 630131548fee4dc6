package web

import (
	"net/http"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// admitted is who may come in, as the configuration has it now.
type admitted struct {
	tokens   []Token
	openRead bool
}

// Replace puts other tokens in the place of those in force. Everybody who is
// signed in becomes who still says, or has to sign in again.
func (s *Server) Replace(tokens []Token, openRead bool, still func(chat.User) (chat.User, bool)) {
	s.admits.Store(&admitted{tokens: tokens, openRead: openRead})
	s.sessions.review(still)
}

// visitor is who asks.
type visitor struct {
	user   chat.User
	cookie string // of the session, "" for a token
	reads  bool   // nobody in particular: may read, where reading is open
	proxy  bool   // a trusted proxy says who it is
	token  bool   // they sent a token of their own with this very request
	host   bool   // the host's own account: may make links and nothing else
}

// errSignIn is E25.
func errSignIn() error {
	return fault.New(fault.Unsigned, "E25", "Sign in first.", "Send a token as Authorization: Bearer TOKEN, or open a sign-in link (mayday web link).")
}

// visitor answers who asks: by bearer token first, else by session.
func (s *Server) visitor(r *http.Request) (visitor, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		return s.byToken(r, h)
	}
	if r.Header.Get("Mayday-As") != "" {
		return visitor{}, errSignIn()
	}
	if name := s.announced(r); name != "" {
		return s.byProxy(r, name), nil
	}
	if key := s.cookie(r); key != "" {
		if x, ok := s.sessions.find(key); ok && x.via != viaProxy {
			return visitor{user: x.user, cookie: key}, nil
		}
	}
	if s.admits.Load().openRead && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return visitor{reads: true}, nil
	}
	return visitor{}, errSignIn()
}

func (s *Server) byToken(r *http.Request, header string) (visitor, error) {
	scheme, given, _ := strings.Cut(header, " ")
	given = strings.TrimSpace(given)
	if !strings.EqualFold(scheme, "Bearer") || given == "" {
		return visitor{}, errSignIn()
	}
	if s.o.HostKey != "" && sameKey(s.o.HostKey, given) {
		if r.Method == http.MethodPost && r.URL.Path == apiRoot+"links" {
			return visitor{host: true}, nil
		}
		return visitor{}, errSignIn()
	}
	t := s.token(given)
	if t == nil {
		return visitor{}, errSignIn()
	}
	v := visitor{token: true, user: chat.User{ID: t.Name, Name: t.Name, Role: t.Role, Service: t.Kind == "service"}}
	as := r.Header.Get("Mayday-As")
	if as == "" {
		return v, nil
	}
	if s.o.Demo == nil || !t.ActAs {
		return visitor{}, fault.New(fault.Refused, "E1", "This token speaks for nobody else.", "Leave the header Mayday-As away; it is for the token that the demo prints.")
	}
	user, err := s.actAs(as)
	return visitor{user: user, token: true}, err
}

// token compares with every token, so that the time tells nothing.
func (s *Server) token(given string) *Token {
	var found *Token
	tokens := s.admits.Load().tokens
	for n := range tokens {
		value, err := tokens[n].Token.Reveal()
		if err != nil {
			s.o.Log.Warn("token cannot be read", "token", tokens[n].Name, "err", err)
			continue
		}
		if value != "" && sameKey(value, given) {
			found = &tokens[n]
		}
	}
	return found
}

// actAs reads "NAME:ROLE". A person of the demo is that person, however the name
// is written, so that two spellings cannot approve each other's step.
func (s *Server) actAs(header string) (chat.User, error) {
	name, word, _ := strings.Cut(header, ":")
	name = strings.TrimSpace(chat.Clean(name))
	role, err := incident.ParseRole(strings.TrimSpace(word))
	if err != nil || name == "" || len(name) > 64 {
		return chat.User{}, fault.New(fault.Invalid, "E24", "Mayday-As is NAME:ROLE, with one of viewer, responder, commander, approver, admin.", "As in: Mayday-As: Ana:responder")
	}
	if p := s.person(name); p != nil {
		u := p.user()
		u.Role = string(role)
		return u, nil
	}
	return chat.User{ID: strings.ToLower(name), Name: name, Role: string(role)}, nil
}

// person answers somebody of the demo.
func (s *Server) person(name string) *Person {
	if s.o.Demo == nil {
		return nil
	}
	for n := range s.o.Demo.People {
		if strings.EqualFold(s.o.Demo.People[n].Name, name) {
			return &s.o.Demo.People[n]
		}
	}
	return nil
}

func (p Person) user() chat.User {
	id := p.ID
	if id == "" {
		id = strings.ToLower(p.Name)
	}
	return chat.User{ID: id, Name: p.Name, Role: p.Role}
}
