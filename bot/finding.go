package bot

import (
	"context"
	"time"
)

// Finding is one line of doctor: what works, or what does not and how to mend
// it.
type Finding struct {
	Part string `json:"part"`
	OK   bool   `json:"ok"`
	Warn bool   `json:"warn,omitempty"`
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"`
}

// Mark is ✓, ! or ✗.
func (f Finding) Mark() string {
	switch {
	case f.OK:
		return "✓"
	case f.Warn:
		return "!"
	}
	return "✗"
}

// Clinic keeps what doctor found last. Asking every vendor takes seconds, so
// answers in chat come from here.
type Clinic interface {
	// Last answers the newest report; the time is zero before the first.
	Last() ([]Finding, time.Time)
	// Again asks everybody anew, and blocks until all have answered.
	Again(ctx context.Context) []Finding
}
