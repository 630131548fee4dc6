// Package prometheus reads figures from a Prometheus server, or from anything
// that answers like one: the signals of verify:, until: and the charts, and the
// looks `prom.query` and `prom.limits`. It changes nothing anywhere.
//
//	connect:
//	  prometheus: {url: http://prometheus:9090, token: env:PROM_TOKEN}
//
// An expression comes from the configuration or from a playbook, never from
// chat. No data, NaN and infinity are all "cannot tell": nothing here turns an
// absence into a zero.
package prometheus

import (
	"log/slog"

	"mayday/integrations"
	"mayday/internal/config"
)

// Integration is Prometheus.
var Integration = integrations.Integration{Name: "prometheus", Prefix: prefix, Title: "Prometheus", New: newParts}

const (
	prefix     = "prom"
	queryName  = "prom.query"
	limitsName = "prom.limits"
)

// source is one Prometheus server, and the signals that services read from it.
type source struct {
	own      settings
	api      *api // nil while there is no section in the config
	services map[string]integrations.Service
	names    []string // of services, in the order of the file
}

func newParts(section config.Section, _ *slog.Logger) (integrations.Parts, error) {
	own, err := decode(section)
	if err != nil {
		return integrations.Parts{}, err
	}
	s := &source{own: own, services: map[string]integrations.Service{}}
	parts := integrations.Parts{Adopt: s.adopt}
	if section.Exists() {
		if s.api, err = newAPI(own); err != nil {
			return integrations.Parts{}, section.Fault("url", "`url` of `%s` is an address like %s.", section.Path(), exampleURL)
		}
		parts.Signals, parts.Checker, parts.Close = s, s, s.api.close
	}
	parts.Actions = []integrations.Action{s.query(), s.limits()}
	return parts, nil
}

// adopt keeps the charts of the services. A service has nothing else to say
// about Prometheus.
func (s *source) adopt(services []integrations.Service) error {
	var errs []error
	for _, svc := range services {
		if svc.Own.Exists() {
			errs = append(errs, svc.Own.Fault("", "`%s` is not used: a service's signals stand under `charts`, as in charts: {errors: {prom: EXPRESSION, bad: 0.05}}.", svc.Own.Path()))
		}
		s.services[svc.Name] = svc
		s.names = append(s.names, svc.Name)
	}
	return config.Join(errs...)
}

// ready refuses while there is no section in the config.
func (s *source) ready() error {
	if s.api != nil {
		return nil
	}
	return &integrations.Rejected{Code: "E24", Why: "Prometheus is not configured.", Fix: "Add connect.prometheus: {url: " + exampleURL + "} to the config."}
}
