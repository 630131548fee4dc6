package app

import (
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// twoRowsAt picks two sessions to end and answers them with the approval.
func (s *actStage) twoRowsAt() (a, b, bystander *client, approval chat.Message) {
	s.t.Helper()
	a, b, bystander = s.client("app", "one"), s.client("batch", "two"), s.client("app", "three")
	for _, c := range []*client{a, b, bystander} {
		c.start("SELECT pg_sleep(600)")
	}
	s.old(a, b, bystander)
	s.startKill()
	s.press("ana", "skip") // nothing to cancel
	s.press("ana", "pick", "pick", []any{b.row(), a.row(), a.row()})
	return a, b, bystander, s.await("approve")
}

// twoRows ends two sessions of which one ends by itself before the press.
func twoRows(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	a, b, bystander, approval := s.twoRowsAt()
	s.wants("the approval", approval.Text, "End 2 sessions on payments-db", "End session "+a.row(), "End session "+b.row())
	s.end(a)
	a.done = nil
	m := s.press("sam", "approve", "phrase", "payments-db 2")
	s.wants("the press", m.Text, "Started: End 2 sessions")
	head := s.step()
	s.wantState(head, incident.Succeeded)
	s.wantSession(b, "gone")
	s.wantSession(bystander, "active")
	for _, id := range head.Children {
		child := s.inc().Step(id)
		want := incident.Succeeded
		if strings.Contains(child.Plan.Title, a.row()) {
			want = incident.RefusedStale
			s.wants("the reason", child.Reason, "pid "+a.row()+" ended by itself")
			if child.Code != "E18" || child.Attempt != "" {
				t.Errorf("the one that was gone has code %q, attempt %q", child.Code, child.Attempt)
			}
		} else {
			s.ordered(child)
		}
		s.wantState(child, want)
	}
	s.wants("the result", s.message(approval.Key).Text, "1 of 2 done", "pid "+a.row()+" ended by itself")
	s.wantRun(incident.RunDone)
	s.whole()
}

// twoRowsBoth ends both, each with a STARTING entry and a result of its own.
func twoRowsBoth(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{rights: byFunctions})
	a, b, bystander, approval := s.twoRowsAt()
	if m := s.press("sam", "approve", "phrase", "payments-db 1"); m.Code != "E9" {
		t.Errorf("the phrase of one is taken for two: %s", m.Text)
	}
	s.press("sam", "approve", "phrase", "payments-db 2")
	head := s.step()
	s.wantState(head, incident.Succeeded)
	for _, id := range head.Children {
		s.wantState(s.inc().Step(id), incident.Succeeded)
		s.ordered(s.inc().Step(id))
	}
	s.wantSession(a, "gone")
	s.wantSession(b, "gone")
	s.wantSession(bystander, "active")
	s.wants("the result", s.message(approval.Key).Text, "2 of 2 done")
	s.whole()
}
