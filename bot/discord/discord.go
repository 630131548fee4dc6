// Package discord puts Mayday on a Discord server: a card with its thread in the
// operations channel, updates in the status channel, slash commands, buttons and
// windows. It speaks the REST API through discordgo, without that library's own
// waiting and repeating, and the gateway with a loop of its own, because
// discordgo's reconnects for ever after a token was refused, does not know the
// address to resume at, and closes so that a session cannot be resumed.
//
// It needs no privileged intent and none of the others: interactions belong to no
// intent. Every message says who may be called by it, and is safe to repeat.
package discord

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"mayday/bot/chat"
)

const name = "discord"

// Platform is Discord as a chat adapter.
var Platform = chat.Adapter{
	Name:    name,
	Title:   "Discord",
	Mark:    "/",
	Limits:  chat.Limits{Label: maxButtonLabel, Row: maxInRow, Lines: chat.Shared.Lines, Fields: maxTopLevel, Title: maxTitle, Text: maxContent},
	New:     func(s chat.Start) (chat.Platform, error) { return newPlatform(s) },
	Render:  render,
	Account: account,
	Setup:   setup,
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

// platform is one bot on one server.
type platform struct {
	own   settings
	start chat.Start
	log   *slog.Logger
	now   func() time.Time

	api    *api
	self   self
	rooms  *rooms
	guild  *guild
	health *chat.Condition
	opened chat.Keep[string]  // key -> a card whose thread is not there yet
	capped chat.Keep[capped]  // messages that Discord lets nobody edit now
	pins   chat.Keep[forever] // channels where nothing may be pinned
	desk   chat.Hall
	pace   pacing

	identified identified
}

type forever struct{}

// pacing are the times that tests shorten.
type pacing struct {
	answerWithin time.Duration // then an interaction is deferred
	firstRetry   time.Duration // of the gateway
	lastRetry    time.Duration
	identify     time.Duration // between two identifications
	refused      time.Duration // after a fatal close
	greeting     time.Duration // for the gateway's first words
	refresh      time.Duration // of roles and commands
}

var usual = pacing{
	answerWithin: 1700 * time.Millisecond,
	firstRetry:   time.Second,
	lastRetry:    time.Minute,
	identify:     5 * time.Second,
	refused:      chat.TokenPause,
	greeting:     20 * time.Second,
	refresh:      5 * time.Minute,
}

func newPlatform(s chat.Start) (*platform, error) {
	own, err := readSettings(s.Section)
	if err != nil {
		return nil, err
	}
	p := &platform{own: own, start: s, log: s.Log, now: s.Now, pace: usual}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.api = newAPI(own, s.Budget())
	p.self.application = own.ApplicationID.text
	p.health = chat.NewCondition(p.now)
	p.api.told = p.fares
	if own.Mode == modeGateway {
		p.health.Listening("is not connected yet")
	}
	p.rooms = &rooms{api: p.api, server: own.Server.text, names: s.Rooms, now: p.now}
	p.guild = &guild{api: p.api, server: own.Server.text, now: p.now}
	p.desk = chat.NewHall()
	p.opened.Now, p.capped.Now, p.pins.Now = p.now, p.now, p.now
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
	if p.own.Mode == modeGateway {
		all.Go(func() { p.listen(ctx) })
	}
	<-ctx.Done()
	all.Wait()
	p.api.client.CloseIdleConnections()
	return nil
}

// painter renders with the roles as they are known.
func (p *platform) painter() painter { return painter{role: p.guild.roleID} }

// account is the form that user has: a number, or @name for a role.
func account(a string) string {
	if isID(a) || a == "" || a[0] == '@' {
		return a
	}
	return "@" + a
}
