package app

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// await waits until a button stands that is none of those known already.
func (s *actStage) await(verb string, known ...string) chat.Message {
	s.t.Helper()
	var found chat.Message
	s.eventually("a button "+verb, func() bool {
		for _, m := range slices.Backward(s.thread()) {
			for _, b := range m.Buttons {
				if b.Verb == verb && !slices.Contains(known, b.ID) {
					found = m
					return true
				}
			}
		}
		return false
	})
	s.look()
	return found
}

func buttonOf(m chat.Message, verb string) chat.Button {
	for _, b := range m.Buttons {
		if b.Verb == verb {
			return b
		}
	}
	return chat.Button{}
}

func verbsOf(m chat.Message) string {
	var out []string
	for _, b := range m.Buttons {
		out = append(out, b.Verb)
	}
	return strings.Join(out, " ")
}

// startKill starts kill-queries and answers the message of its look.
func (s *actStage) startKill() chat.Message {
	s.t.Helper()
	m := s.say("ana", "run kill-queries database=payments-db older_than=1s")
	s.wants("the answer", m.Text, "Started kill-queries on INC-1")
	return s.await("pick")
}

// queryThenSession is kill-queries from the first word to the end, with the real
// wake loop.
func queryThenSession(t *testing.T, server *postgrestest.Server, rights string) {
	s := newActStage(t, server, actOptions{rights: rights, loop: true})
	s.leastPrivilege(rights)
	idle := s.client("app", "web")
	victim, other := s.sleeper("app", "report"), s.sleeper("batch", "etl")
	look := s.startKill()
	s.isPick(look, victim, other)
	s.wants("the look", look.Text, "found", "pg_sleep")

	s.press("ana", "pick", "pick", []any{victim.row()})
	preview := s.await("start")
	s.isCancelPreview(preview, victim)
	s.wants("the press", s.press("ana", "start").Text, "Started: Cancel the query of session "+victim.row())
	var stopped interface{ SQLState() string }
	if err := victim.wait(); !errors.As(err, &stopped) || stopped.SQLState() != "57014" {
		t.Fatalf("the query ended with %v, not cancelled", err)
	}
	first := s.step()
	s.eventually("the act is done", func() bool { return s.inc().Step(first.ID).State == incident.Succeeded })
	s.wantSession(victim, "idle")
	s.wantSession(other, "active")

	again := s.await("pick", buttonOf(look, "pick").ID)
	s.press("ana", "pick", "pick", []any{other.row()})
	approval := s.await("approve")
	s.isApproval(approval, other)
	s.approveAsPeopleDo(other)
	s.eventually("the run is done", func() bool { return s.run().State == incident.RunDone })
	s.wantSession(other, "gone")
	s.wantSession(victim, "idle")
	s.wantSession(idle, "idle")
	s.eventually("the result stands", func() bool { return strings.Contains(s.message(approval.Key).Text, "✓") })
	s.afterKill(preview, approval, again)
}

// leastPrivilege makes sure that Mayday's role has nothing but the rights that
// the way gives.
func (s *actStage) leastPrivilege(rights string) {
	s.t.Helper()
	got := s.query(`SELECT concat_ws(' ', rolsuper, rolcreatedb, rolcreaterole, rolreplication, pg_has_role(oid, 'pg_signal_backend', 'MEMBER'), pg_has_role(oid, 'pg_read_all_stats', 'MEMBER'))
		FROM pg_roles WHERE rolname = $1`, s.roles["mayday"])
	want := map[string]string{byFunctions: "f f f f f t", byGrants: "f f f f t t"}[rights]
	if got != want {
		s.t.Fatalf("the rights of Mayday's role are %q, want %q", got, want)
	}
}

func (s *actStage) isPick(m chat.Message, offered ...*client) {
	s.t.Helper()
	b := buttonOf(m, "pick")
	if m.Kind != "step" || b.Step == "" || m.Form == nil || m.Form.Submit != b.ID || len(m.Form.Fields) != 1 {
		s.t.Fatalf("the look is no message to pick from: %+v", m)
	}
	var field struct {
		Name, Type string
		Options    []struct{ Value, Label string }
	}
	raw, err := json.Marshal(m.Form.Fields[0])
	if err != nil || json.Unmarshal(raw, &field) != nil {
		s.t.Fatalf("field %s: %v", raw, err)
	}
	if field.Name != "pick" || field.Type != "many" {
		s.t.Errorf("the field is %s", raw)
	}
	var got []string
	for _, o := range field.Options {
		got = append(got, o.Value)
	}
	for _, c := range offered { // the sessions of other tests are offered as well
		if !slices.Contains(got, c.row()) {
			s.t.Errorf("pid %d is not offered: %v", c.pid, got)
		}
	}
}

func (s *actStage) isCancelPreview(m chat.Message, c *client) {
	s.t.Helper()
	step := s.step()
	if m.Kind != "step" || verbsOf(m) != "start withdraw" || step.State != incident.Previewed || step.Grade != incident.GradeChange {
		s.t.Fatalf("the preview is %s of %s with %s:\n%s", m.Kind, step.State, verbsOf(m), m.Text)
	}
	s.wants("the preview", m.Text, "Cancel the query of session "+c.row()+" on payments-db", "(production)", "asked by Ana",
		"✓ still the same statement", "There is no undo", "Code "+incident.Code(step.Digest), "expires "+step.ExpiresAt.UTC().Format("15:04"), "pg_sleep")
}

func (s *actStage) isApproval(m chat.Message, c *client) {
	s.t.Helper()
	step := s.step()
	if m.Kind != "approval" || verbsOf(m) != "approve decline withdraw" || step.State != incident.Waiting || step.Grade != incident.GradeDanger {
		s.t.Fatalf("the approval is %s of %s with %s:\n%s", m.Kind, step.State, verbsOf(m), m.Text)
	}
	s.wants("the approval", m.Text, "@approver needed", "production", "End session "+c.row()+" on payments-db", "This cannot be undone",
		"asked by Ana", "Code "+incident.Code(step.Digest), "expires")
	if len(m.Mentions) != 1 || m.Mentions[0].Name != "approver" || !m.Mentions[0].Role {
		s.t.Errorf("the approval mentions %v", m.Mentions)
	}
}

// approveAsPeopleDo presses as those may not, then as somebody may who cannot
// type at first.
func (s *actStage) approveAsPeopleDo(c *client) {
	s.t.Helper()
	step := s.step()
	for _, one := range []struct{ who, code, words, not string }{
		{"ana", "E11", "someone else must approve: Sam or Kim", "Ana"},
		{"li", "E1", "You can't approve “End session " + c.row(), ""},
		{"stranger", "E1", "you are viewer", ""},
	} {
		m := s.press(one.who, "approve", "phrase", "payments-db 1")
		if m.Code != one.code || !strings.Contains(m.Text, one.words) || !strings.Contains(m.Text, "Nothing was done") || one.not != "" && strings.Contains(m.Text, one.not) {
			s.t.Errorf("%s pressing approve is told (%s):\n%s", one.who, m.Code, m.Text)
		}
	}
	form := s.press("sam", "approve")
	if form.Form == nil || len(form.Form.Fields) != 1 || form.Form.Fields[0].Name != "phrase" {
		s.t.Fatalf("no form for the phrase: %+v", form)
	}
	s.wants("the form", form.Text, "payments-db 1", "This cannot be undone")
	for _, left := range []string{"Two tries left", "One try left"} {
		m := s.pressID("sam", form.Form.Submit, "phrase", "payments-db 2")
		if m.Code != "E9" || !strings.Contains(m.Text, left) || !strings.Contains(m.Text, "That is not `payments-db 1`") {
			s.t.Errorf("a wrong phrase is answered (%s), want %q:\n%s", m.Code, left, m.Text)
		}
	}
	s.wantState(step, incident.Waiting)
	s.wants("the press", s.pressID("sam", form.Form.Submit, "phrase", " payments-db  1 ").Text, "Started: End session "+c.row())
}

// afterKill checks what is left in the thread and on the timeline.
func (s *actStage) afterKill(preview, approval, again chat.Message) {
	s.t.Helper()
	kinds := map[string]string{}
	for _, m := range s.thread() {
		if strings.Contains(m.Key, ":step:") {
			kinds[m.Key] = m.Kind
			if len(m.Buttons) > 0 {
				s.t.Errorf("buttons are left on:\n%s", m.Text)
			}
		}
	}
	if d := cmp.Diff(map[string]string{preview.Key: "step", approval.Key: "approval"}, kinds); d != "" {
		s.t.Errorf("messages of acts (-want +got):\n%s", d)
	}
	step := s.step()
	if step.RequestedBy != "Ana" || !slices.Equal(step.ApprovedBy, []string{"Sam"}) || step.StartedBy != "Sam" {
		s.t.Errorf("asked by %s, approved by %v, started by %s", step.RequestedBy, step.ApprovedBy, step.StartedBy)
	}
	s.wants("the result", s.message(approval.Key).Text, "✓ End session", "Sam", "asked by Ana", incident.Code(step.Digest), "cannot be undone")
	s.wants("the look", s.message(again.Key).Text, "1 picked")
	s.ordered(s.inc().Step(step.Children[0]))
	var said []string
	for _, e := range s.timeline() {
		said = append(said, e.Actor+": "+e.Text)
	}
	s.wants("the timeline", strings.Join(said, "\n"), "Ana: Ana started kill-queries", "Ana: Ana: picked 1", "Ana: Ana started: Cancel the query",
		"Sam: Sam approved and started: End session", "Code "+incident.Code(step.Digest), "Sam typed something else than the target")
	s.whole()
}

// ordered checks that a step was previewed, approved, begun and ended in this
// order, each once.
func (s *actStage) ordered(step *incident.Step) {
	s.t.Helper()
	var order []incident.StepState
	attempts := 0
	for _, e := range s.timeline() {
		b, ok := e.Body.(*incident.StepMoved)
		if !ok || b.ID != step.ID || len(order) > 0 && order[len(order)-1] == b.To {
			continue
		}
		order = append(order, b.To)
		if b.Attempt != "" {
			attempts++
		}
	}
	if len(order) < 2 || order[len(order)-2] != incident.Starting || attempts != 1 {
		s.t.Errorf("%s went through %v with %d attempts", step.Plan.Title, order, attempts)
	}
}

// pileUpRoot ends the one session that holds the others up, and nothing else.
func pileUpRoot(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{rights: byFunctions})
	root, waiters := s.pileUp(3)
	bystander := s.sleeper("app", "report")
	look := s.startKill()
	s.wants("the look", look.Text, "hold", root.row())
	if first := look.Form.Fields[0].Options[0].Value; first != root.row() {
		t.Errorf("the first offer is %s, not the root %s:\n%s", first, root.row(), look.Text)
	}
	s.press("ana", "pick", "pick", []any{root.row()})
	// Its statement is over: cancelling would do nothing, so the run says so and
	// asks what to end.
	s.wants("the thread", texts(s.thread()), "– skipped pg.cancel", "cancelling an idle session does nothing, end it instead")
	s.press("ana", "pick", "pick", []any{root.row()})
	approval := s.await("approve")
	s.wants("the approval", approval.Text, "root blocker: holds 3 others up", "idle in transaction")
	s.press("kim", "approve", "phrase", "payments-db 1")
	s.wantRun(incident.RunDone)
	s.wantSession(root, "gone")
	for _, w := range waiters {
		if err := w.wait(); err != nil {
			t.Errorf("a waiter ended with %v", err)
		}
	}
	s.wantSession(bystander, "active")
	s.whole()
}

// stepKey is the key of the newest act's message.
func (s *actStage) stepKey() string { s.t.Helper(); return "INC-1:step:" + s.step().ID }

// nothingPicked goes through without an act.
func nothingPicked(t *testing.T, server *postgrestest.Server) {
	s := newActStage(t, server, actOptions{})
	c := s.sleeper("app", "report")
	s.startKill()
	s.press("ana", "pick", "pick", []any{})
	s.wants("the thread", texts(s.thread()), "skipped pg.cancel: found has nothing picked")
	if m := s.press("ana", "pick", "pick", []any{"1"}); m.Code != "E24" {
		t.Errorf("a row that was not offered is answered (%s) %s", m.Code, m.Text)
	}
	if m := s.press("stranger", "pick", "pick", []any{c.row()}); m.Code != "E1" {
		t.Errorf("a viewer's pick is answered (%s) %s", m.Code, m.Text)
	}
	s.press("ana", "skip")
	s.wantRun(incident.RunDone)
	s.wantSession(c, "active")
	if n := len(s.inc().Steps); n != 0 {
		t.Errorf("there are %d acts", n)
	}
	s.whole()
}
