// Package alertmanager takes alerts in from Prometheus's Alertmanager, and
// silences them for a while: `am.silence`, `am.expire` and the look
// `am.silences`.
//
//	alertmanager:
//	  token: env:ALERTMANAGER_TOKEN        # what Alertmanager sends with its webhook
//	  url: http://alertmanager:9093        # for silences
//	  user: mayday
//	  password: env:ALERTMANAGER_PASSWORD
//
// Each alert of a notification is an event of its own, with its fingerprint as
// the key: a group of Alertmanager is a matter of how it notifies, and one alert
// of it may be over before another. A silence always has an end.
package alertmanager

import (
	"log/slog"

	"mayday/integrations"
	"mayday/internal/config"
)

const (
	source       = "alertmanager"
	silenceName  = "am.silence"
	expireName   = "am.expire"
	silencesName = "am.silences"
)

// Integration is Alertmanager.
var Integration = integrations.Integration{Name: source, Prefix: "am", Title: "Alertmanager", At: []string{source}, New: newParts, Setup: setup}

// manager is one Alertmanager, and the services whose alerts it may silence.
type manager struct {
	own      settings
	api      *api // nil without an address
	services map[string]integrations.Service
	names    []string
	log      *slog.Logger
}

func newParts(section config.Section, log *slog.Logger) (integrations.Parts, error) {
	own, err := decode(section)
	if err != nil {
		return integrations.Parts{}, err
	}
	m := &manager{own: own, services: map[string]integrations.Service{}, log: log}
	parts := integrations.Parts{Adopt: m.adopt}
	if len(own.Token) > 0 {
		parts.Receiver = &receiver{tokens: own.Token}
	}
	if own.URL != "" {
		m.api = newAPI(own)
		parts.Close = m.api.close
	}
	if section.Exists() {
		parts.Checker = m
	}
	parts.Actions = []integrations.Action{m.silences(), m.silence(), m.expire()}
	return parts, nil
}

func (m *manager) adopt(services []integrations.Service) error {
	for _, svc := range services {
		m.services[svc.Name] = svc
		m.names = append(m.names, svc.Name)
	}
	return nil
}

// ready refuses while silences have nowhere to go.
func (m *manager) ready() error {
	if m.api != nil {
		return nil
	}
	return &integrations.Rejected{Code: "E24", Why: "I don't know where Alertmanager is.", Fix: "Add alertmanager.url: " + exampleURL + " to the config."}
}

// setup prints what has to stand in Alertmanager's own configuration.
func setup(_ config.Section, url string) string {
	if url == "" {
		url = "https://mayday.example.com"
	}
	return `1. Make a token, and give it to Mayday: alertmanager: {token: env:ALERTMANAGER_TOKEN}
2. Add to alertmanager.yml:

receivers:
  - name: mayday
    webhook_configs:
      - url: ` + url + `/hooks/alertmanager
        send_resolved: true
        max_alerts: 0
        http_config:
          authorization: {credentials_file: /etc/alertmanager/mayday-token}

3. Route alerts to the receiver "mayday".
4. For am.silence: add alertmanager.url, and user and password where a proxy asks for them.
`
}
