package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/internal/fault"
)

func init() {
	register(Command{
		Name: "help", Synonyms: []string{"?", "list"}, Help: "what is open, and what can be typed", Usage: "[COMMAND]",
		Args: []Arg{{Name: "topic", Help: "a command"}},
		Run: func(ctx context.Context, c *Call) (chat.Message, error) {
			if len(c.Words) > 0 {
				return topic(c)
			}
			return panel(ctx, c)
		},
	})
}

// topic explains one command.
func topic(c *Call) (chat.Message, error) {
	word := strings.ToLower(c.Words[0])
	cmd := find(word)
	if cmd == nil {
		return chat.Message{}, fault.New(fault.Invalid, "E24", "There is no command `"+chat.Clamp(chat.Clean(word), 30)+"`."+fault.DidYouMean(word, vocabulary()), "Type help for what there is.")
	}
	m := chat.Message{Kind: "answer", Key: "help:" + cmd.Name, Ephemeral: true}
	m.Lines = append(m.Lines, chat.L(chat.Code(strings.TrimSpace("/"+c.Desk.Command+" "+cmd.Name+" "+cmd.Usage)), "  ", cmd.Help))
	for _, a := range cmd.Args {
		m.Lines = append(m.Lines, chat.L("  ", chat.Strong(a.Name), "  ", a.Help))
	}
	if len(cmd.Synonyms) > 0 {
		m.Lines = append(m.Lines, chat.L(chat.Muted("also: "+strings.Join(cmd.Synonyms, ", "))))
	}
	return m.Finish(), nil
}

// panel is what a bare command shows: open incidents with the buttons that
// matter, then the five verbs to remember.
func panel(ctx context.Context, c *Call) (chat.Message, error) {
	open, err := c.Desk.OpenIncidents(ctx)
	if err != nil {
		return chat.Message{}, err
	}
	var lines []string
	var offers []bot.Offer
	switch {
	case len(open) > 5:
		lines = append(lines, "More than 5 open incidents, the newest first")
	case len(open) == 0:
		lines = append(lines, "No open incidents.")
		offers = append(offers, bot.Offer{Label: "Open an incident", Redo: bot.Redo{Text: "open something is wrong"}})
	default:
		lines = append(lines, fmt.Sprintf("%d open incident%s", len(open), map[bool]string{true: "", false: "s"}[len(open) == 1]))
	}
	for _, i := range open[:min(len(open), 4)] {
		lines = append(lines, bot.Line(i))
		offers = append(offers, bot.Offer{Label: "Update " + i.ID(), Redo: bot.Redo{Text: "update", Incident: i.ID()}})
	}
	for _, cmd := range All() {
		lines = append(lines, strings.TrimSpace(cmd.Name+" "+cmd.Usage)+"  —  "+cmd.Help)
	}
	m, err := c.Desk.Offer(ctx, c.By, lines, offers)
	if err != nil || c.Desk.SignIn == nil {
		return m, err
	}
	if link := c.Desk.SignIn(c.By); link != "" { // only who asked sees it
		line := chat.L("War room: ", chat.A("sign-in link for you, 10 min", link))
		m.Lines = slices.Insert(m.Lines, min(1, len(m.Lines)), line) // at the end a long list would cut it off
		m = m.Finish()
	}
	return m, nil
}
