package commands

import (
	"context"
	"regexp"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

func init() {
	register(Command{
		Name: "update", Synonyms: []string{"status", "say"}, Help: "tell #status what users feel",
		Usage: "[WORDS] [state=identified] [next=30m]", NeedsIncident: true,
		Args: []Arg{
			{Name: "text", Help: "what we are doing; what users see stays as it was", Rest: true},
			{Name: "state", Help: "investigating, identified, monitoring", Named: true, Choices: states},
		},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			w := incident.Words{State: incident.State(c.Named["state"]), Impact: c.Named["impact"], Doing: c.Named["doing"]}
			if w.Doing == "" {
				w.Doing = strings.TrimSpace(updateWord.ReplaceAllString(c.Rest, " "))
			}
			if w.Doing == "" && w.Impact == "" && w.State == "" {
				return c.Desk.UpdateForm(ctx, c.By, c.Number)
			}
			if w.State != "" && !state(w.State) {
				return chat.Message{}, fault.Newf(fault.Invalid, "E24", "`state` is investigating, identified, monitoring or resolved, not %q.", chat.Clamp(chat.Clean(string(w.State)), 20))
			}
			if w.State == incident.Resolved {
				return c.Desk.ResolveForm(ctx, c.By, c.Number)
			}
			next, err := duration("next", c.Named["next"], "30m")
			if err != nil {
				return chat.Message{}, err
			}
			w.NextIn = next
			return c.Desk.Update(ctx, c.By, c.Number, w)
		},
	})
}

var states = []chat.Choice{{Value: "investigating", Label: "investigating"}, {Value: "identified", Label: "identified"},
	{Value: "monitoring", Label: "monitoring"}, {Value: "resolved", Label: "resolved"}}

var updateWord = regexp.MustCompile(`(^|\s)(state|impact|doing|next)=("[^"]*"|“[^”]*”|'[^']*'|\S*)`)

func state(s incident.State) bool {
	for _, k := range incident.States {
		if k == s {
			return true
		}
	}
	return false
}

// duration reads "5m"; "" is zero.
func duration(name, text, example string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Minute || d > 24*time.Hour {
		return 0, fault.New(fault.Invalid, "E24", "`"+name+"` is a duration like "+example+", not \""+chat.Clamp(chat.Clean(text), 20)+"\".", "Try it with "+example+".")
	}
	return d, nil
}
