package web

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"mayday/internal/fault"
)

// Handler answers everything.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, d := range s.o.Doors {
		mux.Handle(d.Path, s.door(d))
	}
	for _, r := range s.o.Routes {
		mux.Handle(r.Path, r.Handler)
	}
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.Handle("GET /readyz", s.watched(http.HandlerFunc(s.readyz)))
	if s.o.Metrics != nil {
		mux.Handle("GET /metrics", s.watched(s.o.Metrics))
	}
	mux.Handle(apiRoot, s.guarded(s.api()))
	mux.Handle("GET /static/", s.static())
	mux.Handle("/", s.guarded(s.site()))
	return s.steady(mux)
}

// guarded keeps other people's pages out: the host must be ours, and what
// changes something must come from one of our own pages (threat 15).
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers(w.Header())
		s.framing(w.Header())
		if !s.knowsHost(r) {
			s.refuse(w, r, fault.New(fault.Refused, "", "The war room is not called by this name.", "Open it by its own address; web.url in the configuration says which."))
			return
		}
		if err := s.around(r); err != nil {
			s.refuse(w, r, err)
			return
		}
		if s.secure(r) {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		if err := s.crossing.Check(r); err != nil {
			s.refuse(w, r, fault.New(fault.Refused, "", "This came from a page of somebody else.", "Do it in the war room itself.").Because(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// watched lets monitors in.
func (s *Server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.watchable(r) {
			http.Error(w, "unknown host", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// framing lets the demo show the pages of its pretend platforms, and nobody
// else's.
func (s *Server) framing(h http.Header) {
	if s.o.Demo == nil || len(s.o.Demo.Panes) == 0 {
		return
	}
	policy := h.Get("Content-Security-Policy") + "; frame-src"
	for _, p := range s.o.Demo.Panes {
		policy += " " + p.URL
	}
	h.Set("Content-Security-Policy", policy)
}

func headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // keys stand in addresses
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// steady turns a panic into an answer, so that one broken page takes nothing
// else away.
func (s *Server) steady(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &witness{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			s.o.Log.Error("request panicked", "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if !seen.wrote {
				s.refuse(seen, r, fault.Of(fmt.Errorf("panic: %v", p)))
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

// witness remembers whether an answer began.
type witness struct {
	http.ResponseWriter
	wrote bool
}

func (w *witness) WriteHeader(code int) {
	w.wrote = true
	w.ResponseWriter.WriteHeader(code)
}

func (w *witness) Write(b []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refuse answers an error as whoever asks can read it.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := s.told(r, err)
	if strings.HasPrefix(r.URL.Path, apiRoot) {
		writeFault(w, f)
		return
	}
	s.errorPage(w, r, f)
}

// told is an error as people read it; the log has the rest of one that is ours.
func (s *Server) told(r *http.Request, err error) *fault.Fault {
	f := fault.Of(err)
	if f.Kind == fault.Internal {
		s.o.Log.Error("request failed", "path", r.URL.Path, "id", f.ID, "err", f.Err)
	}
	return f
}
