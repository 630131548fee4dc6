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
	{server: "prometheus", file: "prometheus-openapi-3.1.yaml", base: regexp.MustCompile(`^/api/v1`)},
	{server: "slack", file: "slack-web-openapi-v2.json", base: regexp.MustCompile(`^/api`), gaps: []gap{
		known(`^POST /(auth\.test|bots\.info|chat\.getPermalink|conversations\.(history|info|list|replies)|pins\.list|team\.info|usergroups\.(list|users\.list)|users\.(info|list)|views\.(open|publish|push|update)): the description has no such method`,
			"the file, frozen in 2021, describes what reads as GET; POST is taken as well, and is what slack-go sends"),
		known(`^POST /(apps\.connections\.open|files\.(getUploadURLExternal|completeUploadExternal)): the description has no such path`, "methods that came after 2021"),
		known(`^POST /chat\.shout: `, "a test asks for a method that does not exist"),
		known(`request: there is no argument metadata`, "message metadata came after 2021"),
		known(`response /error: `, "the file's lists of error names are not complete; VENDORS and the method pages have more"),
		known(`response /: &\{\[[a-z_ ]*(errors|response_metadata|needed|provided|req_method|warning)[a-z_ ]*\]\}`, "an error comes with its details, which the file leaves out"),
		known(`response /message: &\{\[[a-z_ ]*(app_id|metadata)[a-z_ ]*\]\}`, "a message names its app and its metadata today"),
		known(`response /message/blocks: &\{array \[object\]\}`, "the file has a list of blocks as an object"),
		known(`response /(channel|message/team|message/bot_profile/(id|team_id)): &\{[A-Z0-9]+ \^`, "the range has short ids, so that people can read them"),
	}},
	{server: "discord", file: "discord-openapi.json", base: regexp.MustCompile(`^/api/v[0-9]+`), gaps: []gap{
		known(`response /errors/.*_errors: &\{array \[object\]\}`, "the file has the tree of errors as objects; its leaves are lists, as the vendor's reference shows"),
		known(`response /: &\{\[code\]\}`, "an answer 429 has a code only sometimes; the file wants one in every error"),
		known(`callback: response /resource/type: &\{5 \[4\]\}`, "a deferral answers with the loading message; the file has no kind for it"),
	}},
}
