package discord

import (
	"testing"

	"github.com/bwmarrin/discordgo"
)

func TestRealClientAnswersACommand(t *testing.T) {
	r := newRig(t)
	r.commands()
	r.open(respond(t, func(i *discordgo.InteractionCreate) *discordgo.InteractionResponse {
		data := i.ApplicationCommandData()
		name := data.Name + " " + data.Options[0].Name
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource, Data: words(name+" by "+i.Member.User.GlobalName, discordgo.MessageFlagsEphemeral)}
	}))
	seen, err := r.Command(t.Context(), Ana, Operations, "/mayday status", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Ephemerals) != 1 || seen.Ephemerals[0].Plain() != "mayday status by Ana" {
		t.Errorf("got %+v, want one ephemeral answer", seen)
	}
	if got := r.Messages(Operations); len(got) != 0 {
		t.Errorf("got %d messages for all to see, want none", len(got))
	}
	r.clean()
}
