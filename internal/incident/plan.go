package incident

// Answer is what a check found. Unknown is an answer of its own: it is shown
// amber and named in the button, and never becomes a tick (decision 3).
type Answer string

// The three answers of a check.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// Check is one line of a preview.
type Check struct {
	Text     string `json:"text"`
	Answer   Answer `json:"answer"`
	Code     string `json:"code,omitempty"`     // of a no that people must mend first: E6, a missing right; E8 unless set
	Override bool   `json:"override,omitempty"` // it says no, and a person may go on in spite of it
}

// Plan is exactly what an act will do, made without doing it. What was approved
// is what runs: the digest covers every field that carries meaning (PROMISES
// rule 9), and Apply compares Pre with the world once more.
type Plan struct {
	Action     string            `json:"action"`               // "pg.terminate"
	Version    int               `json:"version"`              // of the action's code; another version voids an approval
	Target     string            `json:"target"`               // unique name of the thing acted on; one act at a time per target (E16)
	Title      string            `json:"title"`                // "End session 4412 on payments-db"
	Many       string            `json:"many,omitempty"`       // the title over several: "End %d sessions on payments-db"
	Subject    string            `json:"subject"`              // what the typed phrase names, "payments-db"
	Env        string            `json:"env"`                  // of the connection; unset means prod
	Grade      Grade             `json:"grade"`                // the action's, raised by the effect
	From       string            `json:"from,omitempty"`       // the world now, in words
	To         string            `json:"to,omitempty"`         // the world after
	Details    []string          `json:"details,omitempty"`    // more lines of the preview, at most 4
	Checks     []Check           `json:"checks,omitempty"`     //
	Command    string            `json:"command,omitempty"`    // what a person would type to do the same
	Undo       string            `json:"undo,omitempty"`       // "yes, back to cart:2.0.1"; "" means no
	NoUndo     string            `json:"no_undo,omitempty"`    // why there is none, "This cannot be undone."
	Args       map[string]any    `json:"args,omitempty"`       // JSON values only
	Credential string            `json:"credential,omitempty"` // name of the connection or secret reference, never a value
	Pre        map[string]string `json:"pre,omitempty"`        // what must still be true at the tap
	Record     map[string]string `json:"record,omitempty"`     // what Undo needs, captured before the act
	Note       string            `json:"note,omitempty"`       // incident, step and person, for the target's own audit log; the desk fills it in
	Gone       string            `json:"gone,omitempty"`       // set: there is nothing left to act on, and why
	Next       *Offer            `json:"next,omitempty"`       // the same act on the service's next target, offered when this one has settled
}

// Failing lists the checks that answered no and stop the act.
func (p Plan) Failing() []Check {
	var out []Check
	for _, c := range p.answered(No) {
		if !c.Override {
			out = append(out, c)
		}
	}
	return out
}

// InSpite lists the checks that answered no and that a person may go on in spite of.
func (p Plan) InSpite() []Check {
	var out []Check
	for _, c := range p.answered(No) {
		if c.Override {
			out = append(out, c)
		}
	}
	return out
}

// Open lists the checks that nobody could answer.
func (p Plan) Open() []Check { return p.answered(Unknown) }

func (p Plan) answered(a Answer) []Check {
	var out []Check
	for _, c := range p.Checks {
		if c.Answer == a {
			out = append(out, c)
		}
	}
	return out
}

// Receipt is what the target said when it accepted an act.
type Receipt struct {
	Text   string            `json:"text"`             // "session 4412 ended"
	Values map[string]string `json:"values,omitempty"` // what Undo and later steps need
}

// Evidence is what is true now at the target of an act whose answer is unknown.
type Evidence struct {
	Text    string `json:"text"`            // "pid 4412 is gone since 14:08:02"
	Applied Answer `json:"applied"`         // looks applied, looks not applied, cannot tell
	Settled bool   `json:"settled"`         // a success whose effect is complete
	Blind   bool   `json:"blind,omitempty"` // nobody could look; Text says why
	Wrong   string `json:"wrong,omitempty"` // set: the effect will not become complete by itself, and why: "ImagePullBackOff on cart:1.9.8"
}

// Row is one line of a look, with a typed id to choose it by.
type Row struct {
	ID     string         `json:"id"`
	Label  string         `json:"label"`
	Values map[string]any `json:"values"`
}

// Table is what a look found. Later steps use Fields and Rows.
type Table struct {
	Summary string         `json:"summary"` // one line: "2 sessions hold others up"
	Fields  map[string]any `json:"fields,omitempty"`
	Rows    []Row          `json:"rows,omitempty"`
	Capped  bool           `json:"capped,omitempty"` // there was more than is listed
}
