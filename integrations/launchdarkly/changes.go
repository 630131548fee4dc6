package launchdarkly

import (
	"context"
	"fmt"
	"net/url"
	pattern "path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/incident"
)

var _ integrations.Changes = (*target)(nil)

const (
	// mostEntries is what one page of the audit log holds.
	mostEntries = 20
	opensAtOnce = 4
	longestKind = 24 // characters of a button
)

// owned says which flags a service owns: services.NAME.launchdarkly. A pattern
// may hold stars, "checkout-*".
type owned struct {
	Flags config.Strings `yaml:"flags"`
}

// adopt reads which flags belong to which service. The others are nobody's, and
// are suspects of everybody.
func (t *target) adopt(services []integrations.Service) error {
	var errs []error
	for _, svc := range services {
		var own owned
		if !svc.Own.Exists() {
			continue
		}
		if err := svc.Own.Decode(&own); err != nil {
			errs = append(errs, err)
			continue
		}
		for _, keys := range own.Flags {
			if _, err := pattern.Match(keys, ""); err != nil {
				errs = append(errs, svc.Own.Fault("flags", "%q is no pattern of flag keys, like checkout-*.", keys))
			}
			t.owners = append(t.owners, owner{keys: keys, service: svc.Name})
		}
	}
	return config.Join(errs...)
}

type owner struct{ keys, service string }

// serviceOf answers whose flag it is, "" when nobody says.
func (t *target) serviceOf(key string) string {
	for _, o := range t.owners {
		if ok, err := pattern.Match(o.keys, key); err == nil && ok {
			return o.service
		}
	}
	return ""
}

// Changes lists what the audit log says about flags in our environment. What an
// entry changed stands in the entry itself, so each is opened; one that cannot be
// opened in time is told with the log's own words.
func (t *target) Changes(ctx context.Context, w integrations.Window) ([]integrations.Suspect, error) {
	if err := t.configured(); err != nil {
		return nil, err
	}
	entries, err := t.between(ctx, w.From, w.To)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e entry) bool {
		service := t.serviceOf(e.flag())
		return e.flag() == "" || service != "" && len(w.Services) > 0 && !slices.Contains(w.Services, service)
	})
	found := make([]integrations.Suspect, len(entries))
	var wg sync.WaitGroup
	turn := make(chan struct{}, opensAtOnce)
	for n, e := range entries {
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			c, ok, err := t.opened(ctx, e)
			found[n] = t.suspect(e, c, ok && err == nil)
		})
	}
	wg.Wait()
	return newestOffered(found), nil
}

// between are the entries of all flags in our environment, newest first.
func (t *target) between(ctx context.Context, from, to time.Time) ([]entry, error) {
	var list struct {
		Items []entry `json:"items"`
	}
	q := url.Values{"limit": {strconv.Itoa(mostEntries)}, "spec": {"proj/" + t.own.Project + ":env/" + t.own.Environment + ":flag/*"},
		"after": {strconv.FormatInt(from.UnixMilli()-1, 10)}, "before": {strconv.FormatInt(to.UnixMilli()+1, 10)}}
	err := t.api.get(ctx, dated, path("auditlog")+"?"+q.Encode(), &list)
	return slices.DeleteFunc(list.Items, func(e entry) bool { return e.at().Before(from) || e.at().After(to) }), err
}

// flag is the key of the flag that an entry is about, "" when it is none.
func (e entry) flag() string {
	for _, resource := range e.Target.Resources {
		_, key, ok := strings.Cut(resource, ":flag/")
		key, _, _ = strings.Cut(key, ";") // its tags
		if ok && goodKey.MatchString(key) {
			return key
		}
	}
	return ""
}

// suspect is an entry in the words of an incident.
func (t *target) suspect(e entry, c change, opened bool) integrations.Suspect {
	key := e.flag()
	s := integrations.Suspect{ID: e.ID, Source: "launchdarkly", Kind: incident.SuspectFlag, Service: t.serviceOf(key), At: e.at().UTC(),
		What: key + ": " + e.what(), Who: e.by(), Why: integrations.Clip(integrations.OneLine(e.Comment), 160)}
	if !opened {
		return s
	}
	s.What, s.URL = key+" "+tight(c.arrow()), t.link(c.after)
	for _, more := range c.besides() {
		s.Detail = append(s.Detail, "changed as well: "+more)
	}
	was, is := c.before.state(), c.after.state()
	if was.equal(is) {
		return s // rules or targets alone: no act of ours takes that back
	}
	s.Offer = &integrations.Offer{Label: "Take the flag back", Playbook: "flag-off", Inputs: map[string]string{"flag": key}}
	for _, label := range []string{back(key, c.before, was, is), "Take back " + key} {
		if label != "" && len([]rune(label)) <= longestKind {
			s.Offer.Label = label
			break
		}
	}
	return s
}

// back names the act that takes a change back: "Set new-cart to 0%".
func back(key string, before seen, was, is state) string {
	switch {
	case was.On && !is.On:
		return "Turn " + key + " on"
	case !was.On && is.On:
		return "Turn " + key + " off"
	}
	if share, ok := strings.CutSuffix(before.rule(was.Serves), " true"); ok && strings.HasSuffix(share, "%") {
		return fmt.Sprintf("Set %s to %s", key, share)
	}
	return ""
}

// tight writes "0%→50%" where each side is one word.
func tight(arrow string) string {
	from, to, ok := strings.Cut(arrow, " → ")
	if ok && !strings.Contains(from, " ") && !strings.Contains(strings.TrimSuffix(to, " true"), " ") {
		return from + "→" + strings.TrimSuffix(to, " true")
	}
	return arrow
}

// newestOffered leaves the act to the newest change of each flag: the playbook
// takes back the last one, whichever button starts it.
func newestOffered(found []integrations.Suspect) []integrations.Suspect {
	seen := map[string]bool{}
	slices.SortStableFunc(found, func(a, b integrations.Suspect) int { return b.At.Compare(a.At) })
	for n := range found {
		key, _, _ := strings.Cut(found[n].What, " ")
		key = strings.TrimSuffix(key, ":")
		if seen[key] {
			found[n].Offer = nil
		}
		seen[key] = true
	}
	return found
}
