package bot

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// What changed before an incident began. Every source is asked at once and has
// two seconds: one that is slow is named, and nobody waits for it.

const (
	suspectsPatience = 2 * time.Second
	suspectsWindow   = 3 * time.Hour
	suspectsKept     = 8 // ranked ones that the incident keeps; three are shown
)

// Feed is a source of changes under the name that people know it by.
type Feed struct {
	Title   string // "Kubernetes"
	Changes integrations.Changes
}

// HandleSuspects looks at what changed before an incident began and keeps it.
func (d *Desk) HandleSuspects(ctx context.Context, c incident.Claim) error {
	number, err := incident.ParseID(c.Row)
	if err != nil {
		return d.Queue.Done(ctx, c)
	}
	inc, err := d.Store.Journal.Incident(ctx, number)
	if err != nil {
		return err
	}
	if !inc.Open() {
		return d.Queue.Done(ctx, c)
	}
	found := d.suspicion(ctx, inc)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, err = d.do(ctx, incident.Target{Number: number, Claim: &c}, incident.SeeSuspects(found))
	return err
}

// suspicion collects everything that may explain how an incident began.
func (d *Desk) suspicion(ctx context.Context, inc *incident.Incident) incident.Suspicion {
	var found incident.Suspicion
	found.Onset, found.By, found.Figures = d.figures(ctx, inc)
	began := found.Onset
	if began.IsZero() {
		began = inc.OpenedAt
	}
	w := integrations.Window{Services: d.neighbours(inc.Service), From: began.Add(-suspectsWindow), To: d.Now()}
	found.From, found.Services = w.From, w.Services
	all, silent, asked := d.Collect(ctx, w)
	found.Silent, found.Asked = silent, asked
	ranked := incident.Rank(inc.Service, began, all)
	found.Suspects = ranked[:min(len(ranked), suspectsKept)]
	found.Past = d.lastTime(ctx, inc)
	return found
}

// neighbours are a service and what it stands on, itself first.
func (d *Desk) neighbours(service string) []string {
	if service == "" {
		return nil
	}
	out := []string{service}
	for _, name := range d.service(service).DependsOn {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// Collect asks every source of changes at once. silent names those that did not
// answer in time, with the reason; asked counts all.
func (d *Desk) Collect(ctx context.Context, w integrations.Window) (found []incident.Suspect, silent []string, asked int) {
	ctx, cancel := context.WithTimeout(ctx, suspectsPatience)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, f := range d.feeds() {
		asked++
		wg.Go(func() {
			got, err := f.Changes.Changes(ctx, w)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				silent = append(silent, f.Title+" ("+reason(err)+")") // it may have told a part
			}
			found = append(found, got...)
		})
	}
	wg.Wait()
	slices.Sort(silent)
	return found, silent, asked
}

// feeds are the configured sources and what pipelines told at the door.
func (d *Desk) feeds() []Feed {
	out := slices.Clone(d.Feeds)
	if d.Told {
		out = append(out, Feed{Title: "pipelines", Changes: pipelines{d.Store.Suspects}})
	}
	return out
}

// pipelines answers from what pipelines told.
type pipelines struct{ kept Suspects }

func (t pipelines) Changes(ctx context.Context, w integrations.Window) ([]incident.Suspect, error) {
	return t.kept.Changes(ctx, w.Services, w.From, w.To, 200)
}

// lastTime finds the newest resolved incident of the same service with the same
// alert, and what helped then.
func (d *Desk) lastTime(ctx context.Context, inc *incident.Incident) *incident.Past {
	if inc.Service == "" {
		return nil
	}
	before, err := d.Store.Reader.Incidents(ctx, incident.Filter{State: "resolved", Service: inc.Service, Before: inc.Number, Limit: 50})
	if err != nil {
		d.Log.Warn("earlier incidents cannot be read", "err", err)
		return nil
	}
	for _, was := range before {
		if alike(was.Title) != alike(inc.Title) || was.MergedInto > 0 {
			continue
		}
		p := &incident.Past{Incident: was.Number, At: was.OpenedAt, Took: was.ResolvedAt.Sub(was.OpenedAt)}
		if acts := was.InForce(); len(acts) > 0 {
			p.What = acts[len(acts)-1].Plan.Title
		}
		return p
	}
	return nil
}

// alike is a title without its numbers: "errors 12%" and "errors 9%" are one alert.
func alike(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return r == ' ' || r >= '0' && r <= '9' || strings.ContainsRune("%.,()", r) })
	return strings.Join(words, " ")
}
