package app

import (
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// cancelPreview brings the stage to a preview of cancelling one query.
func (s *actStage) cancelPreview(c *client) chat.Message {
	s.t.Helper()
	s.startKill()
	s.press("ana", "pick", "pick", []any{c.row()})
	return s.await("start")
}

// fiftyPresses are fifty people at one button, with the real wake loop.
func fiftyPresses(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{loop: true})
	c := s.sleeper("app", "report")
	start := buttonOf(s.cancelPreview(c), "start")
	answers := make([]chat.Message, 50)
	var wg sync.WaitGroup
	for n := range answers {
		wg.Go(func() { answers[n] = s.answer(s.pressing([]string{"ana", "li", "sam", "cleo"}[n%4], start.ID)) })
	}
	wg.Wait()
	count := map[string]int{}
	for _, m := range answers {
		if err := m.Check(); err != nil || m.Text == "" {
			t.Errorf("an answer is no message: %v", err)
		}
		if m.Code == "" && !strings.HasPrefix(m.Text, "Started: ") || m.Code == "E22" && !strings.Contains(m.Text, "pressed this") {
			t.Errorf("an answer is (%s) %s", m.Code, m.Text)
		}
		count[m.Code]++
	}
	if count[""] != 1 || count["E22"] != 49 {
		t.Errorf("the answers are %v, want one that started and 49 E22", count)
	}
	step := s.step()
	s.eventually("it is done", func() bool { return s.inc().Step(step.ID).State == incident.Succeeded })
	s.wantSession(c, "idle")
	s.ordered(s.inc().Step(step.Children[0]))
	m := s.pressID("li", start.ID)
	if m.Code != "E22" || !strings.Contains(m.Text, step.StartedBy+" pressed this at ") || !strings.Contains(m.Text, "done") {
		t.Errorf("a late press is answered (%s) %s", m.Code, m.Text)
	}
	s.whole()
}

// latePresses come after the preview has expired.
func latePresses(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	c := s.sleeper("app", "report")
	first := buttonOf(s.cancelPreview(c), "start")
	s.mu.Lock()
	s.now = s.now.Add(10*time.Minute + time.Second) // nothing of Mayday has noticed yet
	s.mu.Unlock()
	if m := s.pressID("ana", first.ID); m.Code != "E12" {
		t.Errorf("a press after the expiry is answered (%s) %s", m.Code, m.Text)
	}
	s.wantState(s.step(), incident.Expired)
	s.wantRun(incident.RunPaused)
	s.wants("the result", s.message(s.stepKey()).Text, "nobody confirmed it in time. Nothing was done")
	s.press("ana", "again")
	s.await("start")
	second := s.step()
	s.pass(11 * time.Minute)
	s.wantState(second, incident.Expired)
	if m := s.pressID("ana", first.ID); m.Code != "E12" {
		t.Errorf("the first button is answered (%s) %s", m.Code, m.Text)
	}
	s.wantSession(c, "active")
	s.press("ana", "again")
	third := buttonOf(s.await("start"), "start")
	s.pressID("ana", third.ID)
	s.wantState(s.step(), incident.Succeeded)
	if m := s.pressID("li", third.ID); m.Code != "E22" {
		t.Errorf("a press after it is done is answered (%s) %s", m.Code, m.Text)
	}
	s.whole()
}

// declinedAndWithdrawn end an approval without an act.
func declinedAndWithdrawn(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	c := s.sleeper("app", "report")
	s.previewOf(c)
	approve := s.labelled("Approve and run").ID
	for _, verb := range []string{"decline", "withdraw"} {
		if m := s.press("li", verb); m.Code != "E1" {
			t.Errorf("a responder's %s is answered (%s) %s", verb, m.Code, m.Text)
		}
	}
	s.wants("the answer", s.press("sam", "decline", "reason", "it is the payroll").Text, "Declined. Nothing was done.")
	s.wantState(s.step(), incident.Denied)
	s.wants("the result", s.message(s.stepKey()).Text, "declined. Nothing was done", "Sam", "it is the payroll")
	if m := s.pressID("kim", approve, "phrase", "payments-db 1"); m.Code != "E4" && m.Code != "E22" {
		t.Errorf("approving what was declined is answered (%s) %s", m.Code, m.Text)
	}
	s.wantRun(incident.RunDone) // ending sessions is optional in kill-queries
	s.previewOf(c)
	s.wants("the answer", s.press("ana", "withdraw").Text, "Taken back. Nothing was done.")
	s.wantState(s.step(), incident.Cancelled)
	s.cancelPreview(c)
	s.press("ana", "withdraw")
	s.wantRun(incident.RunPaused) // cancelling is not optional
	s.wantSession(c, "active")
	s.press("ana", "skip")
	s.press("ana", "pick", "pick", []any{c.row()})
	for range incident.Tries {
		s.press("sam", "approve", "phrase", "payments")
	}
	s.wantState(s.step(), incident.Cancelled)
	s.wants("the result", s.message(s.stepKey()).Text, "Nothing was done", "three times")
	s.wantSession(c, "active")
	s.whole()
}

// afterTheEnd presses a preview of an incident that was resolved meanwhile.
func afterTheEnd(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	c := s.sleeper("app", "report")
	start := buttonOf(s.cancelPreview(c), "start")
	s.say("sam", "resolve it went away")
	if m := s.pressID("ana", start.ID); m.Code != "E4" || !strings.Contains(m.Text, "the incident was resolved") {
		t.Errorf("a press after the end is answered (%s) %s", m.Code, m.Text)
	}
	s.wantState(s.step(), incident.Cancelled) // taken back with the incident
	s.wantSession(c, "active")
	s.whole()
}

// acrossRestart presses a button that an earlier process made.
func acrossRestart(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{rights: byFunctions})
	c := s.sleeper("app", "report")
	before := s.cancelPreview(c)
	s.restart()
	s.wants("the button", s.message(before.Key).Buttons[0].ID, before.Buttons[0].ID)
	s.pressID("ana", before.Buttons[0].ID)
	s.wantState(s.step(), incident.Succeeded)
	s.wantSession(c, "idle")
	s.whole()
}

// stoppedInMiddle takes back the preview that stands.
func stoppedInMiddle(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	c := s.sleeper("app", "report")
	start := buttonOf(s.cancelPreview(c), "start")
	s.wants("the answer", s.press("ana", "stop").Text, "Stopped.")
	s.wantRun(incident.RunStopped)
	s.wantState(s.step(), incident.Cancelled)
	m := s.message(s.stepKey())
	if len(m.Buttons) > 0 {
		t.Errorf("buttons are left on:\n%s", m.Text)
	}
	s.wants("the preview", m.Text, "Nothing was done", "the run was stopped")
	if m := s.pressID("ana", start.ID); m.Code != "E4" {
		t.Errorf("a press after the stop is answered (%s) %s", m.Code, m.Text)
	}
	s.wantSession(c, "active")
	s.whole()
}

// whoConfirms is `safety` and the environment of the connection.
func whoConfirms(t *testing.T, server *postgrestest.Server) {
	for name, one := range map[string]struct {
		more, on, approver string
		cancel, end        string // verbs of the previews
		phrase             string
	}{
		"never":                   {more: "safety: {second_person: never}", cancel: "start withdraw", end: "start withdraw", phrase: "payments-db 1"},
		"always":                  {more: "safety: {second_person: always}", cancel: "approve decline withdraw", end: "approve decline withdraw", phrase: "payments-db 1"},
		"available":               {more: "safety: {second_person: when_available}", cancel: "start withdraw", end: "approve decline withdraw", phrase: "payments-db 1"},
		"available, nobody there": {more: "safety: {second_person: when_available}", approver: "[web:ana]", cancel: "start withdraw", end: "start withdraw", phrase: "payments-db 1"},
		"fixed words":             {more: "safety: {prod_phrase: I MEAN IT}", cancel: "start withdraw", end: "approve decline withdraw", phrase: "I MEAN IT"},
		"staging":                 {more: "safety: {prod_phrase: I MEAN IT}", on: ", env: staging", cancel: "start withdraw", end: "start withdraw", phrase: "payments-db 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newActStage(t, server, actOptions{more: one.more, on: one.on, approver: one.approver})
			c, other := s.sleeper("app", "report"), s.sleeper("app", "other")
			s.startKill()
			s.press("ana", "pick", "pick", []any{c.row()})
			s.confirm(s.message(s.stepKey()), one.cancel, "")
			s.wantSession(c, "idle")
			s.press("ana", "pick", "pick", []any{other.row()})
			m := s.message(s.stepKey())
			if one.on != "" {
				s.wants("the preview", m.Text, "(staging)")
			}
			s.confirm(m, one.end, one.phrase)
			s.wantSession(other, "gone")
			s.wantRun(incident.RunDone)
			s.whole()
		})
	}
}

// confirm presses the first button as whoever must, with the phrase.
func (s *actStage) confirm(m chat.Message, verbs, phrase string) {
	s.t.Helper()
	if got := verbsOf(m); got != verbs {
		s.t.Fatalf("the preview has the buttons %q, want %q:\n%s", got, verbs, m.Text)
	}
	who, verb := "ana", "start"
	if strings.HasPrefix(verbs, "approve") {
		who, verb = "sam", "approve"
	}
	id := buttonOf(m, verb).ID
	if phrase == "" {
		s.pressID(who, id)
		s.wantState(s.step(), incident.Succeeded)
		return
	}
	form := s.pressID(who, id)
	if form.Form == nil || form.Form.Fields[0].Name != "phrase" || !strings.Contains(form.Form.Fields[0].Label, phrase) {
		s.t.Fatalf("no form for %q: %s", phrase, form.Text)
	}
	s.pressID(who, id, "phrase", phrase)
	s.wantState(s.step(), incident.Succeeded)
}

// readOnly starts nothing, not even what was previewed before.
func readOnly(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	c := s.sleeper("app", "report")
	start := buttonOf(s.cancelPreview(c), "start")
	s.stop()
	s.env = config.Env{ReadOnly: true}
	s.start()
	for what, m := range map[string]chat.Message{
		"run": s.say("ana", "run kill-queries database=payments-db older_than=1s"), "start": s.pressID("ana", start.ID),
	} {
		if m.Code != "E21" || !strings.Contains(m.Text, "Nothing was done") {
			t.Errorf("%s is answered (%s) %s", what, m.Code, m.Text)
		}
	}
	if m := s.say("ana", "update we look at it"); m.Code != "" {
		t.Errorf("an update is answered (%s) %s", m.Code, m.Text)
	}
	s.wantSession(c, "active")
	s.whole()
}
