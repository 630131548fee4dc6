package playbooks

import (
	"fmt"
	"slices"
	"strings"

	"mayday/internal/incident"
)

// undoes reads the id that an `undo` names.
func (r *reader) undoes(n *node) string {
	if name, ok := strings.CutPrefix(n.text, "$"); ok && n.kind == textNode {
		name, _, _ = strings.Cut(name, ".")
		r.fail(n.place, "`undo` names a step, not a value", "Write `undo: "+name+"`")
		return ""
	}
	return r.id(n, "undo")
}

// undo checks that there is something to take back.
func (k *checker) undo(s *step, sc *scope) {
	if s.undoes == "" {
		return
	}
	from, ok := sc.steps[s.undoes]
	if !ok {
		if why := sc.elsewhere(s.undoes); why != "" {
			k.fail(s.undoesAt, why+", so there is nothing to take back here", "")
			return
		}
		k.unknown(s.undoesAt, "step", s.undoes, keysOf(sc.steps))
		return
	}
	if what, fix := from.step.noUndo(); what != "" {
		k.fail(s.undoesAt, what, fix)
		return
	}
	if why := sc.maybeMissing([]string{s.undoes, "done"}); why != "" {
		k.warn(s.undoesAt, why, "")
	}
}

// noUndo says why a step cannot be taken back, "" when it can.
func (s *step) noUndo() (what, fix string) {
	switch {
	case s.kind == runStep && s.nested != nil && !slices.ContainsFunc(acting(s.nested.steps), (*step).undoable):
		return "nothing in " + named(s.run) + " has an undo", ""
	case s.kind == runStep:
		return "", ""
	case s.kind == undoStep:
		return named(s.id) + " is an undo itself", ""
	case s.kind != actionStep:
		return named(s.id) + " is a `" + string(s.kind) + "`; acts and `run` are taken back", ""
	case s.looks():
		return named(s.id) + " only looks, so there is nothing to take back", ""
	case s.exec && !s.undoable():
		return named(s.id) + " runs a program without an undo", "Give it `undo: [argument]`"
	case !s.undoable():
		return named(s.action.Name) + " has no undo", ""
	}
	return "", ""
}

// undoable reports whether an act can be taken back.
func (s *step) undoable() bool {
	if s.kind != actionStep || s.action.Undo == nil {
		return false
	}
	return !s.exec || slices.ContainsFunc(s.args, func(a arg) bool { return a.field.Name == "undo" })
}

// acting lists all acts of steps, with those in options and nested playbooks.
func acting(steps []*step) []*step {
	var out []*step
	walk(steps, func(s *step) {
		switch {
		case s.kind == actionStep && !s.looks():
			out = append(out, s)
		case s.nested != nil:
			out = append(out, acting(s.nested.steps)...)
		}
	})
	return out
}

// reminds checks `remind`: it asks about acts that can be put back.
func (k *checker) reminds() {
	p := k.draft.book
	walk(p.all(), func(s *step) {
		if s.remind > 0 && !s.undoable() {
			what, fix := s.noUndo()
			if s.id == "" {
				what = "this act has no undo"
			}
			k.fail(s.remindAt, "`remind` asks whether to put an act back, and "+what, fix)
		}
	})
	if p.remind > 0 && !slices.ContainsFunc(acting(p.all()), (*step).undoable) {
		k.warn(k.draft.remindAt, "`remind` asks whether to put acts back, and none of this file has an undo", "")
	}
}

// undo names the acts that are to be taken back, in the order in which they were
// done. What did not happen is not taken back.
func (w *walker) undo(s *step, fr *frame, m Move) Move {
	from, ok := fr.steps[s.undoes]
	if !ok {
		return skip(m, fmt.Sprintf("there is nothing to take back: `%s` did not run", s.undoes))
	}
	if !from.step.tookPlace(from.result) {
		return skip(m, fmt.Sprintf("there is nothing to take back: `%s` %s", s.undoes, outcomeWord(from.result.Outcome)))
	}
	m.Kind, m.Undoes = Undo, w.done(from.step, from.path)
	if len(m.Undoes) == 0 {
		return skip(m, fmt.Sprintf("there is nothing to take back: `%s` did no act that has an undo", s.undoes))
	}
	return m
}

// tookPlace reports whether a step may have changed something that is known: of
// an `each` that ended badly some items may be done.
func (s *step) tookPlace(r incident.Result) bool {
	if r.Outcome == incident.OutDone {
		return true
	}
	partly := []incident.Outcome{incident.OutFailed, incident.OutUnknown, incident.OutRefused}
	return s.each != nil && r.Step != "" && slices.Contains(partly, r.Outcome)
}

// done lists the paths of acts behind one step that were done and have an undo.
func (w *walker) done(s *step, path string) []string {
	r := w.results[path]
	switch {
	case s.kind == actionStep:
		if s.undoable() && s.tookPlace(r) {
			return []string{path}
		}
	case r.Outcome != incident.OutDone:
	case s.kind == runStep:
		return w.doneIn(s.nested.steps, path+".r.")
	case s.kind == chooseStep:
		for i, o := range s.options {
			if o.label == r.Choice {
				return w.doneIn(o.steps, fmt.Sprintf("%s.o%d.", path, i))
			}
		}
	}
	return nil
}

func (w *walker) doneIn(steps []*step, prefix string) []string {
	var out []string
	for i, s := range steps {
		out = append(out, w.done(s, fmt.Sprintf("%s%d", prefix, i))...)
	}
	return out
}
