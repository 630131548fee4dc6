// Package integrations is the port to everything outside that can be looked at,
// acted on or listened to. Each system has a package below this one that
// exports `var Integration`; what it offers are values, and help, forms,
// suggestions, the linter and the action reference derive from their fields.
package integrations

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mayday/internal/config"
	"mayday/internal/incident"
)

// The structs of the port live in the domain: digest, undo and receivers are
// domain matters. They are named here again for those who implement it.
type (
	// Plan is what an act will do.
	Plan = incident.Plan
	// Receipt is what the target answered to an act.
	Receipt = incident.Receipt
	// Evidence is what a target says about an attempt whose result is unknown.
	Evidence = incident.Evidence
	// Table is what a look found.
	Table = incident.Table
	// Row is one line of a table.
	Row = incident.Row
	// Check is one thing that was looked at before an act.
	Check = incident.Check
	// Grade says how much care an action needs.
	Grade = incident.Grade
	// Event is one thing that an alert source said.
	Event = incident.Event
)

// The grades and answers of the domain, for those who implement the port.
const (
	GradeLook   = incident.GradeLook
	GradeChange = incident.GradeChange
	GradeDanger = incident.GradeDanger
	Yes         = incident.Yes
	No          = incident.No
	Unknown     = incident.Unknown
)

// Integration is one outside system. Name is its config key ("postgres"),
// Prefix the first word of its actions ("pg").
type Integration struct {
	Name   string
	Prefix string
	Title  string // as people write it, "PagerDuty"; Name unless set
	// At is where its configuration stands: {"connect", Name} unless set, as
	// for {"pagerduty"}.
	At []string
	// New decodes the section strictly and makes the parts. It must not talk to
	// the outside: that is what Checker is for. A missing section (section.Exists
	// is false) is answered with the actions alone, which then refuse to run:
	// the linter and the reference need their fields.
	New func(section config.Section, log *slog.Logger) (Parts, error)
	// Rights prints what the target must grant, made from the services of the
	// configuration and ready to be applied there. only names one connection where
	// there are several, "" otherwise. nil: there is nothing to print.
	Rights func(section config.Section, services []Service, only string) (string, error)
	// Setup prints what a person has to do at the vendor, step by step. url is
	// where the world reaches Mayday, "" when that is not known. nil: nothing.
	Setup func(section config.Section, url string) string
}

// Parts is what an integration has; nil where it has not.
type Parts struct {
	Actions  []Action
	Receiver Receiver
	Mirror   Mirror
	Checker  Checker
	Changes  Changes
	Signals  Signals
	// Adopt hands over the services of the configuration once, after New and
	// before anything else is used. It decodes what each says about this
	// integration (services.NAME.<name of the integration>) strictly, and talks
	// to nobody. nil when the integration does not care.
	Adopt func([]Service) error
	// Backups answers when the last good backup of a connection was made, for the
	// guard backup_fresh; the zero time when it knows the connection and cannot
	// tell. nil when it knows of no backups.
	Backups func(ctx context.Context, connection string) (at time.Time, known bool)
	// Connections are the names that `on` and inputs of type connection take.
	Connections []string
	// Refuse says why Mayday must not serve with this configuration, as with an
	// account that may do everything (PROMISES P20); nil: it may. It asks the outside
	// once, at the start. What does not answer is no reason to refuse. nil when there
	// is nothing to refuse.
	Refuse func(ctx context.Context) error
	// Close releases pools and sockets; nil when there is nothing to release.
	Close func()
}

// Kind is the type of a field.
type Kind string

// Field kinds. Text is matched by an anchored pattern before it reaches an
// action. Connection is the name of a configured connection. Row is one row of
// a look (incident.Row); Rows a list of them.
const (
	Text       Kind = "text"
	Int        Kind = "int"
	Number     Kind = "number"
	Bool       Kind = "bool"
	Duration   Kind = "duration"
	Time       Kind = "time"
	Connection Kind = "connection"
	RowKind    Kind = "row"
	Rows       Kind = "rows"
	Map        Kind = "map"
	List       Kind = "list"
)

// Field is one parameter or one output of an action.
type Field struct {
	Name     string
	Kind     Kind
	Required bool
	Default  any      // JSON value; durations as text, "5m"
	OneOf    []string // closed list
	Match    string   // RE2, anchored when used; "" is the default of PLAYBOOKS section 1
	Say      string   // one line for help and forms
	// Columns describes the values of each row, for Rows and RowKind.
	Columns []Field
}

// Action is one verb. A look has Look; an act has Plan, Apply and Probe, and
// Undo unless it has none. Name is "pg.cancel".
type Action struct {
	Name    string
	Summary string // "Cancel the statement a session runs"
	Params  []Field
	Output  []Field // what later steps may use: `$id.field`
	Grade   Grade   // the least; a plan may raise it
	Version int     // raise it when the meaning changes: running approvals are void
	// Settle is how long the effect of an act may take after the target accepted
	// it, as a rollout does. Until Probe says that it is settled the run waits and
	// its words are the progress; 0 means that the effect is there at once.
	Settle time.Duration
	// Words for the reference that cannot be derived: what Plan checks, what undo
	// does ("back to the image it had"), the rights that the target must grant.
	Checks []string
	Back   string
	Rights string

	// Look reads, and nothing else. It may be repeated.
	Look func(ctx context.Context, a Args) (Table, error)
	// Plan reads, or rehearses something that the target itself rolls back. The
	// answer is complete: what will happen, checks, preconditions, undo. When
	// there is nothing left to act on it sets Plan.Gone.
	Plan func(ctx context.Context, a Args) (Plan, error)
	// Apply rechecks the plan's preconditions and acts once. It never retries.
	// keep is durable when it returns nil; when it errs Apply must not go on.
	// Errors: *Stale when the world moved (nothing was done), *Rejected when the
	// target definitely refused or the request provably never left. Any other
	// error means that nobody knows: the step becomes UNKNOWN.
	Apply func(ctx context.Context, p Plan, keep Keep) (Receipt, error)
	// Probe tells what is true now, after a crash or a timeout. It may be repeated.
	Probe func(ctx context.Context, p Plan, kept Kept) (Evidence, error)
	// Undo makes the plan that takes an act back, from r.Values: the plan's Record,
	// captured before the act, and what Apply added. It is there even when the
	// answer of the act was lost. The plan names the action that carries it out,
	// which may be another one, with the arguments of that one; it fails with
	// *Stale when somebody changed the target since. nil when there is no undo.
	Undo func(ctx context.Context, r Receipt) (Plan, error)
}

// IsLook reports whether the action only reads.
func (a Action) IsLook() bool { return a.Look != nil }

// Args are the typed values of an action's parameters: string, int64, float64,
// bool, time.Duration, time.Time, incident.Row, []incident.Row, map[string]any,
// []any. Parameters that were not given and have no default are missing.
type Args map[string]any

// Text answers a text or connection parameter, "" when missing.
func (a Args) Text(name string) string { s, _ := a[name].(string); return s }

// Row answers a row parameter.
func (a Args) Row(name string) Row { r, _ := a[name].(incident.Row); return r }

// Keep makes a value durable in the middle of an act: a transaction id, the
// name of an operation.
type Keep func(key, value string) error

// Kept is what Keep saved.
type Kept map[string]string

// Stale says that the world moved since the preview: nothing was done (P7).
type Stale struct {
	Code string // E10, or E18 when the thing is gone
	Diff string // "pid 4412 runs another transaction since 14:08:02"
}

func (s *Stale) Error() string { return "stale: " + s.Diff }

// Rejected says that the target definitely refused, or that the request never
// left: nothing was done, and that is proven.
type Rejected struct {
	Code string // E5 unreachable, E6 missing right, E17 ...
	Why  string // for people; names the missing grant
	Fix  string // the next tap, or the exact statement that grants it
	Err  error
}

func (r *Rejected) Error() string { return "rejected: " + r.Why }

// Unwrap gives the cause.
func (r *Rejected) Unwrap() error { return r.Err }

// AsStale and AsRejected find the two in an error's chain.
func AsStale(err error) (*Stale, bool) { var s *Stale; ok := errors.As(err, &s); return s, ok }

// AsRejected finds a *Rejected in an error's chain.
func AsRejected(err error) (*Rejected, bool) { var r *Rejected; ok := errors.As(err, &r); return r, ok }

// Receiver is an inbound door. Its two halves are the two transactions of
// PROMISES rule 5: Verify runs before the 2xx, Parse after the commit.
type Receiver interface {
	// Path is the route, "/hooks/pagerduty".
	Path() string
	// Verify checks the signature over the raw body in constant time and answers
	// the event's unique id. Errors: a *fault.Fault of kind unsigned. It reads
	// nothing but headers and body, does not block, and never judges the
	// content: a signed body that nobody understands gets an id as well.
	Verify(h http.Header, body []byte) (eventID string, err error)
	// Parse turns a stored body into an event. Its error is the reason of the
	// quarantine, in words for people; it never repeats secrets.
	Parse(body []byte) (Event, error)
}

// Splitter is a Receiver whose bodies may tell of several things at once. Split
// is asked instead of Parse. Each event has an ID of its own that is the same
// whenever the same thing is told again.
type Splitter interface {
	Split(body []byte) ([]Event, error)
}

// Call is one thing to do at the alert source, a row of the outbox.
type Call struct {
	Key  string // stable: a repeated call is the same call
	Kind string // "acknowledge", "note", "resolve", "page"
	ID   string // the source's incident
	By   string // on whose behalf, a name
	ByID string // that person's id at the source, "" when not linked
	Text string
}

// Mirror keeps the alert source in step: acknowledgements, notes.
type Mirror interface {
	// Platform is its name in the outbox, "pagerduty".
	Platform() string
	// Do makes the call. Errors are classified: *Rejected is final, anything
	// else is tried again later.
	Do(ctx context.Context, c Call) error
}

// Finding is one line of doctor.
type Finding struct {
	OK   bool
	Warn bool
	Text string
	Fix  string
}

// Checker is what doctor asks. It changes nothing.
type Checker interface {
	Check(ctx context.Context) []Finding
}
