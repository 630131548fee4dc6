package playbooks

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The readers below take one value of the file. They report what is wrong with
// it and then answer the zero value.

func (l *lint) str(n *node, label string) string {
	switch n.kind {
	case textNode:
		if strings.TrimSpace(n.text) == "" {
			l.empty(n, label)
			return ""
		}
		return n.text
	case nullNode:
		l.empty(n, label)
	case listNode, mapNode:
		l.fail(n.place, fmt.Sprintf("%s is text, and here it is %s", named(label), n.kind), "")
	default:
		l.fail(n.place, fmt.Sprintf("%s is text, and %s is %s for YAML", named(label), n.text, n.kind), "Put it in quotes: '"+n.text+"'")
	}
	return ""
}

func (l *lint) empty(n *node, label string) {
	l.fail(n.place, named(label)+" has no value", "Give it one, or leave the key out")
}

// line is a text of one line with a limit.
func (l *lint) line(n *node, label string, limit int) string {
	s := l.str(n, label)
	switch size := utf8.RuneCountInString(s); {
	case strings.ContainsAny(strings.TrimSpace(s), "\n"):
		l.fail(n.place, named(label)+" is one line, and here it has several", "")
	case size > limit:
		l.fail(n.place, fmt.Sprintf("%s has %d characters, and at most %d are shown", named(label), size, limit), "")
	}
	return strings.TrimSpace(s)
}

// mixed is a text in which references may stand.
func (l *lint) mixed(n *node, label string, limit int) text {
	if n.kind == textNode {
		l.noSecret(n)
	}
	s := l.str(n, label)
	if size := utf8.RuneCountInString(s); size > limit {
		l.fail(n.place, fmt.Sprintf("%s has %d characters, and at most %d are shown", named(label), size, limit), "")
	}
	return parseText(strings.TrimSpace(s), n.place)
}

func (l *lint) list(n *node, label, example string) []*node {
	switch n.kind {
	case listNode:
		return n.items
	case nullNode:
		l.empty(n, label)
	default:
		l.fail(n.place, fmt.Sprintf("%s is a list, and here it is %s", named(label), n.kind), "Write it as "+example)
	}
	return nil
}

func (l *lint) lines(n *node, label, example string, limit int) []string {
	var out []string
	for _, item := range l.list(n, label, example) {
		if s := l.line(item, label, limit); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (l *lint) truth(n *node, label string) bool {
	if b, ok := n.value.(bool); ok && n.kind == boolNode {
		return b
	}
	if n.kind == nullNode {
		l.empty(n, label)
		return false
	}
	l.fail(n.place, named(label)+" is true or false, not "+shown(n), "")
	return false
}

func (l *lint) number(n *node, label string, least, most int64) int {
	i, ok := n.value.(int64)
	switch {
	case n.kind == nullNode:
		l.empty(n, label)
	case n.kind != intNode || !ok:
		l.fail(n.place, fmt.Sprintf("%s is a whole number, not %s", named(label), shown(n)), "")
	case i < least || i > most:
		l.fail(n.place, fmt.Sprintf("%s is %d to %d, not %d", named(label), least, most, i), "")
	default:
		return int(i)
	}
	return int(least)
}

func (l *lint) duration(n *node, label string, most time.Duration) time.Duration {
	if n.kind == nullNode {
		l.empty(n, label)
		return 0
	}
	d, ok := parseDuration(n.text)
	switch {
	case n.kind == listNode || n.kind == mapNode || !ok:
		l.fail(n.place, fmt.Sprintf("%s is a duration like 5m, not %s", named(label), shown(n)), "")
		return 0
	case d > most:
		l.fail(n.place, fmt.Sprintf("%s is at most %s, not %s", named(label), short(most), n.text), "")
		return 0
	}
	return d
}

// shown is a value in a message.
func shown(n *node) string {
	switch n.kind {
	case textNode:
		return quotedText(n.text)
	case listNode, mapNode, nullNode:
		return string(n.kind)
	}
	return n.text
}

// quotedText shows a text in a message, unless it may be a secret.
func quotedText(s string) string {
	if looksSecret(s) {
		return "a text that looks like a secret"
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// named shows a word of the file in backquotes.
func named(word string) string {
	if looksSecret(word) || strings.ContainsAny(word, "`\n\r") || len(word) > 80 || word == "" {
		return quotedText(word)
	}
	return "`" + word + "`"
}
