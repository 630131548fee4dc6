package playbooks

import (
	"fmt"
	"slices"
	"time"
)

// The whole language is read, so that a file written for it is checked; what
// this version cannot run is refused by name. Delete a case here when it can.

func (r *reader) later(e entry) {
	r.fail(e.place, named(e.key)+" is part of the language but this version cannot run it yet", "")
}

func (r *reader) laterFileKey(e entry) bool {
	switch e.key {
	case "checks":
		r.checks(e.value)
	case "verify":
		r.conditions(e.value, "verify")
	case "then", "after":
		r.steps(e.value, e.key, 0)
	case "remind":
		r.duration(e.value, "remind", maxRemind)
	case "postmortem":
		r.postmortem(e.value)
	case "drill":
		r.line(e.value, "drill", maxSay)
	default:
		return false
	}
	r.later(e)
	return true
}

func (r *reader) laterStepKey(e entry) bool {
	switch e.key {
	case "checks":
		r.checks(e.value)
	case "until":
		r.conditions(e.value, "until")
	case "remind":
		r.duration(e.value, "remind", maxRemind)
	case "grade":
		r.grade(e.value)
	case "show":
		r.line(e.value, "show", maxLines)
	default:
		return false
	}
	r.later(e)
	return true
}

func (r *reader) laterKind(e entry) {
	if e.key == "undo" {
		r.id(e.value)
	}
	if e.key == "exec" {
		r.lines(e.value, "exec", "[program, argument]", maxLines)
	}
	r.later(e)
}

// conditions reads one condition or a list of them.
func (r *reader) conditions(n *node, label string) {
	if n.kind != listNode {
		r.str(n, label)
		return
	}
	for _, item := range n.items {
		r.str(item, label)
	}
}

func (r *reader) postmortem(n *node) {
	if n.kind == textNode && slices.Contains([]string{"always", "never"}, n.text) {
		return
	}
	if _, ok := parseDuration(n.text); !ok || n.kind != textNode {
		r.fail(n.place, "`postmortem` is a duration like 10m, always or never, not "+shown(n), "")
	}
}

func (r *reader) grade(n *node) {
	s := r.oneOf(n, "grade", []string{"look", "change", "danger"})
	if s == "look" {
		r.fail(n.place, "a file may raise a grade, and `look` is the lowest", "")
	}
}

var checkNames = []string{"backup_fresh", "env", "business_hours", "no_other_incident", "that"}

// checks reads guards: names, or maps with one guard each.
func (r *reader) checks(n *node) {
	for _, item := range r.list(n, "checks", "[business_hours, {env: [staging]}]") {
		switch item.kind {
		case textNode:
			r.checkName(item.place, item.text)
		case mapNode:
			r.check(item)
		default:
			r.fail(item.place, "a check is a name or a map, and here it is "+string(item.kind), "")
		}
	}
}

func (r *reader) checkName(at place, name string) {
	if !slices.Contains(checkNames, name) {
		r.unknown(at, "check", name, checkNames)
	}
}

func (r *reader) check(n *node) {
	guards := 0
	for _, e := range n.entries {
		switch e.key {
		case "override":
			r.truth(e.value, "override")
			continue
		case "say":
			r.line(e.value, "say", maxSay)
			continue
		case "env":
			r.lines(e.value, "env", "[staging]", maxSay)
		case "that":
			r.str(e.value, "that")
		case "backup_fresh":
			r.backup(e.value)
		}
		r.checkName(e.place, e.key)
		guards++
	}
	if guards != 1 {
		r.fail(n.place, fmt.Sprintf("a check is one guard, and here are %d", guards), "")
	}
}

func (r *reader) backup(n *node) {
	if n.kind != mapNode {
		r.fail(n.place, "`backup_fresh` is a map, and here it is "+string(n.kind), "Write {on: payments-db, max_age: 24h}")
		return
	}
	for _, e := range n.entries {
		switch e.key {
		case "on":
			r.line(e.value, "on", maxSay)
		case "max_age":
			r.duration(e.value, "max_age", 90*24*time.Hour)
		default:
			r.unknown(e.place, "key", e.key, []string{"on", "max_age"})
		}
	}
}
