package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

const (
	pageDefault    = 50
	pageMost       = 200
	quarantineMost = 200
)

func (s *Server) apiIncidents(w http.ResponseWriter, r *http.Request, _ visitor) error {
	f, err := readFilter(r)
	if err != nil {
		return err
	}
	found, err := s.o.Reader.Incidents(r.Context(), f)
	if err != nil {
		return err
	}
	out := struct {
		Incidents []incidentJSON `json:"incidents"`
		Next      *string        `json:"next"`
	}{Incidents: []incidentJSON{}}
	for _, i := range found {
		out.Incidents = append(out.Incidents, shapeIncident(i))
	}
	if len(found) == f.Limit {
		out.Next = text(strconv.FormatInt(found[len(found)-1].Number, 10))
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func readFilter(r *http.Request) (incident.Filter, error) {
	q := r.URL.Query()
	f := incident.Filter{State: q.Get("state"), Owner: q.Get("owner"), Limit: pageDefault}
	switch f.State {
	case "":
		f.State = "open"
	case "open", "resolved", "all":
	default:
		return f, fault.New(fault.Invalid, "E24", "state is open, resolved or all.", "")
	}
	if l := q.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > pageMost {
			return f, fault.Newf(fault.Invalid, "E24", "limit is a number from 1 to %d.", pageMost)
		}
		f.Limit = n
	}
	if c := q.Get("cursor"); c != "" {
		n, err := strconv.ParseInt(c, 10, 64)
		if err != nil || n < 1 {
			return f, fault.New(fault.Invalid, "E24", "cursor is what the page before answered as next.", "")
		}
		f.Before = n
	}
	return f, nil
}

// named reads the incident that a path names.
func (s *Server) named(ctx context.Context, id string) (*incident.Incident, error) {
	number, err := incident.ParseID(id)
	if err != nil {
		return nil, fault.Newf(fault.NotFound, "E23", "There is no incident %q.", chat.Clamp(chat.Clean(id), 40)).WithHint("An incident is named like INC-42.")
	}
	return s.o.Journal.Incident(ctx, number)
}

func (s *Server) apiIncident(w http.ResponseWriter, r *http.Request, _ visitor) error {
	i, err := s.named(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, shapeWhole(i))
	return nil
}

func (s *Server) apiTimeline(w http.ResponseWriter, r *http.Request, _ visitor) error {
	i, err := s.named(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	after, err := number(r.URL.Query().Get("after"), "after")
	if err != nil {
		return err
	}
	entries, err := s.o.Reader.Timeline(r.Context(), i.Number, after)
	if err != nil {
		return err
	}
	out := []entryJSON{}
	for _, e := range entries {
		out = append(out, shapeEntry(e))
	}
	writeJSON(w, http.StatusOK, map[string]any{"entries": out})
	return nil
}

// number reads a query parameter that counts; missing means 0.
func number(word, name string) (int64, error) {
	if word == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 0 {
		return 0, fault.Newf(fault.Invalid, "E24", "%s is a number, 0 or more.", name)
	}
	return n, nil
}

func (s *Server) apiMessages(w http.ResponseWriter, r *http.Request, _ visitor) error {
	i, err := s.named(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.writeRoom(w, r, incident.RoomOperations, i.ID())
}

func (s *Server) apiRoom(w http.ResponseWriter, r *http.Request, _ visitor) error {
	room := r.PathValue("room")
	if room != incident.RoomOperations && room != incident.RoomStatus {
		return fault.New(fault.NotFound, "E23", "There is no such room.", "The war room has two: operations and status.")
	}
	return s.writeRoom(w, r, room, "")
}

func (s *Server) writeRoom(w http.ResponseWriter, r *http.Request, room, thread string) error {
	all, err := s.room(r.Context(), room, thread)
	if err != nil {
		return err
	}
	out := []messageJSON{}
	for _, m := range all {
		out = append(out, shapeMessage(m))
	}
	writeJSON(w, http.StatusOK, map[string]any{"messages": out})
	return nil
}

// room answers what stands in a room or thread.
func (s *Server) room(ctx context.Context, room, thread string) ([]chat.Message, error) {
	rows, err := s.o.Outbox.Posted(ctx, Name, room, thread)
	if err != nil {
		return nil, err
	}
	var out []chat.Message
	for _, row := range rows {
		m, err := stands(row)
		if err != nil {
			s.o.Log.Error("message cannot be read", "key", row.Key, "err", err) // the others are still worth showing
			continue
		}
		out = append(out, m)
	}
	return out, nil
}

func (s *Server) apiQuarantine(w http.ResponseWriter, r *http.Request, _ visitor) error {
	rows, err := s.o.Inbox.Quarantine(r.Context(), quarantineMost)
	if err != nil {
		return err
	}
	type quarantined struct {
		ID      int64     `json:"id"`
		Source  string    `json:"source"`
		EventID string    `json:"event_id"`
		At      time.Time `json:"at"`
		Reason  string    `json:"reason"`
		Body    string    `json:"body"`
	}
	out := []quarantined{}
	for _, q := range rows {
		out = append(out, quarantined{ID: q.ID, Source: q.Source, EventID: q.EventID, At: q.At.UTC(), Reason: q.Reason, Body: excerpt(q.Body)})
	}
	writeJSON(w, http.StatusOK, map[string]any{"quarantine": out})
	return nil
}

// excerptMost is enough to see what a body was.
const excerptMost = 4096

func excerpt(body []byte) string {
	return strings.ToValidUTF8(string(body[:min(len(body), excerptMost)]), "\uFFFD")
}

func (s *Server) apiStep(w http.ResponseWriter, r *http.Request, _ visitor) error {
	id := r.PathValue("id")
	if run, path, ok := strings.Cut(id, ":"); ok {
		return s.writeQuestion(w, r, run, path)
	}
	owner, err := s.o.Reader.StepOwner(r.Context(), id)
	if err != nil {
		return err
	}
	i, err := s.o.Journal.Incident(r.Context(), owner)
	if err != nil {
		return err
	}
	st := i.Step(id)
	if st == nil {
		return noStep()
	}
	writeJSON(w, http.StatusOK, shapeStep(i, st))
	return nil
}

func noStep() error { return fault.New(fault.NotFound, "E23", "There is no such step.", "") }

// writeQuestion finds a look or question of a run. Runs have no index of their
// own: those of the newest incidents are looked through.
func (s *Server) writeQuestion(w http.ResponseWriter, r *http.Request, run, path string) error {
	found, err := s.o.Reader.Incidents(r.Context(), incident.Filter{State: "all", Limit: pageMost})
	if err != nil {
		return err
	}
	for _, i := range found {
		rn := i.Run(run)
		if rn == nil {
			continue
		}
		res, ok := rn.Results[path]
		if !ok {
			return noStep()
		}
		writeJSON(w, http.StatusOK, shapeQuestion(i, rn, path, res))
		return nil
	}
	return noStep()
}
