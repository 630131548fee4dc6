package incident

import (
	"encoding/json"
	"errors"
	"time"
)

// InboxState is what became of a stored body.
type InboxState string

// The states of an inbox row.
const (
	InboxNew         InboxState = "new"
	InboxDone        InboxState = "done"
	InboxRecorded    InboxState = "recorded"    // too old to act on, or a test of the door
	InboxQuarantined InboxState = "quarantined" // signed and not understood
)

// Received is one body as it came in at a door.
type Received struct {
	ID       int64      `json:"id"`
	Source   string     `json:"source"`
	EventID  string     `json:"event_id"`
	At       time.Time  `json:"at"`
	State    InboxState `json:"state"`
	Reason   string     `json:"reason,omitempty"`
	Incident int64      `json:"incident,omitempty"` // number, once it is done
	Body     []byte     `json:"-"`
}

// OutState is where an outgoing message stands.
type OutState string

// The states of an outbox row.
const (
	OutPending     OutState = "pending"
	OutSent        OutState = "sent"
	OutQuarantined OutState = "quarantined" // refused by the platform twice; the thread went on
	OutGone        OutState = "gone"        // taken back
)

// NotConfigured is why a message is given up whose platform left the
// configuration. Its card is taken up again when the platform comes back.
const NotConfigured = "the platform is not configured any more"

// OutRow is one message on one platform: what was asked for and what stands.
type OutRow struct {
	Row      int64 // order within its lane
	Lane     string
	Platform string
	Out
	Incident int64
	State    OutState
	Wanted   int64  // counts the intents for this key; latest wins
	Rendered []byte // bytes of the last rendering, kept so that a retry sends the same
	RendRev  int64  // the intent they answer
	SentRev  int64  // the intent that stands on the platform
	Ref      string // the platform's name for it; "" before it was sent
	Tries    int
	SentAt   time.Time
	EditedAt time.Time
	Plain    bool // the bytes were refused once: send plain text
	// Tried is since when the message may stand without our knowing: a first send
	// was begun and not answered. Zero when it certainly does not, or does.
	Tried time.Time
}

// Button is what the server knows of a button; a message carries its id only.
type Button struct {
	ID       string
	Incident int64 // 0 for a button of no incident
	Message  string
	Verb     string
	Step     string
	Arg      json.RawMessage
	Person   string // "" or the only one who may press: buttons of ephemeral answers
	At       time.Time
}

// Posted is a message as it stands on a platform.
type Posted struct {
	Key      string
	Room     string
	Thread   string
	Kind     string
	Body     []byte
	Ref      string
	SentAt   time.Time
	EditedAt time.Time
}

// FeedRow is one change, in the one order that all readers see. A reader that
// remembers the last ID misses nothing.
type FeedRow struct {
	ID       int64     `json:"id"`
	At       time.Time `json:"at"`
	Incident string    `json:"incident,omitempty"`
	Kind     string    `json:"kind"` // entry, message
	Ref      string    `json:"ref"`  // seq of the last entry, key of the message
}

// Filter narrows a list of incidents.
type Filter struct {
	State   string // open, resolved, all
	Owner   string
	Service string
	Limit   int   // 1 to 200, 50 unless set
	Before  int64 // numbers below this one: the cursor
}

// ErrLost says that a claim is held no more: somebody else took the row over,
// so the write was refused (PROMISES rule 7).
var ErrLost = errors.New("claim lost: another worker took this over")
