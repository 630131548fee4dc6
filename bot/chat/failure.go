package chat

import (
	"errors"
	"net/url"
	"time"
)

// Failure classifies what a platform answered, so that the outbox knows what to
// do without knowing the vendor.
type Failure struct {
	Kind  FailureKind
	After time.Duration // with Limited: not before
	What  Target        // with Lost: what is gone
	Fix   string        // with Lost: what a person can do about it, one line
	// Stands says that a part of it is there already, such as a card whose thread
	// could not be opened: the next try must not begin another.
	Stands bool
	Err    error
}

// FailureKind says what a failed send means.
type FailureKind string

// The kinds.
const (
	Uncertain FailureKind = "uncertain" // it may have arrived
	Limited   FailureKind = "limited"   // not sent; come back After
	Rejected  FailureKind = "rejected"  // not sent; these bytes will never be taken
	Lost      FailureKind = "lost"      // the destination is gone or closed to us
	Down      FailureKind = "down"      // not sent; try again later
)

// Target is what a message was sent to.
type Target string

// The targets.
const (
	LostMessage Target = "message" // it was deleted: there is nothing to edit
	LostThread  Target = "thread"  // the card or its thread was deleted
	LostRoom    Target = "room"    // archived, deleted, or closed to us
)

func (f *Failure) Error() string {
	if f.Err == nil {
		return string(f.Kind)
	}
	return string(f.Kind) + ": " + f.Err.Error()
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Unaddressed takes the address out of an error of net/http: where a vendor
// gives one, it has a secret in it, such as the token of an interaction.
func Unaddressed(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
