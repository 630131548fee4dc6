package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"mayday/internal/fault"
)

const (
	code      = "E24"
	notLoaded = "The file was not loaded."
	// maxShown keeps a file that is wrong everywhere readable.
	maxShown = 20
)

// mistake is one thing that is wrong in the file. A line of 0 means the whole file.
type mistake struct {
	line, col int
	text      string
	hint      string
}

type mistakes []mistake

// fault turns what was found into one error of several lines, or nil.
func (m mistakes) fault(name string) error {
	if len(m) == 0 {
		return nil
	}
	lines := make([]string, 0, len(m))
	hint := ""
	for _, one := range m {
		lines = append(lines, one.render(name))
		if hint == "" {
			hint = one.hint
		}
	}
	return asFault(lines, hint)
}

func (m mistake) render(name string) string {
	switch {
	case m.col < 0: // already rendered by a nested Decode
		return m.text
	case m.line == 0:
		return name + ": " + m.text
	}
	return fmt.Sprintf("%s:%d:%d: %s", name, m.line, m.col, m.text)
}

func asFault(lines []string, hint string) error {
	if extra := len(lines) - maxShown; extra > 0 {
		lines = append(lines[:maxShown:maxShown], fmt.Sprintf("and %d more.", extra))
	}
	return fault.New(fault.Invalid, code, strings.Join(lines, "\n"), hint).WithState(notLoaded)
}

// nested keeps the lines of an error that an inner Decode or an owner made.
func nested(n *node, label string, err error) mistakes {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return mistakes{{line: n.line, col: n.col, text: fmt.Sprintf("%s: %v.", label, err)}}
	}
	var out mistakes
	for line := range strings.SplitSeq(f.Message, "\n") {
		out = append(out, mistake{col: -1, text: line, hint: f.Hint})
	}
	return out
}

// Join makes one fault of the errors of several sections, so that validate can
// show every mistake at once. Errors that are not faults are joined beside it.
func Join(errs ...error) error {
	var lines []string
	var others []error
	hint := ""
	for _, err := range errs {
		var f *fault.Fault
		switch {
		case err == nil:
		case errors.As(err, &f) && f.Code == code:
			lines = append(lines, strings.Split(f.Message, "\n")...)
			if hint == "" {
				hint = f.Hint
			}
		default:
			others = append(others, err)
		}
	}
	if len(lines) > 0 {
		others = append([]error{asFault(lines, hint)}, others...)
	}
	if len(others) == 1 {
		return others[0]
	}
	return errors.Join(others...)
}

// Quoted shows a value of the file in a message of its owner, unless it may be a
// secret.
func Quoted(text string) string { return quoted(text) }

// quoted shows a key or value in a message, unless it may be a secret.
func quoted(text string) string {
	if looksLikeToken(text) {
		return "(not shown: it looks like a secret)"
	}
	if r := []rune(text); len(r) > 40 {
		text = string(r[:40]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// named shows a key in backquotes, unless it may be a secret.
func named(key string) string {
	if looksLikeToken(key) || strings.ContainsAny(key, "`\n\r") || len(key) > 200 {
		return quoted(key)
	}
	return "`" + key + "`"
}

// plainCause drops the operation and the path from a file error.
func plainCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
