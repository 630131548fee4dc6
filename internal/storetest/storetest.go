// Package storetest is the conformance suite of the store: what the desk and the
// queue rely on, said over their ports. Every engine has to pass it; nothing in
// it knows which one it talks to.
package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"mayday/bot"
	"mayday/internal/incident"
	"mayday/internal/queue"
)

// Desk is the part of a store that the desk uses.
type Desk interface {
	bot.Journal
	bot.Inbox
	bot.Outbox
	bot.Buttons
	bot.Reader
	bot.Notes
}

// Auditor proves that what is stored was not changed and that the cached rows
// follow from it.
type Auditor interface {
	Verify(ctx context.Context, number int64) error
	Recompute(ctx context.Context, number int64) error
}

// Store is all that the suite asks of an engine.
type Store interface {
	Desk
	bot.Threads
	bot.Suspects
	queue.Source
	Auditor
}

// Platform is the only chat platform of the stores under test.
const Platform = "web"

// Run runs the suite. Open makes an empty store whose one chat platform is
// Platform, and closes it with tb.
func Run(t *testing.T, open func(tb testing.TB, clock func() time.Time) Store) {
	for name, test := range map[string]func(t *testing.T, s Store, c *Clock){
		"opens, finds and joins":               testOpen,
		"refuses without a trace":              testRefusal,
		"remembers resolved keys":              testTombstone,
		"one incident for 50 openers of a key": testOneIncidentPerKey,
		"a bad job harms no other":             testIsolation,
		"a nudge slot is served once":          testNudgeSlot,
		"keeps the fold of any timeline":       testProperty,
		"knows whose a step is":                testSteps,
		"takes each body once":                 testReceive,
		"settles bodies":                       testSettle,
		"sends a thread in order":              testLane,
		"latest edit wins":                     testEdit,
		"takes messages back":                  testDelete,
		"gives a message up":                   testQuarantine,
		"knows what may stand":                 testTried,
		"opens a thread anew":                  testAnew,
		"posts a deleted message anew":         testRepost,
		"hears a thing once":                   testOnce,
		"answers a room":                       testPosted,
		"calls a source once for all":          testMirror,
		"keeps buttons":                        testButtons,
		"claims 10,000 rows, none twice":       testClaimMany,
		"claims in order":                      testClaimOrder,
		"terms only grow":                      testTerms,
		"fences stale claims off":              testFencing,
		"a lease runs out and is renewed":      testLease,
		"woken while held":                     testWokenWhileHeld,
		"moves and cancels wake-ups":           testMoveWake,
		"a failing lane is not hurried":        testPatientLane,
		"signals due rows":                     testChanged,
		"lists incidents":                      testIncidents,
		"feeds every change":                   testFeed,
		"keeps notes":                          testNotes,
		"keeps changes":                        testChange,
		"a context that ended writes nothing":  testCancelled,
	} {
		t.Run(name, func(t *testing.T) {
			clock := NewClock()
			test(t, open(t, clock.Now), clock)
		})
	}
}

// Clock is a clock that tests set.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a Tuesday afternoon.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 3, 14, 2, 7, 123456000, time.UTC)} }

// Now is the time that was set.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Source is a key of the alert source of these tests.
func Source(key string) incident.Source {
	return incident.Source{Kind: "pager", Key: key, Title: "checkout: error rate 12 %", Status: "triggered"}
}

// Opening targets a key and opens an incident for it, if there is none.
func Opening(key, service string) (incident.Target, incident.Decide) {
	src := Source(key)
	return incident.Target{SourceKind: src.Kind, SourceKey: key}, func(v incident.View) (incident.Change, error) {
		if v.Incident != nil {
			return incident.Change{}, nil
		}
		return incident.Change{Entries: []incident.Entry{
			incident.NewEntry("Pager", "Alert", &incident.Opened{Title: src.Title, Service: service, Severity: incident.SEV2,
				Source: &src, Policy: incident.DefaultPolicy()}),
			incident.NewEntry("", "Declared", &incident.Declared{Why: "urgency high"}),
		}}, nil
	}
}

// open opens one incident and answers it.
func open(t testing.TB, s Store, key string) *incident.Incident {
	t.Helper()
	target, decide := Opening(key, "checkout")
	i, err := s.Do(t.Context(), target, decide)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return i
}

// adding is a decision that appends these bodies.
func adding(bodies ...incident.Body) incident.Decide {
	return func(incident.View) (incident.Change, error) {
		var c incident.Change
		for _, b := range bodies {
			c.Entries = append(c.Entries, incident.NewEntry("Ana", b.Kind(), b))
		}
		return c, nil
	}
}

// sending is a decision that sends these messages.
func sending(outs ...incident.Out) incident.Decide {
	return func(incident.View) (incident.Change, error) { return incident.Change{Outs: outs}, nil }
}

// waking is a decision that sets these wake-ups.
func waking(wakes ...incident.Wake) incident.Decide {
	return func(incident.View) (incident.Change, error) { return incident.Change{Wakes: wakes}, nil }
}

func do(t testing.TB, s Store, target incident.Target, d incident.Decide) *incident.Incident {
	t.Helper()
	i, err := s.Do(t.Context(), target, d)
	if err != nil {
		t.Fatalf("do: %v", err)
	}
	return i
}

// claim takes the one due row of a kind; its name must be row, if that is set.
func claim(t testing.TB, s Store, kind, row string) incident.Claim {
	t.Helper()
	claims := claimAll(t, s, kind)
	if len(claims) != 1 || (row != "" && claims[0].Row != row) {
		t.Fatalf("claim %s: got %v, want one row %q", kind, claims, row)
	}
	return claims[0]
}

func claimAll(t testing.TB, s Store, kind string) []incident.Claim {
	t.Helper()
	claims, err := s.Claim(t.Context(), []string{kind}, 100, time.Minute)
	if err != nil {
		t.Fatalf("claim %s: %v", kind, err)
	}
	return claims
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// sound checks seals and cached rows.
func sound(t testing.TB, s Store, number int64) {
	t.Helper()
	must(t, "verify", s.Verify(context.Background(), number))
	must(t, "recompute", s.Recompute(context.Background(), number))
}

// together runs f on n goroutines and answers their errors.
func together(n int, f func(n int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errs
}

func rowName(n int) string { return fmt.Sprintf("row-%05d", n) }
