package commands

import (
	"context"
	"regexp"
	"strings"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

func init() {
	register(Command{
		Name: "open", Synonyms: []string{"declare", "new", "create"}, Help: "start an incident by hand",
		Usage: "TITLE [service=NAME] [severity=SEV1|SEV2|SEV3]",
		Args: []Arg{
			{Name: "title", Help: "what is wrong, in a few words", Required: true, Rest: true},
			{Name: "service", Help: "the service that is affected", Named: true, Suggest: suggestService},
			{Name: "severity", Help: "SEV1 down, SEV2 degraded, SEV3 minor", Named: true, Suggest: suggestSeverity, Choices: severities},
		},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			var sev incident.Severity
			if s := c.Named["severity"]; s != "" {
				parsed, ok := incident.ParseSeverity(s)
				if !ok {
					return chat.Message{}, fault.Newf(fault.Invalid, "E24", "`severity` is SEV1, SEV2 or SEV3, not %q.", chat.Clamp(chat.Clean(s), 20))
				}
				sev = parsed
			}
			if _, ok := c.Named["drill"]; ok { // a drill that is none would call real people
				return chat.Message{}, fault.New(fault.Invalid, "E24", "This Mayday has no drills yet.", "Leave drill= out to open a real incident.")
			}
			if strings.HasPrefix(c.Rest, "--") {
				return chat.Message{}, fault.New(fault.Invalid, "E24", "There are no flags here.", "Write key=value, as in: open checkout is slow service=checkout")
			}
			title := withoutNamed(c.Rest, c.Named)
			if title == "" && len(c.Named) == 0 {
				return c.Desk.OpenForm(ctx, c.By)
			}
			return c.Desk.Open(ctx, c.By, title, c.Named["service"], sev)
		},
	})
}

var namedWord = regexp.MustCompile(`(^|\s)(service|severity)=("[^"]*"|“[^”]*”|'[^']*'|\S*)`)

// withoutNamed is the title as it was typed, without the key=value words that
// were taken as options.
func withoutNamed(rest string, named map[string]string) string {
	if len(named) == 0 {
		return strings.Trim(rest, `"`)
	}
	return strings.Trim(strings.TrimSpace(namedWord.ReplaceAllString(rest, " ")), `"`)
}

func suggestService(_ context.Context, d *bot.Desk, q chat.Query) ([]chat.Choice, error) {
	var names []string
	for _, s := range d.Services {
		names = append(names, s.Name)
	}
	return matching(q, names, names), nil
}

var severities = []chat.Choice{{Value: "SEV1", Label: "SEV1, down"}, {Value: "SEV2", Label: "SEV2, degraded"}, {Value: "SEV3", Label: "SEV3, minor"}}

func suggestSeverity(_ context.Context, _ *bot.Desk, q chat.Query) ([]chat.Choice, error) {
	return matching(q, []string{"SEV1", "SEV2", "SEV3"}, []string{"SEV1, down", "SEV2, degraded", "SEV3, minor"}), nil
}
