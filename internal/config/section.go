package config

import (
	"fmt"
	"slices"
	"strings"

	"mayday/internal/fault"
)

// Section is a place in the file: usually a map, but any value. The zero Section
// is an absent one. A field of type Section takes the value as it is, for an owner
// that decides later how to decode it.
type Section struct {
	file *File
	at   *node // where errors point: the value, or what would hold it
	node *node // nil when absent
	path string
}

// Exists reports whether the file has this section, even an empty one. A section
// whose parent is of the wrong type exists, so that decoding it can say so.
func (s Section) Exists() bool {
	return s.node != nil || (s.at != nil && s.misplaced() != nil)
}

// Path is the dotted path of the section, "connect.postgres".
func (s Section) Path() string { return s.path }

// Where is file:line:column of the section, or of what would hold it.
func (s Section) Where() string {
	if s.at == nil {
		return s.name()
	}
	return fmt.Sprintf("%s:%d:%d", s.name(), s.at.line, s.at.col)
}

// Keys are the keys of the section in the order of the file.
func (s Section) Keys() []string {
	if s.node == nil {
		return nil
	}
	var keys []string
	for _, e := range s.node.entries {
		keys = append(keys, e.key)
	}
	return keys
}

// Items are the values of a list; nil for everything else.
func (s Section) Items() []Section {
	if s.node == nil || s.node.kind != listKind {
		return nil
	}
	var items []Section
	for i, n := range s.node.items {
		items = append(items, Section{file: s.file, at: n, node: n, path: fmt.Sprintf("%s[%d]", s.path, i)})
	}
	return items
}

// Sub finds the value under one key.
func (s Section) Sub(name string) Section {
	sub := Section{file: s.file, at: s.at, path: join(s.path, name)}
	if s.node == nil {
		return sub
	}
	if e := s.node.entry(name); e != nil {
		sub.at, sub.node = e.value, e.value
	}
	return sub
}

// Without is the section without some of its keys: those belong to somebody else.
func (s Section) Without(keys ...string) Section {
	if s.node == nil || s.node.kind != mapKind {
		return s
	}
	s.file.noteLeft(s.path, keys)
	rest := *s.node
	rest.entries = nil
	for _, e := range s.node.entries {
		if !slices.Contains(keys, e.key) {
			rest.entries = append(rest.entries, e)
		}
	}
	s.node = &rest
	return s
}

// Decode fills the value that into points to. An absent section leaves it alone,
// and so do absent keys: what is in it already is the default.
func (s Section) Decode(into any) error {
	if s.node == nil {
		return s.misplaced()
	}
	return decode(s, into)
}

// CheckKeys refuses keys that are not known, for sections whose keys are names of
// other sections.
func (s Section) CheckKeys(known ...string) error {
	if s.node == nil {
		return s.misplaced()
	}
	s.file.noteKeys(s.path, known)
	d := decoder{file: s.file}
	if !d.wantMap(s.node, s.path) {
		return d.found.fault(s.name())
	}
	d.checkEntries(s.node, s.path, known)
	return d.found.fault(s.name())
}

// Fault makes an error that points at a key of the section, or at the section when
// it has no such key or key is "". The arguments are shown as they are: pass no
// secret.
func (s Section) Fault(key, format string, args ...any) error {
	n := s.at
	text := fmt.Sprintf(format, args...)
	if s.node != nil && key != "" {
		if e := s.node.entry(key); e != nil {
			n = e.value
		}
	}
	if n == nil {
		return mistakes{{text: text}}.fault(s.name())
	}
	return mistakes{{line: n.line, col: n.col, text: text}}.fault(s.name())
}

// misplaced says that the place that would hold the section is not a map.
func (s Section) misplaced() error {
	if s.at == nil || s.at.kind == mapKind || s.at.kind == nullKind {
		return nil
	}
	parent := s.path[:max(0, strings.LastIndexByte(s.path, '.'))]
	d := decoder{file: s.file}
	d.wantMap(s.at, parent)
	return d.found.fault(s.name())
}

func (s Section) name() string {
	if s.file == nil {
		return "config"
	}
	return s.file.name
}

func join(path, key string) string {
	if looksLikeToken(key) {
		key = redacted
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// didYouMean is the suggestion, or the list of what could stand there.
func didYouMean(word string, known []string) string {
	if s := fault.DidYouMean(word, known); s != "" || len(known) == 0 || len(known) > 15 {
		return s
	}
	return " Known: " + strings.Join(known, ", ") + "."
}
