package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"mayday/internal/fault"
)

const (
	apiRoot    = "/api/v1/"
	apiBody    = 64 << 10
	apiPatient = 10 * time.Second
)

// route is one path of the JSON API. openapi.json describes each of them, which
// a test compares.
type route struct {
	method, path string
	open         bool // without a token
	answer       func(w http.ResponseWriter, r *http.Request, v visitor) error
}

func (s *Server) apiRoutes() []route {
	return []route{
		{"GET", "openapi.json", true, s.apiDocument},
		{"GET", "incidents", false, s.apiIncidents},
		{"GET", "incidents/{id}", false, s.apiIncident},
		{"GET", "incidents/{id}/timeline", false, s.apiTimeline},
		{"GET", "incidents/{id}/messages", false, s.apiMessages},
		{"GET", "incidents/{id}/postmortem", false, s.apiPostmortem},
		{"GET", "rooms/{room}/messages", false, s.apiRoom},
		{"GET", "quarantine", false, s.apiQuarantine},
		{"GET", "doctor", false, s.apiDoctor},
		{"GET", "doors", false, s.apiDoors},
		{"GET", "deploys/allowed", true, s.apiDeploys}, // asks for a token itself: that of a pipeline will do
		{"GET", "steps/{id}", false, s.apiStep},
		{"GET", "events", false, s.apiEvents},
		{"POST", "commands", false, s.apiCommand},
		{"POST", "buttons/{id}", false, s.apiPress},
		{"POST", "links", false, s.apiLink},
		{"POST", "playbooks/{name}/rehearsal", false, s.apiRehearse},
		{"POST", "backup", false, s.apiBackup},
	}
}

func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.apiRoutes() {
		mux.HandleFunc(rt.method+" "+apiRoot+rt.path, func(w http.ResponseWriter, r *http.Request) {
			v, err := s.visitor(r)
			if err != nil && !rt.open {
				writeFault(w, fault.Of(err))
				return
			}
			if err := rt.answer(w, r, v); err != nil {
				s.refuse(w, r, err)
			}
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		s.noRoute(w, r, mux)
	})
}

// noRoute answers a path that does not exist, or exists with another method, to
// those who are signed in; others learn nothing.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	if _, err := s.visitor(r); err != nil {
		writeFault(w, fault.Of(err))
		return
	}
	silent := &muted{header: http.Header{}}
	mux.ServeHTTP(silent, r)
	if allow := silent.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		writeError(w, http.StatusMethodNotAllowed, fault.New(fault.Invalid, "E24", "This path takes "+allow+".", ""))
		return
	}
	writeFault(w, fault.New(fault.NotFound, "E23", "There is no such path.", "GET /api/v1/openapi.json lists them."))
}

// muted takes an answer's headers and drops the rest.
type muted struct{ header http.Header }

func (m *muted) Header() http.Header       { return m.header }
func (*muted) Write(b []byte) (int, error) { return len(b), nil }
func (*muted) WriteHeader(int)             {}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"The answer cannot be written.","hint":""}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the caller may be gone; nothing depends on it
}

// apiError is how every refusal looks to programs.
type apiError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
	ID      string `json:"id,omitempty"` // of an internal error, to find it in the log
}

func writeFault(w http.ResponseWriter, f *fault.Fault) { writeError(w, f.Kind.HTTPStatus(), f) }

func writeError(w http.ResponseWriter, status int, f *fault.Fault) {
	e := apiError{Code: f.Code, Message: f.Message, Hint: f.Hint, ID: f.ID}
	if f.State != "" {
		e.Message += " " + f.State
	}
	if e.Code == "" {
		e.Code = string(f.Kind) // refusals without a number
	}
	switch f.Kind {
	case fault.Unsigned:
		w.Header().Set("WWW-Authenticate", `Bearer realm="mayday"`)
	case fault.Overloaded, fault.Unavailable:
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, status, map[string]apiError{"error": e})
}

// readJSON reads a whole body strictly: one JSON value, no unknown key.
func readJSON(w http.ResponseWriter, r *http.Request, into any, mayBeEmpty bool) error {
	body, err := readBody(w, r, apiBody, apiPatient)
	if err != nil {
		return fault.New(fault.Invalid, "E24", "The body did not arrive whole.", "Send it again.").Because(err)
	}
	if len(body) > apiBody {
		return fault.New(fault.TooLarge, "E24", "The body is larger than 64 KiB.", "Send less at once.")
	}
	if len(body) == 0 && mayBeEmpty {
		return nil
	}
	return decodeStrictly(body, into)
}

// readBody reads a body that has to be there in time; one that is too long comes
// with a byte more than the limit. The deadline is taken back once all is there:
// the server goes on reading while an answer is made, to notice who hangs up, and
// a deadline that passes then looks like that and ends the work. What is too long
// keeps it, since the server reads on for a while.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, patience time.Duration) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(patience)) // tests may have no connection to set it on
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err == nil && int64(len(body)) <= limit {
		_ = control.SetReadDeadline(time.Time{})
	}
	return body, err
}

func decodeStrictly(body []byte, into any) error {
	d := json.NewDecoder(newReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fault.New(fault.Invalid, "E24", "The body is not the JSON that this path takes: "+jsonTrouble(err)+".", "GET /api/v1/openapi.json describes it.").Because(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "E24", "The body holds more than one JSON value.", "Send one object.")
	}
	return nil
}

// jsonTrouble says what is wrong without repeating values.
func jsonTrouble(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("it breaks at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("%q takes %s", kind.Field, kindWord(kind.Type.Kind().String()))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	return "it has a key that is not known"
}

func kindWord(kind string) string {
	switch kind {
	case "struct", "map":
		return "an object"
	case "slice":
		return "a list"
	}
	return "a " + kind
}
