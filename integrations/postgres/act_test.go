package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/incident"
)

func TestTerminateEndsTheOneQueryAndNothingElse(t *testing.T) {
	for _, rights := range []string{byFunctions, byGrants} {
		t.Run(rights, func(t *testing.T) {
			s := newStage(t, rights)
			victim, other := s.sleeper("app", "api"), s.sleeper("app", "api")
			bystander := s.client("batch", "worker")
			before := s.alive()

			p := s.mustPlan(terminateName, s.row(victim))
			if failing, open := p.Failing(), p.Open(); len(failing)+len(open) > 0 {
				t.Errorf("checks: got %v, want all good", p.Checks)
			}
			r := s.mustApply(p)

			if want := fmt.Sprintf("session %d ended", victim.pid); r.Text != want {
				t.Errorf("receipt: got %q, want %q", r.Text, want)
			}
			if victim.wait() == nil {
				t.Error("the query ended well, want that its session was ended")
			}
			if !other.stillRuns() {
				t.Error("the other query of the same user ended as well")
			}
			bystander.exec("SELECT 1")
			if got, want := s.alive(), before-1; got != want {
				t.Errorf("sessions: got %d, want %d", got, want)
			}
			if e := s.probe(p); e.Applied != incident.Yes || !e.Settled {
				t.Errorf("probe: got %+v, want applied and settled", e)
			}
		})
	}
}

func TestRootOfAPileUpEndsAndTheWaitersGoOn(t *testing.T) {
	for _, rights := range []string{byFunctions, byGrants} {
		t.Run(rights, func(t *testing.T) {
			s := newStage(t, rights)
			root, waiters := s.pileUp(4)
			before := s.alive()

			table := s.look(defaultOlderThan)
			if len(table.Rows) == 0 || table.Rows[0].ID != fmt.Sprint(root.pid) {
				t.Fatalf("rows: got %v, want pid %d first", table.Rows, root.pid)
			}
			if want := "1 session holds 4 others up"; !strings.HasPrefix(table.Summary, want) {
				t.Errorf("summary: got %q, want %q at the start", table.Summary, want)
			}
			p := s.mustPlan(terminateName, table.Rows[0])
			if answer(p, "root blocker: holds 4 others up") != incident.Yes {
				t.Errorf("checks: got %v", p.Checks)
			}
			s.mustApply(p)

			for _, w := range waiters {
				if err := w.wait(); err != nil {
					t.Errorf("waiter: got %v, want that it finishes", err)
				}
			}
			if got, want := s.alive(), before-1; got != want {
				t.Errorf("sessions: got %d, want %d", got, want)
			}
			var state string
			if err := s.server.Open(t, s.server.SuperuserDSN(s.db)).QueryRow("SELECT state FROM orders").Scan(&state); err != nil {
				t.Fatal(err)
			}
			if state != "sent" {
				t.Errorf("row: got %q, want that the waiters wrote it", state)
			}
		})
	}
}

func TestCancelEndsTheQueryAndKeepsTheSession(t *testing.T) {
	for _, rights := range []string{byFunctions, byGrants} {
		t.Run(rights, func(t *testing.T) {
			s := newStage(t, rights)
			victim, other := s.sleeper("app", "api"), s.sleeper("batch", "worker")
			p := s.mustPlan(cancelName, s.row(victim))
			if p.Grade != incident.GradeChange {
				t.Errorf("grade: got %q, want change", p.Grade)
			}
			r := s.mustApply(p)
			if want := fmt.Sprintf("the query of session %d ended", victim.pid); r.Text != want {
				t.Errorf("receipt: got %q, want %q", r.Text, want)
			}
			if got := sqlState(victim.wait()); got != "57014" {
				t.Errorf("query: got SQLSTATE %q, want 57014", got)
			}
			victim.exec("SELECT 1")
			if !other.stillRuns() {
				t.Error("the other query ended as well")
			}
			if e := s.probe(p); e.Applied != incident.Yes {
				t.Errorf("probe: got %+v, want applied", e)
			}
		})
	}
}

func TestCancelInsideATransactionSaysThatItIsAborted(t *testing.T) {
	s := newStage(t, byGrants)
	victim := s.client("app", "api")
	victim.exec("BEGIN")
	victim.start("SELECT pg_sleep(600)")
	s.sees(victim, nowActive)
	p := s.mustPlan(cancelName, s.row(victim))
	// A look that comes while the server still unwinds the statement can say no
	// more than that the query ended; the probe afterwards must know.
	if r := s.mustApply(p); !strings.HasSuffix(r.Text, "was cancelled, its transaction is aborted") && !strings.HasSuffix(r.Text, " ended") {
		t.Errorf("receipt: got %q", r.Text)
	}
	if e := s.probe(p); e.Applied != incident.Yes || !strings.Contains(e.Text, "aborted") {
		t.Errorf("probe: got %+v", e)
	}
}

func TestIdleInTransaction(t *testing.T) {
	s := newStage(t, byFunctions)
	root, waiters := s.pileUp(1)
	row := s.row(root)
	if row.Values["state"] != idleInTx || row.Values["role"] != rootBlocker {
		t.Errorf("row: got %v", row.Values)
	}
	cancel := s.mustPlan(cancelName, row)
	if answer(cancel, "cancelling an idle session does nothing") != incident.No {
		t.Errorf("cancel: got checks %v, want one that says no", cancel.Checks)
	}
	if _, err := s.apply(cancel); !isStale(err, "E10") {
		t.Errorf("cancel: got %v, want a refusal with E10", err)
	}
	s.mustApply(s.mustPlan(terminateName, row))
	if err := waiters[0].wait(); err != nil {
		t.Errorf("waiter: got %v, want that it finishes", err)
	}
}

func TestTenAtOnce(t *testing.T) {
	s := newStage(t, byGrants)
	bystander := s.sleeper("app", "keep")
	var victims []*client
	for range 10 {
		victims = append(victims, s.sleeper("app", "kill"))
	}
	table := s.look(0)
	var all sync.WaitGroup
	errs := make([]error, len(victims))
	for i, v := range victims {
		row, ok := rowOf(table, v)
		if !ok {
			t.Fatalf("pid %d is not listed", v.pid)
		}
		all.Go(func() {
			p, err := s.plan(terminateName, row)
			if err == nil {
				_, err = s.apply(p)
			}
			errs[i] = err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	for _, v := range victims {
		if v.wait() == nil {
			t.Errorf("pid %d was not ended", v.pid)
		}
	}
	if !bystander.stillRuns() || s.alive() != 1 {
		t.Errorf("bystander runs: %v, sessions: %d, want it alone", bystander.stillRuns(), s.alive())
	}
}

func TestThePlanSaysEverything(t *testing.T) {
	s := newStage(t, byGrants)
	root, _ := s.pileUp(2)
	row := s.row(root)
	p := s.mustPlan(terminateName, row)
	again := s.mustPlan(terminateName, row)
	if diff := cmp.Diff(p.Pre, again.Pre); diff != "" {
		t.Errorf("preconditions of the same session differ:\n%s", diff)
	}
	p.From, p.Details, p.Checks, p.Command, p.Pre = "", nil, nil, "", nil
	target := p.Target
	p.Target = ""
	want := integrations.Plan{
		Action: terminateName, Version: 1, Grade: incident.GradeDanger,
		Title: fmt.Sprintf("End session %d on shop", root.pid), Many: "End %d sessions on shop", Subject: "shop", Env: "prod", Credential: "shop",
		To:     "the session is gone, its transaction rolled back; 2 others can go on",
		NoUndo: "This cannot be undone. Its transaction rolls back.",
		Args:   map[string]any{"on": "shop", "session": fmt.Sprint(root.pid)},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if prefix := fmt.Sprintf("postgres/shop/%d/1", root.pid); !strings.HasPrefix(target, prefix) {
		t.Errorf("target: got %q, want it to begin with %q", target, prefix)
	}
}

func TestTheCommandDoesTheSame(t *testing.T) {
	for _, rights := range []string{byFunctions, byGrants} {
		for _, action := range []string{terminateName, cancelName} {
			t.Run(rights+" "+action, func(t *testing.T) {
				s := newStage(t, rights)
				victim, other := s.sleeper("app", "api"), s.sleeper("app", "api")
				p := s.mustPlan(action, s.row(victim))
				var done bool
				err := s.server.Open(t, s.server.SuperuserDSN(s.db)).QueryRow(strings.TrimSuffix(p.Command, ";")).Scan(&done)
				if err != nil || !done {
					t.Fatalf("%s: got %v, %v", p.Command, done, err)
				}
				if victim.wait() == nil || !other.stillRuns() {
					t.Errorf("%s: did not end this one alone", p.Command)
				}
			})
		}
	}
}

func TestKeepComesBeforeTheSignal(t *testing.T) {
	s := newStage(t, byGrants)
	victim := s.sleeper("app", "api")
	p := s.mustPlan(terminateName, s.row(victim))
	full := errors.New("disk is full")
	_, err := s.action(terminateName).Apply(t.Context(), p, func(string, string) error { return full })
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E26" || !errors.Is(err, full) {
		t.Errorf("got %v, want a refusal with E26", err)
	}
	if !victim.stillRuns() {
		t.Error("the session was ended though nothing could be written down")
	}
	var keys []string
	if _, err := s.action(terminateName).Apply(t.Context(), p, func(k, _ string) error {
		if !victim.stillRuns() {
			t.Error("the session ended before the moment was kept")
		}
		keys = append(keys, k)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(keys, []string{"sent"}) {
		t.Errorf("kept: got %v, want [sent]", keys)
	}
}

func isStale(err error, code string) bool {
	s, ok := integrations.AsStale(err)
	return ok && s.Code == code && s.Diff != ""
}
