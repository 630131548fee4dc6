package discord

import (
	"context"

	"mayday/bot/chat"
)

const maxChoices = 25

// choiceOf is a suggestion as Discord takes it.
type choiceOf struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// choices asks the handler what to suggest.
func (p *platform) choices(ctx context.Context, h chat.Handler, in interaction) []choiceOf {
	sub := in.Data.Options[0]
	q := chat.Query{Platform: name, Command: sub.Name}
	for _, o := range sub.Options {
		if o.Focused {
			q.Arg, q.Prefix = o.Name, o.text()
		}
	}
	q.User = p.guild.member(ctx, in.Member)
	q.Thread, _ = p.thereAt(ctx, in)
	got, err := h.Suggest(ctx, q)
	if err != nil {
		p.log.Info("nothing suggested", "err", err)
	}
	return offered(got)
}

// offered leaves out what Discord would refuse the whole list for.
func offered(all []chat.Choice) []choiceOf {
	out := []choiceOf{}
	for _, c := range all {
		label := clip(chat.Clean(c.Label), maxOption)
		if label == "" {
			label = clip(chat.Clean(c.Value), maxOption)
		}
		if c.Value == "" || label == "" || size(c.Value) > maxOption || len(out) == maxChoices {
			continue
		}
		out = append(out, choiceOf{Name: label, Value: c.Value})
	}
	return out
}
