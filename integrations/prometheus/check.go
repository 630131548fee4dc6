package prometheus

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"mayday/integrations"
)

var _ integrations.Checker = (*source)(nil)

// Check asks every signal of the services once. No data is a warning: a service
// may be silent at night, and an expression may be misspelt.
func (s *source) Check(ctx context.Context) []integrations.Finding {
	var found []integrations.Finding
	if exposed(s.own) {
		found = append(found, integrations.Finding{Warn: true, Text: "url is http: the token or password crosses the network unprotected", Fix: "Use https."})
	}
	if _, _, err := s.Now(ctx, "vector(1)"); err != nil {
		return append(found, failed("Prometheus", err))
	}
	found = append(found, integrations.Finding{OK: true, Text: "Prometheus answers"})
	for _, name := range s.names {
		for _, c := range s.services[name].Charts {
			if c.Source == prefix {
				found = append(found, s.checkChart(ctx, name, c)...)
			}
		}
	}
	return found
}

func (s *source) checkChart(ctx context.Context, service string, c integrations.Chart) []integrations.Finding {
	var found []integrations.Finding
	for _, one := range []struct{ key, expr string }{{prefix, c.Expr}, {"traffic", c.Traffic}} {
		if one.expr == "" {
			continue
		}
		what := fmt.Sprintf("services.%s.charts.%s.%s", service, c.Name, one.key)
		now, ok, err := s.Now(ctx, one.expr)
		switch {
		case err != nil:
			found = append(found, failed(what, err))
		case !ok:
			found = append(found, integrations.Finding{Warn: true, Text: what + ": no data at the moment", Fix: "Check the names and labels in the expression."})
		default:
			found = append(found, integrations.Finding{OK: true, Text: what + ": " + figure(now.Value)})
		}
	}
	return found
}

func failed(what string, err error) integrations.Finding {
	if r, ok := integrations.AsRejected(err); ok {
		return integrations.Finding{Text: what + ": " + r.Why, Fix: r.Fix}
	}
	return integrations.Finding{Text: what + ": no answer", Fix: "Check connect.prometheus."}
}

// exposed reports whether a secret leaves this machine unencrypted.
func exposed(s settings) bool {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" || (s.Token.IsZero() && s.Password.IsZero()) {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
