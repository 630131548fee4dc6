package config

import (
	"encoding"
	"fmt"
	"reflect"
	"time"
)

// Unmarshaler is a type that takes more than one form in the file.
type Unmarshaler interface {
	UnmarshalConfig(Section) error
}

var (
	sectionType  = reflect.TypeFor[Section]()
	durationType = reflect.TypeFor[time.Duration]()
)

// decoder fills values and collects everything that is wrong on the way.
type decoder struct {
	file  *File
	found mistakes
}

func decode(s Section, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("decode %s: the target is a %T, not a pointer to a value", s.path, into)
	}
	s.file.note(s.path, target.Elem().Type())
	d := decoder{file: s.file}
	d.value(s.node, s.path, target.Elem())
	return d.found.fault(s.name())
}

func (d *decoder) value(n *node, path string, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		d.pointer(n, path, v)
		return
	}
	if d.special(n, path, v) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, path, v)
	case reflect.Map:
		d.mapping(n, path, v)
	case reflect.Slice:
		d.list(n, path, v)
	case reflect.Interface:
		d.free(n, path, v)
	default:
		d.scalar(n, path, v)
	}
}

func (d *decoder) pointer(n *node, path string, v reflect.Value) {
	if n.kind == nullKind {
		return
	}
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	d.value(n, path, v.Elem())
}

// special handles the types that decide for themselves, and reports whether v is one.
func (d *decoder) special(n *node, path string, v reflect.Value) bool {
	s := Section{file: d.file, at: n, node: n, path: path}
	switch v.Type() {
	case sectionType:
		v.Set(reflect.ValueOf(s))
		return true
	case durationType:
		d.duration(n, path, v)
		return true
	}
	switch t := v.Addr().Interface().(type) {
	case Unmarshaler:
		if err := t.UnmarshalConfig(s); err != nil {
			d.found = append(d.found, nested(n, named(path), err)...)
		}
		return true
	case encoding.TextUnmarshaler:
		d.text(n, path, t)
		return true
	}
	return false
}

func (d *decoder) mapping(n *node, path string, v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		d.fail(n, "%s cannot be read into a %s.", named(path), v.Type())
		return
	}
	if n.kind == nullKind || !d.wantMap(n, path) {
		return
	}
	d.checkEntries(n, path, nil)
	if v.IsNil() {
		v.Set(reflect.MakeMapWithSize(v.Type(), len(n.entries)))
	}
	for _, e := range n.entries {
		one := reflect.New(v.Type().Elem()).Elem()
		d.value(e.value, join(path, e.key), one)
		v.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), one)
	}
}

func (d *decoder) list(n *node, path string, v reflect.Value) {
	if n.kind == nullKind {
		return
	}
	if n.kind != listKind {
		d.fail(n, "%s is a list, like [a, b]; here it is %s.", named(path), n.kind)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		d.value(item, fmt.Sprintf("%s[%d]", path, i), out.Index(i))
	}
	v.Set(out)
}

// free fills an `any` with plain Go values.
func (d *decoder) free(n *node, path string, v reflect.Value) {
	if v.NumMethod() > 0 {
		d.fail(n, "%s cannot be read into a %s.", named(path), v.Type())
		return
	}
	switch n.kind {
	case nullKind:
		v.SetZero()
	case mapKind:
		m := map[string]any{}
		d.mapping(n, path, reflect.ValueOf(&m).Elem())
		v.Set(reflect.ValueOf(m))
	case listKind:
		l := []any{}
		d.list(n, path, reflect.ValueOf(&l).Elem())
		v.Set(reflect.ValueOf(l))
	case textKind:
		v.Set(reflect.ValueOf(n.text))
	default:
		v.Set(reflect.ValueOf(n.scalar))
	}
}

func (d *decoder) wantMap(n *node, path string) bool {
	if n.kind == mapKind || n.kind == nullKind {
		return true
	}
	d.fail(n, "%s is a map of keys; here it is %s.", named(path), n.kind)
	return false
}

func (d *decoder) fail(n *node, format string, args ...any) {
	d.found = append(d.found, mistake{line: n.line, col: n.col, text: fmt.Sprintf(format, args...)})
}
