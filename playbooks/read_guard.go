package playbooks

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// The guards of the language.
const (
	guardBackup = "backup_fresh"
	guardEnv    = "env"
	guardHours  = "business_hours"
	guardOther  = "no_other_incident"
	guardThat   = "that"
)

var (
	checkNames = []string{guardBackup, guardEnv, guardHours, guardOther, guardThat}
	checkKeys  = append(slices.Clone(checkNames), "say", "override")
	backupKeys = []string{"on", "max_age"}
)

const maxBackupAge = 90 * 24 * time.Hour

// guard is one check before an act, as the file has it.
type guard struct {
	place
	kind   string
	say    string
	firm   bool // override: false
	envs   []string
	that   *condition
	on     operand
	maxAge time.Duration
}

// onField is the connection whose backup is asked for; any integration may have it.
var onField = integrations.Field{Name: "on", Kind: integrations.Text}

// checks reads guards: names, or maps with one guard each.
func (r *reader) checks(n *node) []*guard {
	var out []*guard
	for _, item := range r.list(n, "checks", "[business_hours, {env: [staging]}]") {
		switch item.kind {
		case textNode:
			out = append(out, &guard{place: item.place, kind: item.text})
			r.bareCheck(item)
		case mapNode:
			out = append(out, r.check(item))
		default:
			r.fail(item.place, "a check is a name or a map, and here it is "+string(item.kind), "")
		}
	}
	if n.kind == listNode && len(n.items) == 0 {
		r.fail(n.place, "`checks` is empty", "")
	}
	return out
}

// bareCheck reads a guard that is only a name.
func (r *reader) bareCheck(n *node) {
	examples := map[string]string{
		guardBackup: "{backup_fresh: {on: payments-db, max_age: 24h}}", guardEnv: "{env: [staging]}", guardThat: "{that: minutes > 5}",
	}
	if example, needs := examples[n.text]; needs {
		r.fail(n.place, "the check "+named(n.text)+" needs a value", "Write "+example)
		return
	}
	if !slices.Contains(checkNames, n.text) {
		r.unknown(n.place, "check", n.text, checkNames)
	}
}

func (r *reader) check(n *node) *guard {
	g := &guard{place: n.place}
	guards := 0
	for _, e := range n.entries {
		switch e.key {
		case "override":
			g.firm = !r.truth(e.value, "override")
			continue
		case "say":
			r.noSecret(e.value)
			g.say = r.line(e.value, "say", maxSay)
			continue
		}
		if !slices.Contains(checkNames, e.key) {
			r.unknown(e.place, "check", e.key, checkKeys)
			return g
		}
		g.kind = e.key
		guards++
		r.guardValue(g, e)
	}
	if guards != 1 {
		r.fail(n.place, fmt.Sprintf("a check is one guard, and here are %d", guards), "")
	}
	if say, ok := n.get("say"); ok && g.kind != guardThat && g.kind != "" {
		r.fail(say.place, "`say` belongs to `that`; "+named(g.kind)+" says itself what it asks", "")
	}
	return g
}

func (r *reader) guardValue(g *guard, e entry) {
	switch e.key {
	case guardEnv:
		g.envs = r.envs(e.value)
	case guardThat:
		g.that = r.condition(e.value, "that")
	case guardBackup:
		r.backup(g, e)
	default:
		if on := r.truth(e.value, e.key); !on && e.value.kind == boolNode {
			r.fail(e.value.place, "a check that is false asks nothing", "Leave it out")
		}
	}
}

// envs reads names of environments. They are free words of the configuration, so
// that one nobody uses is only worth a warning, and only when one is near.
func (r *reader) envs(n *node) []string {
	known := map[string]bool{"prod": true, "staging": true}
	for env := range maps.Values(r.cat.Envs) {
		known[plainEnv(env)] = true
	}
	var out []string
	for _, item := range r.list(n, "env", "[staging]") {
		s := plainEnv(r.line(item, "env", maxSay))
		if s == "prod" && item.text == "" {
			continue
		}
		out = append(out, s)
		if near := fault.Suggest(s, keysOf(known)); near != "" && !known[s] {
			r.warn(item.place, "no connection is in the env "+named(s), "Did you mean `"+near+"`?")
		}
	}
	if n.kind == listNode && len(n.items) == 0 {
		r.fail(n.place, "`env` is empty", "Write [staging]")
	}
	return out
}

// plainEnv takes the careful reading: what is not said to be something else is
// production, in either spelling.
func plainEnv(s string) string {
	if s == "" || s == "production" {
		return "prod"
	}
	return s
}

func (r *reader) backup(g *guard, e entry) {
	n := e.value
	if n.kind != mapNode {
		r.fail(n.place, "`backup_fresh` is a map, and here it is "+string(n.kind), "Write {on: payments-db, max_age: 24h}")
		return
	}
	for _, one := range n.entries {
		switch one.key {
		case "on":
			g.on = r.backupOf(one.value)
		case "max_age":
			g.maxAge = r.duration(one.value, "max_age", maxBackupAge)
		default:
			r.unknown(one.place, "key", one.key, backupKeys)
		}
	}
	for _, key := range backupKeys {
		if !n.has(key) && !misspelt(n, key, backupKeys) {
			r.fail(e.place, "`backup_fresh` needs `"+key+"`", "Write {on: payments-db, max_age: 24h}")
		}
	}
}

// backupOf reads the name of a connection of any integration.
func (r *reader) backupOf(n *node) operand {
	out := r.operand(onField, n, "")
	name, ok := out.lit.(string)
	if !ok {
		return out
	}
	var known []string
	for _, names := range r.cat.Connections {
		known = append(known, names...)
	}
	if !slices.Contains(known, name) {
		r.unknown(n.place, "connection", name, known)
	}
	return out
}

// grade reads a grade, which is only ever raised.
func (r *reader) grade(s *step, n *node) incident.Grade {
	to := r.oneOf(n, "grade", []string{"look", "change", "danger"})
	switch {
	case to == "look":
		r.fail(n.place, "a file may raise a grade, and `look` is the lowest", "")
		return ""
	case s.kind == actionStep && s.action.Grade == incident.GradeDanger && to == "change":
		r.fail(n.place, "a file may raise a grade, and "+named(s.action.Name)+" is danger already", "Leave `grade` out")
		return ""
	}
	return incident.Grade(to)
}

// checkGuards settles the references and expressions of guards.
func (k *checker) checkGuards(guards []*guard, sc *scope) {
	for _, g := range guards {
		if g.that != nil {
			g.that.compile(k.lint, sc)
		}
		if g.kind == guardBackup {
			k.operandFits(onField, g.on, "", sc)
		}
	}
}
