package app

import (
	"testing"
	"time"

	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

const afterBook = `name: look-around
say: See who is there, and clean up afterwards
ask: [database]
steps:
  - pg.list_queries: {on: $database, older_than: 1s}
    id: found
    pick: one
  - tell: Look around
after:
  - tell: "Ask the owner of $found.picked.app what it did"
  - pg.cancel: {on: $database, session: $found.picked}
  - tell: Write it down
`

// afterIncident: what a playbook offers once the incident is resolved is begun by
// its owner, left for days, gone on with by a commander across a restart, and acts
// like everything else.
func afterIncident(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{books: map[string]string{"look-around.yaml": afterBook}})
	c := s.sleeper("app", "report")
	s.say("ana", "own")
	s.say("ana", "run look-around database=payments-db")
	s.press("ana", "pick", "pick", []any{c.row()})
	s.press("ana", "done")
	s.wantRun(incident.RunDone)
	of := s.run().ID
	s.say("ana", "resolve it went away by itself")
	audit := func(parts ...string) {
		t.Helper()
		s.wants("the audit", s.message("INC-1:audit:"+of).Text, parts...)
	}
	audit("☐ ", "Audit of look-around", ": 0 of 3 done", "now that it is over")

	s.wants("somebody else", s.press("li", "continue").Text, "it needs commander", "Cleo")
	first := s.labelled("Continue")
	s.press("ana", "continue")
	audit("◐ ", ": 0 of 3 done, Ana is at it")
	s.wants("the first step", s.message("INC-1:ask:"+s.run().ID+":after.0").Text, "☐ By hand: Ask the owner of report what it did")
	s.wants("pressed twice", s.pressID("cleo", first.ID).Text, "E16", "Ana goes on with the audit of look-around")
	s.press("ana", "done")
	s.await("start")
	s.press("ana", "stop")
	audit("☐ ", ": 1 of 3 done")
	if got := s.inc(); got.Open() || s.step().State != incident.Cancelled {
		t.Fatalf("the incident is open: %v, its step is %s", got.Open(), s.step().State)
	}

	s.pass(72 * time.Hour)
	s.restart()
	s.wants("the command", s.say("cleo", "run look-around INC-1").Text, "The audit of look-around goes on: 1 of 3 done")
	s.press("ana", "start")
	s.wantState(s.step(), incident.Succeeded)
	if err := c.wait(); err == nil {
		t.Error("the query was not cancelled")
	}
	audit("◐ ", ": 2 of 3 done, Cleo is at it")
	s.press("ana", "done")
	s.wantRun(incident.RunDone)
	audit("✓ ", ": 3 of 3 done")
	s.wants("too late", s.pressID("ana", first.ID).Text, "E22", "The audit of look-around is done")
	if s.inc().Open() {
		t.Error("the incident was opened again")
	}
	s.whole()
}
