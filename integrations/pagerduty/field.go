package pagerduty

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"mayday/internal/incident"
)

// Limits of what is kept, in runes. Cards cut further; these only keep an
// oversized payload from travelling through the whole system.
const (
	maxTitle = 1000
	maxName  = 200
	maxText  = 4000
	maxURL   = 2000
	maxRefs  = 50
)

// field is one JSON value of a payload and where it stands, so that a refusal
// can point at it.
type field struct {
	value any
	path  string
}

// get is the value below key; a missing one, and one below null, is null.
func (f field) get(key string) field {
	m, _ := f.value.(map[string]any)
	return field{value: m[key], path: f.path + "." + key}
}

func (f field) null() bool { return f.value == nil }

// object insists on an object or null.
func (f field) object() error {
	if _, ok := f.value.(map[string]any); ok || f.null() {
		return nil
	}
	return f.wrong("an object")
}

// list is the items of an array; null is an empty one.
func (f field) list() ([]field, error) {
	if f.null() {
		return nil, nil
	}
	items, ok := f.value.([]any)
	if !ok {
		return nil, f.wrong("a list")
	}
	var out []field
	for i, v := range items[:min(len(items), maxRefs)] {
		out = append(out, field{value: v, path: fmt.Sprintf("%s[%d]", f.path, i)})
	}
	return out, nil
}

// text reads text, cleaned and cut to limit runes. A number keeps its meaning
// as text, so it is taken; null is "".
func (f field) text(limit int) (string, error) {
	switch v := f.value.(type) {
	case nil:
		return "", nil
	case string:
		return clamp(clean(v), limit), nil
	case json.Number:
		return clamp(v.String(), limit), nil
	}
	return "", f.wrong("text")
}

// id reads an id; missing is an error.
func (f field) id() (string, error) {
	text, err := f.text(maxID + 1)
	if err != nil {
		return "", err
	}
	if text == "" {
		return "", errors.New(f.path + " is missing")
	}
	if !isID(text) {
		return "", errors.New(f.path + " is not an id")
	}
	return text, nil
}

// ref reads a reference: id and summary, which may be null.
func (f field) ref() (incident.Ref, error) {
	if err := f.object(); err != nil {
		return incident.Ref{}, err
	}
	id, err := f.get("id").text(maxID)
	if err != nil {
		return incident.Ref{}, err
	}
	name, err := f.get("summary").text(maxName)
	return incident.Ref{ID: id, Name: oneLine(name)}, err
}

func (f field) refs() ([]incident.Ref, error) {
	items, err := f.list()
	if err != nil {
		return nil, err
	}
	var out []incident.Ref
	for _, item := range items {
		r, err := item.ref()
		if err != nil {
			return nil, err
		}
		if r != (incident.Ref{}) {
			out = append(out, r)
		}
	}
	return out, nil
}

// link is the text when it is a web address, else "": javascript: and the like
// must never become something that can be pressed.
func (f field) link() string {
	text, err := f.text(maxURL + 1)
	if err != nil || len(text) > maxURL || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' }) {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		return ""
	}
	return text
}

func (f field) wrong(want string) error {
	return fmt.Errorf("%s is %s, not %s", f.path, f.kind(), want)
}

func (f field) kind() string {
	switch f.value.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	}
	return "an object"
}

// clean drops what no text may hold: control characters, of which NUL cannot
// even be stored everywhere. What merely looks odd is left to the cards.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\n' && r != '\t') || (r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.TrimSpace(s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// clamp cuts to at most limit runes and shows that it did.
func clamp(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
}
