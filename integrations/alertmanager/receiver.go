package alertmanager

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/incident"
)

var (
	_ integrations.Receiver = (*receiver)(nil)
	_ integrations.Splitter = (*receiver)(nil)
)

const (
	maxTitle  = 250
	maxKey    = 100
	maxLabels = 60 // of one alert; the rest are of no use for finding its service
	maxLabel  = 500
)

// receiver is the inbound door.
type receiver struct{ tokens config.Secrets }

// Path is the route.
func (r *receiver) Path() string { return "/hooks/alertmanager" }

// Verify checks the token. A notification has no id of its own; the same words
// twice are the same notification.
func (r *receiver) Verify(h http.Header, body []byte) (string, error) {
	if err := integrations.Bearer(h, r.tokens, "Alertmanager", "alertmanager.token"); err != nil {
		return "", err
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16]), nil
}

// notification is what version 4 of the webhook holds, as far as it matters.
type notification struct {
	Version     string  `json:"version"`
	ExternalURL string  `json:"externalURL"`
	Alerts      []alert `json:"alerts"`
}

// live is what an alert says of itself, in a notification and in a list alike.
type live struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
}

type alert struct {
	live
	Status       string    `json:"status"`
	EndsAt       time.Time `json:"endsAt"`
	GeneratorURL string    `json:"generatorURL"`
	Fingerprint  string    `json:"fingerprint"`
}

// Parse answers the first event; the desk asks Split.
func (r *receiver) Parse(body []byte) (incident.Event, error) {
	events, err := r.Split(body)
	if err != nil {
		return incident.Event{}, err
	}
	return events[0], nil
}

// Split makes one event of each alert.
func (r *receiver) Split(body []byte) ([]incident.Event, error) {
	var n notification
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, errors.New("the body is not what Alertmanager sends: " + reading(err))
	}
	switch {
	case n.Version != "4":
		return nil, fmt.Errorf("version is %q, and I understand version 4 of Alertmanager's webhook", integrations.Clip(integrations.OneLine(n.Version), 20))
	case len(n.Alerts) == 0:
		return nil, errors.New("alerts is missing or empty")
	}
	out := make([]incident.Event, 0, len(n.Alerts))
	for i, a := range n.Alerts {
		ev, err := a.event(n.ExternalURL)
		if err != nil {
			return nil, fmt.Errorf("alerts[%d]: %w", i, err)
		}
		out = append(out, ev)
	}
	return out, nil
}

// reading puts a decoding error into words without repeating the body.
func reading(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return kind.Field + " is of another type"
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("no JSON from byte %d on", syntax.Offset)
	}
	return "a value cannot be read"
}

func (a alert) event(external string) (incident.Event, error) {
	if a.Fingerprint == "" || len(a.Fingerprint) > maxKey {
		return incident.Event{}, errors.New("fingerprint is missing or too long")
	}
	ev := incident.Event{Source: source, Type: "alert." + integrations.Clip(integrations.OneLine(a.Status), 20), Key: a.Fingerprint, Labels: a.known()}
	switch a.Status {
	case "firing":
		// "Reopened" opens what is not known yet, and opens again what was
		// resolved: an alert has one fingerprint for all times that it fires.
		ev.Kind, ev.At = incident.EventReopened, a.StartsAt
	case "resolved":
		ev.Kind, ev.At = incident.EventResolved, a.EndsAt
	default:
		return incident.Event{}, errors.New("status is neither firing nor resolved")
	}
	if ev.At.Year() < 2000 || ev.At.Year() > 2200 {
		return incident.Event{}, fmt.Errorf("the time at which it was %s is missing", a.Status)
	}
	ev.At = ev.At.UTC()
	ev.ID = a.Fingerprint + "/" + a.Status + "/" + ev.At.Format(time.RFC3339Nano)
	ev.Title, ev.URL = a.title(), firstLink(a.GeneratorURL, external)
	ev.Service.Name = a.service()
	ev.Priority, ev.Urgency = a.gravity()
	return ev, nil
}

// known are the labels, cut to a size.
func (a live) known() map[string]string {
	out := map[string]string{}
	for name, value := range a.Labels {
		if len(out) < maxLabels && len(name) <= maxLabel && len(value) <= maxLabel {
			out[name] = value
		}
	}
	return out
}

// title is what a person wrote about the alert, else its name.
func (a live) title() string {
	for _, text := range []string{a.Annotations["summary"], a.Annotations["title"], a.Annotations["message"], a.Annotations["description"], a.Labels["alertname"]} {
		if text = integrations.Clip(integrations.OneLine(text), maxTitle); text != "" {
			return text
		}
	}
	return "An alert without a name"
}

// service is the label by which people usually name one. What the configuration
// says (services.NAME.match) counts before it.
func (a live) service() string {
	for _, name := range []string{"service", "app", "job"} {
		if text := integrations.Clip(integrations.OneLine(a.Labels[name]), 80); text != "" {
			return text
		}
	}
	return ""
}

var (
	loud  = []string{"critical", "page", "error", "high", "emergency"}
	quiet = []string{"warning", "warn", "info", "low", "none", "ticket"}
)

// gravity reads the labels priority (P1 to P5) and severity. An alert that says
// neither is taken for urgent: a person can say otherwise, a missed one nobody.
func (a live) gravity() (priority, urgency string) {
	if p := strings.ToUpper(a.Labels["priority"]); len(p) == 2 && p[0] == 'P' && p[1] >= '1' && p[1] <= '5' {
		priority = p
	}
	switch s := strings.ToLower(a.Labels["severity"]); {
	case slices.Contains(loud, s):
		return priority, "high"
	case slices.Contains(quiet, s):
		return priority, "low"
	}
	return priority, ""
}

// firstLink is the first that is a web address.
func firstLink(texts ...string) string {
	for _, text := range texts {
		u, err := url.Parse(text)
		if err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && len(text) <= 2000 {
			return text
		}
	}
	return ""
}
