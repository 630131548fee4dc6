package changes

import (
	"crypto/rand"
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

const (
	maxService = 80
	maxSummary = 250
	maxAuthor  = 80
	maxID      = 200
	maxURL     = 2000
)

// told is the body. Keys that are not known are left alone: pipelines add to
// their messages.
type told struct {
	ID      string `json:"id"` // of the change at the pipeline; told again it stays one
	Service string `json:"service"`
	Summary string `json:"summary"`
	Author  string `json:"author"`
	URL     string `json:"url"`
	At      string `json:"at"`   // RFC 3339; when the body arrived, unless set
	Kind    string `json:"kind"` // deploy unless set
	Why     string `json:"why"`  // its reason, the first line of a commit
}

// door is the inbound door.
type door struct{ tokens config.Secrets }

var _ integrations.Receiver = (*door)(nil)

// Path is the route.
func (d *door) Path() string { return "/hooks/changes" }

// Verify checks the token. The same body is the same change when it has an id or
// a time in it; without either, two deploys with the same words are two.
func (d *door) Verify(h http.Header, body []byte) (string, error) {
	if err := integrations.Bearer(h, d.tokens, "the pipeline", "changes.token"); err != nil {
		return "", err
	}
	var t told
	_ = json.Unmarshal(body, &t) // what nobody understands gets an id as well
	if t.ID == "" && t.At == "" {
		return rand.Text(), nil
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16]), nil
}

// Parse turns a body into a change. Its time and id are left to whoever knows
// when the body arrived, where it does not say.
func (d *door) Parse(body []byte) (incident.Event, error) {
	var t told
	if err := json.Unmarshal(body, &t); err != nil {
		return incident.Event{}, errors.New("the body is not what a pipeline sends: " + reading(err))
	}
	for name, value := range map[string]string{"service": t.Service, "summary": t.Summary} {
		if integrations.OneLine(value) == "" {
			return incident.Event{}, errors.New(name + " is missing")
		}
	}
	change := incident.Suspect{
		Source: source, Kind: kindOf(t.Kind), ID: integrations.Clip(integrations.OneLine(t.ID), maxID),
		Service: integrations.Clip(integrations.OneLine(t.Service), maxService), What: integrations.Clip(integrations.OneLine(t.Summary), maxSummary),
		Who: integrations.Clip(integrations.OneLine(t.Author), maxAuthor), Why: integrations.Clip(integrations.OneLine(t.Why), maxSummary), URL: link(t.URL),
	}
	if t.At != "" {
		at, err := time.Parse(time.RFC3339Nano, t.At)
		if err != nil || at.Year() < 2000 || at.Year() > 2200 {
			return incident.Event{}, errors.New("at is not a time like 2026-11-25T13:52:00Z")
		}
		change.At = at.UTC()
	}
	return incident.Event{Source: source, Type: "change", Kind: incident.EventChange, At: change.At,
		Service: incident.Ref{Name: change.Service}, Labels: map[string]string{"service": change.Service}, Change: &change}, nil
}

// reading puts a decoding error into words without repeating the body.
func reading(err error) string {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return kind.Field + " is a text"
	case errors.As(err, &syntax):
		return fmt.Sprintf("no JSON from byte %d on", syntax.Offset)
	}
	return "it is an object like {\"service\":\"checkout\",\"summary\":\"cart v2\"}"
}

// kindOf reads the kind. Most pipelines deploy; a word that nobody knows is a
// change like any other, because a suspect that is missing is worse than one that
// is ranked low.
func kindOf(word string) incident.SuspectKind {
	k := incident.SuspectKind(strings.ToLower(strings.TrimSpace(word)))
	switch {
	case k == "":
		return incident.SuspectDeploy
	case slices.Contains(incident.SuspectKinds, k):
		return k
	}
	return incident.SuspectOther
}

func link(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || len(text) > maxURL {
		return ""
	}
	return text
}
