// Package chat is the port to a place where people talk. It knows cards,
// buttons and forms, and no vendor: a platform renders the one neutral message
// in its own way, with the same words and the same buttons in the same order.
package chat

import (
	"context"
	"log/slog"
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

// Checker is a platform that doctor can ask.
type Checker interface {
	Check(ctx context.Context) []Finding
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
	Name   string
	Limits Limits
	New    func(section config.Section, log *slog.Logger) (Platform, error)
}

// Place is where a message goes: a room, or a thread in it.
type Place struct {
	Room   string // operations, status
	Thread Ref    // "" for the room itself
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
	// *fault.Fault, rendered by ErrorMessage.
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

	Text string // a command, without its leading slash or mention: "run rollback"

	Button string         // a press: the opaque id
	Input  map[string]any // what was filled in: strings, or lists of strings

	Incident string // the thread it happened in, if any
	Room     string
}

// User is who did it, as the platform knows them. Names are for show; rights
// come from ID and Groups alone (P17).
type User struct {
	ID      string   // immutable, without the platform: "U0123"
	Name    string   // display name
	Groups  []string // immutable ids of groups or roles
	Role    string   // only where the platform itself vouches for one: a token's
	Service bool     // not a person: may never approve
}

// Query asks for suggestions while somebody types.
type Query struct {
	Platform string
	User     User
	Incident string
	Command  string // "run"
	Arg      string // "playbook"
	Prefix   string
}

// Choice is one suggestion.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Failure classifies what a platform answered, so that the outbox knows what to
// do without knowing the vendor.
type Failure struct {
	Kind  FailureKind
	After time.Duration // with Limited: not before
	Err   error
}

// FailureKind says what a failed send means.
type FailureKind string

// The kinds.
const (
	Uncertain FailureKind = "uncertain" // it may have arrived
	Limited   FailureKind = "limited"   // not sent; come back After
	Rejected  FailureKind = "rejected"  // not sent; these bytes will never be taken
	Lost      FailureKind = "lost"      // the destination is gone or closed to us
	Down      FailureKind = "down"      // not sent; try again later
)

func (f *Failure) Error() string {
	if f.Err == nil {
		return string(f.Kind)
	}
	return string(f.Kind) + ": " + f.Err.Error()
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }
