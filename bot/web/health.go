package web

import (
	"maps"
	"net/http"
	"slices"
)

// healthz answers while the process serves.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz answers 200 when traffic may come. A platform that is down is listed
// and takes the doors away from nobody.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ok, parts := s.ready(r)
	status := http.StatusOK
	if !ok {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, map[string]any{"ready": ok, "parts": parts})
}

func (s *Server) ready(r *http.Request) (ok bool, parts map[string]string) {
	if s.o.Ready == nil {
		return true, map[string]string{}
	}
	ok, parts = s.o.Ready(r.Context())
	if parts == nil {
		parts = map[string]string{}
	}
	return ok, parts
}

// part is one light of the health strip.
type part struct{ Name, State string }

func (s *Server) parts(r *http.Request) []part {
	_, all := s.ready(r)
	var out []part
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, part{Name: name, State: all[name]})
	}
	return out
}
