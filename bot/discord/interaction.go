package discord

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
	"mayday/internal/fault"
)

// interaction is what Discord delivers when somebody does something. The
// library's struct has no channel and knows no labels.
type interaction struct {
	ID            string                    `json:"id"`
	ApplicationID string                    `json:"application_id"`
	Type          discordgo.InteractionType `json:"type"`
	Token         string                    `json:"token"`
	GuildID       string                    `json:"guild_id"`
	ChannelID     string                    `json:"channel_id"`
	Channel       *place                    `json:"channel"`
	Member        *discordgo.Member         `json:"member"`
	Message       *place                    `json:"message"`
	Data          data                      `json:"data"`
}

// place is the part of a channel or message that matters here.
type place struct {
	ID       string                `json:"id"`
	Type     discordgo.ChannelType `json:"type"`
	ParentID string                `json:"parent_id"`
}

type data struct {
	Name       string                           `json:"name"`
	Type       discordgo.ApplicationCommandType `json:"type"`
	Options    []given                          `json:"options"`
	TargetID   string                           `json:"target_id"`
	Resolved   resolved                         `json:"resolved"`
	CustomID   string                           `json:"custom_id"`
	Component  int                              `json:"component_type"`
	Values     []string                         `json:"values"`
	Components []component                      `json:"components"`
}

// given is an option that was filled in, or a subcommand with its options.
type given struct {
	Name    string  `json:"name"`
	Value   any     `json:"value"`
	Focused bool    `json:"focused"`
	Options []given `json:"options"`
}

type resolved struct {
	Messages map[string]target `json:"messages"`
}

// target is the message that a message command was used on.
type target struct {
	Content string  `json:"content"`
	Embeds  []embed `json:"embeds"`
	Thread  *place  `json:"thread"`
}

// Commands on a message, and what they stand for.
const (
	noteOnMessage   = "Add to timeline"
	updateOnMessage = "Use as status update"
)

var onMessage = map[string]string{noteOnMessage: "note", updateOnMessage: "update"}

func refuse(message, hint string) error { return fault.New(fault.Refused, "E1", message, hint) }

// admit refuses whom Mayday does not work for.
func (p *platform) admit(in interaction) error {
	switch {
	case in.GuildID == "" || in.Member == nil || in.Member.User == nil:
		return refuse("I work in the channels of a server, not in direct messages.", "Write in the incident's thread.")
	case in.GuildID != p.own.Server.text:
		return refuse("I work for another server.", "Ask who runs Mayday: chat.discord.server names it.")
	case in.Member.User.Bot:
		return refuse("I take orders from people only.", "")
	}
	return nil
}

// understood is an interaction in neutral words.
func (p *platform) understood(ctx context.Context, in interaction) (chat.Interaction, error) {
	out := chat.Interaction{ID: in.ID, Platform: name, User: p.guild.member(ctx, in.Member), At: p.now()}
	out.Thread, out.Room = p.thereAt(ctx, in)
	switch in.Type {
	case discordgo.InteractionApplicationCommand:
		return p.command(in, out)
	case discordgo.InteractionMessageComponent:
		out.Button = in.Data.CustomID
		if in.Data.Component == typeSelect {
			out.Button = strings.Join(in.Data.Values, "")
		}
	case discordgo.InteractionModalSubmit:
		out.Button, out.Input = in.Data.CustomID, filled(in.Data.Components)
	default:
		return out, fault.Newf(fault.Invalid, "E24", "I do not know this kind of request (%d).", in.Type)
	}
	return out, nil
}

// command is what somebody would have typed.
func (p *platform) command(in interaction, out chat.Interaction) (chat.Interaction, error) {
	if in.Data.Type == discordgo.MessageApplicationCommand {
		verb, ok := onMessage[in.Data.Name]
		if !ok {
			return out, fault.Newf(fault.Invalid, "E24", "I do not know the command %q.", chat.Clamp(in.Data.Name, 40))
		}
		t := in.Data.Resolved.Messages[in.Data.TargetID]
		out.Text, out.Quote = verb, t.words()
		if t.Thread != nil && out.Thread == "" {
			out.Thread = ref(in.ChannelID, in.Data.TargetID)
		}
		return out, nil
	}
	if len(in.Data.Options) == 0 {
		return out, nil // the bare command is the panel
	}
	sub := in.Data.Options[0]
	values := map[string]string{}
	for _, o := range sub.Options {
		values[o.Name] = o.text()
	}
	for _, c := range p.start.Commands {
		if c.Name == sub.Name {
			out.Text = c.Line(values)
			return out, nil
		}
	}
	out.Text = sub.Name // the handler says what it may have meant
	return out, nil
}

func (g given) text() string {
	if g.Value == nil {
		return ""
	}
	return fmt.Sprint(g.Value)
}

// words of a message: those of a card stand in its embed too.
func (t target) words() string {
	parts := []string{}
	if t.Content != "" {
		parts = append(parts, t.Content)
	}
	for _, e := range t.Embeds {
		if e.Description != "" {
			parts = append(parts, e.Description)
		}
	}
	return strings.Join(parts, "\n")
}

// thereAt is the thread and the room that something happened in.
func (p *platform) thereAt(ctx context.Context, in interaction) (thread chat.Ref, room string) {
	if room := p.rooms.room(in.ChannelID); room != "" {
		return "", room
	}
	at := in.Channel
	if at == nil || at.ID != in.ChannelID {
		at = p.lookUp(ctx, in.ChannelID)
	}
	if at == nil || !isThread(at.Type) || !isID(at.ParentID) {
		return "", ""
	}
	return ref(at.ParentID, in.ChannelID), p.rooms.room(at.ParentID)
}

func isThread(t discordgo.ChannelType) bool {
	c := discordgo.Channel{Type: t}
	return c.IsThread()
}

// lookUp asks what a channel is when it was not said.
func (p *platform) lookUp(ctx context.Context, channel string) *place {
	if !isID(channel) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	var at place
	err := p.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointChannel(channel), route: "GET channels/" + channel, out: &at})
	if err != nil {
		p.log.Warn("channel of an interaction not found", "err", err)
		return nil
	}
	return &at
}
