package commands

import (
	"context"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

func init() {
	register(Command{
		Name: "doctor", Help: "what is missing, and how to mend it",
		Run: func(_ context.Context, c *Call) (chat.Message, error) {
			if err := incident.Needs(c.By, "see what is missing", incident.Admin); err != nil {
				return chat.Message{}, err
			}
			if c.Desk.Clinic == nil {
				return chat.Message{}, fault.New(fault.Unavailable, "", "There is no report here.", "On the host: mayday doctor")
			}
			return report(c), nil
		},
	})
}

// report shows problems first; what works is one line.
func report(c *Call) chat.Message {
	found, at := c.Desk.Clinic.Last()
	if at.IsZero() {
		return answer(chat.L("I am asking everybody right now. Ask again in a moment."))
	}
	var lines []chat.Line
	fine := 0
	for _, f := range found {
		if f.OK {
			fine++
			continue
		}
		lines = append(lines, chat.L(f.Mark()+" ", chat.Strong(f.Part), " ", f.Text))
		if f.Fix != "" {
			lines = append(lines, chat.L("fix: ", f.Fix))
		}
	}
	head := chat.L("As of ", chat.At(at), ": ", fine, " checks are fine.")
	if len(lines) == 0 {
		return answer(chat.L("As of ", chat.At(at), ": all ", fine, " checks are fine."))
	}
	return answer(append([]chat.Line{head}, lines...)...)
}

func answer(lines ...chat.Line) chat.Message {
	return chat.Message{Kind: "answer", Key: "doctor:answer", Ephemeral: true, Lines: lines}.Finish()
}
