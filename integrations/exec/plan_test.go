package exec

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
)

func TestPlan(t *testing.T) {
	s := newStage(t, "echo hello")
	p, err := s.plan(integrations.Args{"args": anyOf([]string{"--index", "two words"}), "undo": anyOf([]string{"--back"})})
	if err != nil {
		t.Fatal(err)
	}
	want := integrations.Plan{
		Action: "exec.run", Target: "exec/tool", Title: "Run tool --index two words", Many: "Run tool %d times", Subject: "tool", Env: "prod", Grade: integrations.GradeChange,
		To: "what tool does with these arguments", Checks: []integrations.Check{{Text: "tool is the file that the config lists", Answer: integrations.Yes}},
		Command: s.path + " --index 'two words'", Undo: "yes, tool --back",
		Args:       map[string]any{"program": "tool", "args": []any{"--index", "two words"}, "undo": []any{"--back"}},
		Credential: "tool", Pre: map[string]string{"path": s.path, "sha256": sumOf("#!/bin/sh\necho hello")},
		Record: map[string]string{"program": "tool", "undo": `["--back"]`},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestWithoutAHashEveryRunIsDanger(t *testing.T) {
	s := newStage(t, "echo hello")
	for keys, want := range map[string]integrations.Grade{
		"path: " + s.path: integrations.GradeDanger,
		"path: " + s.path + ", sha256: " + sumOf("#!/bin/sh\necho hello"):                  integrations.GradeChange,
		"path: " + s.path + ", grade: danger, sha256: " + sumOf("#!/bin/sh\necho hello"):   integrations.GradeDanger,
		"path: " + s.path + ", grade: change, sha256: " + sumOf("#!/bin/sh\necho hello"):   integrations.GradeChange,
		"path: " + s.path + ", env: staging, sha256: " + sumOf("#!/bin/sh\necho hello"):    integrations.GradeChange,
		"path: " + s.path + ", env: production, sha256: " + sumOf("#!/bin/sh\necho hello"): integrations.GradeChange,
	} {
		s.act = partsOf(t, "tool: {"+keys+"}").Actions[0]
		p := s.mustPlan()
		env := "prod"
		if strings.Contains(keys, "staging") {
			env = "staging"
		}
		if p.Grade != want || p.Env != env {
			t.Errorf("%s: got %s in %s, want %s in %s", keys, p.Grade, p.Env, want, env)
		}
		if open := len(p.Open()); (open == 1) != !strings.Contains(keys, "sha256") {
			t.Errorf("%s: %d checks are not known", keys, open)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	script := "#!/bin/sh\necho hello"
	for name, c := range map[string]struct {
		change func(*stage)
		args   integrations.Args
		code   string
		why    string
	}{
		"another file":     {change: func(s *stage) { s.write(script + "\n") }, code: "E6", why: "is not the file that the config lists"},
		"no file":          {change: func(s *stage) { s.path = "gone"; s.act = partsOf(s.t, "tool: {path: "+s.dir+"/none}").Actions[0] }, code: "E5", why: "There is no file"},
		"a folder":         {change: func(s *stage) { s.act = partsOf(s.t, "tool: {path: "+s.dir+"}").Actions[0] }, code: "E6", why: "is no program"},
		"an argument":      {args: integrations.Args{"args": []any{5}}, code: "E24", why: "An argument is text."},
		"no list":          {args: integrations.Args{"args": "a b"}, code: "E24", why: "Arguments are a list."},
		"a null byte":      {args: integrations.Args{"args": []any{"a\x00b"}}, code: "E24", why: "An argument has at most"},
		"many arguments":   {args: integrations.Args{"args": make([]any, 41)}, code: "E24", why: "An argument is text."},
		"show not allowed": {args: integrations.Args{"show": []any{"x"}}, code: "E6", why: "may be run to show"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, "echo hello")
			if c.change != nil {
				c.change(s)
			}
			if c.args == nil {
				c.args = integrations.Args{}
			}
			_, err := s.plan(c.args)
			r, ok := integrations.AsRejected(err)
			if !ok || r.Code != c.code || !strings.Contains(r.Why, c.why) {
				t.Errorf("got %v, want %s %s", err, c.code, c.why)
			}
		})
	}
	s := newStage(t, "echo hello")
	if _, err := s.act.Plan(t.Context(), integrations.Args{"program": "tol"}); err == nil || !strings.Contains(err.Error(), "Did you mean `tool`?") {
		t.Errorf("an unknown program: got %v", err)
	}
	none, err := Integration.New(sectionOf(t, "tool: {path: /x/y}").Sub("nothing"), nil)
	if err != nil || len(none.Actions) != 1 || none.Checker != nil {
		t.Fatalf("without a section: got %+v, %v", none, err)
	}
	if _, err := none.Actions[0].Plan(t.Context(), integrations.Args{"program": "tool"}); err == nil || !strings.Contains(err.Error(), "No program is configured.") {
		t.Errorf("without a section: got %v", err)
	}
}

func TestTheRehearsalIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		script  string
		details []string
		check   integrations.Check
	}{
		"good": {`for n in 1 2 3 4 5 6; do echo "$1 $n"; done`, []string{"dry 3", "dry 4", "dry 5", "dry 6"}, integrations.Check{Text: "the rehearsal ends well", Answer: integrations.Yes}},
		"bad":  {`echo "no such index"; exit 3`, []string{"no such index"}, integrations.Check{Text: "the rehearsal failed: exit 3: no such index", Answer: integrations.No, Code: "E8"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, c.script, "show: true")
			p, err := s.plan(integrations.Args{"args": []any{"real"}, "show": []any{"dry"}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.details, p.Details); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.check, p.Checks[1]); diff != "" {
				t.Errorf("check (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARehearsalThatDoesNotEnd(t *testing.T) {
	s := newStage(t, "echo working; sleep 300", "show: true")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	p, err := s.act.Plan(ctx, integrations.Args{"program": "tool", "show": []any{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	want := integrations.Check{Text: "the rehearsal did not end in time", Answer: integrations.Unknown}
	if diff := cmp.Diff(want, p.Checks[1]); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
}

func TestUndoRunsTheSameProgram(t *testing.T) {
	s := newStage(t, `echo "$*" >> "$(dirname "$1")/log"`)
	p, err := s.plan(integrations.Args{"args": []any{s.file("x"), "on"}, "undo": []any{s.file("x"), "off"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.apply(p); err != nil {
		t.Fatal(err)
	}
	back, err := s.act.Undo(t.Context(), integrations.Receipt{Values: p.Record})
	if err != nil {
		t.Fatal(err)
	}
	if back.Action != "exec.run" || back.Undo != "" || back.Title != "Run tool "+s.file("x")+" off" {
		t.Errorf("got %+v", back)
	}
	if _, err := s.apply(throughJSON(t, back)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.file("x")+" on\n"+s.file("x")+" off\n", s.read("log")); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	if _, err := s.act.Undo(t.Context(), integrations.Receipt{Values: map[string]string{"program": "tool"}}); err == nil {
		t.Error("an undo without arguments was planned")
	}
}
