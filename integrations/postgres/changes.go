package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

var _ integrations.Changes = (*target)(nil)

const (
	mostSuspects = 5 // of one connection
	mostDetails  = 8
	longestLabel = 24 // characters of a button
	killBook     = "kill-queries"
)

// adopt learns which connections services stand on (services.NAME.depends_on):
// what goes on there is theirs, and what goes on elsewhere is everybody's.
func (t *target) adopt(services []integrations.Service) error {
	for _, svc := range services {
		for _, name := range svc.DependsOn {
			if _, ours := t.connections[name]; ours {
				t.known = append(t.known, name)
			}
		}
		if svc.Own.Exists() {
			return svc.Own.Fault("", "`%s` is not used: name the connection under depends_on, as in depends_on: [payments-db].", svc.Own.Path())
		}
	}
	return nil
}

// Changes lists what holds others up now, and transactions that began in the
// window and are long by now. Who holds others up is told whenever it began: it
// is at work at this moment. One connection that cannot be reached takes nothing
// away from the others; the error names it.
func (t *target) Changes(ctx context.Context, w integrations.Window) ([]integrations.Suspect, error) {
	var names []string
	for _, name := range t.names {
		if len(w.Services) == 0 || slices.Contains(w.Services, name) || !slices.Contains(t.known, name) {
			names = append(names, name)
		}
	}
	found, errs := make([][]integrations.Suspect, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for n, name := range names {
		wg.Go(func() { found[n], errs[n] = t.suspects(ctx, t.connections[name], w) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return slices.Concat(found...), err
		}
	}
	return slices.Concat(found...), nil
}

func (t *target) suspects(ctx context.Context, c *connection, w integrations.Window) ([]integrations.Suspect, error) {
	var sessions []session
	var we account
	err := c.read(ctx, func(q querier) (err error) {
		if we, err = readAccount(ctx, q); err != nil {
			return err
		}
		sessions, err = readSessions(ctx, q)
		return err
	})
	if err != nil {
		return nil, c.unreachable(err)
	}
	seen := survey(sessions, we, defaultOlderThan)
	var out []integrations.Suspect
	for _, f := range slices.Concat(seen.offered, seen.spared) {
		if !f.suspicious() || f.began().After(w.To) || (f.role != rootBlocker && f.began().Before(w.From)) || f.began().IsZero() {
			continue
		}
		out = append(out, t.suspect(c.name, f, seen.waits, sessions))
	}
	slices.SortStableFunc(out, func(a, b integrations.Suspect) int { return b.At.Compare(a.At) })
	return out[:min(len(out), mostSuspects)], nil
}

// suspicious leaves out what waits itself, and long work that is usual: a dump
// is no news unless it holds somebody up.
func (f finding) suspicious() bool {
	switch {
	case f.self || f.app == applicationName:
		return false
	case f.role == rootBlocker:
		return true
	}
	return f.role == runsLong && (f.why == "" || f.alters())
}

// alters reports a schema change or maintenance, which Mayday never ends.
func (f finding) alters() bool {
	return strings.HasPrefix(f.why, "a schema change") || strings.HasPrefix(f.why, "maintenance")
}

// began is when the transaction began, else the statement: what it holds it took
// since then.
func (f finding) began() time.Time {
	if !f.xactStart.IsZero() {
		return f.xactStart
	}
	return f.since()
}

func (t *target) suspect(name string, f finding, w waits, sessions []session) integrations.Suspect {
	s := integrations.Suspect{
		ID: strings.Join([]string{name, strconv.Itoa(int(f.pid)), stamp(f.backendStart), stamp(f.began())}, "/"), Source: "pg",
		Kind: incident.SuspectQuery, At: f.began(), What: fmt.Sprintf("%s: %d %s: %s", name, f.pid, f.deed(), integrations.Clip(masked(f.query), 120)),
		Who: integrations.Clip(f.program(), 80), Why: f.why, Detail: held(f, w, sessions),
	}
	if slices.Contains(t.known, name) {
		s.Service = name
	}
	switch {
	case f.alters():
		s.Kind = incident.SuspectMigration
	case f.why == "":
		s.Offer = &integrations.Offer{Label: "Stop its queries", Playbook: killBook, Inputs: map[string]string{"database": name}}
		if label := "Stop it on " + name; len([]rune(label)) <= longestLabel {
			s.Offer.Label = label
		}
	}
	return s
}

// deed is what a session does wrong, in words.
func (f finding) deed() string {
	if f.role == rootBlocker {
		return "holds " + integrations.Count(f.blocks, "session", "sessions") + " up"
	}
	if f.state == idleInTx || f.state == idleInFailedTx {
		return "has had a transaction open for " + ageText(f.now.Sub(f.began()))
	}
	return "has run for " + ageText(f.age())
}

// held lists who waits behind a session.
func held(f finding, w waits, sessions []session) []string {
	var out []string
	waiting := w.heldBy(f.pid)
	for _, s := range sessions {
		if !slices.Contains(waiting, s.pid) {
			continue
		}
		if len(out) == mostDetails {
			return append(out, fmt.Sprintf("and %d more", len(waiting)-len(out)))
		}
		out = append(out, fmt.Sprintf("held up: %d %s", s.pid, integrations.Clip(masked(s.query), 100)))
	}
	return out
}
