package store

import (
	"context"
	"errors"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// unavailable is the answer when storage cannot be written (E26). A fault stays
// what it is.
func unavailable(err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	message := "Mayday cannot write to its storage: alerts are answered 503 and their source keeps them."
	if full(err) {
		message = "The disk of Mayday is full: alerts are answered 503 and their source keeps them."
	}
	return fault.New(fault.Unavailable, "E26", message, "The log of Mayday names the cause.").
		WithState("Nothing was done. Steps are off.").Because(err)
}

// unsure is the answer when the connection was lost while it committed: the write
// is there or it is not, whole in both cases.
func unsure(err error) error {
	return fault.New(fault.Unavailable, "E26", "The database did not say whether it kept this.", "Look whether it is there before you try again.").
		WithState("It may have been done.").Because(err)
}

// unreadable is the answer when storage cannot be read. Other errors stay what
// they are; so does the end of a context.
func unreadable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || !broken(err) {
		return err
	}
	return fault.New(fault.Unavailable, "E26", "Mayday cannot read its storage.", "Try again in a minute; the log of Mayday names the cause.").
		Because(err)
}

func noIncident(number int64) error {
	return fault.Newf(fault.NotFound, "E23", "There is no %s.", incident.FormatID(number))
}

// toMicro is a time to the microsecond that is stored.
func toMicro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// micro is a time as it is stored; 0 is no time.
func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicro(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
