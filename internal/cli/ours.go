package cli

import (
	"fmt"
	"slices"
	"strings"

	"mayday/internal/fault"
)

// undoing is the playbook of the run that carries an undo.
const undoing = "undo"

// ours tells the run that a command started from those of others. The server
// does not say which one it is, and others may start theirs while it answers.
type ours struct {
	playbook string              // as it was typed
	act      string              // of an undo: the id, code or action that it takes back
	by       string              // who acts, where --as says it; what a token is called only the server knows
	before   map[string][]string // the runs that were there already, by incident
}

// before looks which runs there are before a command is typed. Where no incident
// is named, it looks at those that the server may choose.
func (m *remote) before(r *run, incident string) (ours, error) {
	name, _, _ := strings.Cut(m.As, ":")
	o := ours{by: strings.TrimSpace(name), before: map[string][]string{}}
	ids := []string{incident}
	if incident == "" {
		open, err := m.open(r, 200)
		if err != nil {
			return o, err
		}
		ids = eligible(open)
	}
	for _, id := range ids {
		inc, err := m.incident(r, id)
		if fault.HasCode(err, "E23") {
			continue // the command says it better
		}
		if err != nil {
			return o, err
		}
		o.before[inc.ID] = []string{}
		for _, x := range inc.Runs {
			o.before[inc.ID] = append(o.before[inc.ID], x.ID)
		}
	}
	return o, nil
}

// eligible are the incidents that the server may choose when none is named: the
// only open one, or the only one that somebody owns.
func eligible(open []incidentView) []string {
	var ids []string
	for _, i := range open {
		if len(open) == 1 || i.Owner != "" {
			ids = append(ids, i.ID)
		}
	}
	return ids
}

// find answers the run that the command started; nil while it is too early to
// say. It never guesses: with --yes a guess would start somebody else's act.
func (o ours) find(inc incidentView) (*runView, error) {
	fit := o.since(inc)
	if len(fit) > 1 && o.act != "" {
		if slices.ContainsFunc(fit, func(x *runView) bool { return x.State == "running" && inc.takenBack(x.ID) == nil }) {
			return nil, nil // what it takes back comes with its preview
		}
		fit = slices.DeleteFunc(fit, func(x *runView) bool {
			s := inc.takenBack(x.ID)
			return s != nil && !inc.called(s, o.act)
		})
	}
	if len(fit) == 1 {
		return fit[0], nil
	}
	return nil, &exit{exitRefused, fmt.Errorf("it cannot be told which run of %s in %s is yours, so nothing was confirmed. Look at them: mayday incidents %s", o.playbook, inc.ID, inc.ID)}
}

// since lists the runs that may be ours. The server starts no second one of the
// same kind while one goes on, so there is mostly one.
func (o ours) since(inc incidentView) []*runView {
	was, looked := o.before[inc.ID]
	var fit []*runView
	for n := range inc.Runs {
		x := &inc.Runs[n]
		if looked && !slices.Contains(was, x.ID) && x.Playbook == o.playbook && (o.by == "" || strings.EqualFold(x.By, o.by)) {
			fit = append(fit, x)
		}
	}
	return fit
}

// takenBack is the act that an undo run takes back; nil before its preview.
func (i incidentView) takenBack(run string) *stepView {
	for n := range i.Steps {
		if s := &i.Steps[n]; s.Run == run && s.Parent == "" && s.UndoOf != "" {
			return i.step(s.UndoOf)
		}
	}
	return nil
}

// called reports whether people may mean an act by a word. Of a group with one
// act left, that act is taken back.
func (i incidentView) called(s *stepView, word string) bool {
	if s.ID == word || s.Code == word || s.Action == word {
		return true
	}
	head := i.step(s.Parent)
	return head != nil && (head.ID == word || head.Code == word)
}
