package web

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayday/bot"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// runJSON is a playbook in progress, as programs follow it.
type runJSON struct {
	ID        string       `json:"id"`
	Playbook  string       `json:"playbook"`
	State     string       `json:"state"`
	By        string       `json:"by"`
	Reason    *string      `json:"reason"`
	WaitsFor  *string      `json:"waits_for"` // the step or question that stands on a press
	Results   []resultJSON `json:"results"`   // oldest first
	StartedAt *time.Time   `json:"started_at"`
	EndedAt   *time.Time   `json:"ended_at"`
}

// resultJSON is one step of a playbook; an act is named, its details are in steps.
type resultJSON struct {
	Path    string     `json:"path"`
	Outcome *string    `json:"outcome"`
	Asked   *string    `json:"asked"`
	Choice  *string    `json:"choice"`
	Reason  *string    `json:"reason"`
	Summary *string    `json:"summary"` // of what a look found
	Step    *string    `json:"step"`
	At      *time.Time `json:"at"`
}

func shapeRun(i *incident.Incident, r *incident.Run) runJSON {
	out := runJSON{ID: r.ID, Playbook: r.Playbook, State: string(r.State), By: r.By, Reason: text(r.Reason), WaitsFor: text(waitingIn(i, r.ID)),
		Results: []resultJSON{}, StartedAt: moment(r.StartedAt), EndedAt: moment(r.EndedAt)}
	paths := make([]string, 0, len(r.Results))
	for path := range r.Results {
		if r.Of == "" || strings.HasPrefix(path, incident.AuditPrefix) { // what it knows from the run before is there
			paths = append(paths, path)
		}
	}
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Results[a].Seq, r.Results[b].Seq), cmp.Compare(a, b))
	})
	for _, path := range paths {
		res := r.Results[path]
		one := resultJSON{Path: path, Outcome: text(string(res.Outcome)), Asked: text(res.Asked), Choice: text(res.Choice), Reason: text(inert(res.Reason)),
			Step: text(res.Step), At: moment(res.At)}
		if res.Table != nil {
			one.Summary = text(inert(res.Table.Summary))
		}
		out.Results = append(out.Results, one)
	}
	return out
}

// apiRehearse makes a dry run with the connections of this server.
func (s *Server) apiRehearse(w http.ResponseWriter, r *http.Request, v visitor) error {
	var body struct {
		Incident string   `json:"incident"`
		Service  string   `json:"service"`
		With     []string `json:"with"`
		Choose   []string `json:"choose"`
		Set      []string `json:"set"`
	}
	if err := readJSON(w, r, &body, true); err != nil {
		return err
	}
	if s.o.Rehearse == nil || v.reads {
		return errSignIn()
	}
	number := int64(0)
	if body.Incident != "" {
		i, err := s.named(r.Context(), body.Incident)
		if err != nil {
			return err
		}
		number = i.Number
	}
	found, err := s.o.Rehearse(r.Context(), s.o.Person(v.user), number, bot.Rehearsal{Playbook: r.PathValue("name"), Service: body.Service,
		With: body.With, Choose: body.Choose, Set: body.Set})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, found)
	return nil
}

// backupPatience is how long a copy may take to be read.
const backupPatience = 30 * time.Minute

// apiBackup sends a copy of the database. It holds everything that Mayday knows,
// so it is for admins.
func (s *Server) apiBackup(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readJSON(w, r, &struct{}{}, true); err != nil {
		return err
	}
	by := s.o.Person(v.user)
	if err := incident.Needs(by, "take a backup", incident.Admin); err != nil || v.reads {
		return cmp.Or(err, errSignIn())
	}
	if s.o.Backup == nil {
		return fault.New(fault.NotFound, "E23", "This Mayday keeps nothing that could be backed up here.", "With a Postgres store: pg_dump.")
	}
	from, size, err := s.o.Backup(r.Context())
	if err != nil {
		return err
	}
	s.o.Log.Info("backup is taken", "by", by.Name, "bytes", size)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(backupPatience)) // tests may have no connection
	w.Header().Set("Content-Type", "application/vnd.sqlite3")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	_, err = io.CopyN(w, from, size)
	if err != nil {
		cutOff(w)
	}
	if err = errors.Join(err, from.Close()); err != nil {
		s.o.Log.Warn("backup was not read to its end", "by", by.Name, "err", err)
	}
	return nil
}

// cutOff ends an answer in the middle, so that its reader sees that it is not
// whole: where something on the way took the length off, a short answer would
// look like all there is. A deadline that has passed resets the stream of HTTP/2;
// over HTTP/1 what would say "this was all" cannot be written any more.
func cutOff(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)) // tests may have no connection
}
