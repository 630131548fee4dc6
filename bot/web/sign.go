package web

import (
	"net/http"
	"strings"

	"mayday/internal/fault"
)

// enter redeems a key in the address of the first page, or shows the page.
func (s *Server) enter(page func(http.ResponseWriter, *http.Request, visitor) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visitor(r)
		if key := r.URL.Query().Get("k"); key != "" {
			s.redeem(w, r, key, err == nil && v.cookie != "")
			return
		}
		if err != nil {
			s.askSignIn(w, r)
			return
		}
		if err := page(w, r, s.withPlace(w, r, v)); err != nil {
			s.refuse(w, r, err)
		}
	}
}

// redeem signs in by key. The demo's key does so at once, from the browser that
// it was opened in; any other is pressed, since chat apps fetch what they link.
func (s *Server) redeem(w http.ResponseWriter, r *http.Request, key string, signedIn bool) {
	if s.o.Demo != nil && s.o.DemoKey != "" && sameKey(key, s.o.DemoKey) {
		s.redeemDemo(w, r, signedIn)
		return
	}
	user, ok, err := s.known(r.Context(), key)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if !ok {
		if signedIn {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		s.usedUp(w, r)
		return
	}
	s.show(w, r, http.StatusOK, "plain", plainPage{Title: "Sign in to the war room", Key: key, Name: user.Name,
		Lines: []string{"This link works once. It signs this browser in for 8 hours."}})
}

func (s *Server) redeemDemo(w http.ResponseWriter, r *http.Request, signedIn bool) {
	if signedIn {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	cookie, ok := s.sessions.redeemDemo(s.o.Demo.People[0].user())
	if !ok {
		s.usedUp(w, r)
		return
	}
	s.setCookie(w, r, cookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) usedUp(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusGone, "plain", plainPage{Title: "This sign-in link was used or is too old.", Code: "E25", Link: true, OIDC: s.providerTitle(),
		Lines: []string{"Links work once, for ten minutes."}})
}

// beginSession is the press on the sign-in page.
func (s *Server) beginSession(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.refuse(w, r, err)
		return
	}
	cookie, ok, err := s.redeemKey(r.Context(), r.PostForm.Get("k"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if !ok {
		s.usedUp(w, r)
		return
	}
	s.sessions.end(s.cookie(r)) // one browser, one session
	s.setCookie(w, r, cookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	s.sessions.end(s.cookie(r))
	s.setCookie(w, r, "")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// askSignIn answers who is not signed in. The cookie is not sent along when a
// link in a chat app leads here, so such a visit is loaded once more from here.
func (s *Server) askSignIn(w http.ResponseWriter, r *http.Request) {
	retry := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Site") == "cross-site"
	s.show(w, r, http.StatusUnauthorized, "plain", plainPage{Title: "Sign in first.", Code: "E25", Link: !retry, OIDC: s.providerTitle(), Retry: retry})
}

// actAsPerson is the person switch of the demo.
func (s *Server) actAsPerson(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	p := s.person(r.PathValue("name"))
	if p == nil || v.cookie == "" {
		return fault.New(fault.NotFound, "E23", "There is nobody of this name to be.", "")
	}
	s.sessions.become(v.cookie, p.user())
	http.Redirect(w, r, backTo(r.PostForm.Get("back")), http.StatusSeeOther)
	return nil
}

// backTo accepts a place in the war room to return to, and nothing else: a form
// must not lead out of here.
func backTo(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
