package web

import (
	_ "embed"
	"net/http"
)

// document describes the JSON API. It is written by hand; a test compares it
// with the routes.
//
//go:embed openapi.json
var document []byte

func (s *Server) apiDocument(w http.ResponseWriter, _ *http.Request, _ visitor) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document) // the reader may be gone; nothing depends on it
	return nil
}
