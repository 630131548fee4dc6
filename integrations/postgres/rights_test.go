package postgres

import (
	"fmt"
	"strings"
	"testing"

	"mayday/integrations"
	"mayday/internal/incident"
)

// refusedFor checks that preview and act name the missing grant, that nothing
// was ended, and that running the statement is what was missing.
func (s *stage) refusedFor(action string, c *client, fix string) {
	s.t.Helper()
	p := s.mustPlan(action, s.row(c))
	if answer(p, fix) != incident.No {
		s.t.Errorf("checks: got %v, want one that says no and %q", p.Checks, fix)
	}
	_, err := s.apply(p)
	r, ok := integrations.AsRejected(err)
	if !ok || r.Code != "E6" || r.Fix != fix || r.Why == "" {
		s.t.Fatalf("apply: got %v %+v, want %q", err, r, fix)
	}
	if !c.stillRuns() {
		s.t.Fatal("the query was ended")
	}
	s.server.Exec(s.t, s.db, fix)
}

func TestWithoutRightsTheExactGrantIsNamed(t *testing.T) {
	for _, action := range []string{terminateName, cancelName} {
		t.Run(action, func(t *testing.T) {
			s := newStage(t, lookOnly)
			c := s.sleeper("app", "api")
			s.refusedFor(action, c, "GRANT pg_signal_backend TO mayday_ops;")
			s.mustApply(s.mustPlan(action, s.row(c)))
		})
	}
}

func TestFunctionsWithoutTheirGrants(t *testing.T) {
	for action, signature := range map[string]string{
		terminateName: "ops.kill(integer, timestamptz, timestamptz)",
		cancelName:    "ops.cancel(integer, timestamptz, timestamptz, timestamptz)",
	} {
		t.Run(action, func(t *testing.T) {
			s := newStage(t, byFunctions)
			s.server.Exec(t, s.db, "REVOKE ALL ON SCHEMA ops FROM mayday_ops", "REVOKE ALL ON FUNCTION "+signature+" FROM mayday_ops")
			c := s.sleeper("app", "api")
			s.refusedFor(action, c, "GRANT USAGE ON SCHEMA ops TO mayday_ops;")
			s.refusedFor(action, c, "GRANT EXECUTE ON FUNCTION "+signature+" TO mayday_ops;")

			s.server.CreateRole(t, "ops_owner", "pg_read_all_stats")
			s.server.Exec(t, s.db, "GRANT ALL ON SCHEMA ops TO ops_owner", "ALTER FUNCTION "+signature+" OWNER TO ops_owner")
			s.refusedFor(action, c, "GRANT pg_signal_backend TO ops_owner;")
			s.server.Exec(t, s.db, "ALTER FUNCTION "+signature+" SECURITY INVOKER")
			s.refusedFor(action, c, "ALTER FUNCTION "+signature+" SECURITY DEFINER;")
			s.mustApply(s.mustPlan(action, s.row(c)))
		})
	}
}

func TestAFunctionThatIsMissing(t *testing.T) {
	s := newStage(t, lookOnly)
	c := s.sleeper("app", "api")
	for _, name := range []string{"ops.kill", "public.kill"} { // no schema, no function
		s.open(s.server.DSN(s.db, "mayday_ops", s.passwords["mayday_ops"]), ", kill: "+name)
		p := s.mustPlan(terminateName, s.row(c))
		if answer(p, "does not exist in this database") != incident.No {
			t.Errorf("checks: got %v", p.Checks)
		}
		_, err := s.apply(p)
		if r, ok := integrations.AsRejected(err); !ok || r.Code != "E6" || !strings.Contains(r.Why, name+"(integer, timestamptz, timestamptz) does not exist") {
			t.Errorf("apply: got %v, want E6", err)
		}
	}
	if !c.stillRuns() {
		t.Error("the query was ended")
	}
}

func TestTheFunctionHasTheLastWord(t *testing.T) {
	s := newStage(t, byFunctions)
	s.passwords["payroll"] = s.server.CreateRole(t, "payroll")
	c := s.sleeper("payroll", "api")
	_, err := s.apply(s.mustPlan(terminateName, s.row(c)))
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E6" || !strings.Contains(r.Why, "leave this session out") {
		t.Errorf("got %v, want that the function's own conditions left it out", err)
	}
	if !c.stillRuns() {
		t.Error("the query was ended")
	}
}

// A function of somebody's own that answers false, or fails after it may have
// signalled, proves nothing.
func TestAFunctionThatProvesNothing(t *testing.T) {
	for name, body := range map[string]string{
		"false":         `BEGIN PERFORM pg_terminate_backend(p); RETURN false; END`,
		"fails after":   `BEGIN PERFORM pg_terminate_backend(p); RAISE insufficient_privilege; END`,
		"another error": `BEGIN PERFORM pg_terminate_backend(p); RAISE division_by_zero; END`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, byFunctions)
			s.server.Exec(t, s.db, `CREATE OR REPLACE FUNCTION ops.kill(p int, started timestamptz, xact timestamptz) RETURNS boolean
			  LANGUAGE plpgsql SECURITY DEFINER AS $$ `+body+` $$`)
			c := s.sleeper("app", "api")
			p := s.mustPlan(terminateName, s.row(c))
			_, err := s.apply(p)
			if err == nil || isDefinite(err) {
				t.Errorf("got %v, want an error that leaves it open", err)
			}
			if c.wait() == nil {
				t.Error("the test's function did not signal")
			}
			s.eventually("the probe sees it gone", func() bool { return s.probe(p).Applied == incident.Yes })
		})
	}
}

func isDefinite(err error) bool {
	_, stale := integrations.AsStale(err)
	_, rejected := integrations.AsRejected(err)
	return stale || rejected
}

func TestAMemberOfTheRoleNeedsNoGrant(t *testing.T) {
	s := newStage(t, lookOnly)
	s.server.Exec(t, s.db, "GRANT app TO mayday_ops")
	c, other := s.sleeper("app", "api"), s.sleeper("batch", "worker")
	if p := s.mustPlan(terminateName, s.row(other)); answer(p, "GRANT pg_signal_backend") != incident.No {
		t.Errorf("checks: got %v, want no right for the other role", p.Checks)
	}
	s.mustApply(s.mustPlan(terminateName, s.row(c)))
	if c.wait() == nil || !other.stillRuns() {
		t.Error("want the member's session ended and the other alone")
	}
}

// A member of one role sees what that one's sessions do, and not who of another
// role waits for them: "holds nobody up" would be made up.
func TestWaitsThatCannotBeSeenAreAQuestion(t *testing.T) {
	const open = "whether it holds others up is not visible without pg_read_all_stats"
	for _, action := range []string{terminateName, cancelName} {
		t.Run(action, func(t *testing.T) {
			s := newStage(t, blind)
			s.server.Exec(t, s.db, "GRANT app TO mayday_ops")
			root, _ := s.pileUp(1)
			if p := s.mustPlan(action, s.row(root)); answer(p, open) != incident.Unknown || answer(p, "nobody up") != "" {
				t.Errorf("checks: got %v, want a question", p.Checks)
			}
			s.server.Exec(t, s.db, "GRANT pg_read_all_stats TO mayday_ops")
			if p := s.mustPlan(action, s.row(root)); answer(p, "root blocker: holds 1 other up") != incident.Yes {
				t.Errorf("checks with the right: got %v", p.Checks)
			}
			alone := s.sleeper("app", "alone")
			if p := s.mustPlan(action, s.row(alone)); answer(p, "holds nobody up") != incident.Yes || answer(p, open) != "" {
				t.Errorf("checks with the right: got %v", p.Checks)
			}
			s.open(s.server.SuperuserDSN(s.db), "")
			if p := s.mustPlan(action, s.row(alone)); answer(p, "holds nobody up") != incident.Yes {
				t.Errorf("checks of a superuser: got %v", p.Checks)
			}
		})
	}
}

func TestRolesWithOddNames(t *testing.T) {
	s := newStage(t, lookOnly)
	odd := `Ops "on" call`
	s.passwords[odd] = s.server.CreateRole(t, odd, "pg_read_all_stats")
	s.open(s.server.DSN(s.db, odd, s.passwords[odd]), "")
	s.refusedFor(terminateName, s.sleeper("app", "api"), `GRANT pg_signal_backend TO "Ops ""on"" call";`)
}

func TestDoctor(t *testing.T) {
	for _, c := range []struct{ rights, want string }{
		{byFunctions, "ok shop: pg.terminate uses ops.kill\nok shop: pg.cancel uses ops.cancel"},
		{byGrants, "ok shop: pg.terminate uses pg_terminate_backend\nok shop: pg.cancel uses pg_cancel_backend"},
		{lookOnly, "bad shop: pg.terminate uses pg_terminate_backend, but mayday_ops may not signal sessions of other roles: it is no member of pg_signal_backend [GRANT pg_signal_backend TO mayday_ops;]"},
		{blind, "bad shop: sessions of other roles cannot be seen [GRANT pg_read_all_stats TO mayday_ops;]"},
	} {
		t.Run(c.rights, func(t *testing.T) {
			s := newStage(t, c.rights)
			got := s.doctor()
			if !strings.HasPrefix(got, "ok shop: answers, version ") || !strings.Contains(got, c.want) {
				t.Errorf("got:\n%s\nwant in it:\n%s", got, c.want)
			}
		})
	}
}

func TestDoctorWarns(t *testing.T) {
	s := newStage(t, byFunctions)
	s.server.Exec(t, s.db, "GRANT pg_signal_backend TO mayday_ops")
	if got, want := s.doctor(), "warn shop: mayday_ops holds pg_signal_backend as well, so the functions limit nothing [REVOKE pg_signal_backend FROM mayday_ops;]"; !strings.Contains(got, want) {
		t.Errorf("got:\n%s\nwant in it:\n%s", got, want)
	}
	s.open(s.server.SuperuserDSN(s.db), "")
	if got, want := s.doctor(), "warn shop: postgres is a superuser"; !strings.Contains(got, want) {
		t.Errorf("got:\n%s\nwant in it:\n%s", got, want)
	}
}

func (s *stage) doctor() string {
	var lines []string
	for _, f := range s.parts.Checker.Check(s.t.Context()) {
		line := "bad "
		switch {
		case f.OK:
			line = "ok "
		case f.Warn:
			line = "warn "
		}
		line += strings.TrimPrefix(f.Text, "postgres ")
		if f.Fix != "" {
			line += fmt.Sprintf(" [%s]", f.Fix)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
