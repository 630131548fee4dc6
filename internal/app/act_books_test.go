package app

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

const tourBook = `
name: tour
say: Every kind of step
ask: [database, {older_than: 1s}, {full: {type: bool, default: false}}]
steps:
  - pg.list_queries: {on: $database, older_than: $older_than}
    id: found
    pick: one
  - choose: What do you see?
    id: what
    options:
      - label: One query
        say: it runs too long
        likely: found.rows.size() > 0
        ask: [{reason: {type: text, say: why it may end}}]
        steps:
          - tell: "Write down why: $reason"
            id: noted
      - label: Nothing
        steps:
          - tell: Go home
  - tell: Look at the board
    id: hands
    copy: uptime
  - pg.cancel: {on: $database, session: $found.picked}
    id: early
    when: full
  - pg.list_queries: {on: $database, older_than: $older_than}
    id: more
    when: full
    pick: many
  - pg.terminate: {on: $database, session: $each}
    id: ended
    each: $more.picked
  - tell: Wait a little
  - pg.cancel: {on: $database, session: $found.picked}
    id: last
`

// tourEnd is what a run of the tour knows at its end.
var tourEnd = map[string]string{
	"0":      "done",
	"1":      "done One query",
	"1.o0.0": "done",
	"2":      "not_helped",
	"3":      "skipped: when is false: full",
	"4":      "skipped: when is false: full",
	"5":      "skipped: picked of more is missing because it was skipped",
	"6":      "skipped: left out by Li",
	"7":      "done",
}

// tour answers every question of the tour; between happens after each answer.
func (s *actStage) tour(c *client, between func()) {
	s.t.Helper()
	s.say("ana", "run tour payments-db")
	between()
	s.press("ana", "pick", "pick", []any{c.row()})
	between()
	m, _ := s.button("choose")
	s.wants("the question", m.Text, "What do you see?", "One query ★", "it runs too long")
	s.pressID("ana", s.labelled("One query ★").ID)
	between()
	form, _ := s.button("inputs")
	if form.Form == nil || len(form.Form.Fields) != 1 || form.Form.Fields[0].Name != "reason" || form.Form.Fields[0].Hint != "why it may end" {
		s.t.Fatalf("the option does not ask: %+v", form.Form)
	}
	s.wants("the question", form.Text, "One query needs a few words")
	if m := s.press("ana", "inputs"); m.Code != "E24" && m.Form == nil {
		s.t.Errorf("filling in nothing is answered (%s) %s", m.Code, m.Text)
	}
	s.press("ana", "inputs", "reason", "payroll")
	between()
	m, _ = s.button("done")
	s.wants("the instruction", m.Text, "☐ By hand: Write down why: payroll")
	s.press("ana", "done")
	between()
	m, _ = s.button("not_helped")
	s.wants("the instruction", m.Text, "☐ By hand: Look at the board", "uptime")
	if verbsOf(m) != "done not_helped skip" {
		s.t.Errorf("the instruction has the buttons %s", verbsOf(m))
	}
	s.press("ana", "not_helped")
	between()
	s.press("li", "skip")
	between()
	s.press("ana", "start")
	between()
}

func (s *actStage) results() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for path, r := range s.run().Results {
		text := string(r.Outcome)
		if r.Choice != "" {
			text += " " + r.Choice
		}
		if r.Outcome == incident.OutSkipped {
			text += ": " + strings.ReplaceAll(r.Reason, "`", "")
		}
		out[path] = text
	}
	return out
}

// everyKind goes through every kind of step that is built.
func everyKind(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{books: map[string]string{"tour.yaml": tourBook}})
	c := s.sleeper("app", "report")
	s.tour(c, func() {})
	s.wantRun(incident.RunDone)
	if d := cmp.Diff(tourEnd, s.results()); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	s.wantSession(c, "idle")
	s.wants("the thread", texts(s.thread()), "✓ what: One query", "– skipped early: when is false: full", "– skipped ended: ", "✓ hands: not helped", "– skipped Wait a little: left out by Li")
	s.whole()
}

// everyRestart goes the same way with a new process after each answer.
func everyRestart(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{books: map[string]string{"tour.yaml": tourBook}})
	c := s.sleeper("app", "report")
	s.tour(c, s.restart)
	s.wantRun(incident.RunDone)
	if d := cmp.Diff(tourEnd, s.results()); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	s.ordered(s.step())
	s.wantSession(c, "idle")
	s.whole()
}

const outerBook = `
name: outer
say: One in another
ask: [database]
steps:
  - run: inner
    with: {database: $database}
  - pg.list_queries: {on: $database, older_than: 1s}
    id: q
    pick: one
  - pg.cancel: {on: $database, session: $q.picked}
    id: try
    optional: true
  - tell: Check that it is well
    when: try.outcome != "done"
`

const innerBook = `
name: inner
say: The one inside
ask: [database]
steps:
  - tell: "Tell the owner of $database"
`

// nestedAndOptional goes into another playbook, and on after an optional act
// that could not be done.
func nestedAndOptional(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{rights: lookOnly, books: map[string]string{"outer.yaml": outerBook, "inner.yaml": innerBook}})
	c := s.sleeper("app", "report")
	s.say("ana", "run outer payments-db")
	m, _ := s.button("done")
	s.wants("the instruction", m.Text, "Tell the owner of payments-db")
	s.press("ana", "done")
	s.press("ana", "pick", "pick", c.row())
	s.wantState(s.step(), incident.FailedProven)
	if verbs := verbsOf(s.message(s.stepKey())); verbs != "" {
		t.Errorf("an optional act that failed still asks: %s", verbs)
	}
	m, _ = s.button("done")
	s.wants("the instruction", m.Text, "Check that it is well")
	s.press("ana", "done")
	s.wantRun(incident.RunDone)
	want := map[string]string{"0": "done", "0.r.0": "done", "1": "done", "2": "failed", "3": "done"}
	if d := cmp.Diff(want, s.results()); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	s.wantSession(c, "active")
	for _, e := range s.timeline() {
		if strings.Contains(e.Text, " .") || strings.Contains(e.Text, " :") || strings.HasPrefix(e.Text, ":") {
			t.Errorf("a name is missing in %q", e.Text)
		}
	}
	s.whole()
}

// formGoesOn asks for what is missing and goes on with it.
func formGoesOn(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	s.sleeper("app", "report")
	form := s.say("ana", "run kill-queries older_than=1s")
	if form.Form == nil || len(form.Form.Fields) != 1 || form.Form.Fields[0].Name != "database" {
		t.Fatalf("no form: %+v", form)
	}
	if got := fmt.Sprint(form.Form.Fields[0].Options); !strings.Contains(got, "payments-db") {
		t.Errorf("the form offers %s", got)
	}
	if m := s.pressID("ana", form.Form.Submit, "database", "nowhere"); m.Code != "E24" {
		t.Errorf("an unknown database is answered (%s) %s", m.Code, m.Text)
	}
	s.wants("the answer", s.pressID("ana", form.Form.Submit, "database", "payments-db").Text, "Started kill-queries")
	s.wants("the input", fmt.Sprint(s.run().Inputs["older_than"]), "1s")
	s.await("pick")
	if m := s.say("ana", "run kill-queries database=payments-db older_than=five"); m.Code != "E24" || !strings.Contains(m.Text, "older_than") {
		t.Errorf("no duration is answered (%s) %s", m.Code, m.Text)
	}
	if m := s.say("li", "run kill-queries database=payments-db"); m.Code != "E16" {
		t.Errorf("a second run is answered (%s) %s", m.Code, m.Text)
	}
	s.whole()
}
