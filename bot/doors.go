package bot

import (
	"context"
	"fmt"
	"time"
)

// DoorState is how a door for alerts fares.
type DoorState struct {
	Source   string     `json:"source"`
	Title    string     `json:"title"`
	Path     string     `json:"path"`
	TestedAt *time.Time `json:"tested_at"` // the last test event with a good signature
	Refused  int        `json:"refused"`   // deliveries of the last hour that were not signed as they should be
}

// refusals counts the deliveries at a door that were not signed as they should
// be.
type refusals struct {
	count int
	last  time.Time
}

const refusalsKept = time.Hour

// refusedKnock counts one.
func (d *Desk) refusedKnock(source string) {
	d.knocks.Lock()
	defer d.knocks.Unlock()
	r := d.unsigned[source]
	if d.Now().Sub(r.last) > refusalsKept {
		r.count = 0
	}
	d.unsigned[source] = refusals{count: r.count + 1, last: d.Now()}
}

func (d *Desk) refusedLately(source string) int {
	d.knocks.Lock()
	defer d.knocks.Unlock()
	r := d.unsigned[source]
	if d.Now().Sub(r.last) > refusalsKept {
		return 0
	}
	return r.count
}

// Doors answers how every door fares.
func (d *Desk) Doors(ctx context.Context) ([]DoorState, error) {
	out := []DoorState{}
	for _, s := range d.Sources {
		if s.Receiver == nil {
			continue
		}
		one := DoorState{Source: s.Name, Title: s.Title, Path: s.Receiver.Path(), Refused: d.refusedLately(s.Name)}
		_, at, err := d.Store.Reader.Noted(ctx, "ping:"+s.Name)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() {
			one.TestedAt = &at
		}
		out = append(out, one)
	}
	return out, nil
}

// DoorFindings are the lines of doctor about deliveries that were refused (E19).
func (d *Desk) DoorFindings(ctx context.Context) []Finding {
	doors, err := d.Doors(ctx)
	if err != nil {
		return []Finding{{Part: "Store", Text: "cannot be read: " + err.Error()}}
	}
	var out []Finding
	for _, s := range doors {
		switch {
		case s.Refused > 0:
			out = append(out, Finding{Part: s.Title, Warn: true,
				Text: fmt.Sprintf("I refused %d %s webhook%s in the last hour: the signature does not match. If they were real, incidents do not open from %s. (E19)",
					s.Refused, s.Title, plural(s.Refused), s.Title),
				Fix: "copy the secret of the webhook subscription into " + s.Source + ".webhook_secret; several are allowed while it is rotated"})
		case s.TestedAt != nil:
			out = append(out, Finding{Part: s.Title, OK: true, Text: "test event seen " + s.TestedAt.UTC().Format("2006-01-02 15:04 UTC") + ", signature good"})
		}
	}
	return out
}
