package commands

import (
	"context"

	"mayday/bot/chat"
)

func init() {
	register(Command{
		Name: "note", Help: "put a fact on the timeline", Usage: "WORDS", NeedsIncident: true,
		Args: []Arg{{Name: "text", Help: "the fact", Required: true, Rest: true}},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			return c.Desk.Note(ctx, c.By, c.Number, c.Rest)
		},
	})
}
