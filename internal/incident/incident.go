package incident

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Severity is SEV1 (down), SEV2 (degraded) or SEV3 (minor). Unsure means the
// higher one.
type Severity string

// The severities.
const (
	SEV1 Severity = "SEV1"
	SEV2 Severity = "SEV2"
	SEV3 Severity = "SEV3"
)

// Severities in the order of how bad they are, worst first.
var Severities = []Severity{SEV1, SEV2, SEV3}

// ParseSeverity reads "SEV1", "sev1" or "1".
func ParseSeverity(s string) (Severity, bool) {
	n := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "SEV")
	sev := Severity("SEV" + n)
	return sev, slices.Contains(Severities, sev)
}

// Worse reports whether s is more severe than o.
func (s Severity) Worse(o Severity) bool { return s < o }

// State is where an incident stands.
type State string

// The states of an incident.
const (
	Investigating State = "investigating"
	Identified    State = "identified"
	Monitoring    State = "monitoring"
	Resolved      State = "resolved"
)

// States in the order in which an incident usually goes through them.
var States = []State{Investigating, Identified, Monitoring, Resolved}

// Stamp orders what a source says: by the time it happened, then by event id,
// never by arrival (PROMISES rule 5).
type Stamp struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
}

// After reports whether s is newer than o.
func (s Stamp) After(o Stamp) bool {
	if !s.At.Equal(o.At) {
		return s.At.After(o.At)
	}
	return s.ID > o.ID
}

// Source is one key of an outside system that belongs to the incident, with
// the newest thing known about each aspect of it.
type Source struct {
	Kind     string   `json:"kind"` // "pagerduty"
	Key      string   `json:"id"`   // the source's incident id
	URL      string   `json:"url,omitempty"`
	Title    string   `json:"title,omitempty"`
	Status   string   `json:"status,omitempty"` // triggered, acknowledged, resolved
	Urgency  string   `json:"urgency,omitempty"`
	StatusAt Stamp    `json:"status_at,omitzero"`
	SevAt    Stamp    `json:"sev_at,omitzero"`
	Sev      Severity `json:"sev,omitempty"` // of its priority; "" when it has none
	OwnerAt  Stamp    `json:"owner_at,omitzero"`
	ServAt   Stamp    `json:"serv_at,omitzero"`
	CallAt   Stamp    `json:"call_at,omitzero"`
}

// Link is something worth a tap, such as a conference bridge.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Update is one post in #status.
type Update struct {
	Seq    int64     `json:"seq"`
	N      int       `json:"n"` // 1 for the first
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	State  State     `json:"state"`
	Impact string    `json:"impact"`
	Doing  string    `json:"doing"`
	Next   time.Time `json:"next,omitzero"`
	Same   bool      `json:"same,omitempty"`  // "No change"
	Final  bool      `json:"final,omitempty"` // the word that it is resolved
}

// Incident is the fold of a timeline. Only Fold changes one.
type Incident struct {
	Number     int64     `json:"number"`
	Title      string    `json:"title"`
	Service    string    `json:"service"`
	Impact     string    `json:"impact,omitempty"` // what users feel, of the service
	Severity   Severity  `json:"severity"`
	SevByHand  bool      `json:"sev_by_hand,omitempty"`
	State      State     `json:"state"`
	Owner      string    `json:"owner,omitempty"`
	OwnerVia   string    `json:"owner_via,omitempty"`   // where the owner last did something: reminders go there
	OwnedThere bool      `json:"owned_there,omitempty"` // by acknowledging at the source
	OnCall     string    `json:"on_call,omitempty"`
	AckedBy    string    `json:"acked_by,omitempty"` // acknowledged at the source by somebody without a link
	OpenedAt   time.Time `json:"opened_at"`
	OpenedBy   string    `json:"opened_by,omitempty"`
	DeclaredAt time.Time `json:"declared_at,omitzero"`
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	Touched    bool      `json:"touched,omitempty"` // a person did something with it
	Healed     bool      `json:"healed,omitempty"`  // closed silently with its source
	MergedInto int64     `json:"merged_into,omitempty"`
	AskedAt    time.Time `json:"asked_at,omitzero"`   // recovery was asked about (INTERACTION 2.12)
	AskedSeq   int64     `json:"asked_seq,omitempty"` // the entry that asked
	Summary    string    `json:"summary,omitempty"`

	Suspicion *Suspicion `json:"suspicion,omitempty"` // what changed before it began; nil before anybody looked

	Sources []Source `json:"sources,omitempty"` // the first is the one that opened it
	Links   []Link   `json:"links,omitempty"`
	DoNot   []string `json:"do_not,omitempty"`

	Policy  Policy   `json:"policy"`
	Clock   Clock    `json:"clock"`
	Updates []Update `json:"updates,omitempty"`
	Nudges  []Nudge  `json:"nudges,omitempty"`
	Runs    []Run    `json:"runs,omitempty"`
	Steps   []Step   `json:"steps,omitempty"`

	Seq      int64  `json:"seq"`       // of the last entry
	LastHMAC string `json:"last_hmac"` // seal of the last entry
}

// ID is "INC-42".
func (i *Incident) ID() string { return FormatID(i.Number) }

// FormatID writes an incident number as people read it.
func FormatID(n int64) string { return "INC-" + strconv.FormatInt(n, 10) }

// ParseID reads "INC-42", "inc-42", "#42" or "42".
func ParseID(s string) (int64, error) {
	t := strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "INC-"), "#")
	n, err := strconv.ParseInt(t, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("an incident is named like INC-42, not %q", s)
	}
	return n, nil
}

// Open reports whether the incident is not resolved.
func (i *Incident) Open() bool { return i != nil && i.State != Resolved }

// Declared reports whether it is more than an alert: its clock runs.
func (i *Incident) Declared() bool { return !i.DeclaredAt.IsZero() }

// Step answers the step with this id, or nil.
func (i *Incident) Step(id string) *Step {
	for n := range i.Steps {
		if i.Steps[n].ID == id {
			return &i.Steps[n]
		}
	}
	return nil
}

// Run answers the playbook run with this id, or nil.
func (i *Incident) Run(id string) *Run {
	for n := range i.Runs {
		if i.Runs[n].ID == id {
			return &i.Runs[n]
		}
	}
	return nil
}

// Source answers what is known of a source's key, or nil.
func (i *Incident) Source(kind, key string) *Source {
	for n := range i.Sources {
		if i.Sources[n].Kind == kind && i.Sources[n].Key == key {
			return &i.Sources[n]
		}
	}
	return nil
}

// LastUpdate answers the newest post in #status, or nil.
func (i *Incident) LastUpdate() *Update {
	if len(i.Updates) == 0 {
		return nil
	}
	return &i.Updates[len(i.Updates)-1]
}

// InForce lists the acts that succeeded, have an undo and were not undone.
func (i *Incident) InForce() []*Step {
	var out []*Step
	for n := range i.Steps {
		s := &i.Steps[n]
		if s.State == Succeeded && s.Plan.Undo != "" && s.UndoneBy == "" && s.UndoOf == "" && !s.Group() {
			out = append(out, s)
		}
	}
	return out
}

// LastInForce is the newest act of a run that is still in force, nil when there
// is none. Of an each it is the whole.
func (i *Incident) LastInForce(run string) *Step {
	for n := len(i.Steps) - 1; n >= 0; n-- {
		s := &i.Steps[n]
		if s.Run == run && s.Parent == "" && s.State == Succeeded && s.UndoneBy == "" && s.UndoOf == "" && s.Plan.Undo != "" {
			return s
		}
	}
	return nil
}

// TakenBack reports whether a run did something and nothing of it is in force.
func (i *Incident) TakenBack(run string) bool {
	back := false
	for n := range i.Steps {
		s := &i.Steps[n]
		if s.Run != run || s.Parent != "" || s.State != Succeeded {
			continue
		}
		if s.UndoneBy == "" {
			return false
		}
		back = true
	}
	return back
}

// Clone copies the incident so deeply that a fold over the copy leaves the
// original alone.
func (i *Incident) Clone() *Incident {
	if i == nil {
		return nil
	}
	c := *i
	c.Sources = slices.Clone(i.Sources)
	c.Links = slices.Clone(i.Links)
	c.DoNot = slices.Clone(i.DoNot)
	c.Updates = slices.Clone(i.Updates)
	c.Nudges = slices.Clone(i.Nudges)
	c.Steps = slices.Clone(i.Steps)
	for n := range c.Steps {
		c.Steps[n].ApprovedBy = slices.Clone(c.Steps[n].ApprovedBy)
		c.Steps[n].Children = slices.Clone(c.Steps[n].Children)
	}
	c.Runs = slices.Clone(i.Runs)
	for n := range c.Runs {
		c.Runs[n].Results = maps.Clone(c.Runs[n].Results)
	}
	c.Clock = i.Clock.clone()
	c.Policy.First = maps.Clone(i.Policy.First)
	return &c
}
