package incident

import (
	"maps"
	"time"
)

// RunStarted pins a playbook and starts it.
type RunStarted struct {
	Run Run `json:"run"`
}

// Kind names the entry.
func (*RunStarted) Kind() string { return "run_started" }

func (b *RunStarted) fold(i *Incident, e Entry) {
	r := b.Run
	r.StartedAt, r.Seq = e.At, e.Seq
	r.State = RunGoing
	r.Results = i.known(r.Of)
	i.Runs = append(i.Runs, r)
	i.touch(e)
}

// RunResult writes what is known of one step of a run. The result is whole: it
// replaces the one before.
type RunResult struct {
	Run    string   `json:"run"`
	Path   string   `json:"path"`
	Result Result   `json:"result"`
	State  RunState `json:"state,omitempty"` // and moves the run
	Person bool     `json:"person,omitempty"`
	Asker  *Asker   `json:"asker,omitempty"` // whose answer decides what the run does
}

// Kind names the entry.
func (*RunResult) Kind() string { return "run_result" }

func (b *RunResult) fold(i *Incident, e Entry) {
	r := i.Run(b.Run)
	if r == nil || r.State.Over() {
		return
	}
	res := b.Result
	res.Seq, res.At = e.Seq, e.At
	if r.Results == nil { // an empty map is left out of the snapshot
		r.Results = map[string]Result{}
	}
	r.Results[b.Path] = res
	r.At = b.Path
	r.ask(b.Asker)
	if res.Outcome != "" {
		r.Step = ""
	}
	if b.State != "" {
		r.State = b.State
	}
	if b.Person {
		i.touch(e)
	}
}

// RunMoved moves a run between its states.
type RunMoved struct {
	Run    string   `json:"run"`
	State  RunState `json:"state"`
	Reason string   `json:"reason,omitempty"`
	// Again forgets the result at Path, so that its step comes up anew: the
	// person pressed [Try again].
	Again string `json:"again,omitempty"`
	Asker *Asker `json:"asker,omitempty"` // who pressed that
}

// Kind names the entry.
func (*RunMoved) Kind() string { return "run_state" }

func (b *RunMoved) fold(i *Incident, e Entry) {
	r := i.Run(b.Run)
	if r == nil || r.State.Over() {
		return
	}
	r.State, r.Reason = b.State, b.Reason
	r.ask(b.Asker)
	if b.Again != "" {
		delete(r.Results, b.Again)
		r.Step = ""
	}
	if b.State.Over() {
		r.EndedAt, r.Step, r.At = e.At, "", ""
	}
	if e.Actor != "" {
		i.touch(e)
	}
}

// StepMoved moves an act through its machine. Only what changes is set.
type StepMoved struct {
	ID string    `json:"id"`
	To StepState `json:"to"` // the state it is in after this entry

	New      *Step  `json:"new,omitempty"`      // PROPOSED: the step itself
	Plan     *Plan  `json:"plan,omitempty"`     // PREVIEWED
	Digest   string `json:"digest,omitempty"`   // PREVIEWED
	Children []Step `json:"children,omitempty"` // PREVIEWED: of an `each`, previewed as well
	Second   bool   `json:"second,omitempty"`   // somebody else must approve
	Phrase   string `json:"phrase,omitempty"`

	ExpiresAt time.Time         `json:"expires_at,omitzero"`
	Approves  bool              `json:"approves,omitempty"` // the actor approved
	Starts    bool              `json:"starts,omitempty"`   // the actor started it
	ByID      string            `json:"by_id,omitempty"`    // the account that started it
	WrongWord bool              `json:"wrong_word,omitempty"`
	Glass     string            `json:"glass,omitempty"` // the reason, when the glass was broken
	Attempt   string            `json:"attempt,omitempty"`
	Kept      map[string]string `json:"kept,omitempty"`
	Receipt   *Receipt          `json:"receipt,omitempty"`
	Evidence  *Evidence         `json:"evidence,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Code      string            `json:"code,omitempty"`
}

// Kind names the entry.
func (*StepMoved) Kind() string { return "step" }

func (b *StepMoved) fold(i *Incident, e Entry) {
	s := i.Step(b.ID)
	if s == nil {
		i.propose(b, e)
		return
	}
	if s.State != b.To && !s.State.May(b.To) {
		return // a replay never moves a step backwards
	}
	s.apply(b, e)
	for _, c := range b.Children {
		s.Children = append(s.Children, c.ID)
	}
	for _, c := range b.Children {
		c.Seq, c.ProposedAt = e.Seq, e.At
		i.Steps = append(i.Steps, c)
	}
	s = i.Step(b.ID) // the slice may have moved
	i.tellChildren(s, b.To, e)
	if b.To == Succeeded && s.Parent == "" {
		i.Clock.StepEnded, i.Clock.StepText = e.At, s.Plan.Title
	}
	if b.To == Succeeded && !s.Group() {
		i.tookBack(s)
	}
	if e.Actor != "" {
		i.touch(e)
	}
}

// tellChildren moves the children of an `each` along with what a person or a
// clock decides about all of them at once; results they get one by one.
func (i *Incident) tellChildren(s *Step, to StepState, e Entry) {
	if to != Approved && to != Expired && to != Denied && to != Cancelled && to != RefusedStale {
		return
	}
	for _, id := range s.Children {
		c := i.Step(id)
		if c != nil && c.State.May(to) {
			c.State, c.Seq = to, e.Seq
		}
	}
}

// propose adds the step and makes it the one that its run waits for.
func (i *Incident) propose(b *StepMoved, e Entry) {
	if b.New == nil {
		return
	}
	s := *b.New
	s.State, s.Seq, s.ProposedAt = Proposed, e.Seq, e.At
	i.Steps = append(i.Steps, s)
	if r := i.Run(s.Run); r != nil {
		r.Step, r.At = s.ID, s.Path
	}
}

func (s *Step) apply(b *StepMoved, e Entry) {
	s.State, s.Seq = b.To, e.Seq
	if b.Plan != nil {
		s.Plan, s.Grade = *b.Plan, s.Grade.Raise(b.Plan.Grade)
	}
	if b.Digest != "" {
		s.Digest = b.Digest
		s.SecondOne, s.Phrase = b.Second, b.Phrase
	}
	if !b.ExpiresAt.IsZero() {
		s.ExpiresAt = b.ExpiresAt
	}
	if b.Approves {
		s.ApprovedBy = append(s.ApprovedBy, e.Actor)
	}
	if b.Starts {
		s.StartedBy, s.StartedByID = e.Actor, b.ByID
	}
	if b.Glass != "" {
		s.Glass = b.Glass
	}
	if b.WrongWord {
		s.PhraseTries++
	}
	if b.Attempt != "" {
		s.Attempt, s.StartedAt = b.Attempt, e.At
	}
	if len(b.Kept) > 0 {
		kept := maps.Clone(s.Kept)
		if kept == nil {
			kept = map[string]string{}
		}
		maps.Copy(kept, b.Kept)
		s.Kept = kept
	}
	if b.Receipt != nil {
		s.Receipt = b.Receipt
	}
	if b.Evidence != nil {
		s.Evidence = b.Evidence
	}
	if b.Reason != "" {
		s.Reason, s.Code = b.Reason, b.Code
	}
	if s.State.Terminal() {
		s.EndedAt = e.At
	}
}
