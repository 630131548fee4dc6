package commands

import (
	"context"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/fault"
)

func init() {
	register(Command{
		Name: "freeze", Help: "stop all steps; updates and reminders go on", Usage: "on|off [WHY]",
		Args: []Arg{{Name: "on", Help: "on or off", Required: true, Choices: []chat.Choice{{Value: "on", Label: "on"}, {Value: "off", Label: "off"}}},
			{Name: "why", Help: "said to everybody who presses", Rest: true}},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			if len(c.Words) == 0 || (c.Words[0] != "on" && c.Words[0] != "off") {
				return chat.Message{}, fault.New(fault.Invalid, "E24", "Say on or off.", "Try: freeze on data centre move")
			}
			return c.Desk.Freeze(ctx, c.By, c.Words[0] == "on", strings.Join(c.Words[1:], " "))
		},
	})
}
