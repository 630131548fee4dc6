package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

const (
	archiveAfter = 10080 // minutes: seven days
	maxThread    = 100
	// openedFor is how long a card without its thread is remembered. After that
	// the channel is read.
	openedFor = time.Hour
	pinsRest  = time.Hour
)

// ref names a message; the thread below it has the same number.
func ref(channel, message string) chat.Ref { return chat.Ref(channel + "/" + message) }

func parseRef(r chat.Ref) (channel, message string, err error) {
	rest := string(r)
	if why := alone(r); why != "" {
		rest = strings.TrimSuffix(rest, "/"+why)
	}
	channel, message, ok := strings.Cut(rest, "/")
	if !ok || !isID(channel) || !isID(message) {
		return "", "", &chat.Failure{Kind: chat.Lost, What: chat.LostMessage, Err: fmt.Errorf("%q is no message of Discord", chat.Clamp(string(r), 60))}
	}
	return channel, message, nil
}

// OpenThread posts the card and opens the thread below it.
func (p *platform) OpenThread(ctx context.Context, r chat.OpenRequest) (chat.Ref, error) {
	channel, err := p.rooms.channel(ctx, r.Room, r.Message.Weight)
	if err != nil {
		return "", err
	}
	at := dest{room: r.Room, channel: p.rooms.shown(r.Room), needs: "View Channel, Send Messages and Embed Links"}
	message, ok := p.opened.Get(r.Message.Key)
	if !ok {
		if message, err = p.place(ctx, channel, r.Message, at); err != nil {
			return "", err
		}
		p.opened.Set(r.Message.Key, message, openedFor)
	}
	card := ref(channel, message)
	if err := p.thread(ctx, channel, message, r); err != nil {
		why := givenUp(err)
		if why == "" {
			return "", p.threadless(err, r, at)
		}
		card = p.leaveAlone(ctx, card, why, r.Message, err)
	}
	p.opened.Drop(r.Message.Key)
	p.pin(ctx, channel, message)
	return card, nil
}

// thread opens the thread of a card. Its title may have words of strangers, which
// a server's own rules can refuse; the incident's number is never refused.
func (p *platform) thread(ctx context.Context, channel, message string, r chat.OpenRequest) error {
	title := clip(strings.TrimSpace(chat.Clean(r.Title)), maxThread)
	number := clip(orDash(r.Incident), maxThread)
	if title == "" {
		title = number
	}
	err := p.named(ctx, channel, message, title, r.Message.Weight)
	if t := troubleOf(err); t != nil && t.status == http.StatusBadRequest && !coded(err, codeThreadExists, codeTooManyThreads) && title != number {
		err = p.named(ctx, channel, message, number, r.Message.Weight)
	}
	if coded(err, codeThreadExists) {
		return nil
	}
	return err
}

func (p *platform) named(ctx context.Context, channel, message, title string, w chat.Weight) error {
	in := struct {
		Name    string `json:"name"`
		Archive int    `json:"auto_archive_duration"`
	}{title, archiveAfter}
	return p.api.do(ctx, call{method: http.MethodPost, url: discordgo.EndpointChannelMessageThread(channel, message),
		route: "POST channels/" + channel + "/messages/*/threads", weight: w, in: in})
}

// threadless decides about a card that stands without its thread. Whatever came
// in between, the next try has to finish this one and not begin another.
func (p *platform) threadless(err error, r chat.OpenRequest, at dest) error {
	t := troubleOf(err)
	if t == nil {
		return err
	}
	if t.code == codeUnknownMessage {
		p.opened.Drop(r.Message.Key)
	}
	at.needs = "Create Public Threads"
	f := failed(err, at)
	var what *chat.Failure
	if !errors.As(f, &what) {
		return f
	}
	what.Stands = t.code != codeUnknownMessage
	if what.Kind != chat.Lost {
		what.Kind = chat.Uncertain // the card stands
	}
	return f
}

// Post sends a message to a room, or to the thread below a card. Where the card
// has none it is an answer to the card.
func (p *platform) Post(ctx context.Context, place chat.Place, m chat.Message) (chat.Ref, error) {
	channel, at, err := p.where(ctx, place, m.Weight)
	if err != nil {
		return "", err
	}
	id, err := p.place(ctx, channel, m, at)
	if err != nil {
		return "", err
	}
	return ref(channel, id), nil
}

func (p *platform) where(ctx context.Context, place chat.Place, w chat.Weight) (string, dest, error) {
	at := dest{room: place.Room, channel: p.rooms.shown(place.Room), needs: "View Channel, Send Messages and Embed Links"}
	if place.Thread == "" || alone(place.Thread) != "" {
		channel, err := p.rooms.channel(ctx, place.Room, w)
		if in, card, bad := parseRef(place.Thread); bad == nil && in == channel {
			at.card = card
		}
		return channel, at, err
	}
	_, thread, err := parseRef(place.Thread)
	at.thread, at.needs = true, "View Channel and Send Messages in Threads"
	return thread, at, err
}

// Edit replaces what stands at r, as the bot.
func (p *platform) Edit(ctx context.Context, r chat.Ref, m chat.Message) error {
	channel, message, err := parseRef(r)
	if err != nil {
		return err
	}
	if c, ok := p.capped.Get(string(r)); ok && !c.due(m, p.now()) {
		return p.panel(ctx, r, m)
	}
	err = p.patch(ctx, channel, message, p.edited(r, m), m.Weight)
	if coded(err, codeEditsCapped) {
		return p.cap(ctx, r, m)
	}
	if err != nil {
		return failed(err, p.standing(channel))
	}
	if _, ok := p.capped.Get(string(r)); ok {
		p.capped.Set(string(r), capped{state: stateOf(m), tried: p.now()}, cappedFor)
	}
	return nil
}

// standing is where a message stands whose channel may be a thread.
func (p *platform) standing(channel string) dest {
	at := dest{message: true, channel: "<#" + channel + ">", needs: "View Channel and Send Messages"}
	if room := p.rooms.room(channel); room != "" {
		at.room, at.channel = room, p.rooms.shown(room)
		return at
	}
	at.thread, at.room, at.channel = true, "operations", p.rooms.shown("operations")
	at.needs = "View Channel and Send Messages in Threads"
	return at
}

// patch edits once, and once more when the thread had been archived.
func (p *platform) patch(ctx context.Context, channel, message string, b body, w chat.Weight) error {
	c := call{method: http.MethodPatch, url: discordgo.EndpointChannelMessage(channel, message),
		route: "PATCH channels/" + channel + "/messages/*", weight: w}
	c.setBody(b)
	err := p.api.do(ctx, c)
	if !coded(err, codeThreadArchived) {
		return err
	}
	if err := p.unarchive(ctx, channel, w); err != nil {
		return err
	}
	return p.api.do(ctx, c)
}

// unarchive opens a thread again. One that somebody locked stays closed to us:
// that is a thread that is gone, not a room.
func (p *platform) unarchive(ctx context.Context, thread string, w chat.Weight) error {
	err := p.api.do(ctx, call{method: http.MethodPatch, url: discordgo.EndpointChannel(thread),
		route: "PATCH channels/" + thread, weight: w, in: map[string]any{"archived": false}})
	if t := troubleOf(err); t != nil && t.status == http.StatusForbidden && !t.banned {
		return &trouble{status: t.status, code: codeThreadArchived, err: t.err}
	}
	return err
}

// Delete takes a message back; one that is gone already is done.
func (p *platform) Delete(ctx context.Context, r chat.Ref) error {
	channel, message, err := parseRef(r)
	if err != nil {
		return nil //nolint:nilerr // it never stood, so it is gone
	}
	c := call{method: http.MethodDelete, url: discordgo.EndpointChannelMessage(channel, message), route: "DELETE channels/" + channel + "/messages/*"}
	err = p.api.do(ctx, c)
	if coded(err, codeThreadArchived) {
		if err = p.unarchive(ctx, channel, chat.Weight{}); err == nil {
			err = p.api.do(ctx, c)
		}
	}
	at := p.standing(channel)
	if coded(err, codeUnknownMessage) || at.thread && coded(err, codeUnknownChannel) {
		return nil
	}
	if err != nil {
		return failed(err, at)
	}
	p.capped.Drop(string(r))
	return nil
}

// pin is a kindness: where it is not allowed it is left alone for an hour.
func (p *platform) pin(ctx context.Context, channel, message string) {
	if _, resting := p.pins.Get(channel); resting {
		return
	}
	err := p.api.do(ctx, call{method: http.MethodPut, url: discordgo.EndpointChannelMessages(channel) + "/pins/" + message,
		route: "PUT channels/" + channel + "/messages/pins/*", weight: chat.Weight{Priority: 3, Edit: true}})
	if err != nil {
		p.pins.Set(channel, forever{}, pinsRest)
		p.log.Debug("card not pinned", "err", err)
	}
}

// Pace answers how long a message for p has to wait.
func (p *platform) Pace(place chat.Place, w chat.Weight) time.Duration {
	channel, ok := p.rooms.known(place.Room)
	if place.Thread != "" && alone(place.Thread) == "" {
		_, thread, err := parseRef(place.Thread)
		channel, ok = thread, err == nil
	}
	if !ok {
		return p.api.budget.Wait(w, keyGlobal)
	}
	c := call{route: "POST channels/" + channel + "/messages"}
	if w.Edit {
		c.route = "PATCH channels/" + channel + "/messages/*"
	}
	return p.api.budget.Wait(w, p.api.buckets.keys(c)...)
}
