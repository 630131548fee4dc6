package alertmanager

import (
	"context"
	"net"
	"net/url"

	"mayday/integrations"
)

var _ integrations.Checker = (*manager)(nil)

// Check reads, and changes nothing. Whether a silence may be made cannot be
// asked.
func (m *manager) Check(ctx context.Context) []integrations.Finding {
	found := m.door()
	if m.api == nil {
		return append(found, integrations.Finding{Warn: true, Text: "no address: alerts cannot be silenced from here", Fix: "Add alertmanager.url: " + exampleURL + "."})
	}
	if exposed(m.own) {
		found = append(found, integrations.Finding{Warn: true, Text: "url is http: the password or token crosses the network unprotected", Fix: "Use https."})
	}
	var status struct {
		Version struct {
			Version string `json:"version"`
		} `json:"versionInfo"`
	}
	there, err := m.api.get(ctx, "/status", &status)
	switch r, isRefusal := integrations.AsRejected(err); {
	case isRefusal:
		return append(found, integrations.Finding{Text: r.Why, Fix: r.Fix})
	case err != nil || !there:
		return append(found, integrations.Finding{Text: "there is no Alertmanager at its address", Fix: "Check alertmanager.url: it ends before /api/v2."})
	}
	return append(found, integrations.Finding{OK: true, Text: "Alertmanager answers, version " + integrations.Clip(integrations.OneLine(status.Version.Version), 20)})
}

// door looks at the tokens of the inbound door.
func (m *manager) door() []integrations.Finding {
	if len(m.own.Token) == 0 {
		return []integrations.Finding{{Warn: true, Text: "no token: alerts are not taken in", Fix: "Add alertmanager.token: env:NAME, and `mayday setup alertmanager` says what Alertmanager needs."}}
	}
	var found []integrations.Finding
	for _, token := range m.own.Token {
		if value, err := token.Reveal(); err != nil || value == "" {
			found = append(found, integrations.Finding{Text: "the token in " + token.Ref() + " cannot be read", Fix: "Give it a value."})
		}
	}
	if len(found) == 0 {
		found = append(found, integrations.Finding{OK: true, Text: "the door /hooks/alertmanager has its token"})
	}
	return found
}

// exposed reports whether a secret leaves this machine unencrypted.
func exposed(s settings) bool {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" || (s.APIToken.IsZero() && s.Password.IsZero()) {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
