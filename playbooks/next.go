package playbooks

import (
	"cmp"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"mayday/internal/incident"
)

// Next says what a run does next: the first step, top to bottom, without a final
// outcome. It is a pure function; a question that stands is asked again, and a
// `when` that was computed is not computed again.
func (p *Playbook) Next(f Facts, inputs map[string]any, results map[string]incident.Result) (Move, error) {
	w := p.walker(results)
	move, found, err := w.run(p, newFrame(p, f, inputs))
	if err != nil {
		return Move{}, err
	}
	if !found {
		return Move{Kind: Done, Index: w.of, Of: w.of}, nil
	}
	return move, nil
}

func (p *Playbook) walker(results map[string]incident.Result) *walker {
	if p.audits {
		return &walker{results: results, top: incident.AuditPrefix, of: len(p.after)}
	}
	return &walker{results: results, of: len(p.steps)}
}

type walker struct {
	results map[string]incident.Result
	top     string // what the paths of top-level steps begin with
	index   int
	of      int
	wanted  string // path whose conditions are judged; "" when the next move is looked for
	judged  *judged
}

// Sections of a file besides its steps, as parts of a path.
const (
	verifyPart = "verify"
	thenPart   = "then"
	afterPart  = "after"
)

// run goes through a file, or through what is done after it: there, what its steps
// found may be named and nothing of them is up any more.
func (w *walker) run(p *Playbook, fr *frame) (Move, bool, error) {
	if !p.audits {
		return w.whole(p, fr, "")
	}
	w.recall(p.steps, fr, "")
	w.recall(p.then, fr, thenPart+".")
	return w.list(p.after, fr, incident.AuditPrefix)
}

// recall remembers how steps of an earlier run ended.
func (w *walker) recall(steps []*step, fr *frame, prefix string) {
	for i, s := range steps {
		path := prefix + strconv.Itoa(i)
		r := w.results[path]
		if r.Outcome == "" {
			continue
		}
		fr.record(s, r, path)
		for n, o := range s.options {
			if r.Choice == o.label {
				w.recall(o.steps, fr, fmt.Sprintf("%s.o%d.", path, n))
			}
		}
	}
}

// whole goes through a file: its steps, what it asks after them, and what it does
// once that held.
func (w *walker) whole(p *Playbook, fr *frame, prefix string) (Move, bool, error) {
	if m, found, err := w.list(p.steps, fr, prefix); found || err != nil {
		return m, found, err
	}
	if len(p.verify) == 0 || w.idle(p, prefix) {
		return Move{}, false, nil
	}
	path := prefix + verifyPart
	w.note(path, p.verify, fr)
	r := w.results[path]
	if r.Outcome == "" {
		m := Move{Path: path, ID: verifyPart, Index: w.index, Of: w.of}
		return w.watchMove(m, p.verify, looksOf(p.verify, fr), fr), true, nil
	}
	if r.Outcome != incident.OutDone {
		return Move{}, false, nil
	}
	return w.list(p.then, fr, prefix+thenPart+".")
}

// idle reports whether the file has acts and none of them changed anything: then
// there is nothing to verify.
func (w *walker) idle(p *Playbook, prefix string) bool {
	if len(p.acts) == 0 {
		return false
	}
	acts := false
	walk(p.steps, func(s *step) { acts = acts || s.acts() || s.kind == runStep })
	if !acts {
		return false
	}
	for path, r := range w.results {
		if strings.HasPrefix(path, prefix) && r.Step != "" && (r.Outcome == incident.OutDone || r.Acted) {
			return false
		}
	}
	return true
}

// list goes through steps until one is open.
func (w *walker) list(steps []*step, fr *frame, prefix string) (Move, bool, error) {
	for i, s := range steps {
		path := prefix + strconv.Itoa(i)
		if prefix == w.top {
			w.index = i + 1
		}
		r := w.results[path]
		if r.Outcome == "" {
			return w.open(s, fr, path, r), true, nil
		}
		fr.record(s, r, path)
		if m, found, err := w.inside(s, fr, path, r); found || err != nil {
			return m, found, err
		}
	}
	return Move{}, false, nil
}

// inside goes into a nested playbook, or the option that was chosen.
func (w *walker) inside(s *step, fr *frame, path string, r incident.Result) (Move, bool, error) {
	if r.Outcome != incident.OutDone {
		return Move{}, false, nil
	}
	switch {
	case s.kind == runStep:
		given := extraOf(r).Inputs
		if given == nil {
			given, _ = fr.with(s)
		}
		return w.whole(s.nested, fr.nested(s, given), path+".r.")
	case s.kind == chooseStep && r.Choice != "":
		return w.chosen(s, fr, path, r)
	}
	return Move{}, false, nil
}

func (w *walker) chosen(s *step, fr *frame, path string, r incident.Result) (Move, bool, error) {
	for i, o := range s.options {
		if o.label != r.Choice {
			continue
		}
		given := extraOf(r).Inputs
		if len(w.unasked(o, fr, given)) > 0 {
			return w.inputs(w.base(s, fr, path, r), o), true, nil
		}
		return w.list(o.steps, fr.inner(o, given), fmt.Sprintf("%s.o%d.", path, i))
	}
	return Move{}, false, fmt.Errorf("go on with step %s: it has no option %q", path, r.Choice)
}

// unasked lists inputs of an option that have no value yet.
func (w *walker) unasked(o *option, fr *frame, given map[string]any) []string {
	in := fr.inner(o, given)
	var out []string
	for _, a := range o.ask {
		if _, ok := in.inputs[a.Name]; !ok {
			out = append(out, a.Name)
		}
	}
	return out
}

func (w *walker) base(s *step, fr *frame, path string, r incident.Result) Move {
	m := Move{
		Path: path, ID: s.id, Index: w.index, Of: w.of, When: r.When,
		Optional: s.optional, Timeout: s.timeout, Pick: s.pick, Most: s.most, Action: s.action,
	}
	if s.acts() {
		m.Grade = fr.grade.Raise(s.grade)
	}
	if s.undoable() {
		m.Remind = cmp.Or(s.remind, fr.remind)
	}
	return m
}

func (w *walker) inputs(m Move, o *option) Move {
	m.Kind, m.Fields = Inputs, fields(o.ask)
	return m
}

// open makes the move of a step that is up.
func (w *walker) open(s *step, fr *frame, path string, r incident.Result) Move {
	m := w.base(s, fr, path, r)
	if len(s.until) > 0 && r.Table != nil && r.Asked != string(Pick) {
		return w.again(s, fr, m, path, r)
	}
	if s.pick != "" && (r.Asked == string(Pick) || r.Table != nil) {
		m.Kind = Pick
		m.Say, _ = fr.render(s.say, asIs)
		return m
	}
	if r.Asked == string(Inputs) {
		if o := s.option(r.Choice); o != nil {
			return w.inputs(m, o)
		}
	}
	m, over := w.gate(s, fr, m, r)
	if over {
		return m
	}
	return w.make(s, fr, m)
}

// again is a look whose condition has not come true yet.
func (w *walker) again(s *step, fr *frame, m Move, path string, r incident.Result) Move {
	seen := *fr
	seen.steps = maps.Clone(fr.steps)
	r.Outcome = incident.OutDone // what it found may be used to judge it
	seen.record(s, r, path)
	w.note(path, s.until, &seen)
	looks := []*step{s}
	for _, other := range looksOf(s.until, fr) {
		looks = append(looks, other)
	}
	m.Say, _ = fr.render(s.say, asIs)
	return w.watchMove(m, s.until, looks, &seen)
}

// gate answers the moves that keep a step from beginning: its `when` is false,
// cannot be computed, or a person is being asked about that.
func (w *walker) gate(s *step, fr *frame, m Move, r incident.Result) (Move, bool) {
	switch {
	case s.when == nil:
		return m, false
	case r.When != nil && *r.When:
		return m, false
	case r.When != nil:
		return skip(m, "when is false: "+s.when.src), true
	}
	v := s.when.eval(fr.vars())
	m.Saw = v.saw
	switch {
	case r.Asked == string(Ask) || !v.known && !s.looks():
		m.Kind, m.Reason = Ask, v.why
		m.Say, _ = fr.render(s.say, asIs)
		if r.Reason != "" {
			m.Reason = r.Reason
		}
		return m, true
	case !v.known:
		return skip(m, v.why), true
	}
	m.When = &v.value
	if !v.value {
		return skip(m, "when is false: "+s.when.src), true
	}
	return m, false
}

// acts reports whether the step needs a tap because it changes something.
func (s *step) acts() bool { return s.kind == undoStep || s.kind == actionStep && !s.looks() }

func (s *step) looks() bool { return s.kind == actionStep && s.action.IsLook() }

func skip(m Move, reason string) Move {
	m.Kind, m.Reason = Skip, reason
	return m
}
