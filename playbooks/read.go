package playbooks

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

const (
	maxSteps   = 40
	maxNesting = 2 // of options in options
	maxSay     = 80
	maxLabel   = 24
	maxAsked   = 5 // inputs without a default
	maxLines   = 300
)

var fileKeys = []string{
	"name", "say", "for", "when", "who", "ask", "impact", "do_not", "steps",
	"checks", "verify", "then", "after", "remind", "postmortem", "drill",
}

// reader turns the tree of one file into a draft.
type reader struct {
	*lint
	cat   Catalogue
	count int // steps in all
}

// read gives the draft of a file. It is incomplete when the lint has errors.
func read(cat Catalogue, src Source) *draft {
	r := &reader{lint: &lint{file: src.Name}, cat: cat}
	d := &draft{lint: r.lint, src: src, book: &Playbook{Name: src.playbook(), Who: incident.Responder, BuiltIn: src.BuiltIn}}
	root := readTree(r.lint, src.Text)
	if root == nil {
		return d
	}
	for _, e := range root.entries {
		r.fileKey(d, e)
	}
	for _, key := range []string{"name", "say", "steps"} {
		if !root.has(key) && !misspelt(root, key, fileKeys) {
			r.fail(root.place, "a playbook has a `"+key+"`, and this one has none", "")
		}
	}
	if r.count > maxSteps {
		r.fail(root.place, fmt.Sprintf("the file has %d steps, and at most %d are allowed", r.count, maxSteps), "Move some into a playbook of their own and `run` it")
	}
	d.count = r.count
	return d
}

func (r *reader) fileKey(d *draft, e entry) {
	p := d.book
	switch e.key {
	case "name":
		r.name(d, e)
	case "say":
		r.noSecret(e.value)
		p.Say = r.line(e.value, "say", maxSay)
	case "for":
		p.For = r.offered(e.value)
	case "when":
		p.when = r.condition(e.value, "when")
	case "who":
		p.Who = r.role(e.value)
	case "ask":
		d.asks = r.asks(e.value, "ask")
	case "impact":
		p.Impact = r.impact(e.value)
	case "do_not":
		p.DoNot = r.lines(e.value, "do_not", `["restart the backend"]`, maxLines)
	case "steps":
		p.steps = r.steps(e.value, "steps", 0)
	case "checks":
		p.checks = r.checks(e.value)
	case "verify":
		p.verify = r.waits(e.value, "verify")
	case "then":
		p.then = r.steps(e.value, "then", 0)
		d.thenAt = e.place
	case "after":
		p.after = r.steps(e.value, "after", 0)
	case "remind":
		p.remind = r.duration(e.value, "remind", maxRemind)
		d.remindAt = e.place
	default:
		if !r.laterFileKey(e) {
			r.unknown(e.place, "key", e.key, fileKeys)
		}
	}
}

func (r *reader) name(d *draft, e entry) {
	name, want := r.line(e.value, "name", maxSay), d.src.playbook()
	if name != "" && name != want {
		r.fail(e.value.place, fmt.Sprintf("the name is %s, but the file is %s", named(name), d.src.Name), "Write `name: "+want+"`, or rename the file")
		return
	}
	if name != "" && !bookName.MatchString(name) {
		r.fail(e.value.place, "a name has a-z, 0-9 and -, and begins with a letter", "")
	}
}

// offered reads `for`. Kinds of services may stand there, so that a word that is
// no service is only worth a warning, and only when one is near.
func (r *reader) offered(n *node) []string {
	var out []string
	for _, item := range r.list(n, "for", "[checkout]") {
		s := r.line(item, "for", maxSay)
		if s == "" {
			continue
		}
		out = append(out, s)
		if near := fault.Suggest(s, r.cat.Services); near != "" && !slices.Contains(r.cat.Services, s) {
			r.warn(item.place, "no service is called "+named(s), "Did you mean `"+near+"`?")
		}
	}
	return out
}

func (r *reader) role(n *node) incident.Role {
	s := r.line(n, "who", maxSay)
	role, err := incident.ParseRole(s)
	if err == nil {
		return role
	}
	if s != "" {
		known := make([]string, 0, len(incident.Roles))
		for _, k := range incident.Roles {
			known = append(known, string(k))
		}
		r.unknown(n.place, "role", s, known)
	}
	return incident.Responder
}

var impactKeys = []string{"what", "effect", "severity"}
var impactWords = []string{"high", "medium", "low", "none"}

// impact reads a text, or rows that come out worst first.
func (r *reader) impact(n *node) []ImpactRow {
	if n.kind == textNode {
		r.noSecret(n)
		return []ImpactRow{{Effect: r.line(n, "impact", maxLines)}}
	}
	var rows []ImpactRow
	for _, item := range r.list(n, "impact", "a text, or [{what: Chat, effect: no messages, severity: high}]") {
		if item.kind != mapNode {
			r.fail(item.place, "a row of `impact` is a map, and here it is "+string(item.kind), "Write {what: Chat, effect: no messages, severity: high}")
			continue
		}
		rows = append(rows, r.impactRow(item))
	}
	sort.SliceStable(rows, func(i, j int) bool {
		return slices.Index(impactWords, rows[i].Severity) < slices.Index(impactWords, rows[j].Severity)
	})
	return rows
}

func (r *reader) impactRow(n *node) ImpactRow {
	var row ImpactRow
	for _, e := range n.entries {
		switch e.key {
		case "what":
			row.What = r.line(e.value, "what", maxSay)
		case "effect":
			row.Effect = r.line(e.value, "effect", maxLines)
		case "severity":
			row.Severity = r.oneOf(e.value, "severity", impactWords)
		default:
			r.unknown(e.place, "key", e.key, impactKeys)
		}
	}
	for _, key := range impactKeys {
		if !n.has(key) && !misspelt(n, key, impactKeys) {
			r.fail(n.place, "a row of `impact` has a `"+key+"`, and this one has none", "")
		}
	}
	return row
}

func (r *reader) oneOf(n *node, label string, words []string) string {
	s := r.str(n, label)
	if s != "" && !slices.Contains(words, s) {
		r.fail(n.place, fmt.Sprintf("%s is one of %s, not %s", named(label), strings.Join(words, ", "), quotedText(s)), suggestion(s, words))
		return ""
	}
	return s
}

// misspelt reports whether a key is there under another spelling: that has been
// said already.
func misspelt(n *node, key string, known []string) bool {
	return slices.ContainsFunc(n.entries, func(e entry) bool {
		return !slices.Contains(known, e.key) && fault.Suggest(e.key, known) == key
	})
}

func suggestion(word string, known []string) string {
	if s := fault.Suggest(word, known); s != "" {
		return "Did you mean `" + s + "`?"
	}
	return ""
}
