// Package chat is the port to a place where people talk. It knows cards,
// buttons and forms, and no vendor: a platform renders the one neutral message
// in its own way, with the same words and the same buttons in the same order.
package chat

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"mayday/internal/config"
)

// Platform is a place where people talk. Implementations are safe for
// concurrent use. Errors are classified: see Failure.
type Platform interface {
	// Name is the word in configuration and outbox rows.
	Name() string
	// Run connects and hands every interaction to h until ctx ends. It answers
	// within the platform's own deadline whatever h does.
	Run(ctx context.Context, h Handler) error
	// OpenThread posts a root card and opens its thread. r.Message.Key makes a
	// repeat safe: the same key answers the same Ref.
	OpenThread(ctx context.Context, r OpenRequest) (Ref, error)
	// Post sends m to p. m.Key makes a repeat safe where the platform can.
	Post(ctx context.Context, p Place, m Message) (Ref, error)
	// Edit replaces what stands at r.
	Edit(ctx context.Context, r Ref, m Message) error
}

// Deleter is a platform that can take a message back. Where it is missing the
// message is edited to say what replaced it.
type Deleter interface {
	Delete(ctx context.Context, r Ref) error
}

// Checker is a platform that doctor can ask. It changes nothing there.
type Checker interface {
	Check(ctx context.Context) []Finding
}

// Pacer is a platform that knows what it may send now. It is asked before a
// message is rendered, so that what has to wait is rendered late; a send may be
// answered Limited all the same.
type Pacer interface {
	// Pace answers how long a message of this weight has to wait, 0 for not at
	// all. It spends nothing and does not block.
	Pace(p Place, w Weight) time.Duration
}

// Weight is how urgent a message is, and whether it is an edit (PROMISES rule
// 12).
type Weight struct {
	Priority int // 0 approvals and results, 1 openings, 2 reminders, 3 edits and housekeeping
	Edit     bool
}

// Directory is a platform that can tell who somebody is now, without an
// interaction of theirs: rights are looked at again when an act is carried out.
type Directory interface {
	// Who answers the person with their groups as they are now. An error means
	// that it could not be found out; nobody acts on that.
	Who(ctx context.Context, id string) (User, error)
}

// Prober is a platform that knows how it fares.
type Prober interface {
	Health() Health
}

// Health of a platform.
type Health struct {
	State string    // ok, degraded, off
	Since time.Time // of that state
	Text  string    // for people: "does not answer"; "" when ok
}

// Router is a platform that is called over HTTP.
type Router interface {
	Routes() []Route
}

// Route is one door of a platform: POST only. The handler reads the raw body
// itself, bounded, verifies it and answers in time.
type Route struct {
	Path    string // "/hooks/NAME/..."
	Handler http.Handler
}

// Finding is one line of doctor.
type Finding struct {
	OK   bool
	Warn bool
	Text string
	Fix  string
}

// Adapter is what a platform's package exports.
type Adapter struct {
	Name   string // in configuration and outbox rows
	Title  string // for people
	Mark   string // before the command where it is typed in a thread, "@" unless set
	Limits Limits
	// Always is set where the platform is in use without being configured.
	Always bool
	// New makes the platform. It talks to nobody: Run does.
	New func(Start) (Platform, error)
	// Render shows the body that a message becomes on this platform, for golden
	// files and the pages of the practice range.
	Render func(Message) (json.RawMessage, error)
	// Account brings an account of `people` into the form that User has: an id,
	// or @name for a group. nil leaves it as it is written.
	Account func(string) string
	// Setup prints what a person has to do at the vendor, step by step, with
	// everything filled in that is known. nil: nothing to set up.
	Setup func(Start) string
	// Manifest is the part of Setup that is pasted as it is; nil when there is
	// none.
	Manifest func(Start) string
}

// Start is what a platform is made of.
type Start struct {
	Section  config.Section    // `chat.NAME`
	Rooms    map[string]string // room -> channel as configured: "#operations", or an id
	Command  string            // "mayday"
	Commands []Command
	Groups   []string         // of `people` on this platform, for doctor: "@name", or ids
	URL      string           // of the war room as seen from outside; "" when not known
	Now      func() time.Time // time.Now unless set
	Faster   float64          // divides the waits of its budget, for pretend vendors; 1 unless set
	Log      *slog.Logger
}

// Budget is a fresh budget for this platform.
func (s Start) Budget() *Budget {
	b := NewBudget(s.Now)
	if s.Faster > 1 {
		b.faster = s.Faster
	}
	return b
}

// Place is where a message goes: a room, or a thread in it.
type Place struct {
	Room   string // operations, status
	Thread Ref    // of the root card; "" for the room itself
	// Incident is what the thread is about, for platforms that show it.
	Incident string
}

// Ref is a platform's own name for a message or thread; opaque to everybody
// else.
type Ref string

// OpenRequest asks for a root card with a thread below it.
type OpenRequest struct {
	Room     string
	Incident string // "INC-42"
	Title    string // of the thread, at most 100 characters
	Message  Message
}

// Handler is the one handler of all platforms (seam 5). It does at most one
// transaction and no vendor I/O, so that every platform's deadline is met.
type Handler interface {
	// Handle answers an interaction. The answer may carry a form. An error is a
	// *fault.Fault, rendered by Refusal.
	Handle(ctx context.Context, in Interaction) (Message, error)
	// Suggest completes an argument, best first, at most 25.
	Suggest(ctx context.Context, q Query) ([]Choice, error)
}

// Interaction is something a person did.
type Interaction struct {
	ID       string // unique per interaction, where the platform has one
	Platform string
	User     User
	At       time.Time

	Text  string // a command, without its leading slash or mention: "run rollback"
	Quote string // the words of a message that the command was used on

	Button string         // a press: the opaque id
	Input  map[string]any // what was filled in: strings, or lists of strings

	// Thread is the root card of the thread it happened in, as OpenThread
	// answered it; Incident is set instead where the platform knows it.
	Thread   Ref
	Incident string
	Room     string
}

// User is who did it, as the platform knows them. Names are for show; rights
// come from ID and Groups alone (P17).
type User struct {
	ID      string   // immutable, without the platform: "U0123"
	Name    string   // display name
	Groups  []string // immutable ids of groups or roles
	Named   []string // the same by name, where the name means one group only
	Guest   bool     // from outside: may look, never act
	Role    string   // only where the platform itself vouches for one: a token's
	Service bool     // not a person: may never approve
	// Home is the platform that ID belongs to, where that is not the one that the
	// person is on: somebody who came into the war room by a link from chat stays
	// who they are there, or they could be their own second person.
	Home string
}

// Query asks for suggestions while somebody types.
type Query struct {
	Platform string
	User     User
	Incident string
	Thread   Ref    // of the thread it is typed in, where the platform does not know the incident
	Command  string // "run"
	Arg      string // "playbook"
	Prefix   string
}

// Choice is one suggestion.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}
