package practice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// RecordVariable names a directory: every practice server then writes what was
// said to it and what it answered, one exchange a line, so that both can be held
// against the vendor's own description (make contracts).
const RecordVariable = "MAYDAY_PRACTICE_RECORD"

// Exchange is one request to a practice server with its answer.
type Exchange struct {
	Server       string `json:"server"`
	Method       string `json:"method"`
	Path         string `json:"path"`
	Query        string `json:"query,omitempty"`
	RequestType  string `json:"request_type,omitempty"`
	Request      string `json:"request,omitempty"`
	Status       int    `json:"status"`
	ResponseType string `json:"response_type,omitempty"`
	Response     string `json:"response,omitempty"`
}

// Recorded wraps a practice server so that its exchanges are written down where
// RecordVariable says so.
func Recorded(server string, h http.Handler) http.Handler {
	dir := os.Getenv(RecordVariable)
	if dir == "" {
		return h
	}
	b := &book{path: filepath.Join(dir, fmt.Sprintf("%s-%d.jsonl", server, os.Getpid()))}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			h.ServeHTTP(w, r) // sockets have no description
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
		if err != nil {
			http.Error(w, "unreadable body", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		seen := &echo{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			b.write(Exchange{Server: server, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, RequestType: r.Header.Get("Content-Type"),
				Request: string(body), Status: seen.status, ResponseType: w.Header().Get("Content-Type"), Response: seen.body.String()})
		}()
		h.ServeHTTP(seen, r)
	})
}

// book is the file of one server and process.
type book struct {
	mu   sync.Mutex
	path string
}

func (b *book) write(e Exchange) {
	line, err := json.Marshal(e)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	_, _ = f.Write(append(line, '\n'))
}

// echo keeps an answer while it is written.
type echo struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (e *echo) WriteHeader(status int) { e.status = status; e.ResponseWriter.WriteHeader(status) }

func (e *echo) Write(p []byte) (int, error) {
	if e.body.Len() < 1<<20 && !strings.HasPrefix(e.Header().Get("Content-Type"), "text/event-stream") {
		e.body.Write(p)
	}
	return e.ResponseWriter.Write(p)
}

// Flush lets a stream go out piece by piece.
func (e *echo) Flush() { _ = http.NewResponseController(e.ResponseWriter).Flush() }

// Unwrap lets connections be taken over.
func (e *echo) Unwrap() http.ResponseWriter { return e.ResponseWriter }
