package commands

import (
	"context"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// quoted takes the words of a message: onto the timeline, or as the draft of a
// status update. The words are never read as a command.
func (h *Handler) quoted(ctx context.Context, by incident.Person, in chat.Interaction) (chat.Message, error) {
	words := strings.TrimSpace(chat.Clean(in.Quote))
	if words == "" {
		return chat.Message{}, fault.New(fault.Invalid, "E24", "That message has no words.", "Type them: note WORDS")
	}
	number, answer, err := h.which(ctx, by, in.Text, typed{verb: in.Text, rest: words}, in.Incident)
	if err != nil || number == 0 {
		return answer, err
	}
	if in.Text == "update" {
		return h.desk.UpdateFrom(ctx, by, number, words)
	}
	return h.desk.Note(ctx, by, number, chat.Clamp(words, 1500))
}
