package commands

import (
	"context"

	"mayday/bot"
	"mayday/bot/chat"
)

func init() {
	register(Command{
		Name: "run", Help: "start a playbook; nothing acts before a preview", Usage: "PLAYBOOK [INPUT=VALUE ...]", NeedsIncident: true,
		Args: []Arg{{Name: "playbook", Help: "which one", Required: true, Suggest: suggestPlaybook}, {Name: "with", Help: "inputs, as key=value", Rest: true}},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			if len(c.Words) == 0 {
				return c.Desk.RunForm(ctx, c.By, c.Number)
			}
			return c.Desk.Run(ctx, c.By, c.Number, c.Words[0], c.Named, c.Words[1:])
		},
	})
}

func suggestPlaybook(_ context.Context, d *bot.Desk, q chat.Query) ([]chat.Choice, error) {
	var names, labels []string
	for _, pb := range d.Book.For("") {
		names = append(names, pb.Name)
		labels = append(labels, pb.Name+" — "+pb.Say)
	}
	return matching(q, names, labels), nil
}
