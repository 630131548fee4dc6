package postgres

import (
	"fmt"
	"strings"
	"testing"

	"mayday/integrations"
	"mayday/internal/incident"
)

// A pooled backend keeps its pid and its start while it serves one client's
// transaction after another's.
func TestAnotherTransactionIsNotTouched(t *testing.T) {
	for _, rights := range []string{byFunctions, byGrants} {
		t.Run(rights, func(t *testing.T) {
			s := newStage(t, rights)
			pooled := s.client("app", "pool")
			pooled.exec("BEGIN", "SELECT 1")
			row := s.row(pooled)
			p := s.mustPlan(terminateName, row)
			pooled.exec("COMMIT", "BEGIN", "SELECT 2")

			_, err := s.apply(p)
			if !isStale(err, "E10") || !strings.Contains(err.Error(), "runs another transaction since") {
				t.Errorf("apply: got %v, want stale", err)
			}
			again, err := s.plan(terminateName, row)
			if err != nil || !strings.Contains(again.Gone, "runs another transaction since") {
				t.Errorf("plan: got %q, %v, want gone", again.Gone, err)
			}
			pooled.exec("SELECT 3")
			for _, kept := range []integrations.Kept{nil, {keySent: "2026-01-02T03:04:05Z"}} {
				if e := s.probeKept(p, kept); e.Applied != incident.No || !strings.Contains(e.Text, "another transaction") {
					t.Errorf("probe, kept %v: got %+v, want not applied", kept, e)
				}
			}
			pooled.exec("COMMIT")
			if _, err := s.apply(p); !isStale(err, "E10") {
				t.Errorf("apply on an idle session: got %v, want stale", err)
			}
			pooled.exec("SELECT 4")
		})
	}
}

func TestAnotherStatementIsNotCancelled(t *testing.T) {
	s := newStage(t, byGrants)
	c := s.client("app", "api")
	c.exec("BEGIN")
	c.start("SELECT pg_sleep(0.5)")
	s.sees(c, nowActive)
	p := s.mustPlan(cancelName, s.row(c))
	if err := c.wait(); err != nil {
		t.Fatal(err)
	}
	if e := s.probe(p); e.Applied != incident.No {
		t.Errorf("probe after it ended well: got %+v, want not applied", e)
	}
	c.start("SELECT pg_sleep(600)")
	s.sees(c, nowActive)
	if _, err := s.apply(p); !isStale(err, "E10") || !strings.Contains(err.Error(), "another statement") {
		t.Errorf("apply: got %v, want stale", err)
	}
	if e := s.probe(p); e.Applied != incident.Unknown {
		t.Errorf("probe: got %+v, want that it cannot tell", e)
	}
	if !c.stillRuns() {
		t.Error("the next statement was cancelled")
	}
}

func TestASessionThatIsGone(t *testing.T) {
	s := newStage(t, byGrants)
	c := s.sleeper("app", "api")
	row := s.row(c)
	p := s.mustPlan(terminateName, row)
	s.server.Exec(t, "postgres", fmt.Sprintf("SELECT pg_terminate_backend(%d, 10000)", c.pid))

	want := fmt.Sprintf("pid %d ended by itself", c.pid)
	if _, err := s.apply(p); !isStale(err, "E18") || !strings.Contains(err.Error(), want) {
		t.Errorf("apply: got %v, want E18", err)
	}
	gone, err := s.plan(terminateName, row)
	if err != nil || gone.Gone != want || gone.Target != p.Target {
		t.Errorf("plan: got %+v, %v, want gone with the same target", gone, err)
	}
}

// A pid is used again by another session: only backend_start tells.
func TestAReusedPID(t *testing.T) {
	s := newStage(t, byGrants)
	c := s.sleeper("app", "api")
	row := s.row(c)
	p := s.mustPlan(terminateName, row)
	for _, values := range []map[string]string{
		{keyBackendStart: "2020-01-01T00:00:00.000001Z"}, {keyUser: "batch"},
	} {
		older, forged := p, integrations.Row{ID: row.ID, Values: map[string]any{}}
		older.Pre = map[string]string{}
		for k, v := range p.Pre {
			older.Pre[k] = v
		}
		for k, v := range row.Values {
			forged.Values[k] = v
		}
		for k, v := range values {
			older.Pre[k], forged.Values[k] = v, v
		}
		if _, err := s.apply(older); !isStale(err, "E18") || !strings.Contains(err.Error(), "belongs to another session") {
			t.Errorf("apply %v: got %v, want E18", values, err)
		}
		if gone, err := s.plan(terminateName, forged); err != nil || gone.Gone == "" {
			t.Errorf("plan %v: got %+v, %v, want gone", values, gone, err)
		}
		if e := s.probe(older); e.Applied != incident.Yes {
			t.Errorf("probe %v: got %+v, want that the old one is gone", values, e)
		}
	}
	if !c.stillRuns() {
		t.Error("the session was ended")
	}
}

// The statement itself checks, not only the look before it: here the look is
// left out, as if everything changed right after it.
func TestTheSignallingStatementChecksByItself(t *testing.T) {
	for _, rights := range []string{byFunctions, byGrants} {
		for _, k := range []kind{terminating, cancelling} {
			t.Run(rights+" "+k.action, func(t *testing.T) {
				s := newStage(t, rights)
				c := s.sleeper("app", "api")
				good, err := k.identityFrom(s.mustPlan(k.action, s.row(c)).Pre)
				if err != nil {
					t.Fatal(err)
				}
				for name, spoil := range map[string]func(*identity){
					"start": func(id *identity) { id.start = id.start.Add(1000) },
					"xact":  func(id *identity) { id.xact = id.xact.Add(1000) },
					"user":  func(id *identity) { id.user = "batch" },
					"query": func(id *identity) { id.byQuery, id.query = true, id.query.Add(1000) },
				} {
					bad := good
					spoil(&bad)
					s.sendRaw(k, bad, false)
					if !c.stillRuns() {
						t.Fatalf("%s differs and the session was signalled", name)
					}
				}
				s.sendRaw(k, good, true)
				if c.wait() == nil {
					t.Error("the right identity was not signalled")
				}
			})
		}
	}
}

func (s *stage) sendRaw(k kind, id identity, want bool) {
	s.t.Helper()
	own := s.parts.Checker.(*target)
	conn, release, err := own.connections["shop"].dedicated(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer release()
	at := attempt{kind: k, c: own.connections["shop"], conn: conn, id: id, log: own.log}
	signalled, err := at.send(s.t.Context())
	if got := err == nil && signalled != nil && *signalled; got != want {
		s.t.Errorf("signalled: got %v (%v), want %v", got, err, want)
	}
}
