package incident

import (
	"encoding/json"
	"time"
)

// RunState is where a playbook run stands.
type RunState string

// The states of a run.
const (
	RunGoing   RunState = "running" // Mayday looks or plans
	RunWaiting RunState = "waiting" // a person is asked
	RunPaused  RunState = "paused"  // an act did not end well; a person decides
	RunDone    RunState = "done"
	RunStopped RunState = "stopped"
)

// Over reports whether nothing more comes of the run.
func (s RunState) Over() bool { return s == RunDone || s == RunStopped }

// Outcome is how one step of a playbook ended (PLAYBOOKS, meaning 3).
type Outcome string

// The outcomes.
const (
	OutDone      Outcome = "done"
	OutFailed    Outcome = "failed"
	OutUnknown   Outcome = "unknown"
	OutRefused   Outcome = "refused"
	OutDeclined  Outcome = "declined"
	OutExpired   Outcome = "expired"
	OutSkipped   Outcome = "skipped"
	OutNotMet    Outcome = "not_met"
	OutNotHelped Outcome = "not_helped"
)

// Result is what a run remembers of one step: a run is a fold of these and goes
// on after a restart.
type Result struct {
	Outcome Outcome         `json:"outcome,omitempty"` // "" while it is open
	Table   *Table          `json:"table,omitempty"`   // of a look
	Picked  []Row           `json:"picked,omitempty"`
	Choice  string          `json:"choice,omitempty"`
	When    *bool           `json:"when,omitempty"` // computed once, when the step came up
	Reason  string          `json:"reason,omitempty"`
	Step    string          `json:"step,omitempty"`  // id of the act's step
	Acted   bool            `json:"acted,omitempty"` // the act did not end well, and its target was changed all the same
	Asked   string          `json:"asked,omitempty"` // what a person is asked: pick, choose, tell, inputs
	Watch   *Lookout        `json:"watch,omitempty"` // conditions that are waited for
	Seq     int64           `json:"seq"`             // the entry that wrote it last
	At      time.Time       `json:"at"`
	Extra   json.RawMessage `json:"extra,omitempty"` // values `when` saw, inputs of an option
}

// Lookout is how far conditions are that a run waits for. Its instants survive a
// restart.
type Lookout struct {
	Since   time.Time            `json:"since"`
	Until   time.Time            `json:"until"`
	Held    []time.Time          `json:"held,omitempty"`    // per condition: since when it holds; zero while it does not
	Blind   []string             `json:"blind,omitempty"`   // what nobody can tell, and why
	Samples map[string][]float64 `json:"samples,omitempty"` // the newest values of what was seen, oldest first
	Text    string               `json:"text"`              // what is seen now, for people
}

// Run is one playbook in progress, pinned at its start.
type Run struct {
	ID        string            `json:"id"`
	Playbook  string            `json:"playbook"`
	Say       string            `json:"say"`
	Hash      string            `json:"hash"`   // of file text, nested files, action versions and inputs
	Pinned    json.RawMessage   `json:"pinned"` // the texts: name to YAML
	Inputs    map[string]any    `json:"inputs"`
	After     int               `json:"after,omitempty"` // how many steps it offers when the incident resolves
	Of        string            `json:"of,omitempty"`    // the run after which this one comes: it is the audit of it
	By        string            `json:"by"`
	ByID      string            `json:"by_id"`
	Askers    []Asker           `json:"askers,omitempty"` // whoever decided what it does; By is the first
	State     RunState          `json:"state"`
	At        string            `json:"at,omitempty"`   // path of the step that is up
	Step      string            `json:"step,omitempty"` // id of the act that is up
	Results   map[string]Result `json:"results,omitempty"`
	StartedAt time.Time         `json:"started_at"`
	EndedAt   time.Time         `json:"ended_at,omitzero"`
	Reason    string            `json:"reason,omitempty"`
	Seq       int64             `json:"seq"` // of the entry that started it
}
