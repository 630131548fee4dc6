package playbooks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/incident"
)

var inner = yml("inner", `name: inner
say: s
ask: [{n: 3}]
remind: 20m
steps:
  - k8s.scale: {deployment: a, replicas: $n}
  - k8s.scale: {deployment: b, replicas: $n}
  - choose: More?
    options:
      - label: "Yes"
        steps: [{k8s.rollback: c}]
      - label: "No"
  - core.page: {}
`)

var takesBack = yml("back", `name: back
say: s
remind: 1h
steps:
  - k8s.scale: {deployment: cart, replicas: 0}
    id: stopped
    remind: 10m
  - pg.list_queries: payments-db
    id: found
    pick: many
  - k8s.rollback: $each.app
    id: rolled
    each: $found.picked
  - run: inner
    id: nested
  - undo: stopped
  - undo: rolled
  - undo: nested
    optional: true
    timeout: 2m
    grade: danger
    say: Back to what it was
`)

// acted is an act that ended, as the timeline keeps it.
func acted(o incident.Outcome) incident.Result { return incident.Result{Outcome: o, Step: "some-step"} }

func TestUndo(t *testing.T) {
	p := load(t, takesBack, inner)
	base := map[string]incident.Result{
		"0": acted(incident.OutDone), "1": done(picking(sessions(11, 12), 0, 1)), "2": acted(incident.OutDone),
		"3": done(), "3.r.0": acted(incident.OutDone), "3.r.1": acted(incident.OutFailed), "3.r.2": done(chose("Yes")),
		"3.r.2.o0.0": acted(incident.OutDone), "3.r.3": acted(incident.OutDone),
	}
	with := func(changes map[string]incident.Result) map[string]incident.Result {
		out := map[string]incident.Result{}
		for _, m := range []map[string]incident.Result{base, changes} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	for _, c := range []struct {
		name    string
		results map[string]incident.Result
		want    Move
	}{
		{"an act", base, Move{Kind: Undo, Path: "4", Index: 5, Undoes: []string{"0"}}},
		{"a skipped act", with(map[string]incident.Result{"0": {Outcome: incident.OutSkipped}}), Move{Kind: Skip, Path: "4", Index: 5, Reason: "there is nothing to take back: `stopped` was skipped"}},
		{"a failed act", with(map[string]incident.Result{"0": acted(incident.OutFailed)}), Move{Kind: Skip, Path: "4", Index: 5, Reason: "there is nothing to take back: `stopped` failed"}},
		{"an unknown act", with(map[string]incident.Result{"0": acted(incident.OutUnknown)}), Move{Kind: Skip, Path: "4", Index: 5, Reason: "there is nothing to take back: `stopped` ended unknown"}},
		{"an each", with(map[string]incident.Result{"4": done()}), Move{Kind: Undo, Path: "5", Index: 6, Undoes: []string{"2"}}},
		{"an each that failed half-way", with(map[string]incident.Result{"4": done(), "2": acted(incident.OutFailed)}), Move{Kind: Undo, Path: "5", Index: 6, Undoes: []string{"2"}}},
		{"an each that never began", with(map[string]incident.Result{"4": done(), "2": acted(incident.OutDeclined)}), Move{Kind: Skip, Path: "5", Index: 6, Reason: "there is nothing to take back: `rolled` was declined"}},
		{"a run", with(map[string]incident.Result{"4": done(), "5": done()}), Move{Kind: Undo, Path: "6", Index: 7, Undoes: []string{"3.r.0", "3.r.2.o0.0"}, Optional: true, Timeout: 2 * time.Minute, Grade: incident.GradeDanger, Say: "Back to what it was"}},
		{"a run that did nothing", with(map[string]incident.Result{"4": done(), "5": done(), "3.r.0": acted(incident.OutExpired), "3.r.2": done(chose("No"))}),
			Move{Kind: Skip, Path: "6", Index: 7, Reason: "there is nothing to take back: `nested` did no act that has an undo", Optional: true, Timeout: 2 * time.Minute, Grade: incident.GradeDanger, Say: "Back to what it was"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Of = 7
			if diff := cmp.Diff(c.want, next(t, p, nil, throughJSON(t, c.results)), moveOptions); diff != "" {
				t.Errorf("move (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUndoOfAnOptionThatWasNotChosen(t *testing.T) {
	p := load(t, yml("other", `name: other
say: s
steps:
  - choose: What?
    options:
      - label: A
        steps: [{k8s.rollback: cart, id: rolled}]
      - label: B
  - undo: rolled
`))
	m := next(t, p, nil, map[string]incident.Result{"0": done(chose("B"))})
	if want := "there is nothing to take back: `rolled` did not run"; m.Kind != Skip || m.Reason != want {
		t.Errorf("got %s %q, want skip %q", m.Kind, m.Reason, want)
	}
}

// The step's own, else the file's; a nested file's own comes before that of the
// file around it, and what cannot be put back is not asked about.
func TestRemind(t *testing.T) {
	p := load(t, takesBack, inner)
	results := map[string]incident.Result{}
	want := map[string]time.Duration{
		"0": 10 * time.Minute, "1": 0, "2": time.Hour, "3": 0, "3.r.0": 20 * time.Minute, "3.r.1": 20 * time.Minute, "3.r.2": 0, "3.r.3": 0, "4": 0, "5": 0, "6": 0,
	}
	got := map[string]time.Duration{}
	for range want {
		m := next(t, p, nil, results)
		got[m.Path] = m.Remind
		r := acted(incident.OutDone)
		if m.Kind == Look {
			r = done(picking(sessions(11), 0))
		}
		if m.Kind == Choose {
			r = done(chose("No"))
		}
		results[m.Path] = r
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("remind by path (-want +got):\n%s", diff)
	}
	outer := load(t, yml("outer", "name: outer\nsay: s\nremind: 30m\nsteps:\n  - run: leaf\n"), yml("leaf", "name: leaf\nsay: s\nsteps: [{k8s.rollback: cart}]\n"))
	if m := next(t, outer, nil, map[string]incident.Result{"0": done()}); m.Remind != 30*time.Minute {
		t.Errorf("a file without its own: got %s, want that of the file around it", m.Remind)
	}
}

func TestGradeIsRaised(t *testing.T) {
	p := load(t, yml("g", `name: g
say: s
steps:
  - k8s.rollback: cart
    grade: danger
  - k8s.rollback: cart
  - run: leaf
    grade: danger
`), yml("leaf", "name: leaf\nsay: s\nsteps: [{web.check: shop}, {k8s.rollback: cart}]\n"))
	results := map[string]incident.Result{}
	var got []string
	for _, path := range []string{"0", "1", "2", "2.r.0", "2.r.1"} {
		m := next(t, p, nil, results)
		got = append(got, m.Path+" "+string(m.Grade))
		results[path] = done()
	}
	if diff := cmp.Diff("0 danger, 1 , 2 , 2.r.0 , 2.r.1 danger", strings.Join(got, ", ")); diff != "" {
		t.Errorf("grades (-want +got):\n%s", diff)
	}
}

// A danger step says so, whether its grade is its own or raised.
func TestARaisedStepIsWarnedAbout(t *testing.T) {
	_, problems := Load(fakeCatalogue(), yml("x", steps("  - k8s.rollback: cart\n    grade: danger\n")))
	if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Warning && strings.Contains(p.What, "danger step") }) {
		t.Errorf("no warning: %v", problems)
	}
}
