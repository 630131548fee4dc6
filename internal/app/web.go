package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/bot/web"
	"mayday/commands"
	"mayday/internal/incident"
)

func (a *App) makeWeb() error {
	var doors []web.Door
	for _, s := range a.desk().Sources {
		if s.Receiver == nil {
			continue
		}
		doors = append(doors, web.Door{Path: s.Receiver.Path(), Receive: func(ctx context.Context, h http.Header, body []byte) error {
			return a.desk().Knock(ctx, s.Name, h, body)
		}})
	}
	var routes []chat.Route
	for _, p := range a.places {
		if r, ok := p.(chat.Router); ok {
			routes = append(routes, r.Routes()...)
		}
	}
	tokens := a.set.tokens
	for n := range tokens {
		tokens[n].ActAs = a.o.ActAs
	}
	speed := ""
	if a.o.Speed > 1 {
		speed = fmt.Sprintf("%g×", a.o.Speed)
	}
	server, err := web.New(web.Options{
		Handler: a.handler, Reader: a.store, Journal: a.store, Outbox: a.store, Inbox: a.store,
		Doors: doors, Routes: routes, Clinic: a.clinic, Troubles: a.troubles,
		Shelf: func(ctx context.Context) ([]bot.Volume, error) { return a.desk().Shelf(ctx) },
		Changes: func(ctx context.Context, service string, window time.Duration) ([]incident.Suspect, []string, int) {
			return a.desk().Lately(ctx, service, window)
		},
		MayDeploy: func(ctx context.Context, service string) (bot.DeployAnswer, error) {
			return a.desk().MayDeploy(ctx, service)
		},
		Pipelines:  a.set.pipelines(),
		DoorStates: a.desk().Doors, Metrics: a.tel.Handler(), Meter: a.tel.Metrics(), Ready: a.ready,
		Tokens: tokens, URL: a.set.url, Hosts: a.set.door.hosts, OpenRead: a.set.openRead, Demo: a.o.Demo, DemoKey: a.o.DemoKey,
		SpeedLabel: speed, Help: help, Log: a.log, Now: a.o.Clock,
		Person:  func(u chat.User) incident.Person { return a.desk().Person(web.Platform.Name, u) },
		Proxies: a.set.door.proxies, UserHeader: a.set.door.userHeader, Recognise: func(i web.Identity) (chat.User, bool) { return a.now.Load().set.recognise(i) }, OIDC: a.set.door.oidc, Verb: a.verb,
		Named: func(name string) (chat.User, error) { return a.now.Load().set.named(name) }, HostKey: a.hostKey,
		Rehearse: func(ctx context.Context, by incident.Person, n int64, r bot.Rehearsal) (bot.Rehearsed, error) {
			return a.desk().Rehearse(ctx, by, n, r)
		},
		Backup: a.backups(), Links: a.links(), Still: func(u chat.User) (chat.User, bool) { return a.now.Load().set.still(u) },
	})
	if err != nil {
		return err
	}
	a.web = server
	return nil
}

func help() []web.HelpRow {
	var rows []web.HelpRow
	for _, c := range commands.All() {
		rows = append(rows, web.HelpRow{Command: c.Name, Usage: c.Name + " " + c.Usage, Say: c.Help})
	}
	return rows
}

// ready says whether traffic may come. A chat platform or an alert source that
// is down never takes the webhook door away.
func (a *App) ready(ctx context.Context) (bool, map[string]string) {
	parts := map[string]string{"store": "ok"}
	ok := true
	if err := a.store.Writable(ctx); err != nil {
		parts["store"], ok = "off", false
	}
	for _, p := range a.places {
		parts[p.Name()] = "ok"
		if probe, ok := p.(chat.Prober); ok {
			if state := probe.Health().State; state != "" {
				parts[p.Name()] = state
			}
		}
	}
	for _, s := range a.desk().Sources {
		parts[s.Name] = "ok"
	}
	return ok, parts
}

// troubles are for the banner: what the auditor found, and who does not answer.
func (a *App) troubles(ctx context.Context) []string {
	all := append(a.auditor.troubles(), a.desk().Troubles(ctx)...)
	for n := range all {
		all[n] = a.tel.Redactor().Mask(all[n])
	}
	return all
}
