package processtest

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/postgrestest"
	"mayday/internal/practice"
)

// newFlip is a server with pretend flags, ready to flip.
func newFlip(t *testing.T) *flip {
	t.Helper()
	flags, err := practice.NewLaunchDarkly(practice.LDOptions{Token: flagToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(flags.Close)
	api, err := flags.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := newHome(t, strings.NewReplacer("FLAGAPI", api, "FLAGKEY", filepath.Join(t.TempDir(), "token"), "BOOKS", t.TempDir()).Replace(flipLines))
	f := &flip{ending: ending{t: t, home: h, effects: flags.Applied}, flags: flags}
	f.files()
	f.p = h.serve()
	return f
}

// press presses the newest button of a verb and wants it taken.
func (f *ending) press(id, verb string) {
	f.t.Helper()
	if status, reply := f.home.post("buttons/"+f.button(id, verb), map[string]any{}); status != http.StatusOK {
		f.t.Fatalf("%s is answered %d: %+v", verb, status, reply)
	}
}

// flipped turns the theme off through the preview and answers incident and step.
func (f *flip) flipped() (id, step string) {
	f.t.Helper()
	id = *f.home.say("", "open flags go wrong").Incident
	run := f.home.say(id, "run flip flag=theme")
	if run.Step == nil {
		f.t.Fatalf("the run shows no step: %+v", run)
	}
	f.press(id, "start")
	f.rests(*run.Step)
	return id, *run.Step
}

func (f *flip) state() practice.LDState {
	f.t.Helper()
	s, err := f.flags.State("theme", "")
	if err != nil {
		f.t.Fatal(err)
	}
	s.Version = 0 // it only ever grows
	return s
}

// TestUndoRestoresExactly flips a flag with an uneven rollout and takes that back
// by the button beside the result: value and percentages are what they were. When
// somebody changed the flag since, the undo is refused and explained.
func TestUndoRestoresExactly(t *testing.T) {
	f := newFlip(t)
	if err := f.flags.SetBy("Li", "theme", practice.LDChange{Weights: map[string]int{"light": 12345, "dark": 33333, "autumn": 54322}, BucketBy: "key"}); err != nil {
		t.Fatal(err)
	}
	was := f.state()
	id, step := f.flipped()
	if f.state().On {
		t.Fatal("the flag is still on")
	}
	f.press(id, "undo")
	f.press(id, "start")
	eventually(t, patience, func() string {
		if diff := cmp.Diff(was, f.state()); diff != "" {
			return "the flag is not what it was (-was +is):\n" + diff
		}
		return ""
	})
	var first struct {
		UndoneBy *string `json:"undone_by"`
	}
	eventually(t, patience, func() string {
		f.home.get("steps/"+step, &first)
		if first.UndoneBy == nil || *first.UndoneBy == "" {
			return "the act does not say that it was undone"
		}
		return ""
	})
}

// TestUndoOfAChangedFlagIsRefused is the same when Li was faster.
func TestUndoOfAChangedFlagIsRefused(t *testing.T) {
	f := newFlip(t)
	id, _ := f.flipped()
	on := true
	if err := f.flags.SetBy("Li", "theme", practice.LDChange{On: &on, Serve: "autumn"}); err != nil {
		t.Fatal(err)
	}
	was, before := f.state(), f.effects()
	f.press(id, "undo")
	eventually(t, patience, func() string {
		for _, m := range f.home.messages(id) {
			if strings.Contains(m.Text, "Nothing was done") && strings.Contains(m.Text, "theme") {
				return ""
			}
		}
		return "the refusal is not explained"
	})
	if diff := cmp.Diff(was, f.state()); diff != "" || f.effects() != before {
		t.Errorf("the flag was touched (-was +is):\n%s", diff)
	}
}

// TestAFlagThatMovedIsRefused changes the flag between preview and press, twenty
// times, in a way that matters, and once in a way that does not.
func TestAFlagThatMovedIsRefused(t *testing.T) {
	f := newFlip(t)
	for n := range 20 {
		on := true
		if err := f.flags.SetBy("Li", "theme", practice.LDChange{On: &on, Serve: "light"}); err != nil {
			t.Fatal(err)
		}
		id := *f.home.say("", "open flags go wrong "+strconv.Itoa(n)).Incident
		run := f.home.say(id, "run flip flag=theme")
		start := f.button(id, "start")
		if err := f.flags.SetBy("Li", "theme", practice.LDChange{Serve: "autumn"}); err != nil {
			t.Fatal(err)
		}
		before := f.effects()
		f.home.post("buttons/"+start, map[string]any{})
		if state := f.rests(*run.Step); state != "REFUSED_STALE" || f.effects() != before {
			t.Errorf("round %d: %s, %d effects", n, state, f.effects()-before)
		}
	}
	id := *f.home.say("", "open flags go wrong again").Incident
	run := f.home.say(id, "run flip flag=theme")
	start := f.button(id, "start")
	if err := f.flags.SetBy("Li", "theme", practice.LDChange{Description: "words only"}); err != nil {
		t.Fatal(err)
	}
	f.home.post("buttons/"+start, map[string]any{})
	if state := f.rests(*run.Step); state != "SUCCEEDED" {
		t.Errorf("a change of words alone makes it %s", state)
	}
}

// TestAReplacedConnectionIsRefused points the connection at another server
// between preview and press: nothing is signalled on either.
func TestAReplacedConnectionIsRefused(t *testing.T) {
	first, second := postgrestest.Start(t), postgrestest.Start(t)
	s := newSignalling(t, first, "cancel")
	password := second.CreateRole(t, "ops", "pg_signal_backend", "pg_read_all_stats")
	dsn := s.dsn()
	old := read(t, dsn)
	pid := s.sleep()
	for range 20 {
		id := *s.home.say("", "open sessions hang").Incident
		step := s.preview(id, pid)
		write(t, dsn, second.DSN("postgres", "ops", password))
		before := s.effects()
		s.home.post("buttons/"+s.button(id, "start"), map[string]any{})
		if state := s.rests(step); state != "REFUSED_STALE" && state != "FAILED_PROVEN" || s.effects() != before {
			t.Errorf("it is %s, %d signals", state, s.effects()-before)
		}
		write(t, dsn, old)
	}
}

// dsn is the file that the connection is read from.
func (s *signalling) dsn() string {
	s.t.Helper()
	_, path, _ := strings.Cut(read(s.t, s.home.file), "dsn: 'file:")
	path, _, _ = strings.Cut(path, "'")
	return path
}
