package bot

import (
	"context"
	"time"

	"mayday/internal/incident"
)

// The desk's ports to durable state. One store implements them all; they are
// apart because their users are. All are safe for concurrent use. Errors are
// *fault.Fault of kind unavailable (E26) when storage cannot write, ErrLost when
// a claim was taken over by somebody else, and not_found (E23) where it says so.

// Journal is where incidents live.
type Journal interface {
	// Do loads the incident that t names, runs d inside one transaction and
	// writes everything that d answers: all or nothing. d may be called again
	// and must be pure. It answers the incident after, nil when there is none.
	Do(ctx context.Context, t incident.Target, d incident.Decide) (*incident.Incident, error)
	// Incident answers the fold as it was last committed; E23 when there is none.
	Incident(ctx context.Context, number int64) (*incident.Incident, error)
	// BySource finds the incident that a source's key belongs to, 0 when none.
	BySource(ctx context.Context, kind, key string) (int64, error)
}

// Inbox keeps the bodies that came in at a door.
type Inbox interface {
	// Receive stores a verified body: committed and synced when it returns nil.
	// A body whose event id is known answers fresh=false and changes nothing.
	Receive(ctx context.Context, source, eventID string, body []byte) (fresh bool, err error)
	// Received answers a stored body.
	Received(ctx context.Context, id int64) (incident.Received, error)
	// Settle finishes a row that no incident took: recorded or quarantined.
	Settle(ctx context.Context, c incident.Claim, state incident.InboxState, reason string) error
	// Quarantine lists what was signed and not understood, newest first.
	Quarantine(ctx context.Context, limit int) ([]incident.Received, error)
}

// Outbox keeps the messages that are to go out and those that stand. A lane is
// a thread on a platform: its rows go out one after the other.
type Outbox interface {
	// Lane answers the rows of a lane that still have something to send, in order.
	Lane(ctx context.Context, lane string) ([]incident.OutRow, error)
	// Rendered keeps the bytes that are about to be sent, with their buttons.
	Rendered(ctx context.Context, c incident.Claim, row incident.OutRow, body []byte, buttons []incident.Button) error
	// Sent says that the rendered bytes stand on the platform as ref.
	Sent(ctx context.Context, c incident.Claim, row incident.OutRow, ref string) error
	// Refused counts a failed try; with quarantine the row is given up and the
	// lane goes on.
	Refused(ctx context.Context, c incident.Claim, row incident.OutRow, reason string, quarantine bool) error
	// NotSent says that a first send which was begun with Rendered did not happen.
	NotSent(ctx context.Context, c incident.Claim, row incident.OutRow) error
	// Posted answers what stands in a room (thread "") or a thread (card first).
	Posted(ctx context.Context, platform, room, thread string) ([]incident.Posted, error)
}

// Threads knows which card opens the thread of an incident on a platform.
type Threads interface {
	// Root answers the ref of an incident's card, "" before it stands; refused
	// when it never will.
	Root(ctx context.Context, platform string, number int64) (ref string, refused bool, err error)
	// ByRef answers the incident whose card stands at ref, 0 when there is none.
	ByRef(ctx context.Context, platform, ref string) (int64, error)
	// Anew sends a card once more because its thread is gone; false when that was
	// done a moment ago.
	Anew(ctx context.Context, c incident.Claim, platform string, number int64) (bool, error)
	// Repost lets a message that was deleted there be sent once more; false when it
	// was sent a moment ago.
	Repost(ctx context.Context, c incident.Claim, row incident.OutRow) (bool, error)
}

// Buttons keeps what buttons mean.
type Buttons interface {
	// Button answers a button; fault gone (E4) when nobody knows it.
	Button(ctx context.Context, id string) (incident.Button, error)
	// KeepButtons stores buttons of answers that are not in the outbox. One that
	// is known already stays as it is.
	KeepButtons(ctx context.Context, bs []incident.Button) error
}

// Reader answers what screens show.
type Reader interface {
	Incidents(ctx context.Context, f incident.Filter) ([]*incident.Incident, error)
	// Timeline answers entries with seq > after, oldest first.
	Timeline(ctx context.Context, number, after int64) ([]incident.Entry, error)
	// StepOwner answers the number of the incident that has this step; E23.
	StepOwner(ctx context.Context, step string) (int64, error)
	// Feed answers changes with ID > since, oldest first, at most limit.
	Feed(ctx context.Context, since int64, limit int) ([]incident.FeedRow, error)
	// Depth answers how many outbox rows wait and since when the oldest does.
	Depth(ctx context.Context) (n int, oldest time.Time, err error)
	// Note and Noted keep small facts of Mayday itself: when a door was last
	// knocked at, when it last ran.
	Noted(ctx context.Context, key string) (value string, at time.Time, err error)
}

// Suspects keeps what pipelines told of their changes.
type Suspects interface {
	// KeepChange keeps a change and finishes the stored body that told it. A change
	// is known by source and id; told again it stays one.
	KeepChange(ctx context.Context, c incident.Claim, change incident.Suspect) error
	// Changes lists changes between two instants, newest first: those of the
	// services, or of all when none is named, and those of nobody in particular.
	Changes(ctx context.Context, services []string, from, to time.Time, limit int) ([]incident.Suspect, error)
}

// Notes keeps small facts about Mayday itself.
type Notes interface {
	Note(ctx context.Context, key, value string) error
	// Once reports whether this name comes for the first time, and remembers it
	// for a month.
	Once(ctx context.Context, name string) (first bool, err error)
	// Forget makes a name new again: what came once was not done.
	Forget(ctx context.Context, name string) error
}
