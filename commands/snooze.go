package commands

import (
	"context"
	"strings"
	"time"

	"mayday/bot/chat"
)

func init() {
	register(Command{
		Name: "snooze", Help: "hold the next reminder", Usage: "[10m|30m] [WHY]", NeedsIncident: true,
		Args: []Arg{{Name: "for", Help: "10m or 30m", Choices: []chat.Choice{{Value: "10m", Label: "10 minutes"}, {Value: "30m", Label: "30 minutes"}}}, {Name: "why", Help: "for the timeline", Rest: true}},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			text := c.Named["for"]
			words := c.Words
			if text == "" && len(words) > 0 {
				text, words = words[0], words[1:]
			}
			asked, err := duration("for", text, "10m")
			if err != nil {
				return chat.Message{}, err
			}
			if asked == 0 {
				asked = 10 * time.Minute
			}
			return c.Desk.Snooze(ctx, c.By, c.Number, asked, strings.Join(words, " "))
		},
	})
}
