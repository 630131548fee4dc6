package playbooks

import (
	"fmt"
	"maps"
	"slices"

	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// checker settles the references and expressions of one draft.
type checker struct {
	*reader
	draft *draft
	all   map[string]bool
	// nested finds a playbook that this one runs; it is complete, or nil.
	nested func(*step) *Playbook
}

// check makes the draft's playbook complete. It reports to the draft's lint.
func (k *checker) check() {
	p := k.draft.book
	all := p.all()
	k.ids(all)
	walk(all, func(s *step) {
		if s.kind == runStep {
			k.runs(s)
		}
	})
	if k.errors > 0 {
		return
	}
	p.Ask = k.inputs(k.draft.asks, all)
	sc := newScope()
	sc.all = k.all
	for _, name := range slices.Concat(k.cat.Signals, commonSignals) {
		sc.signals[name] = true
	}
	k.hidden(all, sc)
	if p.when != nil {
		file := sc.inner()
		file.forFile = true
		file.addInputs(p.Ask)
		k.fileWhen(p.when, file)
	}
	sc.addInputs(p.Ask)
	k.checkGuards(p.checks, sc)
	k.stepList(p.steps, sc)
	k.waitList(p.verify, sc)
	if len(p.then) > 0 && len(p.verify) == 0 {
		k.fail(k.draft.thenAt, "`then` comes after `verify` held, and there is no `verify`", "Add one, or put the steps at the end of `steps`")
	}
	k.stepList(p.then, sc)
	k.stepList(p.after, sc)
	k.most(all)
	k.reminds()
	if len(p.verify) == 0 {
		k.dangers(slices.Concat(p.steps, p.then))
	}
	k.outsideFacts(sc)
}

// hidden finds ids and inputs that hide a signal.
func (k *checker) hidden(steps []*step, sc *scope) {
	walk(steps, func(s *step) {
		if s.id != "" && slices.Contains(k.cat.Signals, s.id) {
			k.fail(s.idAt, "the id "+named(s.id)+" hides the signal of that name", "Give the step another id")
		}
	})
}

// waitList checks conditions that are asked again and again.
func (k *checker) waitList(waits []*wait, sc *scope) {
	for _, w := range waits {
		w.cond.waits = true
		w.cond.compile(k.lint, sc)
	}
}

// outsideFacts keeps what must be asked outside when the file runs: which
// signals, and whether backups.
func (k *checker) outsideFacts(sc *scope) {
	p := k.draft.book
	p.signals = keysOf(sc.used)
	asks := func(g *guard) bool { return g.kind == guardBackup }
	p.backups = slices.ContainsFunc(p.checks, asks)
	walk(p.all(), func(s *step) {
		p.backups = p.backups || slices.ContainsFunc(s.checks, asks)
		if s.nested == nil {
			return
		}
		p.backups = p.backups || s.nested.backups
		for _, name := range s.nested.signals {
			if !slices.Contains(p.signals, name) {
				p.signals = append(p.signals, name)
			}
		}
	})
}

// fileWhen checks the file's own `when`, which is computed before anything was
// asked or looked at.
func (k *checker) fileWhen(c *condition, sc *scope) {
	blind := sc.inner()
	blind.inputs = map[string]shape{}
	for name := range sc.inputs {
		blind.all[name] = true
	}
	c.compile(k.lint, blind)
}

// ids finds names that stand twice, or hide an input.
func (k *checker) ids(steps []*step) {
	k.all = map[string]bool{}
	asked := map[string]bool{}
	for _, a := range k.draft.asks {
		asked[a.name] = true
	}
	every := maps.Clone(asked)
	k.optionInputs(steps, asked, every)
	walk(steps, func(s *step) {
		switch {
		case s.id == "":
		case k.all[s.id]:
			k.fail(s.idAt, "the id "+named(s.id)+" stands twice", "Give one of the steps another")
		case every[s.id]:
			k.fail(s.idAt, "the id "+named(s.id)+" hides the input of that name", "Give the step another id")
		}
		k.all[s.id] = true
	})
	delete(k.all, "")
}

// optionInputs finds inputs of options that hide one asked for before. Options
// beside one another may ask for the same.
func (k *checker) optionInputs(steps []*step, asked, every map[string]bool) {
	for _, s := range steps {
		for _, o := range s.options {
			inner := maps.Clone(asked)
			for _, a := range o.asks {
				if asked[a.name] {
					k.fail(a.place, "the input "+named(a.name)+" is asked for twice", "Give one of them another name")
				}
				inner[a.name], every[a.name] = true, true
			}
			k.optionInputs(o.steps, inner, every)
		}
	}
}

// runs settles a `run`: the playbook, and the inputs that it is given.
func (k *checker) runs(s *step) {
	s.nested = k.nested(s)
	if s.nested == nil {
		return
	}
	if len(s.nested.after) > 0 {
		k.warn(s.place, "the `after` of "+named(s.run)+" is not offered when another playbook runs it", "Copy it to this file")
	}
	for i := range s.with {
		a := &s.with[i]
		j := slices.IndexFunc(s.nested.Ask, func(in Input) bool { return in.Name == a.field.Name })
		if j < 0 {
			k.unknown(a.key, "input", a.field.Name, names(fields(s.nested.Ask)))
			continue
		}
		in := s.nested.Ask[j]
		a.field = in.Field
		a.value = k.operand(in.Field, a.node, in.Prefix)
	}
	for _, in := range s.nested.Ask {
		meant := slices.ContainsFunc(s.with, func(a arg) bool {
			return fault.Suggest(a.field.Name, names(fields(s.nested.Ask))) == in.Name
		})
		given := slices.ContainsFunc(s.with, func(a arg) bool { return a.field.Name == in.Name })
		if in.Required && !given && !meant && in.Name != "service" {
			k.fail(s.place, fmt.Sprintf("the playbook %s needs %s, %s", named(s.run), named(in.Name), kindWords[in.Kind]), "Add `with: {"+in.Name+": …}`")
		}
	}
}

func (k *checker) stepList(steps []*step, sc *scope) {
	for _, s := range steps {
		k.step(s, sc)
		sc.add(s)
		for _, o := range s.options {
			sc.leave(o)
		}
	}
}

func (k *checker) step(s *step, sc *scope) {
	if s.when != nil {
		s.when.compile(k.lint, sc)
	}
	for _, t := range []text{s.say, s.tell, s.copy, s.question} {
		k.text(t, sc)
	}
	k.link(s.link, sc)
	if len(s.until) > 0 {
		own := sc.inner()
		own.add(s) // it is judged by what it finds itself
		k.waitList(s.until, own)
		delete(own.passed, s.id)
	}
	k.checkGuards(s.checks, sc)
	switch s.kind {
	case undoStep:
		k.undo(s, sc)
	case actionStep:
		k.action(s, sc)
	case runStep:
		for _, a := range s.with {
			k.arg(a, prefixFor(s.nested, a.field.Name), sc)
		}
	case chooseStep:
		k.options(s, sc)
	}
}

func prefixFor(p *Playbook, input string) string {
	for _, in := range p.Ask {
		if in.Name == input {
			return in.Prefix
		}
	}
	return ""
}

func (k *checker) options(s *step, sc *scope) {
	for _, o := range s.options {
		if o.likely != nil {
			o.likely.compile(k.lint, sc)
		}
	}
	for _, o := range s.options {
		o.ask = k.inputs(o.asks, o.steps)
		in := sc.inner()
		in.addInputs(o.ask)
		k.stepList(o.steps, in)
	}
}

func (k *checker) action(s *step, sc *scope) {
	inner := *sc
	if s.each != nil {
		item, ok := k.each(s, sc)
		if !ok {
			return
		}
		inner.item = &item
	}
	for _, a := range s.args {
		k.arg(a, prefixOf(s.action.Name), &inner)
	}
}

// each checks what is repeated, and gives the shape of one item.
func (k *checker) each(s *step, sc *scope) (shape, bool) {
	sh, bad := sc.resolve(s.each.over)
	if bad != nil {
		k.fail(s.each.place, bad.what, bad.fix)
		return shape{}, false
	}
	k.maybe(s.each.over, sc)
	switch sh.kind {
	case integrations.Rows:
	case integrations.RowKind:
		k.fail(s.each.place, fmt.Sprintf("`%s` is one item, and `each` repeats over a list", s.each.over), "Pass `"+s.each.over.String()+"` and leave `each` out, or write `pick: many`")
		return shape{}, false
	default:
		k.fail(s.each.place, fmt.Sprintf("`each` repeats over rows, and `%s` is %s", s.each.over, kindWords[sh.kind]), "")
		return shape{}, false
	}
	uses := slices.ContainsFunc(s.args, func(a arg) bool { return usesEach(a.value) })
	for _, a := range s.args {
		if a.value.ref != nil && a.value.ref.String() == s.each.over.String() {
			return shape{kind: integrations.RowKind, columns: sh.columns}, true // said where the argument is checked
		}
	}
	if !uses {
		k.fail(s.each.place, "`each` would repeat the very same act, because nothing in it is `$each`", "Pass `$each` to the parameter that takes the item")
		return shape{}, false
	}
	return shape{kind: integrations.RowKind, columns: sh.columns}, true
}

func usesEach(o operand) bool {
	return o.ref != nil && o.ref.name == "each" || slices.ContainsFunc(o.list, usesEach)
}

// most tells a look how many picked rows the acts after it take.
func (k *checker) most(steps []*step) {
	byID := map[string]*step{}
	walk(steps, func(s *step) {
		byID[s.id] = s
		if s.each == nil || len(s.each.over.path) != 1 || s.each.over.path[0] != "picked" {
			return
		}
		if from := byID[s.each.over.name]; from != nil && (from.most == 0 || s.each.max < from.most) {
			from.most = s.each.max
		}
	})
}

func (k *checker) dangers(steps []*step) {
	walk(steps, func(s *step) {
		if s.kind == actionStep && s.action.Grade.Raise(s.grade) == incident.GradeDanger {
			k.warn(s.place, named(s.action.Name)+" is a danger step, and nothing checks afterwards that it helped", "`verify` will do that")
		}
	})
}
