package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mayday/integrations"
)

var bookName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,59}$`)

const (
	lookTimeout = 10 * time.Second
	maxTimeout  = 30 * time.Minute
	maxPause    = 10 * time.Minute
	maxRemind   = 24 * time.Hour
)

// wordKinds are the kinds of steps that are no action.
var wordKinds = []string{"run", "tell", "choose", "undo", "exec"}

// stepKeys says which kind a field belongs to; "" means any.
var stepKeys = map[string]string{
	"id": "", "say": "", "when": "", "optional": "", "timeout": "",
	"pick": "look", "until": "look", "remind": "act", "checks": "act", "grade": "act",
	"each": "act", "max": "act", "failures": "act", "pause": "act",
	"with": "run", "link": "tell", "copy": "tell", "options": "choose", "show": "exec",
}

func (r *reader) steps(n *node, label string, depth int) []*step {
	items := r.list(n, label, "steps that begin with a dash")
	if n.kind == listNode && len(items) == 0 {
		r.fail(n.place, named(label)+" is empty", "")
	}
	out := make([]*step, 0, len(items))
	for _, item := range items {
		r.count++
		if r.count > 4*maxSteps {
			break // far over the limit already
		}
		if s := r.step(item, depth); s != nil {
			out = append(out, s)
		}
	}
	return out
}

// step answers nil for one that this version cannot run or that has no kind.
func (r *reader) step(n *node, depth int) *step {
	if n.kind != mapNode {
		r.fail(n.place, "a step is a map, and here it is "+string(n.kind), "Write `- tell: …`, or an action with its parameters")
		return nil
	}
	kind, ok := r.kindOf(n)
	if !ok {
		return nil
	}
	s := &step{place: n.place}
	belongs := r.stepKind(s, kind, depth, n)
	for _, e := range n.entries {
		if e.key != kind.key {
			r.stepKey(s, e, kind.key, belongs)
		}
	}
	r.together(s, n)
	return s
}

// kindOf finds the one key that says what the step does.
func (r *reader) kindOf(n *node) (entry, bool) {
	var kinds []entry
	for _, e := range n.entries {
		if strings.Contains(e.key, ".") || slices.Contains(wordKinds, e.key) && !(e.key == "undo" && n.has("exec")) {
			kinds = append(kinds, e)
		}
	}
	if len(kinds) == 1 {
		return kinds[0], true
	}
	if len(kinds) > 1 {
		r.fail(kinds[1].place, fmt.Sprintf("a step does one thing, and this one has %s and %s", named(kinds[0].key), named(kinds[1].key)), "Make two steps of it")
		return entry{}, false
	}
	for _, e := range n.entries {
		if _, known := stepKeys[e.key]; !known {
			r.unknown(e.place, "key", e.key, append(stepKeyNames(), wordKinds...))
			return entry{}, false
		}
	}
	r.fail(n.place, "this step does nothing", "Give it an action like `pg.cancel`, or one of run, tell, choose, undo, exec")
	return entry{}, false
}

func stepKeyNames() []string {
	names := make([]string, 0, len(stepKeys))
	for k := range stepKeys {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// stepKind reads the value of the kind and says which own fields belong to it:
// look, act, run, tell, choose, undo, exec, or "" when the action is unknown.
func (r *reader) stepKind(s *step, e entry, depth int, n *node) string {
	switch e.key {
	case "run":
		s.kind, s.run = runStep, r.line(e.value, "run", maxSay)
		return "run"
	case "tell":
		s.kind, s.tell = tellStep, r.mixed(e.value, "tell", maxLines)
		return "tell"
	case "choose":
		s.kind, s.question = chooseStep, r.mixed(e.value, "choose", maxLines)
		if !n.has("options") {
			r.fail(e.place, "`choose` needs `options`", "")
		}
		if o, ok := n.get("options"); ok {
			s.options = r.options(o.value, depth+1)
		}
		return "choose"
	case "undo":
		s.kind, s.undoes, s.undoesAt = undoStep, r.undoes(e.value), e.value.place
		return "undo"
	case "exec":
		r.exec(s, e, n)
		return "exec"
	}
	return r.action(s, e)
}

func (r *reader) action(s *step, e entry) string {
	s.kind = actionStep
	action, ok := r.cat.action(e.key)
	if !ok {
		r.unknown(e.place, "action", e.key, r.cat.actionNames())
		return ""
	}
	s.action = action
	s.args = r.args(action, e)
	if action.IsLook() {
		s.timeout = lookTimeout
		return "look"
	}
	if action.Name == execAction {
		r.fail(e.place, "programs are run by `exec`", "Write `exec: [program, argument]`")
	}
	return "act"
}

func (r *reader) stepKey(s *step, e entry, kind, belongs string) {
	owner, known := stepKeys[e.key]
	switch {
	case belongs == "exec" && (e.key == "undo" || e.key == "show"):
		return // read with the program
	case !known:
		r.unknown(e.place, "key", e.key, stepKeyNames())
		return
	case !fits(e.key, owner, belongs):
		r.fail(e.place, misplaced(e.key, owner, kind), "")
		return
	}
	switch e.key {
	case "id":
		s.id, s.idAt = r.id(e.value, "id"), e.value.place
	case "say":
		s.say = r.mixed(e.value, "say", maxSay)
	case "when":
		s.when = r.condition(e.value, "when")
	case "optional":
		s.optional = r.truth(e.value, "optional")
	case "timeout":
		s.timeout = r.duration(e.value, "timeout", maxTimeout)
	default:
		r.ownKey(s, e)
	}
}

// fits reports whether a field may stand on a step: those of acts on whatever
// acts, and what raises the bar on a `run` as well, for all that acts in it.
func fits(key, owner, belongs string) bool {
	if owner == "" || belongs == "" || owner == belongs {
		return true
	}
	if owner != "act" {
		return false
	}
	raises := key == "checks" || key == "grade"
	return belongs == "exec" || raises && (belongs == "undo" || belongs == "run")
}

func misplaced(key, owner, kind string) string {
	words := map[string]string{
		"look": "looks", "act": "acts", "run": "`run`", "tell": "`tell`", "choose": "`choose`", "exec": "`exec`",
	}
	if key == "until" {
		return fmt.Sprintf("`until` repeats looks, and %s is none", named(kind))
	}
	return fmt.Sprintf("%s belongs to %s, not to %s", named(key), words[owner], named(kind))
}

// ownKey reads a field that belongs to one kind of step.
func (r *reader) ownKey(s *step, e entry) {
	switch e.key {
	case "pick":
		s.pick = r.oneOf(e.value, "pick", []string{"one", "many"})
	case "until":
		s.until = r.waits(e.value, "until")
	case "each":
		r.over(r.eachOf(s), e)
	case "max":
		r.eachOf(s).max = r.number(e.value, "max", 1, 200)
	case "failures":
		r.eachOf(s).failures = r.number(e.value, "failures", 0, 200)
	case "pause":
		r.eachOf(s).pause = r.duration(e.value, "pause", maxPause)
	case "with":
		s.with = r.with(e.value)
	case "link":
		s.link = r.mixed(e.value, "link", 1000)
	case "copy":
		s.copy = r.mixed(e.value, "copy", 1000)
	case "remind":
		s.remind = r.duration(e.value, "remind", maxRemind)
		s.remindAt = e.place
	case "checks":
		s.checks = r.checks(e.value)
	case "grade":
		s.grade = r.grade(s, e.value)
	}
}

func (r *reader) eachOf(s *step) *each {
	if s.each == nil {
		s.each = &each{max: 20}
	}
	return s.each
}

func (r *reader) over(to *each, e entry) {
	to.place = e.value.place
	s := r.str(e.value, "each")
	if s == "" {
		return
	}
	over, ok := parseRef(s, e.value.place)
	if !ok {
		r.fail(e.value.place, "`each` is a reference to rows, not "+quotedText(s), "Write it as `each: $found.picked`")
		return
	}
	to.over = over
}

func (r *reader) id(n *node, label string) string {
	s := r.str(n, label)
	if s != "" && !idName.MatchString(s) {
		r.fail(n.place, "an id has a-z, 0-9 and _, and begins with a letter; "+quotedText(s)+" does not", "")
		return ""
	}
	if s != "" && reserved(s) {
		r.fail(n.place, named(s)+" has a meaning of its own and cannot be an id", "")
		return ""
	}
	return s
}

// together checks fields that need one another.
func (r *reader) together(s *step, n *node) {
	for _, key := range []string{"max", "failures", "pause"} {
		if e, ok := n.get(key); ok && !n.has("each") && s.kind == actionStep && !s.action.IsLook() {
			r.fail(e.place, named(key)+" needs `each`", "")
			s.each = nil
		}
	}
	if e, ok := n.get("pick"); ok && s.kind == actionStep && s.action.IsLook() {
		if _, rows := rowsOf(s.action); !rows {
			r.fail(e.place, fmt.Sprintf("%s gives no rows to pick from", named(s.action.Name)), "")
		}
		if !n.has("id") {
			r.fail(e.place, "what is picked is used by nobody, because the step has no `id`", "Give it one")
		}
	}
}

// rowsOf is the output that describes the rows of a look.
func rowsOf(a integrations.Action) (integrations.Field, bool) {
	for _, f := range a.Output {
		if f.Kind == integrations.Rows {
			return f, true
		}
	}
	return integrations.Field{}, false
}
