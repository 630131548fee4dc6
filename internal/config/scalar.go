package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"time"
)

// shortest is the least duration: what is faster is a typo (5ms for 5m) or would
// flood a channel.
const shortest = time.Second

func (d *decoder) scalar(n *node, path string, v reflect.Value) {
	if n.kind == nullKind {
		d.fail(n, "%s has no value.", named(path))
		return
	}
	switch v.Kind() {
	case reflect.String:
		d.str(n, path, v)
	case reflect.Bool:
		if b, ok := n.scalar.(bool); ok {
			v.SetBool(b)
			return
		}
		d.fail(n, "%s is true or false; here it is %s.", named(path), shown(n))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.signed(n, path, v)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.unsigned(n, path, v)
	case reflect.Float32, reflect.Float64:
		d.float(n, path, v)
	default:
		d.fail(n, "%s cannot be read into a %s.", named(path), v.Type())
	}
}

// str takes text only: a number that stands for text, an id of many digits or a
// version 1.10, would have lost something on its way through a number.
func (d *decoder) str(n *node, path string, v reflect.Value) {
	switch n.kind {
	case textKind:
		v.SetString(n.text)
	case listKind, mapKind:
		d.fail(n, "%s is text; here it is %s.", named(path), n.kind)
	default:
		d.fail(n, "%s is text; put it in quotes: %s.", named(path), quoted(n.text))
	}
}

func (d *decoder) signed(n *node, path string, v reflect.Value) {
	switch i := n.scalar.(type) {
	case int64:
		if !v.OverflowInt(i) {
			v.SetInt(i)
			return
		}
		d.outOfRange(n, path)
	case uint64:
		if i <= 1<<63-1 && !v.OverflowInt(int64(i)) {
			v.SetInt(int64(i))
			return
		}
		d.outOfRange(n, path)
	default:
		d.fail(n, "%s is a whole number; here it is %s.", named(path), shown(n))
	}
}

func (d *decoder) unsigned(n *node, path string, v reflect.Value) {
	switch i := n.scalar.(type) {
	case int64:
		if i >= 0 && !v.OverflowUint(uint64(i)) {
			v.SetUint(uint64(i))
			return
		}
		d.outOfRange(n, path)
	case uint64:
		if !v.OverflowUint(i) {
			v.SetUint(i)
			return
		}
		d.outOfRange(n, path)
	default:
		d.fail(n, "%s is a whole number; here it is %s.", named(path), shown(n))
	}
}

func (d *decoder) outOfRange(n *node, path string) {
	d.fail(n, "%s is out of range: %s.", named(path), quoted(n.text))
}

func (d *decoder) float(n *node, path string, v reflect.Value) {
	switch f := n.scalar.(type) {
	case float64:
		if math.IsNaN(f) || math.IsInf(f, 0) || v.OverflowFloat(f) {
			d.outOfRange(n, path)
			return
		}
		v.SetFloat(f)
	case int64:
		v.SetFloat(float64(f))
	case uint64:
		v.SetFloat(float64(f))
	default:
		d.fail(n, "%s is a number; here it is %s.", named(path), shown(n))
	}
}

func (d *decoder) duration(n *node, path string, v reflect.Value) {
	value, problem := parseDuration(n)
	if problem != "" {
		d.fail(n, "%s %s", named(path), problem)
		return
	}
	v.SetInt(int64(value))
}

func parseDuration(n *node) (time.Duration, string) {
	const form = "is a duration like 30m"
	if n.kind == nullKind {
		return 0, form + "; here it has no value."
	}
	value, err := time.ParseDuration(n.text)
	switch {
	case n.kind == intKind || n.kind == floatKind:
		return 0, fmt.Sprintf("%s (units: s, m, h), not the bare number %s.", form, quoted(n.text))
	case n.kind != textKind:
		return 0, fmt.Sprintf("%s; here it is %s.", form, shown(n))
	case err != nil:
		return 0, fmt.Sprintf("%s (units: s, m, h), not %s.", form, quoted(n.text))
	case value < shortest:
		return 0, fmt.Sprintf("is %s; the least is 1s.", quoted(n.text))
	}
	return value, ""
}

func (d *decoder) text(n *node, path string, into encoding.TextUnmarshaler) {
	if n.kind != textKind {
		d.fail(n, "%s is text; here it is %s.", named(path), shown(n))
		return
	}
	err := into.UnmarshalText([]byte(n.text))
	switch {
	case err == nil:
	case looksLikeToken(n.text):
		d.fail(n, "%s holds a literal secret. Secrets do not stand in this file.", named(path))
	default:
		d.fail(n, "%s is not valid: %v.", named(path), err)
	}
}

// shown is the value for a message: scalars with their text.
func shown(n *node) string {
	if n.kind == listKind || n.kind == mapKind || n.kind == nullKind {
		return string(n.kind)
	}
	if n.kind == textKind {
		return "the text " + quoted(n.text)
	}
	return quoted(n.text)
}
