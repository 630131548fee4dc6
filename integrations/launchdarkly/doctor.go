package launchdarkly

import (
	"context"
	"net"
	"net/url"
	"strings"

	"mayday/integrations"
)

func ok(text string) integrations.Finding { return integrations.Finding{OK: true, Text: text} }

func warn(text, fix string) integrations.Finding {
	return integrations.Finding{Warn: true, Text: text, Fix: fix}
}

func bad(text, fix string) integrations.Finding { return integrations.Finding{Text: text, Fix: fix} }

// Check reads, and changes nothing. Whether a flip is allowed cannot be asked:
// LaunchDarkly names the rights of a token only to who may manage tokens.
func (t *target) Check(ctx context.Context) []integrations.Finding {
	var found []integrations.Finding
	if plain(t.own.APIURL) {
		found = append(found, warn("api_url is http: the token crosses the network unprotected", "Use https."))
	}
	var who struct {
		Name    string `json:"tokenName"`
		Service bool   `json:"serviceToken"`
	}
	if err := t.api.get(ctx, dated, path("caller-identity"), &who); err != nil {
		return append(found, failed("token", err))
	}
	found = append(found, ok("token works: "+integrations.Clip(integrations.OneLine(who.Name), 60)))
	if !who.Service {
		found = append(found, warn("the token belongs to a person and ends with their account", "Use a service token with a role of its own."))
	}
	var list struct {
		Items []flag `json:"items"`
	}
	if err := t.api.get(ctx, dated, path("projects", t.own.Project, "environments", t.own.Environment), &struct{}{}); err != nil {
		return append(found, failed("project "+t.own.Project+", environment "+t.own.Environment, err))
	}
	found = append(found, ok("project "+t.own.Project+", environment "+t.own.Environment))
	if err := t.api.get(ctx, dated, path("flags", t.own.Project)+"?limit=1&env="+url.QueryEscape(t.own.Environment), &list); err != nil {
		return append(found, failed("flags", err))
	}
	found = append(found, t.reads(ctx, list.Items)...)
	if !t.own.SDKKey.IsZero() {
		if _, err := t.own.SDKKey.Reveal(); err != nil {
			found = append(found, bad(err.Error(), "Give connect.launchdarkly.sdk_key a value, or remove it."))
		}
	}
	return append(found, ok("whether it may flip cannot be asked; a refusal names the missing action"))
}

// reads tries what previews are made of, on any flag.
func (t *target) reads(ctx context.Context, flags []flag) []integrations.Finding {
	if len(flags) == 0 {
		return []integrations.Finding{warn("the token sees no flag", "Check the project, and the role of the token.")}
	}
	found := []integrations.Finding{ok("flags can be read")}
	if _, err := t.entries(ctx, flags[0].Key, 1); err != nil {
		found = append(found, failed("audit log", err))
	}
	if d := t.dependants(ctx, flags[0].Key); !d.told {
		found = append(found, warn("LaunchDarkly does not tell which flags depend on another: "+d.why, "Previews have a ? for it; the plan must have prerequisites."))
	}
	return found
}

func failed(what string, err error) integrations.Finding {
	if r, isRefusal := integrations.AsRejected(err); isRefusal {
		return bad(what+": "+r.Why, r.Fix)
	}
	return bad(what+": "+err.Error(), "Check connect.launchdarkly.")
}

// plain reports whether an address is unencrypted and leaves this machine.
func plain(address string) bool {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Scheme, "http") {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
