package pagerduty

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/incident"
)

var _ integrations.Changes = (*feed)(nil)

const (
	prefix    = "pd"
	changePgs = 3 // of 100 each; more than 300 changes in a few hours are no list of suspects
)

// feed reads the change events that pipelines send to PagerDuty.
type feed struct {
	api      *api
	services map[string]string // id at PagerDuty -> name in the config
}

// adopt learns which service is which: services.NAME.pagerduty is its id there.
func (f *feed) adopt(services []integrations.Service) error {
	var errs []error
	for _, svc := range services {
		var id string
		if !svc.Own.Exists() {
			continue
		}
		if err := svc.Own.Decode(&id); err != nil {
			errs = append(errs, err)
			continue
		}
		f.services[id] = svc.Name
	}
	return config.Join(errs...)
}

// changeEvent is one of them, as far as it matters.
type changeEvent struct {
	ID       string    `json:"id"`
	Summary  string    `json:"summary"`
	At       time.Time `json:"timestamp"`
	Source   string    `json:"source"`
	Services []struct {
		ID string `json:"id"`
	} `json:"services"`
	Links []struct {
		Href string `json:"href"`
	} `json:"links"`
}

// Changes lists change events of these services. One of a service that the
// config does not know is somebody else's.
func (f *feed) Changes(ctx context.Context, w integrations.Window) ([]integrations.Suspect, error) {
	var out []integrations.Suspect
	for page := range changePgs {
		events, more, err := f.page(ctx, w, page*100)
		if err != nil {
			return nil, inWords(err)
		}
		for _, e := range events {
			if s, ok := f.suspect(e, w); ok {
				out = append(out, s)
			}
		}
		if !more {
			break
		}
	}
	return out, nil
}

func (f *feed) page(ctx context.Context, w integrations.Window, offset int) (events []changeEvent, more bool, err error) {
	var list struct {
		Events []changeEvent `json:"change_events"`
		More   bool          `json:"more"`
	}
	q := url.Values{"since": {w.From.UTC().Format(time.RFC3339)}, "until": {w.To.UTC().Add(time.Second).Format(time.RFC3339)}, "limit": {"100"}, "offset": {strconv.Itoa(offset)}}
	err = f.api.send(ctx, request{method: http.MethodGet, path: "/change_events?" + q.Encode(), out: &list})
	return list.Events, list.More, err
}

func (f *feed) suspect(e changeEvent, w integrations.Window) (integrations.Suspect, bool) {
	service, wanted := f.owner(e, w.Services)
	if e.ID == "" || !wanted || e.At.Before(w.From) || e.At.After(w.To) {
		return integrations.Suspect{}, false
	}
	s := integrations.Suspect{ID: e.ID, Source: prefix, Kind: incident.SuspectOther, Service: service, At: e.At.UTC(),
		What: clamp(oneLine(clean(e.Summary)), maxTitle), Who: clamp(oneLine(clean(e.Source)), 80)}
	for _, l := range e.Links {
		if s.URL == "" {
			s.URL = field{value: l.Href}.link()
		}
	}
	return s, true
}

// owner finds whose change it is. Where nobody wrote down a service's id, every
// change is nobody's in particular.
func (f *feed) owner(e changeEvent, wanted []string) (name string, ok bool) {
	for _, s := range e.Services {
		if name = f.services[s.ID]; name != "" && (len(wanted) == 0 || slices.Contains(wanted, name)) {
			return name, true
		}
	}
	return "", len(wanted) == 0 || len(e.Services) == 0 || len(f.services) == 0
}

// inWords makes a refusal of an error that repeats an address.
func inWords(err error) error {
	if _, ok := integrations.AsRejected(err); ok {
		return err
	}
	return &integrations.Rejected{Code: "E5", Why: "I can't reach PagerDuty (" + transport(err) + ").", Fix: "Try again, or look in PagerDuty.", Err: err}
}
