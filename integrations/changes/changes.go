// Package changes is the door for pipelines: one call tells Mayday what was
// deployed, and it becomes a suspect when something breaks afterwards.
//
//	changes: {token: env:CHANGES_TOKEN}
//
//	curl -H "Authorization: Bearer $CHANGES_TOKEN" https://mayday.example.com/hooks/changes \
//	  -d '{"service":"checkout","summary":"cart v2","author":"ana","url":"https://ci.example.com/812"}'
package changes

import (
	"context"
	"log/slog"

	"mayday/integrations"
	"mayday/internal/config"
)

const source = "changes"

// Integration is the door for pipelines.
var Integration = integrations.Integration{Name: source, Prefix: source, Title: "pipelines", At: []string{source}, New: newParts, Setup: setup}

func newParts(section config.Section, _ *slog.Logger) (integrations.Parts, error) {
	if !section.Exists() {
		return integrations.Parts{}, nil
	}
	var own struct {
		Token config.Secrets `yaml:"token"`
	}
	if err := section.Decode(&own); err != nil {
		return integrations.Parts{}, err
	}
	if len(own.Token) == 0 {
		return integrations.Parts{}, section.Fault("", "`token` is missing in `changes`: write token: env:CHANGES_TOKEN.")
	}
	d := &door{tokens: own.Token}
	return integrations.Parts{Receiver: d, Checker: d}, nil
}

func setup(_ config.Section, url string) string {
	if url == "" {
		url = "https://mayday.example.com"
	}
	return `1. Make a token, and give it to Mayday and to your pipelines: changes: {token: env:CHANGES_TOKEN}
2. Add to the pipeline, after the step that deploys:

curl -fsS -H "Authorization: Bearer $CHANGES_TOKEN" ` + url + `/hooks/changes \
  -d '{"service":"checkout","summary":"cart v2","author":"ana","url":"https://ci.example.com/812"}'

3. To ask before a deploy, which this line then stops:

curl -fsS -H "Authorization: Bearer $CHANGES_TOKEN" "` + url + `/api/v1/deploys/allowed?service=checkout" | jq -e .allowed
`
}

var _ integrations.Checker = (*door)(nil)

// Check looks whether the tokens can be read.
func (d *door) Check(context.Context) []integrations.Finding {
	var found []integrations.Finding
	for _, token := range d.tokens {
		if value, err := token.Reveal(); err != nil || value == "" {
			found = append(found, integrations.Finding{Text: "the token in " + token.Ref() + " cannot be read", Fix: "Give it a value."})
		}
	}
	if len(found) == 0 {
		found = append(found, integrations.Finding{OK: true, Text: "the door " + d.Path() + " has its token"})
	}
	return found
}
