package practice

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Honeycomb behaves like the ingest of Honeycomb: POST /1/batch/{dataset} and
// /1/events/{dataset} as the vendor describes them, with its limits and errors.
// What it does not know it refuses, so that a client which speaks another way is
// noticed. It is an http.Handler.
type Honeycomb struct {
	key string

	mu      sync.Mutex
	events  []HoneycombEvent
	refused []string
}

// HoneycombEvent is one event as it was taken in.
type HoneycombEvent struct {
	Dataset string
	Time    time.Time
	Data    map[string]any
}

// Text is a field as text, "" when it is missing.
func (e HoneycombEvent) Text(field string) string {
	text, _ := e.Data[field].(string)
	return text
}

// The vendor's limits: bytes of a request to /1/events and to /1/batch, fields of
// an event.
const (
	hcEventBytes = 1 << 20
	hcBatchBytes = 5 << 20
	hcFields     = 2000
)

// NewHoneycomb makes one that knows one key.
func NewHoneycomb(key string) *Honeycomb { return &Honeycomb{key: key} }

// Events are those that were taken in, in order.
func (h *Honeycomb) Events() []HoneycombEvent {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]HoneycombEvent(nil), h.events...)
}

// Refused says what was refused and why.
func (h *Honeycomb) Refused() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.refused...)
}

func (h *Honeycomb) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, dataset, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/1/"), "/")
	switch {
	case !strings.HasPrefix(r.URL.Path, "/1/") || !ok || dataset == "" || strings.Contains(dataset, "/") || (kind != "batch" && kind != "events"):
		h.refuse(w, r, http.StatusNotFound, "The requested resource cannot be found.")
	case r.Method != http.MethodPost:
		h.refuse(w, r, http.StatusMethodNotAllowed, "method not allowed")
	case r.Header.Get("X-Honeycomb-Team") != h.key:
		h.refuse(w, r, http.StatusUnauthorized, "unknown API key - check your credentials")
	case r.Header.Get("Content-Encoding") != "":
		h.refuse(w, r, http.StatusBadRequest, "Request body is malformed and cannot be read.") // the vendor takes gzip and zstd; we send neither
	case kind == "events":
		h.one(w, r, dataset)
	default:
		h.batch(w, r, dataset)
	}
}

func (h *Honeycomb) body(w http.ResponseWriter, r *http.Request, most int) ([]byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(most)+1))
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil || media != "application/json":
		h.refuse(w, r, http.StatusBadRequest, "Request body is malformed and cannot be read.")
	case len(body) > most:
		h.refuse(w, r, http.StatusBadRequest, "Request body is too large.")
	case len(strings.TrimSpace(string(body))) == 0:
		h.refuse(w, r, http.StatusBadRequest, "Request body should not be empty.")
	default:
		return body, true
	}
	return nil, false
}

func (h *Honeycomb) one(w http.ResponseWriter, r *http.Request, dataset string) {
	body, ok := h.body(w, r, hcEventBytes)
	if !ok {
		return
	}
	var data map[string]any
	if err := json.Unmarshal(body, &data); err != nil {
		h.refuse(w, r, http.StatusBadRequest, "Request body is malformed and cannot be read.")
		return
	}
	if why := hcFault(data); why != "" {
		h.refuse(w, r, http.StatusBadRequest, why)
		return
	}
	h.keep(HoneycombEvent{Dataset: dataset, Time: time.Now(), Data: data})
	w.WriteHeader(http.StatusOK)
}

func hcFault(data map[string]any) string {
	switch {
	case len(data) == 0:
		return "Request body should not be empty."
	case len(data) > hcFields:
		return "Event has too many columns."
	}
	return ""
}

// batch answers for each event by itself.
func (h *Honeycomb) batch(w http.ResponseWriter, r *http.Request, dataset string) {
	body, ok := h.body(w, r, hcBatchBytes)
	if !ok {
		return
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	var all []struct {
		Time       time.Time      `json:"time"`
		SampleRate int            `json:"samplerate"`
		Data       map[string]any `json:"data"`
	}
	if err := dec.Decode(&all); err != nil {
		h.refuse(w, r, http.StatusBadRequest, "Request body is malformed and cannot be read.")
		return
	}
	type answer struct {
		Status int    `json:"status"`
		Error  string `json:"error,omitempty"`
	}
	answers := []answer{}
	for _, e := range all {
		if why := hcFault(e.Data); why != "" {
			answers = append(answers, answer{http.StatusBadRequest, why})
			continue
		}
		h.keep(HoneycombEvent{Dataset: dataset, Time: e.Time, Data: e.Data})
		answers = append(answers, answer{Status: http.StatusAccepted})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answers)
}

func (h *Honeycomb) keep(e HoneycombEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *Honeycomb) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	h.mu.Lock()
	h.refused = append(h.refused, fmt.Sprintf("%s %s: %d %s", r.Method, r.URL.Path, status, why))
	h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why})
}
