package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is where a key of the file goes in a struct.
type field struct {
	key   string
	index []int
}

func (d *decoder) structure(n *node, path string, v reflect.Value) {
	if !d.wantMap(n, path) {
		return
	}
	fields := fieldsOf(v.Type(), nil)
	known := make([]string, 0, len(fields))
	for _, f := range fields {
		known = append(known, f.key)
	}
	d.checkEntries(n, path, known)
	for _, f := range fields {
		if e := n.entry(f.key); e != nil {
			d.value(e.value, join(path, f.key), v.FieldByIndex(f.index))
		}
	}
}

// fieldsOf lists the keys of a struct: the yaml tag, or the name in lower case.
// Fields tagged `yaml:",inline"` lend their keys to the struct that holds them.
func fieldsOf(t reflect.Type, prefix []int) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		index := append(slices.Clone(prefix), i)
		switch {
		case key == "-" || !f.IsExported():
		case options == "inline" && f.Type.Kind() == reflect.Struct:
			out = append(out, fieldsOf(f.Type, index)...)
		case key == "":
			out = append(out, field{key: strings.ToLower(f.Name), index: index})
		default:
			out = append(out, field{key: key, index: index})
		}
	}
	return out
}

// checkEntries refuses keys that stand twice, and unknown ones unless known is nil.
func (d *decoder) checkEntries(n *node, path string, known []string) {
	for _, e := range n.entries {
		switch {
		case e.again:
			first := n.entry(e.key)
			d.failAt(e, "the key %s stands twice%s; first in line %d.", named(e.key), inside(path), first.line)
		case known != nil && !slices.Contains(known, e.key):
			d.failAt(e, "unknown key %s%s.%s", named(e.key), inside(path), didYouMean(e.key, known))
		}
	}
}

func (d *decoder) failAt(e entry, format string, args ...any) {
	d.found = append(d.found, mistake{line: e.line, col: e.col, text: fmt.Sprintf(format, args...)})
}

func inside(path string) string {
	if path == "" {
		return ""
	}
	return " in " + named(path)
}
