package incident

import (
	"encoding/json"
	"fmt"
	"time"
)

// Entry is one line of a timeline. Entries are only ever appended.
type Entry struct {
	Seq   int64     // 1, 2, 3 ... within the incident
	At    time.Time // when it was written, by the store's clock
	Actor string    // a person's name, "PagerDuty", or "" for Mayday itself
	Via   string    // from where, when that is worth saying: "the war room"
	Text  string    // one sentence for people; untrusted parts are shown inert
	Step  string    // the step it is about, if any
	Refs  []string  // ids at a source: "pagerduty:Q123", an event id
	Quiet bool      // housekeeping: kept and sealed, not listed for people
	Body  Body      // what it means

	PrevHMAC string // seal of the entry before it; "" for the first
	HMAC     string // seal of this entry, which covers PrevHMAC
}

// Body is the meaning of an entry. Its fold changes the state, and nothing else
// does. A body is JSON in the store, so its fields are its format.
type Body interface {
	Kind() string
	fold(i *Incident, e Entry)
}

// NewEntry makes an entry; the store fills in Seq, At and the seals.
func NewEntry(actor, text string, body Body) Entry {
	return Entry{Actor: actor, Text: text, Body: body}
}

// Kind is the name of what the entry means.
func (e Entry) Kind() string {
	if e.Body == nil {
		return ""
	}
	return e.Body.Kind()
}

// bodies makes an empty body for each kind that was ever written. A kind is
// never removed: old timelines must fold for ever.
var bodies = map[string]func() Body{
	"opened":       func() Body { return &Opened{} },
	"declared":     func() Body { return &Declared{} },
	"alert":        func() Body { return &Alert{} },
	"owned":        func() Body { return &Owned{} },
	"acknowledged": func() Body { return &Acknowledged{} },
	"on_call":      func() Body { return &OnCall{} },
	"severity":     func() Body { return &SeverityChanged{} },
	"service":      func() Body { return &ServiceMoved{} },
	"note":         func() Body { return &Noted{} },
	"line":         func() Body { return &Line{} },
	"link":         func() Body { return &Linked{} },
	"update":       func() Body { return &Updated{} },
	"composing":    func() Body { return &Composing{} },
	"snoozed":      func() Body { return &Snoozed{} },
	"cadence":      func() Body { return &Cadence{} },
	"nudged":       func() Body { return &Nudged{} },
	"state":        func() Body { return &StateChanged{} },
	"recovered":    func() Body { return &Recovered{} },
	"resolved":     func() Body { return &ResolvedBody{} },
	"reopened":     func() Body { return &Reopened{} },
	"life":         func() Body { return &Life{} },
	"run_started":  func() Body { return &RunStarted{} },
	"run_result":   func() Body { return &RunResult{} },
	"run_state":    func() Body { return &RunMoved{} },
	"step":         func() Body { return &StepMoved{} },
	"effect":       func() Body { return &EffectSeen{} },
	"picture":      func() Body { return &PictureAsked{} },
	"suspects":     func() Body { return &SuspectsSeen{} },
	"put_back":     func() Body { return &PutBack{} },
}

// DecodeBody reads the body of a stored entry.
func DecodeBody(kind string, data []byte) (Body, error) {
	make, ok := bodies[kind]
	if !ok {
		return nil, fmt.Errorf("read entry: unknown kind %q, written by a newer version?", kind)
	}
	b := make()
	if len(data) == 0 {
		return b, nil
	}
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("read entry of kind %s: %w", kind, err)
	}
	return b, nil
}

// EncodeBody writes the body of an entry for the store.
func EncodeBody(b Body) ([]byte, error) {
	out, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write entry of kind %s: %w", b.Kind(), err)
	}
	return out, nil
}
