package store

import (
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

func noIncident(number int64) error {
	return fault.Newf(fault.NotFound, "E23", "There is no %s.", incident.FormatID(number))
}

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
