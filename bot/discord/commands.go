package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

const (
	maxDescribed = 100
	maxSubs      = 25
)

// nameOK is what Discord takes as the name of a command or an option; it is
// narrower than allowed, and enough.
var nameOK = regexp.MustCompile(`^[-_a-z0-9]{1,32}$`)

// registered is a command as it is registered and as Discord tells it. What is
// left out here is not compared.
type registered struct {
	Name        string                           `json:"name"`
	Type        discordgo.ApplicationCommandType `json:"type"`
	Description string                           `json:"description,omitempty"`
	Options     []argument                       `json:"options,omitempty"`
}

type argument struct {
	Type         discordgo.ApplicationCommandOptionType `json:"type"`
	Name         string                                 `json:"name"`
	Description  string                                 `json:"description"`
	Required     bool                                   `json:"required,omitempty"`
	Autocomplete bool                                   `json:"autocomplete,omitempty"`
	Choices      []choiceOf                             `json:"choices,omitempty"`
	Options      []argument                             `json:"options,omitempty"`
}

// wanted are the commands that should be there: one with a subcommand for each
// verb, and two on messages. Nobody is kept from seeing them; who may is decided
// when they are used.
func wanted(command string, all []chat.Command) []registered {
	root := registered{Name: command, Type: discordgo.ChatApplicationCommand, Description: "Incidents and playbooks"}
	for _, c := range all {
		if nameOK.MatchString(c.Name) && len(root.Options) < maxSubs {
			root.Options = append(root.Options, subcommand(c))
		}
	}
	out := []registered{root}
	for _, n := range []string{noteOnMessage, updateOnMessage} {
		known := slices.ContainsFunc(all, func(c chat.Command) bool { return c.Name == onMessage[n] })
		if known {
			out = append(out, registered{Name: n, Type: discordgo.MessageApplicationCommand})
		}
	}
	return out
}

func subcommand(c chat.Command) argument {
	sub := argument{Type: discordgo.ApplicationCommandOptionSubCommand, Name: c.Name, Description: described(c.Help, c.Name)}
	for _, a := range c.Args {
		if !nameOK.MatchString(a.Name) || len(sub.Options) == maxSubs {
			continue
		}
		o := argument{Type: discordgo.ApplicationCommandOptionString, Name: a.Name, Description: described(a.Help, a.Name), Required: a.Required}
		o.Choices = offered(a.Choices)
		o.Autocomplete = a.Suggest && len(o.Choices) == 0
		sub.Options = append(sub.Options, o)
	}
	slices.SortStableFunc(sub.Options, func(a, b argument) int { return cmp.Compare(first01(b.Required), first01(a.Required)) })
	return sub
}

func first01(b bool) int {
	if b {
		return 1
	}
	return 0
}

func described(help, otherwise string) string {
	if help = strings.TrimSpace(chat.Clean(help)); help != "" {
		return clip(help, maxDescribed)
	}
	return otherwise
}

// register overwrites the commands of the server when they are not what they
// should be. Discord counts new ones by the day, so a restart asks first.
func (p *platform) register(ctx context.Context) error {
	app, err := p.applicationID(ctx)
	if err != nil {
		return fmt.Errorf("find my application: %w", err)
	}
	want := wanted(p.start.Command, p.start.Commands)
	same, err := p.sameCommands(ctx, app, want)
	if err != nil || same {
		return err
	}
	err = p.api.do(ctx, call{method: http.MethodPut, url: discordgo.EndpointApplicationGuildCommands(app, p.own.Server.text),
		route: "PUT applications/" + app + "/guilds/commands", in: want})
	if err != nil {
		return fmt.Errorf("register commands: %w", err)
	}
	p.log.Info("commands registered", "commands", len(want))
	return nil
}

func (p *platform) sameCommands(ctx context.Context, app string, want []registered) (bool, error) {
	var have []registered
	err := p.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointApplicationGuildCommands(app, p.own.Server.text),
		route: "GET applications/" + app + "/guilds/commands", out: &have})
	if err != nil {
		return false, fmt.Errorf("ask for the commands: %w", err)
	}
	return fingerprint(have) == fingerprint(want), nil
}

// fingerprint is the same for the same commands in any order.
func fingerprint(all []registered) string {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b registered) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	raw, err := json.Marshal(all)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
