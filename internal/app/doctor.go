package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/store"
	"mayday/internal/telemetry"
	"mayday/playbooks"
)

// Finding is one line of doctor.
type Finding = bot.Finding

// Doctor asks every part what is missing. It changes nothing and needs no
// running server.
func Doctor(ctx context.Context, f *config.File, env config.Env) ([]Finding, error) {
	redactor := &telemetry.Redactor{}
	f.OnReveal(redactor.Add)
	found, err := doctor(ctx, f, env)
	return discreetFindings(redactor, found), discreet(redactor, err)
}

func doctor(ctx context.Context, f *config.File, env config.Env) ([]Finding, error) {
	set, err := read(f, env)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	parts, err := connect(set, log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = parts.close() }()
	book, problems, err := load(set, parts.catalogue)
	if err != nil {
		return nil, err
	}
	places, err := makePlaces(set, chat.Start{Log: log})
	if err != nil {
		return nil, err
	}
	f.RevealAll()
	c := checkup{set: set, places: places, checkers: parts.checkers, book: book, problems: problems, whole: true}
	return c.run(ctx), nil
}

// checkup is everything that doctor asks.
type checkup struct {
	set      *settings
	places   []chat.Platform
	checkers map[string]integrations.Checker
	book     *playbooks.Book
	problems []playbooks.Problem
	more     func(context.Context) []Finding // what only a running server knows
	whole    bool                            // reads the whole store, which may take long
}

// checkTime is how long one part may take to answer.
const checkTime = 15 * time.Second

func (c *checkup) run(ctx context.Context) []Finding {
	out := []Finding{{Part: "Config", OK: true, Text: fmt.Sprintf("%s (%d services, %d playbooks)", c.set.file.Name(), len(c.set.services), len(c.book.Names()))}}
	for _, p := range c.problems {
		out = append(out, Finding{Part: "Playbooks", Warn: p.Warning, Text: p.String()})
	}
	names := faces()
	for _, p := range c.places {
		if check, ok := p.(chat.Checker); ok {
			ctx, cancel := context.WithTimeout(ctx, checkTime)
			for _, f := range check.Check(ctx) {
				out = append(out, Finding{Part: names[p.Name()].Title, OK: f.OK, Warn: f.Warn, Text: f.Text, Fix: f.Fix})
			}
			cancel()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.checkers)) {
		ctx, cancel := context.WithTimeout(ctx, checkTime)
		for _, f := range c.checkers[name].Check(ctx) {
			out = append(out, Finding{Part: name, OK: f.OK, Warn: f.Warn, Text: f.Text, Fix: f.Fix})
		}
		cancel()
	}
	if c.more != nil {
		out = append(out, c.more(ctx)...)
	}
	return append(out, c.own(ctx)...)
}

// own is what Mayday knows of itself.
func (c *checkup) own(ctx context.Context) []Finding {
	out := c.store(ctx)
	if len(c.set.tokens) == 0 && c.set.door.oidc == nil && c.set.door.userHeader == "" {
		out = append(out, Finding{Part: "Web", Warn: true, Text: "nobody can sign in: there are no web.tokens",
			Fix: "web: {tokens: [{name: ana, role: responder, token: env:ANA_TOKEN}]}"})
	}
	return out
}

// store looks at where everything is kept.
func (c *checkup) store(ctx context.Context) (out []Finding) {
	if c.set.postgres.IsZero() {
		out = append(out, room(c.set.data))
	}
	o, err := c.set.storeOptions()
	if err != nil {
		return append(out, Finding{Part: "Store", Text: err.Error(), Fix: "give doctor the environment that the service has"})
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	for _, f := range store.Examine(ctx, o, c.whole) {
		out = append(out, Finding{Part: "Store", OK: f.OK, Warn: f.Warn, Text: f.Text, Fix: f.Fix})
	}
	return out
}

// lowDisk is when doctor warns: PROMISES rule 15 refuses new steps below 100 MiB.
const lowDisk = 1 << 30

// room tells how much the disk of the store has left.
func room(dir string) Finding {
	f := Finding{Part: "Store"}
	at := dir
	var st syscall.Statfs_t
	err := syscall.Statfs(at, &st)
	for errors.Is(err, syscall.ENOENT) && at != filepath.Dir(at) { // it is made at the first start
		at = filepath.Dir(at)
		err = syscall.Statfs(at, &st)
	}
	if err != nil {
		f.Text, f.Fix = fmt.Sprintf("%s: %v", dir, err), "make the directory, or set store.path to one that Mayday can write"
		return f
	}
	free := st.Bavail * uint64(st.Bsize)
	f.Text = fmt.Sprintf("%s, %.1f GB free", dir, float64(free)/1e9)
	if free < lowDisk {
		f.Warn, f.Fix = true, "free some space: alerts are answered 503 when the disk is full"
		return f
	}
	f.OK = true
	return f
}

// clinic asks everybody now and then, so that a report is at hand when somebody
// wants one.
type clinic struct {
	check func(ctx context.Context) []Finding
	log   *slog.Logger

	one  sync.Mutex // one round at a time
	mu   sync.Mutex
	last []Finding
	at   time.Time
}

var _ bot.Clinic = (*clinic)(nil)

// Last answers the newest report.
func (c *clinic) Last() ([]Finding, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.last), c.at
}

// Again asks everybody anew.
func (c *clinic) Again(ctx context.Context) []Finding {
	c.one.Lock()
	defer c.one.Unlock()
	found := c.check(ctx)
	if ctx.Err() != nil {
		return found
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.at = found, time.Now()
	return slices.Clone(found)
}

// checkEvery is how old a report may get.
const checkEvery = 10 * time.Minute

// run asks at the start, logging what is wrong, and then now and then.
func (c *clinic) run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		for _, f := range c.Again(ctx) {
			if !f.OK && ctx.Err() == nil {
				c.log.Warn("doctor", "part", f.Part, "found", f.Text, "fix", f.Fix)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
