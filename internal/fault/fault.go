// Package fault holds the one error that people see.
//
// Every refusal in Mayday has three lines (INTERACTION, rule 6): what happened,
// what state things are in, and the next tap. An error that is not a *Fault is
// a mistake of ours: people read "internal error" and a short id, the log reads
// the rest.
package fault

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of refusal it is. Front ends derive HTTP status and exit
// code from it, never from the text.
type Kind string

// The kinds, with the HTTP status that the JSON API answers.
const (
	Refused     Kind = "refused"     // 403: a right, an approval or a freeze is in the way
	Conflict    Kind = "conflict"    // 409: the world moved, the target is busy, a check failed
	Gone        Kind = "gone"        // 410: the button, preview or approval is over
	NotFound    Kind = "not_found"   // 404: no such incident, step, button
	Invalid     Kind = "invalid"     // 400: bad input; nothing was done
	Unsigned    Kind = "unsigned"    // 401: no session, token or signature
	TooLarge    Kind = "too_large"   // 413
	Overloaded  Kind = "overloaded"  // 429
	Unavailable Kind = "unavailable" // 503: storage or an outside system cannot be reached
	Already     Kind = "already"     // 200: somebody did it before (E22)
	Internal    Kind = "internal"    // 500
)

// Fault is an error for people.
type Fault struct {
	Kind    Kind
	Code    string // E1 to E27 of INTERACTION section 3; "" for kinds without a number
	Message string // line 1: what happened
	State   string // line 2: the state of the world, "Nothing was done."
	Hint    string // line 3: the next tap
	ID      string // short id to find it in the log; only internal errors need one
	Err     error  // the cause; for the log, never shown
}

// Nothing is the state line of most refusals.
const Nothing = "Nothing was done."

// New makes a fault whose state line is "Nothing was done.".
func New(kind Kind, code, message, hint string) *Fault {
	return &Fault{Kind: kind, Code: code, Message: message, State: Nothing, Hint: hint}
}

// Newf is New with a formatted message and no hint.
func Newf(kind Kind, code, format string, args ...any) *Fault {
	return New(kind, code, fmt.Sprintf(format, args...), "")
}

// WithHint returns a copy with another third line.
func (f *Fault) WithHint(hint string) *Fault {
	c := *f
	c.Hint = hint
	return &c
}

// WithState returns a copy with another second line.
func (f *Fault) WithState(state string) *Fault {
	c := *f
	c.State = state
	return &c
}

// Because returns a copy that keeps the cause for the log.
func (f *Fault) Because(err error) *Fault {
	c := *f
	c.Err = err
	return &c
}

// Error is the whole text in one line, code at the end.
func (f *Fault) Error() string { return strings.ReplaceAll(f.Text(), "\n", " ") }

// Text is the three lines as people read them, code at the end.
func (f *Fault) Text() string {
	lines := make([]string, 0, 3)
	for _, l := range []string{f.Message, f.State, f.Hint} {
		if l != "" {
			lines = append(lines, l)
		}
	}
	out := strings.Join(lines, "\n")
	switch {
	case f.Code != "":
		return out + " (" + f.Code + ")"
	case f.ID != "":
		return out + " (" + f.ID + ")"
	}
	return out
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Of returns the fault in err's chain, or an internal one with a fresh id that
// hides the text of err. Of(nil) is nil.
func Of(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	id := shortID()
	return &Fault{
		Kind: Internal, ID: id, Err: err,
		Message: "Internal error, id " + id + ".",
		State:   "I do not know more; look before you try again.",
		Hint:    "The log of Mayday has the details under this id.",
	}
}

// Is reports whether err carries a fault of this kind.
func Is(err error, kind Kind) bool {
	var f *Fault
	return errors.As(err, &f) && f.Kind == kind
}

// HasCode reports whether err carries a fault with this code.
func HasCode(err error, code string) bool {
	var f *Fault
	return errors.As(err, &f) && f.Code == code
}

// HTTPStatus is the status that the JSON API answers for a kind.
func (k Kind) HTTPStatus() int {
	switch k {
	case Refused:
		return 403
	case Conflict:
		return 409
	case Gone:
		return 410
	case NotFound:
		return 404
	case Invalid:
		return 400
	case Unsigned:
		return 401
	case TooLarge:
		return 413
	case Overloaded:
		return 429
	case Unavailable:
		return 503
	case Already:
		return 200
	}
	return 500
}

func shortID() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))[:5]
}
