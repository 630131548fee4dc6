package playbooks

import (
	"fmt"
	"sort"
	"strings"

	"mayday/internal/fault"
)

// Problem is one thing that is wrong with a file. A Line of 0 means the whole file.
type Problem struct {
	File         string
	Line, Column int
	What         string // without a full stop
	Fix          string
	Warning      bool
}

// String is how validate and the log show it.
func (p Problem) String() string {
	at := p.File
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	text := at + ": " + p.What + "."
	if p.Warning {
		text = at + ": warning: " + p.What + "."
	}
	switch {
	case p.Fix == "":
		return text
	case strings.HasSuffix(p.Fix, "?"):
		return text + " " + p.Fix
	}
	return text + " " + p.Fix + "."
}

// AsFault makes one error (E24) of the problems that are not warnings, or nil.
func AsFault(problems []Problem) error {
	var lines []string
	for _, p := range problems {
		if !p.Warning {
			lines = append(lines, p.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if extra := len(lines) - maxShown; extra > 0 {
		lines = append(lines[:maxShown:maxShown], fmt.Sprintf("and %d more.", extra))
	}
	return fault.New(fault.Invalid, "E24", strings.Join(lines, "\n"), "").WithState("The playbook was not loaded.")
}

const maxShown = 20

// place is a position in a file.
type place struct{ line, col int }

// lint collects the problems of one file.
type lint struct {
	file     string
	problems []Problem
	errors   int
}

func (l *lint) fail(at place, what, fix string) {
	l.errors++
	l.add(Problem{File: l.file, Line: at.line, Column: at.col, What: what, Fix: fix})
}

func (l *lint) warn(at place, what, fix string) {
	l.add(Problem{File: l.file, Line: at.line, Column: at.col, What: what, Fix: fix, Warning: true})
}

func (l *lint) add(p Problem) {
	for _, q := range l.problems {
		if q == p {
			return
		}
	}
	l.problems = append(l.problems, p)
}

// unknown reports a word that nobody knows, with the one that was probably meant.
func (l *lint) unknown(at place, kind, word string, known []string) {
	l.fail(at, fmt.Sprintf("unknown %s %s", kind, named(word)), didYouMean(word, known))
}

func (l *lint) sorted() []Problem {
	sort.SliceStable(l.problems, func(i, j int) bool {
		a, b := l.problems[i], l.problems[j]
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
	return l.problems
}

// didYouMean answers the suggestion as a fix, without its full stop, or else
// what there is to choose from when that is short.
func didYouMean(word string, known []string) string {
	if s := fault.Suggest(word, known); s != "" {
		return "Did you mean `" + s + "`?"
	}
	if len(known) == 0 || len(known) > 12 {
		return ""
	}
	sorted := append([]string(nil), known...)
	sort.Strings(sorted)
	return "There is " + strings.Join(sorted, ", ")
}
