package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/playbooks"
)

// outsideParts is everything that the integrations offer.
type outsideParts struct {
	catalogue playbooks.Catalogue
	sources   []bot.Source
	checkers  map[string]integrations.Checker
	feeds     []bot.Feed
	refuse    []func(ctx context.Context) error
	signals   map[string]integrations.Signals // by prefix
	backups   []func(ctx context.Context, connection string) (time.Time, bool)
	closers   []func()
}

// connect makes the parts of every integration. It talks to nobody.
func connect(set *settings, log *slog.Logger) (*outsideParts, error) {
	f := set.file
	out := &outsideParts{catalogue: playbooks.Catalogue{Connections: map[string][]string{}, Envs: map[string]string{}}, checkers: map[string]integrations.Checker{},
		signals: map[string]integrations.Signals{}}
	for _, s := range set.services {
		out.catalogue.Services = append(out.catalogue.Services, s.Name)
	}
	out.catalogue.Signals = set.signalNames()
	var errs []error
	names := []string{"honeycomb"} // read by readHoneycomb
	for _, i := range outside {
		if len(i.At) == 0 {
			names = append(names, i.Name)
		}
	}
	if connections := f.Section("connect"); connections.Exists() {
		errs = append(errs, connections.CheckKeys(names...))
	}
	for _, i := range outside {
		parts, err := i.New(section(f, i), log.With("integration", i.Name))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if parts.Adopt != nil {
			errs = append(errs, parts.Adopt(set.servicesFor(i.Name)))
		}
		out.add(f, i, parts)
	}
	errs = append(errs, out.checkBackups(f))
	if err := config.Join(errs...); err != nil {
		return nil, errors.Join(err, out.close())
	}
	return out, nil
}

// checkBackups refuses a backup of a connection that there is not: the guard
// would never ask for it.
func (o *outsideParts) checkBackups(f *config.File) error {
	var known []string
	for _, names := range o.catalogue.Connections {
		known = append(known, names...)
	}
	slices.Sort(known)
	section := f.Section("connect", "backups")
	var errs []error
	for _, name := range section.Keys() {
		if !slices.Contains(known, name) {
			errs = append(errs, section.Fault(name, "`%s.%s` is the backup of no connection.%s", section.Path(), name, fault.DidYouMean(name, known)))
		}
	}
	return config.Join(errs...)
}

func (o *outsideParts) add(f *config.File, i integrations.Integration, parts integrations.Parts) {
	o.catalogue.Actions = append(o.catalogue.Actions, parts.Actions...)
	if len(parts.Connections) > 0 {
		o.catalogue.Connections[i.Prefix] = parts.Connections
		for _, name := range parts.Connections {
			var env string
			if e := section(f, i).Sub(name).Sub("env"); e.Exists() && e.Decode(&env) == nil {
				o.catalogue.Envs[name] = env
			}
		}
	}
	if parts.Receiver != nil {
		title := i.Title
		if title == "" {
			title = i.Name
		}
		o.sources = append(o.sources, bot.Source{Name: i.Name, Title: title, Receiver: parts.Receiver, Mirror: parts.Mirror})
	}
	if parts.Checker != nil {
		o.checkers[i.Name] = parts.Checker
	}
	if parts.Changes != nil {
		o.feeds = append(o.feeds, bot.Feed{Title: cmp.Or(i.Title, i.Name), Changes: parts.Changes})
	}
	if parts.Signals != nil {
		o.signals[i.Prefix] = parts.Signals
	}
	if parts.Refuse != nil {
		o.refuse = append(o.refuse, parts.Refuse)
	}
	if parts.Backups != nil {
		o.backups = append(o.backups, parts.Backups)
	}
	if parts.Close != nil {
		o.closers = append(o.closers, parts.Close)
	}
}

// told reports whether pipelines may tell of their changes at a door.
func (o *outsideParts) told() bool {
	return slices.ContainsFunc(o.sources, func(s bot.Source) bool { return s.Name == "changes" })
}

// refusePatience is how long a start waits for the outside to say what account it
// gave Mayday. Who does not answer by then is asked by doctor later.
const refusePatience = 3 * time.Second

// refusal is why Mayday must not serve with what it was given (PROMISES P20).
func (o *outsideParts) refusal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, refusePatience)
	defer cancel()
	errs := make([]error, len(o.refuse))
	var wg sync.WaitGroup
	for n, ask := range o.refuse {
		wg.Go(func() {
			errs[n] = ask(ctx)
			if r, ok := integrations.AsRejected(errs[n]); ok {
				errs[n] = fault.New(fault.Refused, r.Code, r.Why, r.Fix).WithState("Mayday did not start.")
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (o *outsideParts) close() error {
	for _, c := range slices.Backward(o.closers) {
		c()
	}
	return nil
}

// Validate checks a configuration and its playbooks without opening anything.
// Warnings come back as well; the error is for what would not work.
func Validate(f *config.File, env config.Env) ([]playbooks.Problem, error) {
	set, err := read(f, env)
	if err != nil {
		return nil, err
	}
	parts, err := connect(set, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() { _ = parts.close() }()
	_, problems, err := load(set, parts.catalogue)
	if err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	if _, err := makePlaces(set, chat.Start{Log: slog.New(slog.DiscardHandler)}); err != nil {
		return nil, err
	}
	return problems, nil
}

// Schema is the JSON Schema of playbook files for editors, with the actions that
// are linked and the connections that are configured.
func Schema(f *config.File, env config.Env) ([]byte, error) {
	set, err := read(f, env)
	if err != nil {
		return nil, err
	}
	parts, err := connect(set, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() { _ = parts.close() }()
	return playbooks.Schema(parts.catalogue), nil
}
