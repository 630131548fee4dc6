// Package app wires Mayday: it reads the configuration, opens the store, makes
// the desk and its neighbours, and starts and stops them in order. It is the one
// place that knows everybody.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/bot/web"
	"mayday/internal/config"
	"mayday/internal/incident"
	"mayday/internal/queue"
	"mayday/internal/store"
	"mayday/internal/telemetry"
	"mayday/playbooks"
)

// Options are what differs between serve, demo and a test.
type Options struct {
	File    *config.File
	Env     config.Env
	Listen  string           // overrides the file
	Data    string           // overrides the file
	Speed   float64          // divides the durations of updates
	Clock   func() time.Time // the store's; time.Now unless set
	Version string
	Log     io.Writer
	Demo    *web.Demo
	DemoKey string
	ActAs   bool // tokens may act as others: demo only
	// Manual leaves the wake loop to Drain: for tests with a clock of their own.
	Manual bool
	// Faster divides the waits of chat platforms' budgets: for pretend vendors.
	Faster float64
	// Reload sends when the file shall be read again; nil never does.
	Reload <-chan os.Signal
	// Platforms are more places to talk, for tests of the port.
	Platforms []chat.Platform
}

// App is a wired Mayday.
type App struct {
	o        Options
	set      *settings
	tel      *telemetry.Telemetry
	log      *slog.Logger
	store    *store.Store
	now      atomic.Pointer[rules] // what is in force
	live     liveHandler           // the desk's, as of now
	handler  chat.Handler          // the one that everybody gets: live behind its gates
	source   *announcer
	queue    *queue.Queue
	web      *web.Server
	server   *http.Server
	listener net.Listener
	places   []chat.Platform
	clinic   *clinic
	auditor  *auditor
	problems []playbooks.Problem
	cat      playbooks.Catalogue
	reloads  reloads
	hostKey  string // makes sign-in links, see host.go

	refusal func(ctx context.Context) error // why it must not serve; asks the outside

	stops stops
	wg    sync.WaitGroup
	fail  chan error
}

// New makes everything and starts nothing. On an error what was opened is closed
// again.
func New(ctx context.Context, o Options) (*App, error) {
	a := &App{o: o, hostKey: secret(), fail: make(chan error, 8)}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(a.discreet(err), a.stops.run())
	}
	return a, nil
}

// discreet is an error as it may be printed.
func (a *App) discreet(err error) error {
	if a.tel == nil {
		return err
	}
	return discreet(a.tel.Redactor(), err)
}

func (a *App) build(ctx context.Context) error {
	set, err := read(a.o.File, a.o.Env)
	if err != nil {
		return err
	}
	a.set = set
	if a.o.Listen != "" {
		set.listen = a.o.Listen
	}
	if a.o.Data != "" {
		set.data = a.o.Data
	}
	if a.o.Log == nil {
		a.o.Log = os.Stderr
	}
	a.tel, err = telemetry.New(telemetry.Options{Format: set.logFormat, Level: set.logLevel, Out: a.o.Log, Version: a.o.Version})
	if err != nil {
		return fmt.Errorf("start logging: %w", err)
	}
	a.log = a.tel.Logger()
	a.o.File.OnReveal(a.tel.Redactor().Add)
	a.o.File.RevealAll()
	if err := a.openStore(ctx); err != nil {
		return err
	}
	if err := a.makeDesk(ctx); err != nil {
		return err
	}
	a.makeQueue()
	return a.makeWeb()
}

func (a *App) openStore(ctx context.Context) error {
	var names, always []string
	for _, p := range platforms {
		if p.Always {
			always = append(always, p.Name)
		}
		if p.Always || a.set.file.Section("chat", p.Name).Exists() {
			names = append(names, p.Name)
		}
	}
	for _, p := range a.o.Platforms {
		names = append(names, p.Name())
	}
	o, err := a.set.storeOptions()
	if err != nil {
		return err
	}
	o.Platforms, o.Always, o.Clock, o.Log = names, always, a.o.Clock, a.log
	st, err := store.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	a.store = st
	a.stops.push("store", st.Close)
	return nil
}

// makeDesk joins the desk to its platforms and to the outside.
func (a *App) makeDesk(ctx context.Context) error {
	// The secret that makes button ids outlives restarts and is the same for all
	// processes, so that a button stays what it was.
	key, err := a.store.Secret(ctx, "buttons")
	if err != nil {
		return err
	}
	outside, err := connect(a.set, a.log)
	if err != nil {
		return err
	}
	a.stops.push("integrations", outside.close)
	a.refusal = outside.refusal
	book, err := a.loadPlaybooks(outside.catalogue)
	if err != nil {
		return err
	}
	if a.places, err = makePlaces(a.set, chat.Start{Faster: a.o.Faster, Log: a.log}); err != nil {
		return err
	}
	a.places = append(a.places, a.o.Platforms...)
	a.auditor = newAuditor(a.store, a.set.watch, a.log)
	a.auditor.count = a.tel.Metrics().Audited
	a.clinic = &clinic{log: a.log, check: func(ctx context.Context) []Finding {
		now := a.now.Load()
		check := checkup{set: now.set, places: a.places, checkers: outside.checkers, book: now.desk.Book, problems: now.problems,
			more: func(ctx context.Context) []Finding {
				return slices.Concat(a.unread(), now.desk.DoorFindings(ctx), a.auditor.findings(ctx))
			}}
		return discreetFindings(a.tel.Redactor(), check.run(ctx))
	}}
	// Sections are decoded by their owners, who are all made now: whatever comes in
	// from here on may quote a secret.
	a.o.File.RevealAll()
	s := discreetStore{Store: a.store, redactor: a.tel.Redactor()}
	tracer, err := a.startTracing()
	if err != nil {
		return err
	}
	desk, err := bot.New(bot.Options{
		Store: bot.Store{Journal: s, Inbox: s, Outbox: s, Threads: s, Buttons: s, Reader: s, Notes: s, Suspects: s}, Queue: s,
		Platforms: a.places, Faces: faces(), Sources: outside.sources, Feeds: outside.feeds, Told: outside.told(), Signals: outside.signals, Backups: outside.backups, Book: book, Catalogue: outside.catalogue,
		Services: a.set.services, People: a.set.people, Vouched: vouched(a.set.tokens), Safety: a.set.safety, Policy: a.set.policy.Faster(a.o.Speed), Speed: a.o.Speed,
		StepTimeout: a.set.timeout, Key: key, URL: a.set.url, Command: a.set.command, Frozen: a.o.Env.ReadOnly,
		SignIn: a.signIn, Clinic: a.clinic, Meter: a.tel.Metrics(), Censor: a.tel.Redactor().Data, Trace: tracer, Log: a.log, Now: a.o.Clock,
	})
	if err != nil {
		return err
	}
	a.cat = outside.catalogue
	a.handler = discreetHandler{Handler: traced(&a.live, tracer), redactor: a.tel.Redactor()}
	a.enforce(&rules{set: a.set, desk: desk, problems: a.problems})
	return nil
}

// loadPlaybooks reads the built-in ones and those of the folder. A file with
// mistakes is left out and said; the others work.
func (a *App) loadPlaybooks(cat playbooks.Catalogue) (*playbooks.Book, error) {
	book, problems, err := load(a.set, cat)
	if err != nil {
		return nil, err
	}
	a.problems = problems
	for _, p := range problems {
		level := slog.LevelWarn
		if p.Warning {
			level = slog.LevelInfo
		}
		a.log.Log(context.Background(), level, "playbook problem", "problem", p.String())
	}
	return book, nil
}

func load(set *settings, cat playbooks.Catalogue) (*playbooks.Book, []playbooks.Problem, error) {
	sources := playbooks.BuiltIn()
	if set.playbooks != "" {
		more, err := playbooks.FromDir(set.playbooks)
		if err != nil {
			return nil, nil, fmt.Errorf("read playbooks: %w", err)
		}
		for _, s := range more {
			s.Name = filepath.Join(set.playbooks, s.Name) // so that a problem says where to look
			sources = append(sources, s)
		}
	}
	book, problems := playbooks.Load(cat, sources...)
	return book, slices.DeleteFunc(problems, ownWarning), nil
}

// ownWarning reports a warning about a playbook of ours: nobody here can mend it.
func ownWarning(p playbooks.Problem) bool {
	return p.Warning && slices.ContainsFunc(playbooks.BuiltIn(), func(s playbooks.Source) bool { return s.Name == p.File })
}

// crowds are the kinds that come in storms. Rows that are worked on together
// share their commits; acts on the outside keep the careful number.
var crowds = map[string]int{incident.WakeInbox: 32, incident.WakeOut: 32}

func (a *App) makeQueue() {
	late := func(do func(*bot.Desk, context.Context, incident.Claim) error) queue.Handler {
		return func(ctx context.Context, c incident.Claim) error { return do(a.desk(), ctx, c) }
	}
	a.source = &announcer{Store: a.store, app: a, out: make(chan struct{}, 1)}
	a.queue = queue.New(a.source, queue.Options{Log: a.log, Grace: a.set.shutdown / 4, WorkersOf: crowds}, map[string]queue.Handler{
		incident.WakeInbox:    late((*bot.Desk).HandleInbox),
		incident.WakeOut:      late((*bot.Desk).HandleOut),
		incident.WakeNudge:    late((*bot.Desk).HandleNudge),
		incident.WakeStep:     late((*bot.Desk).HandleStep),
		incident.WakeRun:      late((*bot.Desk).HandleRun),
		incident.WakeRemind:   late((*bot.Desk).HandleRemind),
		incident.WakeAsk:      late((*bot.Desk).HandleAsk),
		incident.WakeSuspects: late((*bot.Desk).HandleSuspects),
	})
}
