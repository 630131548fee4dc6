package app

import (
	"context"
	"errors"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/bot/web"
	"mayday/commands"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/playbooks"
)

// The file is read again on SIGHUP. One that has a mistake anywhere, in a
// playbook as well, replaces nothing: it is said in the log and by doctor, and
// what was in force stays in force. A good one replaces what can be replaced
// while work goes on; the rest waits for a restart, and that is said too.

// rules are what is in force: settings and the desk that keeps to them.
type rules struct {
	set      *settings
	desk     *bot.Desk
	problems []playbooks.Problem
}

// desk is the one in force.
func (a *App) desk() *bot.Desk { return a.now.Load().desk }

func (a *App) enforce(r *rules) {
	a.tel.Metrics().Expect(addressees(r.desk)...)
	a.now.Store(r)
	a.live.now.Store(commands.New(r.desk))
}

// addressees are the platforms and outside systems that a desk sends something to.
func addressees(d *bot.Desk) []string {
	var out []string
	for _, p := range d.Platforms {
		out = append(out, p.Name())
	}
	for _, s := range d.Sources {
		if s.Mirror != nil {
			out = append(out, s.Name)
		}
	}
	return out
}

// liveHandler passes on to the handler in force.
type liveHandler struct {
	now atomic.Pointer[commands.Handler]
}

var _ chat.Handler = (*liveHandler)(nil)

// Handle implements chat.Handler.
func (h *liveHandler) Handle(ctx context.Context, in chat.Interaction) (chat.Message, error) {
	return h.now.Load().Handle(ctx, in)
}

// Suggest implements chat.Handler.
func (h *liveHandler) Suggest(ctx context.Context, q chat.Query) ([]chat.Choice, error) {
	return h.now.Load().Suggest(ctx, q)
}

// reloads is how the last one went.
type reloads struct {
	one sync.Mutex // one at a time

	mu    sync.Mutex
	bad   error    // why the file as it is now is not in force
	waits []string // what waits for a restart, in part or whole
}

// unread are the findings of doctor about a file that is not in force.
func (a *App) unread() []Finding {
	a.reloads.mu.Lock()
	defer a.reloads.mu.Unlock()
	var out []Finding
	if a.reloads.bad != nil {
		out = append(out, Finding{Part: "Config", Text: "the file was changed and is not in force: " + mistakes(a.reloads.bad), Fix: "mend it, then: kill -HUP the process (systemctl reload mayday)"})
	}
	if len(a.reloads.waits) > 0 {
		out = append(out, Finding{Part: "Config", Warn: true, Text: "changed, and wholly in force only after a restart: " + strings.Join(a.reloads.waits, ", "), Fix: "restart Mayday when it suits you"})
	}
	return out
}

// reloadOn reads the file again whenever it is told to, until ctx ends.
func (a *App) reloadOn(ctx context.Context, again <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-again:
			_ = a.Reload(ctx) // it says itself what is wrong
			if !a.o.Manual {
				a.clinic.Again(ctx)
			}
		}
	}
}

// Reload reads the file again. On an error nothing was replaced.
func (a *App) Reload(ctx context.Context) error {
	a.reloads.one.Lock()
	defer a.reloads.one.Unlock()
	old := a.now.Load()
	next, err := a.reread(old)
	if err != nil {
		a.log.Error("configuration was not replaced: the file has mistakes", "file", a.o.File.Name(), "mistakes", mistakes(err))
		a.reloads.mu.Lock()
		a.reloads.bad = err
		a.reloads.mu.Unlock()
		return err
	}
	changed := differences(old.set.file, next.set.file, "")
	waits := append(differences(a.set.file, next.set.file, restarts), adopted(a.set.file, next.set.file)...)
	a.enforce(next)
	a.web.Replace(next.set.tokens, next.set.openRead, func(u chat.User) (chat.User, bool) { return next.set.still(u) })
	a.reloads.mu.Lock()
	a.reloads.bad, a.reloads.waits = nil, waits
	a.reloads.mu.Unlock()
	a.log.Info("configuration was read again", "changed", strings.Join(changed, ","), "after_restart", strings.Join(waits, ","),
		"services", len(next.set.services), "playbooks", len(next.desk.Book.Names()))
	return ctx.Err()
}

// reread reads and checks everything, as a start would, and makes the rules.
func (a *App) reread(old *rules) (*rules, error) {
	file, err := config.Load(a.o.File.Name())
	if err != nil {
		return nil, err
	}
	file.OnReveal(a.tel.Redactor().Add)
	env := a.o.Env
	if a.o.Listen != "" {
		env.Listen = a.o.Listen
	}
	set, err := read(file, env)
	if err != nil {
		return nil, err
	}
	for n := range set.tokens {
		set.tokens[n].ActAs = a.o.ActAs
		if _, err := set.tokens[n].Token.Reveal(); err != nil {
			return nil, file.Section("web", "tokens").Items()[n].Fault("token", "token %s: %v", set.tokens[n].Name, err)
		}
	}
	if _, err := Validate(file, env); err != nil {
		return nil, err
	}
	cat := a.cat
	cat.Services, cat.Signals = nil, set.signalNames()
	for _, s := range set.services {
		cat.Services = append(cat.Services, s.Name)
	}
	book, problems, err := load(set, cat)
	if err != nil {
		return nil, err
	}
	if err := playbooks.AsFault(slices.DeleteFunc(slices.Clone(problems), func(p playbooks.Problem) bool { return p.Warning })); err != nil {
		return nil, err
	}
	desk, err := old.desk.With(bot.Rules{Book: book, Known: cat.Services, Signals: cat.Signals, Services: set.services, People: set.people, Vouched: vouched(set.tokens),
		Safety: set.safety, Policy: set.policy.Faster(a.o.Speed), StepTimeout: set.timeout})
	if err != nil {
		return nil, err
	}
	set.data, set.listen = a.set.data, a.set.listen // the ones that are open
	return &rules{set: set, desk: desk, problems: problems}, nil
}

// mistakes is an error as one line: file:line:column and what is wrong.
func mistakes(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return strings.ReplaceAll(f.Message, "\n", "; ")
	}
	return err.Error()
}

// restarts are the sections that are read at the start only.
const restarts = "chat pagerduty alertmanager changes connect store log shutdown watch web.listen web.url web.tls web.trust_proxy web.user_header web.hosts web.oidc"

// adopted are the parts of services that integrations took over at the start and
// that another file has otherwise. They are told of services once, so until a
// restart they go by the old ones, and know none that is new; the desk itself
// goes by the new ones at once.
func adopted(a, b *config.File) []string {
	one, _ := a.Tree()["services"].(map[string]any)
	two, _ := b.Tree()["services"].(map[string]any)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(both(one, two))) {
		was, before := one[name]
		is, after := two[name]
		if before != after {
			out = append(out, "services."+name)
			continue
		}
		old, _ := was.(map[string]any)
		now, _ := is.(map[string]any)
		for _, part := range append(adopting(), "match", "env", "depends_on", "charts", "migrations") {
			if !reflect.DeepEqual(old[part], now[part]) {
				out = append(out, "services."+name+"."+part)
			}
		}
	}
	return out
}

// both has the keys of two maps.
func both(one, two map[string]any) map[string]any {
	out := maps.Clone(one)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, two)
	return out
}

// differences lists the sections that two files have in different words; only
// those named, or all.
func differences(a, b *config.File, only string) []string {
	places := strings.Fields(only)
	if only == "" {
		for _, key := range topLevel {
			if key != "web" {
				places = append(places, key)
			}
		}
		for _, key := range []string{"listen", "url", "tls", "trust_proxy", "user_header", "hosts", "oidc", "read", "tokens"} {
			places = append(places, "web."+key)
		}
	}
	one, two := a.Tree(), b.Tree()
	var out []string
	for _, place := range places {
		if !reflect.DeepEqual(at(one, place), at(two, place)) {
			out = append(out, place)
		}
	}
	return out
}

// at is the value at a dotted place.
func at(tree map[string]any, place string) any {
	key, rest, deeper := strings.Cut(place, ".")
	if !deeper {
		return tree[key]
	}
	sub, _ := tree[key].(map[string]any)
	return at(sub, rest)
}

// still answers somebody who is signed in as the new configuration has them;
// false when they have to sign in again: somebody who came from chat, whose
// groups are asked there, and who is not in the file any more.
func (s *settings) still(u chat.User) (chat.User, bool) {
	for _, p := range s.people.Same {
		if u.Home == "" && p.IDs[web.Platform.Name] == u.ID {
			return chat.User{ID: u.ID, Name: p.Name, Role: s.tokenRole(u.ID)}, true
		}
	}
	stranger := strings.HasPrefix(u.ID, "oidc:") || strings.HasPrefix(u.ID, "proxy:")
	if u.Home != "" || stranger {
		return u, stranger && u.Home == ""
	}
	role := s.tokenRole(u.ID)
	return chat.User{ID: u.ID, Name: u.Name, Role: role}, role != ""
}
