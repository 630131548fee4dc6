package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

const (
	// roomsFresh is how long a channel that was found by its name is believed. It
	// keeps its id when it is renamed.
	roomsFresh = 6 * time.Hour
	pageOf     = 1000
	pagesMost  = 30
)

// rooms finds the channels behind "operations" and "status". A name is looked up
// while it runs: the channel may be made or replaced at any time.
type rooms struct {
	api     *api
	names   map[string]string
	now     func() time.Time
	command string

	mu    sync.Mutex
	found map[string]string // room -> channel
	at    time.Time
}

// channel is what matters of a conversation.
type channel struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	IsMember   bool   `json:"is_member"`
	IsArchived bool   `json:"is_archived"`
}

var errNoChannel = errors.New("there is none that I can see")

// shown is the channel as people see it.
func (r *rooms) shown(room string) string {
	n := r.names[room]
	if n == "" {
		n = room
	}
	if isChannel(n) {
		return n
	}
	return "#" + strings.TrimPrefix(n, "#")
}

// dest is a room for errors.
func (r *rooms) dest(room string) dest { return dest{channel: r.shown(room), command: r.command} }

// known answers the channel without asking anybody.
func (r *rooms) known(room string) (string, bool) {
	if n := r.names[room]; isChannel(n) {
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
	if err := r.look(ctx, w); err != nil {
		return "", failed(err, r.dest(room))
	}
	if id, ok := r.known(room); ok {
		return id, nil
	}
	return "", &chat.Failure{Kind: chat.Lost, What: chat.LostRoom, Err: fmt.Errorf("find %s: %w", r.shown(room), errNoChannel), Fix: r.dest(room).fix("")}
}

// refresh looks for rooms that are not known.
func (r *rooms) refresh(ctx context.Context) {
	for room := range r.names {
		if _, ok := r.known(room); !ok {
			_ = r.look(ctx, chat.Weight{Priority: 3}) // whoever posts there is told
			return
		}
	}
}

// look goes through the list of channels until all rooms are found.
func (r *rooms) look(ctx context.Context, w chat.Weight) error {
	found, cursor := map[string]string{}, ""
	for range pagesMost {
		page, next, err := r.page(ctx, cursor, w)
		if err != nil {
			return err
		}
		for room, n := range r.names {
			for _, c := range page {
				if c.ID == n || strings.EqualFold(c.Name, strings.TrimPrefix(n, "#")) {
					found[room] = c.ID
				}
			}
		}
		if cursor = next; cursor == "" || len(found) == len(r.names) {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found, r.at = found, r.now()
	return nil
}

func (r *rooms) page(ctx context.Context, cursor string, w chat.Weight) ([]channel, string, error) {
	var out struct {
		Channels []channel `json:"channels"`
		Metadata struct {
			Next string `json:"next_cursor"`
		} `json:"response_metadata"`
	}
	err := r.api.do(ctx, call{method: methodList, weight: w, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, _, err := c.GetConversationsContext(ctx, &slackgo.GetConversationsParameters{
			Cursor: cursor, Limit: pageOf, ExcludeArchived: true, Types: []string{"public_channel", "private_channel"}})
		return err
	}})
	return out.Channels, out.Metadata.Next, err
}

// forget makes the next message look again.
func (r *rooms) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = time.Time{}
}
