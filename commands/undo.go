package commands

import (
	"context"

	"mayday/bot/chat"
)

func init() {
	register(Command{
		Name: "undo", Help: "take an act back; asks which, shows a preview", Usage: "[CODE]", NeedsIncident: true,
		Args: []Arg{{Name: "action", Help: "the code of the act (none: asks which)"}},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			step := c.Named["action"]
			if step == "" && len(c.Words) > 0 {
				step = c.Words[0]
			}
			return c.Desk.Undo(ctx, c.By, c.Number, step)
		},
	})
}
