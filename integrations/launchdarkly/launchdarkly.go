// Package launchdarkly looks at feature flags and flips them:
// `launchdarkly.show`, `.off`, `.on`, `.previous`, `.percent` and `.restore`.
//
//	connect:
//	  launchdarkly:
//	    token: env:LD_TOKEN
//	    project: web
//	    environment: production
//	    sdk_key: env:LD_SDK_KEY      # optional: tells when a flip arrived at an SDK
//
// An act is one semantic patch, sent once and never repeated. Before it, the
// flag is read again and compared with the preview by the version of its
// environment and by what it serves (PROMISES rule 8). LaunchDarkly has no patch
// that is bound to a version, so a change in the same moment cannot be excluded;
// the version in the answer tells of it.
//
// The token never leaves this package: errors are in words of our own.
package launchdarkly

import (
	"context"
	"log/slog"

	"mayday/integrations"
	"mayday/internal/config"
)

// Integration is LaunchDarkly.
var Integration = integrations.Integration{Name: "launchdarkly", Prefix: "launchdarkly", Title: "LaunchDarkly", New: newParts}

// The names of the actions.
const (
	showName     = "launchdarkly.show"
	offName      = "launchdarkly.off"
	onName       = "launchdarkly.on"
	previousName = "launchdarkly.previous"
	percentName  = "launchdarkly.percent"
	restoreName  = "launchdarkly.restore"
)

// target is what the actions share: one environment of one project.
type target struct {
	own settings
	api *api
	sdk *sdk // nil without a key
	log *slog.Logger

	owners []owner // which flags belong to which service
}

func newParts(section config.Section, log *slog.Logger) (integrations.Parts, error) {
	own, err := decode(section)
	if err != nil {
		return integrations.Parts{}, err
	}
	t := &target{own: own, log: log, api: newAPI(own)}
	if !own.SDKKey.IsZero() {
		t.sdk = newSDK(own)
	}
	parts := integrations.Parts{
		Actions: []integrations.Action{t.show(), t.act(turningOff), t.act(turningOn), t.act(goingBack), t.act(serving), t.act(restoring)},
		Adopt:   t.adopt,
		Close:   t.close,
	}
	if section.Exists() {
		parts.Checker, parts.Changes = t, t
	}
	return parts, nil
}

func (t *target) close() {
	t.api.close()
	if t.sdk != nil {
		t.sdk.close()
	}
}

// configured refuses while there is no section in the config.
func (t *target) configured() error {
	if t.own.Token.IsZero() {
		return &integrations.Rejected{
			Code: "E24", Why: "LaunchDarkly is not configured.",
			Fix: "Add connect.launchdarkly: {token: env:LD_TOKEN, project: web, environment: production} to the config.",
		}
	}
	return nil
}

var flagField = integrations.Field{
	Name: "flag", Kind: integrations.Text, Required: true,
	Match: `[A-Za-z0-9][A-Za-z0-9._-]{0,255}`, Say: "the key of the flag, like new-cart",
}

// act makes the action of one kind of change.
func (t *target) act(k kind) integrations.Action {
	return integrations.Action{
		Name: k.action, Summary: k.summary, Grade: integrations.GradeChange, Version: 1,
		Params: append([]integrations.Field{flagField}, k.params...),
		Output: []integrations.Field{{Name: "version", Kind: integrations.Text, Say: "version of the flag in the environment afterwards"}},
		Checks: []string{"what off serves", "which flags depend on it, and what they will serve", "nobody changed it since the preview (version in the environment)"},
		Back:   "the exact value and percentages it had, refused when somebody changed the flag since",
		Rights: "a custom role with updateOn and updateFallthrough on the flags of the environment, and createApprovalRequest where approvals are required",
		Plan: func(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
			return t.plan(ctx, k, a)
		},
		Apply: t.apply,
		Probe: t.probe,
		Undo:  t.undo,
	}
}
