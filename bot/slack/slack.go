// Package slack puts Mayday into a Slack workspace: a card with its thread in the
// operations channel, updates in the status channel, one slash command, mentions,
// shortcuts, buttons and windows. It speaks the Web API through slack-go, without
// that library's own waiting and repeating, and Socket Mode with a loop of its
// own, because slack-go's drops the old socket before the new one is open, and
// does not notice one that is open and deaf.
//
// It asks for no history scope: it cannot read what people write to each other.
package slack

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"mayday/bot/chat"
)

const name = "slack"

// Platform is Slack as a chat adapter.
var Platform = chat.Adapter{
	Name:     name,
	Title:    "Slack",
	Mark:     "@",
	Limits:   chat.Limits{Label: maxButton, Row: maxElements, Lines: chat.Shared.Lines, Fields: maxBlocks, Title: maxTitle, Text: maxText},
	New:      func(s chat.Start) (chat.Platform, error) { return newPlatform(s) },
	Render:   render,
	Account:  account,
	Setup:    setup,
	Manifest: manifest,
}

var (
	_ chat.Platform  = (*platform)(nil)
	_ chat.Deleter   = (*platform)(nil)
	_ chat.Checker   = (*platform)(nil)
	_ chat.Pacer     = (*platform)(nil)
	_ chat.Directory = (*platform)(nil)
	_ chat.Prober    = (*platform)(nil)
	_ chat.Router    = (*platform)(nil)
)

// platform is one bot in one workspace.
type platform struct {
	own   settings
	start chat.Start
	log   *slog.Logger
	now   func() time.Time

	api    *api // with the bot's token
	app    *api // with the app's token, for sockets
	self   self
	rooms  *rooms
	people *people
	health *chat.Condition
	rest   chat.Keep[forever] // channels where nothing may be pinned, and files
	done   chat.Keep[forever] // cards that were taken from the pins
	desk   chat.Hall
	pace   pacing
}

type forever struct{}

// pacing are the times that tests shorten.
type pacing struct {
	answerWithin time.Duration // then a window says that it is loading
	ackWithin    time.Duration // then an event is taken though it is not handled yet
	submitWithin time.Duration // then a form is answered with "Loading…"
	firstRetry   time.Duration // of the socket
	lastRetry    time.Duration
	refused      time.Duration // after a token was refused
	greeting     time.Duration // for the socket's first words
	ping         time.Duration
	deaf         time.Duration // nothing heard: the socket is dead whatever it looks like
	refresh      time.Duration // then a socket is replaced though nothing is wrong
	drain        time.Duration // an old socket goes on for so long beside the new one
	recheck      time.Duration // of channels and groups
}

var usual = pacing{
	answerWithin: 800 * time.Millisecond,
	ackWithin:    2 * time.Second,
	submitWithin: 2 * time.Second,
	firstRetry:   500 * time.Millisecond,
	lastRetry:    30 * time.Second,
	refused:      chat.TokenPause,
	greeting:     15 * time.Second,
	ping:         10 * time.Second,
	deaf:         35 * time.Second,
	refresh:      20 * time.Minute,
	drain:        15 * time.Second,
	recheck:      4 * time.Minute,
}

func newPlatform(s chat.Start) (*platform, error) {
	own, err := readSettings(s.Section)
	if err != nil {
		return nil, err
	}
	p := &platform{own: own, start: s, log: s.Log, now: s.Now, pace: usual, desk: chat.NewHall()}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.api, p.app = newAPI(own.base, own.BotToken, s.Budget()), newAPI(own.base, own.AppToken, s.Budget())
	p.health = chat.NewCondition(p.now)
	p.api.told = p.fares
	if own.Mode == modeSocket {
		p.health.Listening("is not connected yet")
	}
	p.self.api = p.api
	p.rooms = &rooms{api: p.api, names: s.Rooms, now: p.now, command: s.Command}
	p.people = newPeople(p)
	p.rest.Now, p.done.Now = p.now, p.now
	return p, nil
}

// Name is the word in outbox rows.
func (*platform) Name() string { return name }

// Run connects and answers until ctx ends, and comes back when everything that it
// began has stopped.
func (p *platform) Run(ctx context.Context, h chat.Handler) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { p.desk.Work(ctx, h) })
	all.Go(func() { p.housekeep(ctx) })
	if p.own.Mode == modeSocket {
		all.Go(func() { p.listen(ctx) })
	}
	<-ctx.Done()
	all.Wait()
	p.api.client.CloseIdleConnections()
	p.app.client.CloseIdleConnections()
	return nil
}

// housekeep keeps what is asked for all the time at hand: who we are, the
// channels, the groups. While Slack is thought to be unwell it is asked more
// often, because a quiet bot makes no other call by which that would end.
func (p *platform) housekeep(ctx context.Context) {
	var due time.Time
	for {
		_, err := p.self.get(ctx)
		switch {
		case err != nil:
			p.log.Warn("not known who I am", "err", err)
		case !time.Now().Before(due):
			due = time.Now().Add(p.pace.recheck)
			p.recheck(ctx)
		case p.health.Ailing():
			if _, err := p.self.ask(ctx, nil); err != nil && ctx.Err() == nil {
				p.log.Info("Slack is not well yet", "err", err)
			}
		}
		if !pause(ctx, min(p.pace.recheck, p.pace.lastRetry)) {
			return
		}
	}
}

func (p *platform) recheck(ctx context.Context) {
	p.rooms.refresh(ctx)
	if err := p.people.refreshGroups(ctx); err != nil && ctx.Err() == nil {
		p.log.Warn("user groups not known", "err", err)
	}
	p.people.warm(ctx, p.start.Groups)
}

// painter renders with the groups as they are known.
func (p *platform) painter() painter { return painter{group: p.people.groupID} }

// account is the form that user has: an id, or @handle for a group.
func account(a string) string {
	if isUser(a) || isGroup(a) || a == "" || a[0] == '@' {
		return a
	}
	return "@" + a
}

// pause waits; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
