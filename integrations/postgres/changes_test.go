package postgres

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

func (s *stage) changes(names ...string) []integrations.Suspect {
	s.t.Helper()
	got, err := s.parts.Changes.Changes(s.t.Context(), integrations.Window{Services: names, From: time.Now().Add(-3 * time.Hour), To: time.Now().Add(time.Minute)})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range got {
		if one.ID == "" || one.Source != "pg" || one.At.IsZero() || time.Since(one.At) > time.Minute {
			s.t.Errorf("got %+v", one)
		}
	}
	return got
}

func TestPileUpIsASuspect(t *testing.T) {
	s := newStage(t, byGrants)
	if err := s.parts.Adopt([]integrations.Service{{Name: "checkout", DependsOn: []string{"shop", "search"}}}); err != nil {
		t.Fatal(err)
	}
	if got := s.changes(); len(got) != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
	root, waiters := s.pileUp(2)
	s.sleeper("app", "young") // nobody waits for it
	got := s.changes("checkout", "shop")
	if len(got) != 1 {
		t.Fatalf("got %+v, want who holds the others up", got)
	}
	one := got[0]
	if !strings.HasPrefix(one.What, fmt.Sprintf("shop: %d holds 2 sessions up: ", root.pid)) || one.Kind != incident.SuspectQuery || one.Service != "shop" || len(one.Detail) != 2 {
		t.Errorf("got %+v", one)
	}
	for n, w := range waiters {
		if !strings.Contains(strings.Join(one.Detail, "\n"), fmt.Sprint(w.pid)) {
			t.Errorf("got %q, want waiter %d in it", one.Detail, n)
		}
	}
	if one.Offer == nil || one.Offer.Playbook != "kill-queries" || one.Offer.Inputs["database"] != "shop" || one.Offer.Label != "Stop it on shop" {
		t.Errorf("got %+v", one.Offer)
	}
	if again := s.changes("shop"); len(again) != 1 || again[0].ID != one.ID {
		t.Errorf("got %+v, want the same id", again)
	}
	if got := s.changes("search"); len(got) != 0 {
		t.Errorf("got %+v, want nothing of another service", got)
	}
}

func TestMigrationIsNamedAndNotOffered(t *testing.T) {
	s := newStage(t, byGrants)
	s.server.Exec(t, s.db, "CREATE TABLE big (id int)", "ALTER TABLE big OWNER TO app")
	ddl := s.client("app", "migrate")
	ddl.exec("BEGIN", "ALTER TABLE big ADD COLUMN more text")
	waiter := s.client("app", "api")
	waiter.start("SELECT count(*) FROM big")
	s.sees(waiter, nowWaits)
	got := s.changes("whatever")
	if len(got) != 1 || got[0].Kind != incident.SuspectMigration || got[0].Offer != nil || got[0].Why != "a schema change (ALTER TABLE)" || got[0].Who != "migrate" || got[0].Service != "" {
		t.Errorf("got %+v, want the migration, which belongs to nobody", got)
	}
}

func TestLongTransactionIsASuspect(t *testing.T) {
	old := finding{session: session{pid: 7, state: idleInTx, app: "api", query: "SELECT 1", now: time.Now()}, role: runsLong}
	old.xactStart = old.now.Add(-18 * time.Minute)
	target := &target{}
	one := target.suspect("payments-database", old, waits{}, nil)
	if one.What != "payments-database: 7 has had a transaction open for 18 min: SELECT 1" || !one.At.Equal(old.xactStart) || one.Offer.Label != "Stop its queries" {
		t.Errorf("got %+v, %+v", one, one.Offer)
	}
	for why, want := range map[string]bool{"": true, "a dump (pg_dump)": false, "a schema change (ALTER TABLE)": true, "maintenance (VACUUM)": true} {
		f := old
		f.why = why
		if got := f.suspicious(); got != want {
			t.Errorf("%q: got %v, want %v", why, got, want)
		}
		if f.role = rootBlocker; !f.suspicious() {
			t.Errorf("%q: got no suspect, want one that holds others up", why)
		}
	}
}

func TestSilentDatabaseIsNamed(t *testing.T) {
	s := newStage(t, byGrants)
	s.open("postgres://mayday_ops:canary@127.0.0.1:1/shop", "")
	_, err := s.parts.Changes.Changes(t.Context(), integrations.Window{From: time.Now().Add(-time.Hour), To: time.Now()})
	if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Why, "I can't reach shop") || strings.Contains(r.Why, "canary") {
		t.Errorf("got %v, want that shop cannot be reached", err)
	}
}
