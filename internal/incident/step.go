package incident

import (
	"slices"
	"time"
)

// StepState is where an act stands (PROMISES rule 1). STARTING is committed
// before the first byte goes to the target; what is not proven after that is
// UNKNOWN, never failed.
type StepState string

// The states of a step.
const (
	Proposed       StepState = "PROPOSED"
	Previewed      StepState = "PREVIEWED"
	Waiting        StepState = "WAITING_APPROVAL"
	Approved       StepState = "APPROVED"
	Starting       StepState = "STARTING"
	Succeeded      StepState = "SUCCEEDED"
	FailedProven   StepState = "FAILED_PROVEN"
	UnknownOutcome StepState = "UNKNOWN"
	Expired        StepState = "EXPIRED"
	Denied         StepState = "DENIED"
	RefusedStale   StepState = "REFUSED_STALE"
	Cancelled      StepState = "CANCELLED"
)

// transitions is the whole machine. UNKNOWN leaves only through a person who
// looked: it worked, it did not.
var transitions = map[StepState][]StepState{
	"":             {Proposed},
	Proposed:       {Previewed, FailedProven, RefusedStale, Cancelled},
	Previewed:      {Waiting, Approved, Expired, Cancelled, RefusedStale},
	Waiting:        {Approved, Denied, Expired, Cancelled, RefusedStale},
	Approved:       {Starting, RefusedStale, Expired, Cancelled, FailedProven},
	Starting:       {Succeeded, FailedProven, UnknownOutcome, RefusedStale},
	UnknownOutcome: {Succeeded, FailedProven},
}

// May reports whether a step in s may go to next.
func (s StepState) May(next StepState) bool { return slices.Contains(transitions[s], next) }

// Terminal reports whether nothing can happen to the step any more. UNKNOWN is
// not terminal: a person closes it.
func (s StepState) Terminal() bool { return s != "" && len(transitions[s]) == 0 }

// WaitsForPress reports whether the step stands on a button.
func (s StepState) WaitsForPress() bool { return s == Previewed || s == Waiting }

// Running reports whether the step is on its way to the target.
func (s StepState) Running() bool { return s == Approved || s == Starting }

// Step is one act. An `each` is a step with children, one approval over their
// ordered digests; every child is a step of its own with its own STARTING
// entry, recheck and result.
type Step struct {
	ID       string    `json:"id"`
	Run      string    `json:"run"`
	Path     string    `json:"path"` // place in the pinned playbook, "2" or "1.o0.3"
	Index    int       `json:"index"`
	Of       int       `json:"of"`
	Playbook string    `json:"playbook"`
	Action   string    `json:"action"`
	Grade    Grade     `json:"grade"`
	State    StepState `json:"state"`
	Parent   string    `json:"parent,omitempty"`
	Children []string  `json:"children,omitempty"`

	Args        map[string]any `json:"args,omitempty"` // as the playbook gave them, rows whole, to plan once more
	Plan        Plan           `json:"plan"`
	Digest      string         `json:"digest,omitempty"`
	RequestedBy string         `json:"requested_by"`
	AskedByID   string         `json:"asked_by_id,omitempty"` // the account that asked
	Askers      []Asker        `json:"askers,omitempty"`      // everybody who decided what it does
	ApprovedBy  []string       `json:"approved_by,omitempty"`
	StartedBy   string         `json:"started_by,omitempty"`
	StartedByID string         `json:"started_by_id,omitempty"` // the immutable account, to look at the role once more
	SecondOne   bool           `json:"second_person,omitempty"` // somebody else must approve
	Phrase      string         `json:"phrase,omitempty"`        // to be typed by whoever starts it
	PhraseTries int            `json:"phrase_tries,omitempty"`
	ProposedAt  time.Time      `json:"proposed_at"`
	ExpiresAt   time.Time      `json:"expires_at,omitzero"`
	StartedAt   time.Time      `json:"started_at,omitzero"`
	EndedAt     time.Time      `json:"ended_at,omitzero"`
	Attempt     string         `json:"attempt,omitempty"` // idempotency key of the one attempt
	Receipt     *Receipt       `json:"receipt,omitempty"`
	Evidence    *Evidence      `json:"evidence,omitempty"`
	Reason      string         `json:"reason,omitempty"` // why it was refused, failed, declined
	Code        string         `json:"code,omitempty"`   // the E code of that reason

	Optional bool              `json:"optional,omitempty"` // a bad end does not pause the run
	Failures int               `json:"failures,omitempty"` // of an each: failed children tolerated
	Timeout  time.Duration     `json:"timeout,omitempty"`
	Kept     map[string]string `json:"kept,omitempty"` // made durable in the middle of the act

	Settle time.Duration `json:"settle,omitempty"` // how long its effect may take after the target accepted it
	Effect *Effect       `json:"effect,omitempty"` // what became of that

	Remind  time.Duration `json:"remind,omitempty"`     // ask [Put back] [Keep] this long after it was done
	Asked   int           `json:"asked_back,omitempty"` // how often that was asked
	BackDue time.Time     `json:"back_due,omitzero"`    // asked then, whatever Remind says
	KeptBy  string        `json:"kept_by,omitempty"`    // who wants it to stay
	Glass   string        `json:"glass,omitempty"`      // why the glass was broken: nobody approved

	UndoOf   string `json:"undo_of,omitempty"`
	UndoneBy string `json:"undone_by,omitempty"`
	Seq      int64  `json:"seq"` // the entry that changed it last
}

// Group reports whether the step is the head of an `each`.
func (s *Step) Group() bool { return len(s.Children) > 0 }
