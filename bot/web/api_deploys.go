package web

import (
	"net/http"
	"strings"

	"mayday/bot"
)

const longestService = 200

// apiDeploys answers pipelines, which may use the token of their own door as well
// as one of the API.
func (s *Server) apiDeploys(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if !s.pipeline(r) {
		if _, err := s.visitor(r); err != nil {
			return err
		}
	}
	answer := bot.DeployAnswer{Allowed: true, Why: "No incident is open.", Incidents: []string{}}
	if s.o.MayDeploy != nil {
		service := strings.TrimSpace(r.URL.Query().Get("service"))
		var err error
		if answer, err = s.o.MayDeploy(r.Context(), service[:min(len(service), longestService)]); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// pipeline compares with every token of pipelines, so that the time tells nothing.
func (s *Server) pipeline(r *http.Request) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	found := false
	for _, token := range s.o.Pipelines {
		value, err := token.Reveal()
		if err != nil {
			s.o.Log.Warn("token cannot be read", "token", token.Ref(), "err", err)
			continue
		}
		if value != "" && sameKey(value, strings.TrimSpace(given)) {
			found = true
		}
	}
	return found && strings.EqualFold(scheme, "Bearer")
}
