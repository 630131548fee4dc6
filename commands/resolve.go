package commands

import (
	"context"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

func init() {
	register(Command{
		Name: "resolve", Synonyms: []string{"close", "end"}, Help: "end it, with a last word for readers", Usage: "[WHAT FIXED IT]", NeedsIncident: true,
		Args: []Arg{{Name: "summary", Help: "what fixed it", Rest: true}},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			if c.Rest == "" {
				return c.Desk.ResolveForm(ctx, c.By, c.Number)
			}
			return c.Desk.Resolve(ctx, c.By, c.Number, incident.Ending{Fixed: c.Rest, Tell: true})
		},
	})
}
