package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"mayday/integrations"
)

// checker answers doctor. When a webhook was last seen is known to the inbox.
type checker struct {
	own settings
	api *api
}

// Check looks at the configuration and makes at most two reads at PagerDuty.
func (c *checker) Check(ctx context.Context) []integrations.Finding {
	found := c.secrets()
	if len(c.own.Events) > 0 {
		found = append(found, warn("pagerduty.events_keys is set, but this version has no Events API door", "Send alerts to PagerDuty itself, or remove the key."))
	}
	if c.own.Token.IsZero() {
		return append(found, warn("no token: what people do here is not repeated in PagerDuty", "Set pagerduty.token to a REST API key, and pagerduty.from."))
	}
	if plain(c.own.APIURL) {
		found = append(found, warn("pagerduty.api_url is http: the token crosses the network unprotected", "Use https."))
	}
	return append(found, c.rest(ctx)...)
}

func ok(text string) integrations.Finding { return integrations.Finding{OK: true, Text: text} }

func warn(text, fix string) integrations.Finding {
	return integrations.Finding{Warn: true, Text: text, Fix: fix}
}

func bad(text, fix string) integrations.Finding { return integrations.Finding{Text: text, Fix: fix} }

func (c *checker) secrets() []integrations.Finding {
	if len(c.own.Secrets) == 0 {
		return []integrations.Finding{bad("no webhook secret: every webhook is refused", "Set pagerduty.webhook_secret to the secret of the V3 webhook subscription.")}
	}
	var found []integrations.Finding
	for _, s := range c.own.Secrets {
		if _, err := s.Reveal(); err != nil {
			found = append(found, bad(err.Error(), "Give "+s.Ref()+" a value, or remove it from pagerduty.webhook_secret."))
		}
	}
	if len(found) > 0 {
		return found
	}
	if len(c.own.Secrets) == 1 {
		return []integrations.Finding{ok("webhook secret can be read")}
	}
	return []integrations.Finding{ok(fmt.Sprintf("%d webhook secrets can be read", len(c.own.Secrets)))}
}

func (c *checker) rest(ctx context.Context) []integrations.Finding {
	var has struct {
		Abilities []string `json:"abilities"`
	}
	if err := c.api.send(ctx, request{method: http.MethodGet, path: "/abilities", out: &has}); err != nil {
		return []integrations.Finding{failed("token", err)}
	}
	found := []integrations.Finding{ok("token works")}
	if !slices.Contains(has.Abilities, "coordinated_responding") {
		found = append(found, warn("the PagerDuty plan has no responder requests: I cannot page people", "Page them in PagerDuty, by hand."))
	}
	if c.own.From == "" {
		return append(found, bad("pagerduty.from is not set: PagerDuty refuses every change", "Set it to the e-mail address of a PagerDuty user."))
	}
	if _, err := c.api.userID(ctx, c.own.From); err != nil {
		return append(found, failed("from", err))
	}
	return append(found, ok("acts as "+c.own.From))
}

func failed(what string, err error) integrations.Finding {
	if r, isRefusal := integrations.AsRejected(err); isRefusal {
		return bad(what+": "+r.Why, r.Fix)
	}
	var wait *busy
	if errors.As(err, &wait) {
		return warn(what+": "+err.Error(), "Ask again later.")
	}
	return bad(what+": "+err.Error(), "Check the network, and pagerduty.api_url.")
}

// plain reports whether the address is unencrypted and leaves this machine.
func plain(address string) bool {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Scheme, "http") {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
