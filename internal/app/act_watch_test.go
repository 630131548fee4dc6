package app

import (
	"strings"
	"testing"
	"time"

	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

const watchBook = `name: end-and-watch
say: End a session and see that nothing holds others up
ask: [database]
verify: left.rows.exists(r, r.app == 'APP') == false for 1m within 3m
then: [{tell: Tell the owner of the job}]
steps:
  - pg.list_queries: {on: $database, older_than: 1s}
    id: found
    pick: many
  - pg.terminate: {on: $database, session: $each}
    each: $found.picked
  - pg.list_queries: {on: $database, older_than: 1s}
    id: left
`

// verifyHolds: the condition asks the database again, must hold for its minute,
// and only then the last steps come.
func verifyHolds(t *testing.T, server *postgrestest.Server) {
	s, _ := watchStage(t, server)
	w := s.run().Results["verify"]
	if w.Watch == nil || w.Outcome != "" {
		t.Fatalf("verify: got %+v, want it watched", w)
	}
	s.wants("the watch", s.message("INC-1:ask:"+s.run().ID+":verify").Text, "check: left.rows.exists(", "left.rows ")
	s.pass(30 * time.Second)
	s.drain()
	if got := s.run().Results["verify"].Outcome; got != "" {
		t.Fatalf("after half of its minute: got %s", got)
	}
	s.restart() // the deadline is an instant, not a timer
	s.pass(40 * time.Second)
	s.drain()
	if got := s.run().Results["verify"].Outcome; got != incident.OutDone {
		t.Fatalf("after its minute: got %q, want done", got)
	}
	m := s.message("INC-1:ask:" + s.run().ID + ":verify")
	s.wants("the end", m.Text, "✓ check: left.rows.exists(")
	s.labelled("Post: fixed, watching")
	s.press("ana", "done")
	s.wantRun(incident.RunDone)
	s.whole()
}

// verifyNotMet: somebody else holds others up meanwhile. It is said loudly, and
// a person decides.
func verifyNotMet(t *testing.T, server *postgrestest.Server) {
	s, other := watchStage(t, server)
	other.start("SELECT pg_sleep(600)")
	s.old(other)
	for range 8 {
		s.pass(20 * time.Second)
		s.drain()
	}
	if got := s.run().Results["verify"]; got.Outcome != "" || got.Asked == incident.AskNotMet {
		t.Fatalf("before its time is over: got %+v", got)
	}
	for range 4 {
		s.pass(15 * time.Second)
		s.drain()
	}
	s.wants("the question", s.message("INC-1:ask:"+s.run().ID+":verify").Text, "✗ NOT MET: left.rows.exists(", "left.rows ")
	found := false
	for _, m := range s.thread() {
		if m.Kind == incident.KindFinished && len(m.Mentions) == 1 {
			s.wants("the call", m.Text, "✗ Not met: left.rows.exists(", "@Ana")
			found = true
		}
	}
	if !found {
		t.Error("nobody was called")
	}
	s.press("ana", "watch_more")
	if got := s.run().Results["verify"]; got.Asked != incident.AskWatch {
		t.Fatalf("watch more: got %+v", got)
	}
	for range 10 {
		s.pass(20 * time.Second)
		s.drain()
	}
	s.press("ana", "unfixed")
	s.wantRun(incident.RunDone)
	if got := s.run().Results["verify"].Outcome; got != incident.OutNotMet {
		t.Errorf("got %q, want not_met", got)
	}
	if _, asked := s.run().Results["then.0"]; asked {
		t.Error("`then` came although it was not met")
	}
	s.whole()
}

// watchStage ends one session through the playbook and stands at its check.
func watchStage(t *testing.T, server *postgrestest.Server) (*actStage, *client) {
	t.Helper()
	app := "watched-" + strings.ToLower(t.Name()[len(t.Name())-6:]) // other tests have sessions on this server too
	s := newActStage(t, server, actOptions{books: map[string]string{"end-and-watch.yaml": strings.ReplaceAll(watchBook, "APP", app)}})
	bad, other := s.sleeper("app", "one"), s.client("app", app)
	s.say("ana", "run end-and-watch database=payments-db")
	s.press("ana", "pick", "pick", []any{bad.row()})
	s.press("sam", "approve", "phrase", "payments-db 1")
	return s, other
}
