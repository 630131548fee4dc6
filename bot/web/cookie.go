package web

import (
	"net/http"
	"time"
)

const cookieName = "mayday"

func cookieFor(secure bool) string {
	if secure {
		return "__Host-" + cookieName
	}
	return cookieName
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, key string) {
	c := &http.Cookie{Name: cookieFor(s.secure(r)), Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: s.secure(r), MaxAge: int(sessionLife / time.Second)}
	if key == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) cookie(r *http.Request) string {
	c, err := r.Cookie(cookieFor(s.secure(r)))
	if err != nil {
		return ""
	}
	return c.Value
}
