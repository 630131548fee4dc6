//go:build contracts

package practice

import "regexp"

// described are the vendors' files, and their known gaps with the reason for
// each.
var described = []vendorFile{
	{server: "pagerduty", file: "pagerduty-rest-openapiv3.json", gaps: []gap{
		known(`^(GET|POST) /(practice/.*)?: the description has no such path`, "the range's own page and switches, for people"),
		known(`response /incident/(priority|resolve_reason|resolved_at): .*null`, "PagerDuty answers null where there is none; the file forgets to say so"),
		known(`^PUT /incidents/\{id\}: the description has no answer 400`, "PagerDuty refuses a change of what is resolved with 400, as its text says"),
	}},
	{server: "launchdarkly", file: "launchdarkly-openapi.yaml", gaps: []gap{
		known(`^(GET|POST) /(practice/.*)?: the description has no such path`, "the range's own page and switches, for people"),
		known(`^GET /all: the description has no such path|^POST /bulk: `, "the stream and the events of SDKs are other hosts there, which the file leaves out"),
		known(`^PATCH /api/v2/flags/.*: request /: .*patch`, "a semantic patch has instructions and no patch; the file describes it in words only"),
		known(`^PATCH /api/v2/flags/.*: the description has no answer 403`, "a token whose policy forbids an action is answered 403, as the text on access says"),
	}},
	{server: "slack", file: "slack-web-openapi-v2.json", base: regexp.MustCompile(`^/api`)},
	{server: "discord", file: "discord-openapi.json", base: regexp.MustCompile(`^/api/v[0-9]+`)},
}
