package alertmanager

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/fault"
)

// author is who our silences are by, in Alertmanager's list.
const author = "mayday"

// matcher is one condition of a silence. Ours are always exact.
type matcher struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Regex bool   `json:"isRegex"`
	Equal *bool  `json:"isEqual,omitempty"` // not there in old versions, which means true
}

// silenced is a silence as Alertmanager lists it.
type silenced struct {
	ID       string    `json:"id,omitempty"`
	Matchers []matcher `json:"matchers"`
	StartsAt time.Time `json:"startsAt"`
	EndsAt   time.Time `json:"endsAt"`
	By       string    `json:"createdBy"`
	Comment  string    `json:"comment"`
	Status   *struct {
		State string `json:"state"`
	} `json:"status,omitempty"`
}

func (s silenced) state() string {
	if s.Status == nil {
		return ""
	}
	return s.Status.State
}

// complete reports whether it has what Alertmanager always tells of a silence. One
// without a state would pass for a silence that ended.
func (s silenced) complete() bool { return s.ID != "" && len(s.Matchers) > 0 && s.state() != "" }

// inForce reports whether it keeps anything quiet now.
func (s silenced) inForce() bool { return s.state() == "active" || s.state() == "pending" }

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,99}$`)

// wanted are the conditions of a silence: those that are given, else the labels
// that mean the service.
func (m *manager) wanted(a integrations.Args) ([]matcher, error) {
	given, _ := a["match"].(map[string]any)
	labels := map[string]string{}
	for name, value := range given {
		labels[name] = fmt.Sprint(value)
	}
	if len(labels) == 0 {
		var err error
		if labels, err = m.labelsOf(a.Text("service")); err != nil {
			return nil, err
		}
	}
	var out []matcher
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		value := labels[name]
		if !labelName.MatchString(name) || value == "" || len(value) > maxLabel {
			return nil, &integrations.Rejected{Code: "E24", Why: "A silence is for labels with a value, and " + strconv.Quote(integrations.Clip(integrations.OneLine(name), 40)) + " is none.", Fix: "Write match: {service: checkout}."}
		}
		out = append(out, matcher{Name: name, Value: value})
	}
	return out, nil
}

func (m *manager) labelsOf(service string) (map[string]string, error) {
	if service == "" {
		return nil, &integrations.Rejected{Code: "E24", Why: "A silence needs a service, or labels.", Fix: "Name a service, or write match: {alertname: HighErrorRate}."}
	}
	svc, ok := m.services[service]
	if !ok {
		name := integrations.Clip(integrations.OneLine(service), 40)
		return nil, &integrations.Rejected{Code: "E24", Why: "There is no service " + name + " in the config." + fault.DidYouMean(name, m.names), Fix: "Name one of services."}
	}
	if len(svc.Match) == 0 {
		return map[string]string{"service": service}, nil
	}
	return svc.Match, nil
}

// words is "service=checkout, severity=page".
func words(list []matcher) string {
	var out []string
	for _, one := range list {
		sign := "="
		switch not := one.Equal != nil && !*one.Equal; {
		case one.Regex && not:
			sign = "!~"
		case one.Regex:
			sign = "=~"
		case not:
			sign = "!="
		}
		out = append(out, integrations.OneLine(one.Name+sign+one.Value))
	}
	return strings.Join(out, ", ")
}

// query is a filter of the API for exactly these labels.
func query(list []matcher) url.Values {
	out := url.Values{}
	for _, one := range list {
		out.Add("filter", one.Name+"="+strconv.Quote(one.Value))
	}
	return out
}

// matched are the alerts that these labels meet now.
func (m *manager) matched(ctx context.Context, list []matcher) ([]live, error) {
	q := query(list)
	q.Set("active", "true")
	q.Set("silenced", "true")
	q.Set("inhibited", "true")
	return listOf[live](ctx, m.api, "/alerts?"+q.Encode())
}

// all are the silences that Alertmanager still knows.
func (m *manager) all(ctx context.Context) ([]silenced, error) {
	out, err := listOf[silenced](ctx, m.api, "/silences")
	if err == nil && slices.ContainsFunc(out, func(s silenced) bool { return !s.complete() }) {
		return nil, unreachable(errStrange)
	}
	return out, err
}

// same finds silences in force for exactly these labels.
func (m *manager) same(ctx context.Context, list []matcher) ([]silenced, error) {
	all, err := m.all(ctx)
	want := words(list)
	return slices.DeleteFunc(all, func(s silenced) bool {
		slices.SortFunc(s.Matchers, func(a, b matcher) int { return strings.Compare(a.Name, b.Name) })
		return !s.inForce() || words(s.Matchers) != want
	}), err
}

var silenceID = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// one reads a silence; nil when there is none of this id.
func (m *manager) one(ctx context.Context, id string) (*silenced, error) {
	if !silenceID.MatchString(id) {
		return nil, &integrations.Rejected{Code: "E24", Why: "That is not the id of a silence.", Fix: "Choose one with " + silencesName + "."}
	}
	var s silenced
	found, err := m.api.get(ctx, "/silence/"+id, &s)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, m.gone(ctx, id)
	case s.ID != id || !s.complete():
		return nil, unreachable(errStrange)
	}
	return &s, nil
}

// gone is nil when there is no silence of this id. The 404 for it may be of
// somebody in front of Alertmanager, so it is believed only when the list, which
// nobody else can give, does not have it either.
func (m *manager) gone(ctx context.Context, id string) error {
	all, err := m.all(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(s silenced) bool { return s.ID == id }) {
		return refused(answer{status: http.StatusNotFound})
	}
	return nil
}
