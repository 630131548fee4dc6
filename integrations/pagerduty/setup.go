package pagerduty

import (
	"fmt"
	"strings"

	"mayday/internal/config"
)

// setup prints how PagerDuty is told about Mayday: INTERACTION 7.3.
func setup(_ config.Section, url string) string {
	if url == "" {
		url = "https://mayday.example.com"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `PagerDuty, five steps

1. In PagerDuty: Integrations → Generic Webhooks (v3) → New Webhook.
     Webhook URL    %s/hooks/pagerduty
     Scope          Account, or the services that Mayday knows
     Events         all that begin with incident.
   PagerDuty delivers from outside, so this address must be reachable from the internet by HTTPS.
2. Add the webhook. PagerDuty shows the secret once: put it where Mayday reads it.
     export PD_WEBHOOK_SECRET=...
3. For acknowledgements and notes: Integrations → API Access Keys → Create New API Key (not read-only).
     export PD_TOKEN=...
4. In mayday.yaml:
     pagerduty:
       webhook_secret: env:PD_WEBHOOK_SECRET
       token: env:PD_TOKEN
       from: somebody@your-company.com     # a user of your PagerDuty; its API asks for one
     services:
       checkout: {pagerduty: PABC123}      # the id in the address of the service's page
5. Start Mayday, then in PagerDuty open the webhook and press Send Test Event.
     mayday setup pagerduty --test         waits for it and says whether the signature is good
     mayday doctor                         checks the rest
`, url)
	return b.String()
}
