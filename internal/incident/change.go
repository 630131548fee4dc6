package incident

import "time"

// Priorities of outgoing messages between threads, lowest first (PROMISES rule
// 12): approvals and results before openings before nudges before edits.
const (
	PriorityAct   = 0
	PriorityOpen  = 1
	PriorityNudge = 2
	PriorityEdit  = 3
)

// Rooms of a message.
const (
	RoomOperations = "operations"
	RoomStatus     = "status"
	RoomSource     = "source" // a call to the alert source, not a message
)

// Place says where a message goes. A message with a Thread is a reply below the
// card of that incident.
type Place struct {
	Room   string `json:"room"`
	Thread string `json:"thread,omitempty"` // incident id
}

// Out is the intent to send a message. It is rendered from the fold when it is
// first claimed, once per platform in use.
type Out struct {
	Key      string // stable and unique per platform: "INC-42:card"
	Platform string // "" means every chat platform; else one, such as a mirror
	Place    Place
	Where    string // of the chat platforms only this one, if it is in use
	Kind     string // card, opener, update, nudge, step, note ...
	About    string // what it is about: a step id, a run id, an entry's seq
	Priority int
	Edit     bool // render again what was sent under this key; latest wins
	Delete   bool // take back what was sent under this key
}

// Wake kinds.
const (
	WakeInbox = "inbox"
	WakeOut   = "out"
	WakeNudge = "nudge"
	WakeStep  = "step"
	WakeRun   = "run"
)

// Wake says: look at this row at this time. It says nothing else; a wake-up run
// twice finds the work done.
type Wake struct {
	Kind     string
	Row      string
	Due      time.Time
	Priority int
	Cancel   bool // take the wake-up back
}

// Change is what a decision answers: everything is written in one transaction.
type Change struct {
	Entries []Entry
	Outs    []Out
	Wakes   []Wake
	// Tombstone remembers that a key which belongs to no incident was resolved,
	// so that an older trigger does not open one.
	Tombstone *Tombstone
}

// Tombstone marks a resolved key without an incident.
type Tombstone struct {
	Kind, Key string
	At        Stamp
}

// Target names the incident that a decision is about: by number, or by a
// source's key, which is how one opens.
type Target struct {
	Number int64

	SourceKind, SourceKey string
	Service               string // with Group: join the open incident of this service
	Group                 bool
	// Fresh opens a new incident whatever the key belongs to: the source came
	// back after it was too late to reopen. The key moves to the new one.
	Fresh bool

	Claim *Claim // set when the work was claimed: the write is refused if the claim was lost
}

// Claim is a lease on a wake-up, as the queue hands it out. Every write made
// under it says `AND term = Term` (PROMISES rule 7).
type Claim struct {
	Kind  string
	Row   string
	Term  int64
	Due   time.Time
	Tries int
	Keep  bool // do not finish the wake-up with this write
}

// View is what a decision sees.
type View struct {
	Now      time.Time
	Incident *Incident // nil when there is none (yet)
	// Mine is true when the source's key belongs to Incident already; false
	// when it would join it.
	Mine bool
	// Dead is set when the key was resolved without ever having an incident.
	Dead *Stamp
	Away Away
}

// Away is the last time Mayday did not run, as far as its own record tells.
type Away struct {
	From, To time.Time
}

// Decide is a use case: pure, run inside the transaction.
type Decide func(v View) (Change, error)
