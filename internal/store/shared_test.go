package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// three opens three stores on one database, as three processes have.
func three(t *testing.T) []*Store {
	t.Helper()
	server := postgrestest.Shared(t)
	address := server.SuperuserDSN(server.Database(t))
	var all []*Store
	for range 3 {
		all = append(all, openOn(t, Options{Postgres: address}))
	}
	return all
}

// TestKeysAcrossProcesses: 30 keys of 6 services come to three processes, each key
// several times, in any order. Each service has one incident, with all its keys
// (P3).
func TestKeysAcrossProcesses(t *testing.T) {
	stores := three(t)
	var order []int
	for n := range 30 * 4 {
		order = append(order, n%30)
	}
	rand.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
	var wg sync.WaitGroup
	for n, key := range order {
		wg.Go(func() {
			target, decide := joining(fmt.Sprint("K", key), fmt.Sprint("service-", key%6))
			if _, err := stores[n%3].Do(context.Background(), target, decide); err != nil {
				t.Errorf("key %d: %v", key, err)
			}
		})
	}
	wg.Wait()
	all, err := stores[0].Incidents(t.Context(), incident.Filter{State: "all"})
	if err != nil || len(all) != 6 {
		t.Fatalf("got %d incidents, %v, want one for each of the 6 services", len(all), err)
	}
	for _, i := range all {
		if len(i.Sources) != 5 {
			t.Errorf("%s of %s has %d keys, want 5", i.ID(), i.Service, len(i.Sources))
		}
		for _, s := range stores {
			if err := s.Verify(t.Context(), i.Number); err != nil {
				t.Error(err)
			}
		}
		if err := stores[1].Recompute(t.Context(), i.Number); err != nil {
			t.Error(err)
		}
	}
	if all[0].Number != 6 {
		t.Errorf("the newest is %s: numbers have gaps", all[0].ID())
	}
}

// joining opens an incident for a key, or joins that of the service.
func joining(key, service string) (incident.Target, incident.Decide) {
	src := incident.Source{Kind: "pager", Key: key, Title: "error rate", Status: "triggered"}
	return incident.Target{SourceKind: src.Kind, SourceKey: key, Service: service, Group: true}, func(v incident.View) (incident.Change, error) {
		switch {
		case v.Incident == nil:
			return incident.Change{Entries: []incident.Entry{incident.NewEntry("", "Alert", &incident.Opened{Title: src.Title, Service: service,
				Severity: incident.SEV2, Source: &src, Policy: incident.DefaultPolicy()})}}, nil
		case v.Mine:
			return incident.Change{}, nil
		}
		return incident.Change{Entries: []incident.Entry{incident.NewEntry("", "Joined", &incident.Alert{Source: src, Joined: true})}}, nil
	}
}

// TestTheFeedMissesNothing: a reader that asks for what comes after the last row
// that it saw sees every row once, whoever writes.
func TestTheFeedMissesNothing(t *testing.T) {
	const writers, each = 6, 40
	stores := three(t)
	for n := range writers {
		target, decide := opening(fmt.Sprint("P", n))
		if _, err := stores[0].Do(t.Context(), target, decide); err != nil {
			t.Fatal(err)
		}
	}
	last := int64(count(t, stores[0], `SELECT max(id) FROM feed`))
	var wg sync.WaitGroup
	var over atomic.Bool
	for n := range writers {
		wg.Go(func() {
			for range each {
				_, err := stores[n%3].Do(context.Background(), incident.Target{Number: int64(n + 1)}, func(incident.View) (incident.Change, error) {
					return incident.Change{Entries: []incident.Entry{incident.NewEntry("Ana", "note", &incident.Noted{})}}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen := 0
	read := func() (more bool) {
		rows, err := stores[1].Feed(t.Context(), last, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			seen, last = seen+1, r.ID
		}
		return len(rows) > 0
	}
	go func() { wg.Wait(); over.Store(true) }()
	for !over.Load() {
		read()
	}
	for read() {
	}
	if seen != writers*each {
		t.Errorf("the reader saw %d changes of %d", seen, writers*each)
	}
}

// TestOneActForATarget: while an incident has an act on a target under way, no
// other incident may start one, in whatever process.
func TestOneActForATarget(t *testing.T) {
	stores := three(t)
	begin := func(s *Store, number int64, to ...incident.StepState) error {
		id := fmt.Sprint("step-", number)
		var bodies []incident.Entry
		for _, state := range to {
			b := &incident.StepMoved{ID: id, To: state}
			switch state {
			case incident.Proposed:
				b.New = &incident.Step{ID: id, Action: "pg.cancel"}
			case incident.Previewed:
				b.Plan, b.Digest, b.ExpiresAt = &incident.Plan{Title: "cancel 4412", Target: "payments-db/4412"}, "d", time.Now().Add(time.Hour)
			}
			bodies = append(bodies, incident.NewEntry("Ana", string(state), b))
		}
		_, err := s.Do(t.Context(), incident.Target{Number: number}, func(incident.View) (incident.Change, error) {
			return incident.Change{Entries: bodies}, nil
		})
		return err
	}
	for n := range stores {
		target, decide := opening(fmt.Sprint("P", n))
		if _, err := stores[n].Do(t.Context(), target, decide); err != nil {
			t.Fatal(err)
		}
		if err := begin(stores[n], int64(n+1), incident.Proposed, incident.Previewed, incident.Waiting, incident.Approved); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	var started, refused atomic.Int64
	for n := range stores {
		wg.Go(func() {
			err := begin(stores[n], int64(n+1), incident.Starting)
			switch {
			case err == nil:
				started.Add(1)
			case fault.HasCode(err, "E16"):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if started.Load() != 1 || refused.Load() != 2 {
		t.Errorf("%d were started and %d refused, want 1 and 2", started.Load(), refused.Load())
	}
}

// TestOddWordsOnPostgres: what a source sends may have bytes that no text there
// may have.
func TestOddWordsOnPostgres(t *testing.T) {
	s := openPostgresTemp(t, postgrestest.Shared(t), Options{})
	odd := "a\x00b\xff\u202ec"
	if fresh, err := s.Receive(t.Context(), "pager", odd, []byte(odd)); err != nil || !fresh {
		t.Fatalf("receive: %v, %v", fresh, err)
	}
	if fresh, err := s.Receive(t.Context(), "pager", odd, []byte(odd)); err != nil || fresh {
		t.Errorf("the same again: %v, %v", fresh, err)
	}
	if r, err := s.Received(t.Context(), 1); err != nil || string(r.Body) != odd {
		t.Errorf("got body %q, %v, want it byte for byte", r.Body, err)
	}
	target, decide := joining(odd, odd)
	for range 2 {
		if i, err := s.Do(t.Context(), target, decide); err != nil || i.Number != 1 {
			t.Fatalf("open: %v, %v", i, err)
		}
	}
	_, err := s.Do(t.Context(), incident.Target{Number: 1}, func(incident.View) (incident.Change, error) {
		return incident.Change{Entries: []incident.Entry{incident.NewEntry(odd, odd, &incident.Noted{})},
			Outs: []incident.Out{{Key: odd, Place: incident.Place{Room: incident.RoomOperations, Thread: "INC-1"}, Kind: "note", About: odd}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if err := s.Recompute(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

// TestAnAddressThatIsNone: people read what to do, and no password.
func TestAnAddressThatIsNone(t *testing.T) {
	for _, address := range []string{"postgres://u:hunter2@[::bad/x", "postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=2"} {
		_, err := Open(t.Context(), Options{Postgres: address})
		if f := fault.Of(err); f.Kind == fault.Internal || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want a fault without the password", err)
		}
	}
}
