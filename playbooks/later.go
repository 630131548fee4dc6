package playbooks

import "slices"

// The whole language is read, so that a file written for it is checked; what
// this version cannot run is refused by name. Delete a case here when it can.

func (r *reader) later(e entry) {
	r.fail(e.place, named(e.key)+" is part of the language but this version cannot run it yet", "")
}

func (r *reader) laterFileKey(e entry) bool {
	switch e.key {
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

func (r *reader) postmortem(n *node) {
	if n.kind == textNode && slices.Contains([]string{"always", "never"}, n.text) {
		return
	}
	if _, ok := parseDuration(n.text); !ok || n.kind != textNode {
		r.fail(n.place, "`postmortem` is a duration like 10m, always or never, not "+shown(n), "")
	}
}
