package playbooks

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"mayday/integrations"
)

const (
	maxDepthOfRuns = 3
	maxExpanded    = 200 // steps with those of nested playbooks
)

// Book is every playbook that can be run.
type Book struct {
	byName map[string]*Playbook
}

// Load reads all sources, settles what they say of one another, and checks
// everything. A playbook with errors is left out, and the others stay. A file
// takes the place of a built-in playbook of its name.
func Load(cat Catalogue, sources ...Source) (*Book, []Problem) {
	ld := &loader{cat: cat, drafts: map[string]*draft{}, state: map[string]loadState{}}
	var order []*draft
	for _, src := range sources {
		d := read(cat, src)
		name := src.playbook()
		if old, ok := ld.drafts[name]; ok {
			if old.src.BuiltIn == src.BuiltIn {
				d.lint.fail(place{}, "the playbook "+named(name)+" is already in "+old.src.Name, "Rename one of the files")
				order = append(order, d)
				continue
			}
			if src.BuiltIn {
				continue
			}
			order = slices.DeleteFunc(order, func(o *draft) bool { return o == old })
		}
		ld.drafts[name] = d
		order = append(order, d)
	}
	return ld.book(order)
}

func (ld *loader) book(order []*draft) (*Book, []Problem) {
	b := &Book{byName: map[string]*Playbook{}}
	var problems []Problem
	for _, d := range order {
		if ld.drafts[d.src.playbook()] == d && ld.settle(d) {
			b.byName[d.book.Name] = d.book
		}
		problems = append(problems, d.lint.sorted()...)
	}
	return b, problems
}

type loadState int

const (
	loadNew loadState = iota
	loadGoing
	loadDone
	loadFailed
)

type loader struct {
	cat    Catalogue
	drafts map[string]*draft
	state  map[string]loadState
	stack  []string
}

// settle completes a draft, after those that it runs.
func (ld *loader) settle(d *draft) bool {
	name := d.src.playbook()
	if ld.state[name] == loadNew {
		ld.state[name] = loadFailed
		if d.lint.errors == 0 {
			ld.state[name] = loadGoing
			ld.complete(d)
		}
	}
	return ld.state[name] == loadDone
}

func (ld *loader) complete(d *draft) {
	name := d.src.playbook()
	ld.stack = append(ld.stack, name)
	defer func() { ld.stack = ld.stack[:len(ld.stack)-1] }()
	r := &reader{lint: d.lint, cat: ld.cat}
	k := &checker{reader: r, draft: d}
	k.nested = func(s *step) *Playbook { return ld.nested(k, s) }
	k.check()
	if d.lint.errors == 0 {
		ld.finish(k)
	}
	ld.state[name] = loadDone
	if d.lint.errors > 0 {
		ld.state[name] = loadFailed
	}
}

func (ld *loader) nested(k *checker, s *step) *Playbook {
	d, ok := ld.drafts[s.run]
	switch {
	case s.run == "":
		return nil
	case !ok:
		others := slices.DeleteFunc(keysOf(ld.drafts), func(name string) bool { return name == k.draft.book.Name })
		k.unknown(s.place, "playbook", s.run, others)
		return nil
	case ld.state[s.run] == loadGoing:
		from := slices.Index(ld.stack, s.run)
		circle := append(slices.Clone(ld.stack[from:]), s.run)
		k.fail(s.place, "playbooks run in a circle: "+strings.Join(circle, ", "), "")
		return nil
	case !ld.settle(d):
		k.fail(s.place, "the playbook "+named(s.run)+" has errors of its own", "Mend it first")
		return nil
	}
	return d.book
}

// finish fills in what a run needs, and checks the limits over nested files.
func (ld *loader) finish(k *checker) {
	p := k.draft.book
	p.texts = map[string]string{p.Name: string(k.draft.src.Text)}
	p.acts = map[string]int{}
	p.around = surroundings{connections: ld.cat.Connections, envs: ld.cat.Envs, services: ld.cat.Services}
	p.Usable = true
	walk(p.all(), func(s *step) {
		if s.kind == actionStep {
			p.acts[s.action.Name] = s.action.Version
			p.Usable = p.Usable && ld.reachable(s.action)
		}
		if s.nested == nil {
			return
		}
		for name, text := range s.nested.texts {
			p.texts[name] = text
		}
		for name, version := range s.nested.acts {
			p.acts[name] = version
		}
		p.Usable = p.Usable && s.nested.Usable
		if depthOf(s.nested)+1 > maxDepthOfRuns {
			k.fail(s.place, fmt.Sprintf("playbooks run one another at most %d deep", maxDepthOfRuns), "")
		}
	})
	if n := expanded(p); n > maxExpanded {
		k.fail(place{}, fmt.Sprintf("with the playbooks that it runs the file has %d steps, and at most %d are allowed", n, maxExpanded), "")
	}
}

// reachable reports whether an action has something to act on. One that names no
// connection finds its target by itself.
func (ld *loader) reachable(a integrations.Action) bool {
	needs := slices.ContainsFunc(a.Params, func(f integrations.Field) bool { return f.Kind == integrations.Connection })
	return !needs || len(ld.cat.Connections[prefixOf(a.Name)]) > 0
}

func depthOf(p *Playbook) int {
	deepest := 0
	walk(p.all(), func(s *step) {
		if s.nested != nil {
			deepest = max(deepest, 1+depthOf(s.nested))
		}
	})
	return deepest
}

func expanded(p *Playbook) int {
	n := 0
	walk(p.all(), func(s *step) {
		n++
		if s.nested != nil {
			n += expanded(s.nested)
		}
	})
	return n
}

// Names lists all playbooks, A to Z.
func (b *Book) Names() []string { return keysOf(b.byName) }

// Get finds a playbook by its name.
func (b *Book) Get(name string) (*Playbook, bool) {
	p, ok := b.byName[name]
	return p, ok
}

// For lists all playbooks, those offered to the service first, those that have
// nothing to act on last, each group from A to Z.
func (b *Book) For(service string) []*Playbook {
	out := make([]*Playbook, 0, len(b.byName))
	for _, name := range b.Names() {
		out = append(out, b.byName[name])
	}
	rank := func(p *Playbook) int {
		switch {
		case !p.Usable:
			return 2
		case service != "" && slices.Contains(p.For, service):
			return 0
		}
		return 1
	}
	sort.SliceStable(out, func(i, j int) bool { return rank(out[i]) < rank(out[j]) })
	return out
}

// Fits reports whether the playbook is suggested for an incident: its `when` is
// not false. It runs by name all the same.
func (p *Playbook) Fits(f Facts) bool {
	if p.when == nil {
		return true
	}
	v := p.when.eval(newFrame(p, f, nil).vars())
	return v.value || !v.known
}
