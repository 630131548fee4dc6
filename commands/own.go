package commands

import (
	"context"
	"strings"

	"mayday/bot"
	"mayday/bot/chat"
)

func init() {
	register(Command{
		Name: "own", Synonyms: []string{"ack", "claim"}, Help: "take it, or hand it to somebody",
		Usage: "[PERSON]", NeedsIncident: true,
		Args: []Arg{{Name: "user", Help: "who takes it (default: you)", Suggest: suggestPerson}},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			who := c.Named["user"]
			if who == "" {
				who = strings.Join(c.Words, " ")
			}
			if strings.EqualFold(who, "me") {
				who = ""
			}
			return c.Desk.Own(ctx, c.By, c.Number, who)
		},
	})
}

func suggestPerson(_ context.Context, d *bot.Desk, q chat.Query) ([]chat.Choice, error) {
	var names []string
	for _, l := range d.People.Same {
		names = append(names, l.Name)
	}
	return matching(q, names, names), nil
}
