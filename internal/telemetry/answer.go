package telemetry

import (
	"bytes"
	"mime"
	"net/http"
)

// held is how much of an answer waits for more, so that a secret which two
// writes divide is found all the same. It is longer than any form of a token; of
// a longer secret, a key in PEM for example, each line is too.
const held = 8 << 10

// database is the body of a backup. Its bytes were masked when they were stored,
// and a file in which some are replaced cannot be restored.
const database = "application/vnd.sqlite3"

// Answers puts the redactor behind a handler: no body of an answer holds a
// registered secret, whatever page, error or stream it is. What programs read is
// masked like Data, so that an ordinary word stays where it stands. Headers are
// left alone.
func (r *Redactor) Answers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		m := &maskAnswer{ResponseWriter: w, redactor: r, mask: r.Mask}
		defer m.end()
		next.ServeHTTP(m, req)
	})
}

// forPeople reports whether a body is words that people read. The metrics are
// plain text with a version, and programs read them.
func forPeople(contentType string) bool {
	kind, more, err := mime.ParseMediaType(contentType)
	return err != nil || kind == "text/html" || kind == "text/markdown" || kind == "text/plain" && more["version"] == ""
}

// maskAnswer holds the end of what was written back until more comes, the
// handler flushes, or it returns.
type maskAnswer struct {
	http.ResponseWriter
	redactor *Redactor
	mask     func(string) string // nil: everything passes as it is
	waiting  bytes.Buffer
	begun    bool
}

// WriteHeader drops the length: masked text has another one.
func (m *maskAnswer) WriteHeader(status int) {
	if !m.begun {
		m.begin(status)
	}
	m.ResponseWriter.WriteHeader(status)
}

func (m *maskAnswer) begin(status int) {
	m.begun = true
	kind := m.Header().Get("Content-Type")
	switch {
	case kind == database:
		m.mask = nil
		return
	case !forPeople(kind):
		m.mask = m.redactor.DataText
	}
	if m.redactor.words.Load() != nil && status != http.StatusPartialContent {
		m.Header().Del("Content-Length")
	}
}

func (m *maskAnswer) Write(p []byte) (int, error) {
	if !m.begun {
		if m.Header().Get("Content-Type") == "" {
			m.Header().Set("Content-Type", http.DetectContentType(p))
		}
		m.WriteHeader(http.StatusOK)
	}
	if m.mask == nil {
		return m.ResponseWriter.Write(p)
	}
	m.waiting.Write(p)
	if m.waiting.Len() < 2*held {
		return len(p), nil
	}
	return len(p), m.pass(held)
}

// pass sends all but the last bytes that wait. The cut is made in the masked
// text, and what stays is masked again with what follows.
func (m *maskAnswer) pass(keep int) error {
	if m.mask == nil {
		return nil // nothing waits
	}
	masked := m.mask(m.waiting.String())
	m.waiting.Reset()
	cut := max(0, len(masked)-keep)
	m.waiting.WriteString(masked[cut:])
	if cut == 0 {
		return nil
	}
	_, err := m.ResponseWriter.Write([]byte(masked[:cut]))
	return err
}

// Flush sends what waits: events of a stream are whole when they are flushed.
func (m *maskAnswer) Flush() { _ = m.FlushError() }

// FlushError is Flush for http.ResponseController.
func (m *maskAnswer) FlushError() error {
	if err := m.pass(0); err != nil {
		return err
	}
	return http.NewResponseController(m.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find deadlines.
func (m *maskAnswer) Unwrap() http.ResponseWriter { return m.ResponseWriter }

func (m *maskAnswer) end() { _ = m.pass(0) } // nobody is left to hear of an error
