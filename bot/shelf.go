package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"mayday/internal/incident"
	"mayday/playbooks"
)

// Volume is a playbook as the war room shows it.
type Volume struct {
	Name, Say string
	Who       incident.Role
	For       []string // services; empty means all
	BuiltIn   bool
	Usable    bool // everything that it acts on is connected
	Inputs    []string
	DoNot     []string
	Steps     []string // one line each, indented where nested
	Text      string   // the file
	Runs      []LastRun
}

// LastRun is one use of a playbook.
type LastRun struct {
	Incident string
	By       string
	At       time.Time
	State    incident.RunState
	Took     time.Duration // 0 while it goes on
}

// runsLooked is how many of the newest incidents are searched for runs.
const runsLooked = 100

// Shelf lists every playbook, A to Z, with its last runs.
func (d *Desk) Shelf(ctx context.Context) ([]Volume, error) {
	runs, err := d.lastRuns(ctx)
	if err != nil {
		return nil, err
	}
	var out []Volume
	for _, name := range d.Book.Names() {
		if pb, ok := d.Book.Get(name); ok {
			v := volume(pb)
			v.Runs = runs[name]
			out = append(out, v)
		}
	}
	return out, nil
}

func volume(pb *playbooks.Playbook) Volume {
	v := Volume{Name: pb.Name, Say: pb.Say, Who: pb.Who, For: pb.For, BuiltIn: pb.BuiltIn, Usable: pb.Usable, DoNot: pb.DoNot, Steps: pb.Outline(), Text: pb.Text()}
	for _, in := range pb.Ask {
		v.Inputs = append(v.Inputs, strings.TrimSpace(in.Name+" "+in.Say))
	}
	return v
}

// lastRuns finds the newest runs of each playbook, at most five each.
func (d *Desk) lastRuns(ctx context.Context) (map[string][]LastRun, error) {
	list, err := d.Store.Reader.Incidents(ctx, incident.Filter{State: "all", Limit: runsLooked})
	if err != nil {
		return nil, err
	}
	out := map[string][]LastRun{}
	for _, i := range list {
		for _, r := range slices.Backward(i.Runs) {
			if len(out[r.Playbook]) == 5 {
				continue
			}
			one := LastRun{Incident: i.ID(), By: r.By, At: r.StartedAt, State: r.State}
			if !r.EndedAt.IsZero() {
				one.Took = r.EndedAt.Sub(r.StartedAt)
			}
			out[r.Playbook] = append(out[r.Playbook], one)
		}
	}
	return out, nil
}
