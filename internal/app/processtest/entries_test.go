package processtest

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mayday/internal/postgrestest"
)

// sixSteps is a run with everything that can stand open: a pick, an each of
// twelve, a choice with steps of its own, a tell, a nested playbook.
const sixSteps = `name: six
say: Six steps
steps:
  - pg.list_queries: {on: db, older_than: 1s}
    id: found
    pick: many
  - tell: Say it in the room.
  - choose: What now?
    id: what
    options:
      - label: Cancel them
        steps:
          - pg.cancel: {on: db, session: $each}
            each: $found.picked
      - label: Nothing
        steps: [{tell: Fine.}]
  - run: nested
  - tell: Look at the graphs.
  - pg.list_queries: {on: db, older_than: 1h}
    id: left
`

const nestedSteps = `name: nested
say: One inside
steps:
  - tell: Ask the database team.
  - pg.list_queries: {on: db, older_than: 1h}
    id: inner
`

// TestARunOutlivesTheProcess kills the process whenever the timeline has grown
// while no act was on its way to the target, starts it again and presses what
// waits. The run ends as one that was left in peace, and each of the twelve was
// asked for once.
func TestARunOutlivesTheProcess(t *testing.T) {
	server := postgrestest.Start(t)
	s := newSignalling(t, server, "cancel")
	books := s.books()
	write(t, filepath.Join(books, "six.yaml"), sixSteps)
	write(t, filepath.Join(books, "nested.yaml"), nestedSteps)
	s.end(false)
	pids := make([]int, 12)
	for n := range pids {
		pids[n] = s.sleep()
	}
	s.old(pids)
	peace, _ := s.play(pids, false)
	s.old(pids) // they sleep again
	before := s.effects()
	harried, kills := s.play(pids, true)
	t.Logf("%d kills", kills)
	if kills < 6 {
		t.Errorf("there were %d kills, too few to prove much", kills)
	}
	if got, want := strings.Join(harried, "\n"), strings.Join(peace, "\n"); got != want {
		t.Errorf("the run ended otherwise:\n%s\nwant\n%s", got, want)
	}
	if n := s.effects() - before; n != 12 {
		t.Errorf("%d signals were asked for, want 12", n)
	}
}

// books is the folder of playbooks of the configuration.
func (s *signalling) books() string {
	s.t.Helper()
	_, books, _ := strings.Cut(read(s.t, s.home.file), "playbooks: ")
	books, _, _ = strings.Cut(books, "\n")
	return books
}

// play runs the playbook to its end and answers how each of its steps ended.
func (s *signalling) play(pids []int, harry bool) (ends []string, kills int) {
	s.t.Helper()
	id := *s.home.say("", "open sessions hang").Incident
	s.home.say(id, "run six")
	seen := 0
	pressed := map[string]bool{}
	eventually(s.t, 3*patience, func() string {
		entries := s.home.timeline(id)
		if harry && len(entries) > seen && s.quiet(id) {
			seen = len(entries)
			kills++
			s.end(false)
		}
		s.pressAll(id, pids, pressed, false)
		if !strings.Contains(texts(s.home.timeline(id)), "six is done") {
			return "the run goes on:\n" + texts(s.home.timeline(id))
		}
		return ""
	})
	for _, e := range s.home.timeline(id) {
		if e.Kind == "run_result" || e.Kind == "step" {
			ends = append(ends, steady(e.Text, pids))
		}
	}
	slices.Sort(ends)
	return slices.Compact(ends), kills
}

// quiet reports that no act is on its way: one that is cut off is UNKNOWN, which
// is another test.
func (s *signalling) quiet(id string) bool {
	var inc struct{ Steps []stepJSON }
	s.home.get("incidents/"+id, &inc)
	return !slices.ContainsFunc(inc.Steps, func(x stepJSON) bool { return x.State == "APPROVED" || x.State == "STARTING" })
}

// TestARunOutlivesKillsInsideItsActs kills the process while an act of the each
// is on its way, again and again. Nobody knows then, so the others are not
// started; a person says what is true and tries the rest again, with a new
// preview. In the end each of the twelve was asked for once.
func TestARunOutlivesKillsInsideItsActs(t *testing.T) {
	most := 4
	if soaking() {
		most = 11
	}
	s := newSignalling(t, postgrestest.Start(t), "cancel")
	books := s.books()
	write(t, filepath.Join(books, "six.yaml"), sixSteps)
	write(t, filepath.Join(books, "nested.yaml"), nestedSteps)
	s.end(false)
	pids := make([]int, 12)
	for n := range pids {
		pids[n] = s.sleep()
	}
	s.old(pids)
	id := *s.home.say("", "open sessions hang").Incident
	s.home.say(id, "run six")
	kills, pressed := 0, map[string]bool{}
	eventually(t, 6*patience, func() string {
		if kills < most && s.killInside(id, pressed, kills) {
			kills++
		}
		s.pressAll(id, pids, pressed, kills < most)
		if !strings.Contains(texts(s.home.timeline(id)), "six is done") {
			return "the run goes on:\n" + texts(s.home.timeline(id))
		}
		return ""
	})
	if kills != most {
		t.Errorf("there were %d kills, want %d", kills, most)
	}
	if n := s.effects(); n != 12 {
		t.Errorf("%d signals were asked for, want 12:\n%s", n, texts(s.home.timeline(id)))
	}
}

// killInside starts the act that waits, kills the process while its first
// signal is on its way, and starts it again.
func (s *signalling) killInside(id string, pressed map[string]bool, n int) bool {
	s.t.Helper()
	for _, m := range s.home.messages(id) {
		for _, b := range m.Buttons {
			if b.Verb != "start" || pressed[b.ID] {
				continue
			}
			at := s.proxy.trouble(moments[1+n%2])
			if status, reply := s.home.post("buttons/"+b.ID, map[string]any{}); status != http.StatusOK {
				s.t.Fatalf("start is answered %d: %+v", status, reply)
			}
			pressed[b.ID] = true
			<-at.reached
			s.end(false)
			at.free()
			return true
		}
	}
	return false
}

// waits reports whether a button is one that the run waits for. Every signal that
// was on its way reached the server, so what nobody knew has worked.
func waits(verb, label string) bool {
	switch verb {
	case "pick", "start", "done", "worked", "again":
		return true
	}
	return verb == "choose" && label == "Cancel them"
}

// pressAll answers whatever waits, once; it leaves acts to a test that starts
// them itself.
func (s *signalling) pressAll(id string, pids []int, pressed map[string]bool, butStart bool) {
	s.t.Helper()
	for _, m := range s.home.messages(id) {
		for _, b := range m.Buttons {
			if !waits(b.Verb, b.Label) || pressed[b.ID] || butStart && b.Verb == "start" {
				continue
			}
			input := map[string]any{}
			if b.Verb == "pick" {
				var picks []string
				for _, p := range pids {
					picks = append(picks, strconv.Itoa(p))
				}
				input["pick"] = picks
			}
			if status, _ := s.home.post("buttons/"+b.ID, map[string]any{"input": input}); status == http.StatusOK {
				pressed[b.ID] = true
			}
		}
	}
}

// steady takes out of a sentence what differs between two runs.
func steady(text string, pids []int) string {
	for _, p := range pids {
		text = strings.ReplaceAll(text, strconv.Itoa(p), "PID")
	}
	if at := strings.Index(text, "Code "); at >= 0 {
		text = text[:at]
	}
	raw, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return string(raw)
}

// old waits until every session sleeps long enough to be offered.
func (s *signalling) old(pids []int) {
	s.t.Helper()
	for _, pid := range pids {
		s.sleeps(pid)
	}
}
