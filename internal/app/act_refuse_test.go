package app

import (
	"strings"
	"testing"

	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// missingRight shows the exact grant, does nothing, and works once it is given.
func missingRight(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{rights: lookOnly})
	c := s.sleeper("app", "report")
	s.startKill()
	s.press("ana", "pick", "pick", []any{c.row()})
	first := s.step()
	s.wantState(first, incident.FailedProven)
	s.wantRun(incident.RunPaused)
	m := s.message(s.stepKey())
	s.wants("the refusal", m.Text, "was not done. Nothing was changed", "GRANT pg_signal_backend TO "+s.roles["mayday"], "E6")
	var labels []string
	for _, b := range m.Buttons {
		labels = append(labels, b.Label)
	}
	if got := strings.Join(labels, ", "); got != "Try again, Skip it, Stop kill-queries" {
		t.Errorf("the buttons are %s", got)
	}
	s.wantSession(c, "active")
	old := m.Buttons[0].ID
	s.press("ana", "again")
	if again := s.step(); again.ID == first.ID {
		t.Fatal("trying again is not a new step")
	}
	s.wantRun(incident.RunPaused)
	s.grant(byGrants)
	s.press("ana", "again")
	s.wantRun(incident.RunWaiting)
	if m := s.pressID("ana", old); m.Code != "E22" && m.Code != "E4" {
		t.Errorf("the button of the first refusal is answered (%s) %s", m.Code, m.Text)
	}
	s.press("ana", "start")
	s.wantState(s.step(), incident.Succeeded)
	s.wantSession(c, "idle")
	s.whole()
}

// rightTaken is refused at the press, by the check that runs again.
func rightTaken(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	c := s.sleeper("app", "report")
	s.startKill()
	s.press("ana", "pick", "pick", []any{c.row()})
	server.Exec(t, s.db, "REVOKE pg_signal_backend FROM "+s.roles["mayday"])
	s.press("ana", "start")
	step := s.step()
	s.wantState(step, incident.RefusedStale)
	s.wantRun(incident.RunPaused)
	s.wants("the refusal", s.message(s.stepKey()).Text, "GRANT pg_signal_backend TO "+s.roles["mayday"], "Nothing was done", "E6")
	s.wantSession(c, "active")
	s.whole()
}

// blindRole sees sessions but not what they do, and is told what it needs.
func blindRole(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{rights: blind})
	c := s.sleeper("app", "report")
	s.say("ana", "run kill-queries database=payments-db older_than=1s")
	s.wants("the look", texts(s.thread()), "GRANT pg_read_all_stats TO "+s.roles["mayday"])
	s.wantSession(c, "active")
	s.whole()
}

// previewOf brings the stage to an approval of ending one session.
func (s *actStage) previewOf(c *client) {
	s.t.Helper()
	s.startKill()
	s.press("ana", "skip")
	s.press("ana", "pick", "pick", []any{c.row()})
	s.await("approve")
}

// anotherTransaction is what a pooled connection does between preview and press.
func anotherTransaction(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	for range 20 {
		c := s.client("app", "pool")
		c.exec("BEGIN", "SELECT pg_sleep(1.1)")
		s.previewOf(c)
		c.exec("COMMIT", "BEGIN", "SELECT 1")
		s.press("sam", "approve", "phrase", "payments-db 1")
		step := s.step()
		s.wantState(step, incident.RefusedStale)
		s.refusedWell("E18", "runs another transaction since")
		s.wantSession(c, "idle in transaction")
		c.exec("COMMIT")
		s.wantRun(incident.RunDone) // the last step of kill-queries is optional
	}
	s.whole()
}

// goneAtPress is a session that ended by itself.
func goneAtPress(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	for range 20 {
		c := s.client("app", "pool")
		c.exec("BEGIN", "SELECT pg_sleep(1.1)")
		s.previewOf(c)
		s.end(c)
		s.press("sam", "approve", "phrase", "payments-db 1")
		s.wantState(s.step(), incident.RefusedStale)
		s.refusedWell("E18", "ended by itself")
	}
	s.whole()
}

// refusedWell checks the message of a refusal, and that nothing was begun.
func (s *actStage) refusedWell(code, words string) {
	s.t.Helper()
	m := s.message(s.stepKey())
	s.wants("the refusal", m.Text, code, words, "Nothing was done")
	for _, id := range s.step().Children {
		child := s.inc().Step(id)
		if child.Attempt != "" || child.Code != code {
			s.t.Errorf("%s has code %s, attempt %q", child.Plan.Title, child.Code, child.Attempt)
		}
	}
}
