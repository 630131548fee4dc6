package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// assets are the files that pages load, under names that change with their
// content, so that browsers may keep them for ever.
type assets struct {
	byPath map[string][]byte // "/static/mayday.1a2b3c4d.css"
	byName map[string]string // "mayday.css" to the path
}

func loadAssets() (assets, error) {
	a := assets{byPath: map[string][]byte{}, byName: map[string]string{}}
	files, err := staticFiles.ReadDir("static")
	if err != nil {
		return a, fmt.Errorf("read static files: %w", err)
	}
	for _, f := range files {
		data, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			return a, fmt.Errorf("read static file: %w", err)
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(f.Name())
		p := "/static/" + strings.TrimSuffix(f.Name(), ext) + "." + hex.EncodeToString(sum[:4]) + ext
		a.byPath[p], a.byName[f.Name()] = data, p
	}
	return a, nil
}

func (s *Server) static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers(w.Header())
		data, ok := s.assets.byPath[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		_, _ = w.Write(data) // the browser may be gone; nothing depends on it
	})
}
