package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

// roomsFresh is how long a channel that was found by its name is believed: longer
// than it takes until all are looked up again.
const roomsFresh = 12 * time.Minute

// rooms finds the channels behind "operations" and "status". A name is looked up
// while it runs: the channel may be made, renamed or replaced at any time.
type rooms struct {
	api    *api
	server string
	names  map[string]string
	now    func() time.Time

	mu    sync.Mutex
	found map[string]string // room -> channel
	at    time.Time
}

var errManyChannels = errors.New("several channels have this name")

// shown is the channel as people see it.
func (r *rooms) shown(room string) string {
	n := r.names[room]
	if n == "" {
		n = room
	}
	if isID(n) {
		return "<#" + n + ">"
	}
	return "#" + strings.TrimPrefix(n, "#")
}

// known answers the channel without asking anybody.
func (r *rooms) known(room string) (string, bool) {
	if n := r.names[room]; isID(n) {
		return n, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id, ok := r.found[room]
	return id, ok && r.now().Sub(r.at) < roomsFresh
}

// room names the room that a channel is, "" for none.
func (r *rooms) room(channel string) string {
	if channel == "" {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for room, n := range r.names {
		if n == channel || r.found[room] == channel {
			return room
		}
	}
	return ""
}

// channel answers the channel of a room.
func (r *rooms) channel(ctx context.Context, room string, w chat.Weight) (string, error) {
	if id, ok := r.known(room); ok {
		return id, nil
	}
	all, err := r.list(ctx, w)
	if err != nil {
		return "", failed(err, dest{room: room, channel: r.shown(room), needs: "View Channel and Send Messages"})
	}
	r.learn(all)
	if id, ok := r.known(room); ok {
		return id, nil
	}
	f := &chat.Failure{Kind: chat.Lost, What: chat.LostRoom, Err: fmt.Errorf("find %s on the server: there is none", r.shown(room)),
		Fix: fmt.Sprintf("Make a text channel %s on the server, or change chat.channels.", r.shown(room))}
	if len(match(all, r.names[room])) > 1 {
		f.Err = fmt.Errorf("find %s on the server: %w", r.shown(room), errManyChannels)
		f.Fix = fmt.Sprintf("Several channels are called %s: put the id of one into chat.channels.", r.shown(room))
	}
	return "", f
}

func (r *rooms) list(ctx context.Context, w chat.Weight) ([]discordgo.Channel, error) {
	var all []discordgo.Channel
	err := r.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointGuildChannels(r.server),
		route: "GET guilds/" + r.server + "/channels", weight: w, out: &all})
	return all, err
}

func (r *rooms) learn(all []discordgo.Channel) {
	found := map[string]string{}
	for room, n := range r.names {
		if m := match(all, n); len(m) == 1 {
			found[room] = m[0].ID
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found, r.at = found, r.now()
}

// forget makes the next message look again.
func (r *rooms) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = time.Time{}
}

// match are the channels that people can write in, by id or by name.
func match(all []discordgo.Channel, n string) []discordgo.Channel {
	n = strings.TrimPrefix(n, "#")
	var out []discordgo.Channel
	for _, c := range all {
		text := c.Type == discordgo.ChannelTypeGuildText || c.Type == discordgo.ChannelTypeGuildNews
		if text && (c.ID == n || strings.EqualFold(c.Name, n)) {
			out = append(out, c)
		}
	}
	return out
}
