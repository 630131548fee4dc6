package incident

import (
	"slices"
	"strings"
)

// Asker is somebody who asked for what a run does: whoever started it, whoever's
// answer shaped it, whoever wanted a step tried again. None of them approves it (P8).
type Asker struct {
	Name   string `json:"name"`
	ID     string `json:"id"` // the account
	Linked bool   `json:"linked,omitempty"`
}

func asks(by Person) Asker { return Asker{Name: by.Name, ID: by.ID, Linked: by.Linked} }

// ask notes one more asker of a run.
func (r *Run) ask(a *Asker) {
	if a == nil || a.ID == "" || slices.Contains(r.Askers, *a) {
		return
	}
	r.Askers = append(slices.Clip(r.Askers), *a)
}

// shapes reports whether an answer to that question decides what the run does.
func shapes(asked string) bool { return asked != "" && asked != "tell" && asked != AskWatch }

// askers are those of a step. One that was proposed before a release kept them has
// whoever started its run.
func (s *Step) askers() []Asker {
	if len(s.Askers) > 0 {
		return s.Askers
	}
	return []Asker{{Name: s.RequestedBy, ID: s.AskedByID, Linked: s.RequestedBy != s.AskedByID}}
}

// AskedBy reports whether somebody of this name asked for the step.
func (s *Step) AskedBy(name string) bool {
	return name == s.RequestedBy || slices.ContainsFunc(s.askers(), func(a Asker) bool { return a.Name == name })
}

// AskerNames is who asked for the step, each once, the one who started first.
func (s *Step) AskerNames() []string {
	names := []string{s.RequestedBy}
	for _, a := range s.askers() {
		if !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}

// mayBeAsker reports whether an approver could be one of the askers under another
// account: across platforms only people whose accounts are known approve.
func (s *Step) mayBeAsker(by Person) bool {
	here, _, _ := strings.Cut(by.ID, ":")
	return slices.ContainsFunc(s.askers(), func(a Asker) bool {
		there, _, _ := strings.Cut(a.ID, ":")
		return there != "" && there != here && !(by.Linked && a.Linked)
	})
}
