// Package pagerduty joins Mayday to PagerDuty: it receives V3 webhooks, keeps
// PagerDuty in step with what people do here, and tells doctor what is missing.
//
//	pagerduty:
//	  webhook_secret: [env:PD_WEBHOOK_SECRET, env:PD_WEBHOOK_SECRET_NEXT]
//	  token: file:/run/secrets/pagerduty
//	  from: mayday@example.com      # a PagerDuty user, required by its API for every change
//	  api_url: https://api.eu.pagerduty.com
//
// A webhook is handled in two halves. Verify looks at the signature and names
// the event; it never judges the content, since PagerDuty drops a delivery that
// is answered 4xx and disables the subscription after three. Parse comes after
// the commit and may refuse: the reason is shown in the quarantine.
package pagerduty

import (
	"log/slog"
	"net/mail"
	"net/url"
	"strings"

	"mayday/integrations"
	"mayday/internal/config"
)

const (
	source     = "pagerduty"
	defaultAPI = "https://api.pagerduty.com"
)

// Integration is PagerDuty.
var Integration = integrations.Integration{
	Name:   source,
	Prefix: prefix,
	Title:  "PagerDuty",
	At:     []string{source},
	New:    newParts,
	Setup:  setup,
}

// settings is the section "pagerduty".
type settings struct {
	APIURL  string         `yaml:"api_url"`
	Secrets config.Secrets `yaml:"webhook_secret"`
	Token   config.Secret  `yaml:"token"`
	From    string         `yaml:"from"`
	Mode    string         `yaml:"mode"`
	Events  config.Secrets `yaml:"events_keys"`
	Env     string         `yaml:"env"` // of what is snoozed; unset means prod
}

func newParts(section config.Section, log *slog.Logger) (integrations.Parts, error) {
	if !section.Exists() {
		return integrations.Parts{Actions: []integrations.Action{(&snoozer{}).action()}}, nil
	}
	own := settings{APIURL: defaultAPI, Mode: "webhook"}
	if err := section.Decode(&own); err != nil {
		return integrations.Parts{}, err
	}
	if err := own.check(section); err != nil {
		return integrations.Parts{}, err
	}
	rest := newAPI(own.APIURL, own.Token)
	parts := integrations.Parts{
		Receiver: &receiver{secrets: own.Secrets, log: log},
		Checker:  &checker{own: own, api: rest},
		Close:    rest.close,
	}
	quiet := &snoozer{from: own.From, env: own.Env}
	if !own.Token.IsZero() {
		changes := &feed{api: rest, services: map[string]string{}}
		parts.Mirror, parts.Changes, parts.Adopt = &mirror{api: rest, from: own.From}, changes, changes.adopt
		quiet.api = rest
	}
	parts.Actions = []integrations.Action{quiet.action()}
	return parts, nil
}

func (s *settings) check(section config.Section) error {
	u, err := url.Parse(s.APIURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.User != nil {
		return section.Fault("api_url", "pagerduty.api_url is an address like %s, with nothing after the path.", defaultAPI)
	}
	s.APIURL = strings.TrimRight(s.APIURL, "/")
	// What is not said to be something else is production.
	if s.Env == "" || s.Env == "production" {
		s.Env = "prod"
	}
	switch s.Mode {
	case "webhook":
	case "poll":
		return section.Fault("mode", "pagerduty.mode: poll is not offered by this version, which takes alerts through webhooks only. Remove the line.")
	default:
		return section.Fault("mode", "pagerduty.mode is webhook or poll.")
	}
	if s.From == "" {
		return nil
	}
	if a, err := mail.ParseAddress(s.From); err != nil || a.Address != s.From {
		return section.Fault("from", "pagerduty.from is the e-mail address of a PagerDuty user, like mayday@example.com.")
	}
	return nil
}
