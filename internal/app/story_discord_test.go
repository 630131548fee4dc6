package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/commands"
	discord "mayday/internal/practice/discord"
)

// discordFront is a pretend Discord, over its gateway or over HTTP.
type discordFront struct {
	t    testing.TB
	d    *discord.Discord
	base string
	http bool
	root string // id of the card, which is that of its thread
}

var discordPeople = map[string]string{"ana": discord.Ana, "li": discord.Li, "sam": discord.Sam, "gus": discord.Gus}

func newDiscordFront(t testing.TB, overHTTP bool) *discordFront {
	t.Helper()
	d, err := discord.New(discord.Options{Token: "discord-token", ApplicationID: discord.Application, Server: discord.Guild, Faster: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	base, err := d.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &discordFront{t: t, d: d, base: base, http: overHTTP}
}

func (f *discordFront) config(dir string) (string, map[string]string) {
	if err := os.WriteFile(filepath.Join(dir, "discord_token"), []byte("discord-token"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	mode := "gateway"
	if f.http {
		mode = "http"
	}
	ids := map[string]string{}
	for name, id := range discordPeople {
		ids[name] = fmt.Sprintf("discord: %q", id)
	}
	return fmt.Sprintf("chat:\n  discord: {mode: %s, api_url: '%s', token: 'file:%s/discord_token', application_id: %q, public_key: '%s', server: %q}\n",
		mode, f.base, dir, discord.Application, f.d.PublicKeyHex(), discord.Guild), ids
}

func (f *discordFront) begin(app *App) error {
	if f.http {
		if err := f.d.Aim(app.URL()); err != nil {
			return err
		}
	}
	end := time.NewTimer(20 * time.Second)
	defer end.Stop()
	for len(f.d.Commands()) == 0 || (!f.http && f.d.Gateway().Connections == 0) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-end.C:
			return fmt.Errorf("it did not connect")
		}
	}
	return nil
}

func (f *discordFront) seen(ctx context.Context, s discord.Seen, err error) (reaction, error) {
	if err != nil {
		return reaction{}, err
	}
	if s.Deferred {
		if s, err = f.d.Await(ctx, s); err != nil {
			return reaction{}, err
		}
	}
	var a reaction
	for _, m := range s.Ephemerals {
		a.text += m.Plain() + "\n"
	}
	if s.Modal != nil {
		a.text = strings.Join(s.Modal.Texts, "\n")
		for _, x := range s.Modal.Fields {
			a.fields = append(a.fields, x.Label)
		}
	}
	return a, nil
}

// say fills the fields that Discord has for a command.
func (f *discordFront) say(ctx context.Context, who, text string) (reaction, error) {
	verb, rest, _ := strings.Cut(text, " ")
	values := map[string]string{}
	for _, c := range commands.Described() {
		if c.Name == verb {
			values = optionsOf(c, rest)
		}
	}
	where := f.root
	if where == "" {
		where = discord.Operations
	}
	s, err := f.d.Command(ctx, discordPeople[who], where, "mayday "+verb, values)
	return f.seen(ctx, s, err)
}

// optionsOf takes a typed command apart into its arguments.
func optionsOf(c chat.Command, rest string) map[string]string {
	values := map[string]string{}
	words := strings.Fields(rest)
	for _, a := range c.Args {
		switch {
		case len(words) == 0:
		case a.Named:
			n := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, a.Name+"=") })
			if n >= 0 {
				_, values[a.Name], _ = strings.Cut(words[n], "=")
				words = slices.Delete(words, n, n+1)
			}
		case a.Rest:
			values[a.Name], words = strings.Join(words, " "), nil
		default:
			values[a.Name], words = words[0], words[1:]
		}
	}
	return values
}

// press presses the newest button or entry of a menu with this label.
func (f *discordFront) press(ctx context.Context, who, label string) (reaction, error) {
	all := append(f.d.Messages(discord.Operations), f.d.Messages(f.root)...)
	for _, m := range slices.Backward(all) {
		for _, b := range m.Buttons() {
			if means(label, b.Label) {
				s, err := f.d.Press(ctx, discordPeople[who], m.ChannelID, m.ID, b.CustomID)
				return f.seen(ctx, s, err)
			}
		}
		for _, menu := range m.Menus() {
			for _, o := range menu.Options {
				if means(label, o.Name) {
					s, err := f.d.Choose(ctx, discordPeople[who], m.ChannelID, m.ID, menu.CustomID, o.Value)
					return f.seen(ctx, s, err)
				}
			}
		}
	}
	return reaction{}, fmt.Errorf("there is no button %q", label)
}

func (f *discordFront) fill(ctx context.Context, who string, values map[string]any) (reaction, error) {
	m := f.d.Modal(discordPeople[who])
	if m == nil {
		return reaction{}, fmt.Errorf("no form is open")
	}
	s, err := f.d.Submit(ctx, discordPeople[who], m.CustomID, values)
	return f.seen(ctx, s, err)
}

func (f *discordFront) look() seenThread {
	out := seenThread{breaches: f.d.Breaches()}
	for _, m := range f.d.Messages(discord.Operations) {
		if m.Author == discord.Application && m.Type == 0 {
			f.root = m.ID
			out.thread = append(out.thread, f.shown(m))
		}
	}
	for _, m := range f.d.Messages(f.root) {
		if m.Type == 0 {
			out.thread = append(out.thread, f.shown(m))
		}
	}
	for _, m := range f.d.Messages(discord.Status) {
		out.status = append(out.status, f.shown(m))
	}
	return out
}

func (f *discordFront) shown(m discord.Message) shown {
	s := shown{text: m.Plain()}
	for _, b := range m.Buttons() {
		s.buttons = append(s.buttons, b.Label)
	}
	for _, menu := range m.Menus() {
		for _, o := range menu.Options {
			s.buttons = append(s.buttons, o.Name)
		}
	}
	for _, name := range m.Pinged() {
		s.rings = append(s.rings, strings.ToLower(name))
	}
	return s
}

func (f *discordFront) presser(label string) func(ctx context.Context, who string) (time.Duration, error) {
	for _, m := range f.d.Messages(discord.Operations) {
		for _, b := range m.Buttons() {
			if b.Label != label {
				continue
			}
			return func(ctx context.Context, who string) (time.Duration, error) {
				s, err := f.d.Press(ctx, discordPeople[who], m.ChannelID, m.ID, b.CustomID)
				return s.Took, err
			}
		}
	}
	f.t.Fatalf("there is no button %q", label)
	return nil
}
