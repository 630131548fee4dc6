package processtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/postgrestest"
)

// TestSoakKillAtEveryEntry kills the process in the commit of every entry of the
// run: before and after each of the twelve acts, while one is on its way, while
// its result is not known, at what a person says of it. Where nobody knows, the
// person looks at the target and says what is true, and tries the rest again.
// The run ends with the results of one that was left in peace, and each of the
// twelve sessions was cancelled once, as the sessions themselves count.
func TestSoakKillAtEveryEntry(t *testing.T) {
	s := newSignalling(t, postgrestest.Start(t), "cancel")
	books := s.books()
	write(t, filepath.Join(books, "six.yaml"), sixSteps)
	write(t, filepath.Join(books, "nested.yaml"), nestedSteps)
	s.p.kill()
	r := newReaper(s, 12)
	if soaking() {
		r.most = 3
	}
	r.start()
	peace := r.play(false)
	for _, e := range r.s.home.timeline("INC-1") {
		r.normal[sentence(e.Text)]++
	}
	for pid, n := range r.journal {
		if n.Load() != 1 {
			t.Fatalf("left in peace, session %d was cancelled %d times", pid, n.Load())
		}
		n.Store(0)
	}
	asked := s.effects()
	harried := r.play(true)
	if diff := cmp.Diff(peace, harried); diff != "" {
		t.Errorf("the run ended otherwise (-peace +kills):\n%s", diff)
	}
	for pid, n := range r.journal {
		if n.Load() != 1 {
			t.Errorf("session %d was cancelled %d times", pid, n.Load())
		}
	}
	if n := s.effects() - asked; n != len(r.journal) {
		t.Errorf("%d signals were asked for, want %d", n, len(r.journal))
	}
	r.p.kill()
	r.watching.Wait()
	r.everywhere()
}

// everywhere checks that the process did end at every entry of a run that is left
// in peace, those of each act apart: at its start, as its signal went out and at
// its result. An act that a person said of that it worked has no other result.
func (r *reaper) everywhere() {
	r.s.t.Helper()
	n := 0
	for _, times := range r.died {
		n += times
	}
	r.s.t.Logf("%d kills at %d different entries", n, len(r.died))
	const whole = "Cancel the queries of # sessions on db: # of # done." // the last one of them ends alone
	for text, times := range r.normal {
		if died := r.deaths(text); died < times && text != whole && !strings.Contains(text, "session #") {
			r.s.t.Errorf("it was killed %d times at %q, want %d", died, text, times)
		}
	}
	for pid := range r.journal {
		at := []string{"Started: Cancel the query of session # on db.", "Kept sent."}
		if !reached(pid) {
			at = append(at, "Cancel the query of session # on db: the query of session # ended")
		}
		for _, text := range at {
			if r.died[fmt.Sprintf("%s (%d)", text, pid)] == 0 {
				r.s.t.Errorf("it was never killed at %q of session %d", text, pid)
			}
		}
	}
}

// deaths counts the kills at a sentence, whatever session it was about.
func (r *reaper) deaths(text string) (n int) {
	for at, times := range r.died {
		if at == text || strings.HasPrefix(at, text+" (") {
			n += times
		}
	}
	return n
}

// playing is one run that is answered until it ends, whatever becomes of the
// process.
type playing struct {
	*reaper
	id      string
	pressed map[string]bool
	seen    int64 // of the timeline
	told    string
	looks   int
}

// play runs the playbook to its end and answers its results.
func (r *reaper) play(harry bool) []string {
	t := r.s.t
	t.Helper()
	r.s.old(slices.Collect(maps.Keys(r.journal)))
	g := &playing{reaper: r, id: *r.s.home.say("", "open sessions hang").Incident, pressed: map[string]bool{}}
	r.number++
	r.armed.Store(harry)
	defer r.armed.Store(false)
	eventually(t, 20*time.Minute, func() string {
		r.revive()
		news := g.read()
		switch {
		case strings.Contains(g.told, "six is done"):
			return ""
		case !strings.Contains(g.told, "ana started six"):
			g.send("commands", map[string]any{"incident": g.id, "text": "run six"})
		case !news: // what it wrote last is answered when it has written no more
			g.answer()
		}
		return "the run goes on:\n" + g.told
	})
	r.armed.Store(false)
	r.revive()
	return g.results()
}

// read takes in what is new in the timeline.
func (g *playing) read() (news bool) {
	var line struct{ Entries []entryJSON }
	if g.s.home.try(fmt.Sprintf("incidents/%s/timeline?after=%d", g.id, g.seen), &line) != "" || len(line.Entries) == 0 {
		return false
	}
	g.seen = line.Entries[len(line.Entries)-1].Seq
	g.told += texts(line.Entries) + "\n"
	return true
}

// send is a request that may find nobody, or lose its answer.
func (g *playing) send(path string, body any) (taken bool) {
	raw, err := json.Marshal(body)
	if err != nil {
		g.s.t.Fatal(err)
	}
	status, _, err := g.s.home.request(http.MethodPost, "/api/v1/"+path, raw)
	return err == nil && status == http.StatusOK
}

// answer presses whatever waits, once.
func (g *playing) answer() {
	var m struct{ Messages []messageJSON }
	if g.s.home.try("incidents/"+g.id+"/messages", &m) != "" {
		return
	}
	for _, m := range m.Messages {
		for _, b := range m.Buttons {
			if !g.pressed[b.ID] && g.wants(b.Verb, b.Label) && g.send("buttons/"+b.ID, map[string]any{"input": g.input(b.Verb)}) {
				g.pressed[b.ID] = true
			}
		}
	}
}

func (g *playing) input(verb string) map[string]any {
	in := map[string]any{}
	if verb == "pick" {
		var picks []string
		for pid := range g.journal {
			picks = append(picks, strconv.Itoa(pid))
		}
		in["pick"] = picks
	}
	return in
}

// wants reports whether a button is one that the run waits for.
func (g *playing) wants(verb, label string) bool {
	switch verb {
	case "pick", "start", "done", "again":
		return true
	case "look": // a few times; it changes nothing
		g.looks++
		return g.looks < 4
	case "choose":
		return label == "Cancel them"
	case "worked", "not_worked":
		worked, known := g.truth()
		return known && worked == (verb == "worked")
	}
	return false
}

// playedStep is a step as far as this test looks.
type playedStep struct {
	State    string
	Parent   *string
	Children []string
	Plan     struct{ Title string }
}

func (g *playing) steps() (all []playedStep) {
	var inc struct{ Steps []playedStep }
	g.s.home.try("incidents/"+g.id, &inc)
	return inc.Steps
}

// truth is whether the act of which nobody knows was done, as the target says.
func (g *playing) truth() (worked, known bool) {
	for _, s := range g.steps() {
		if pid := g.named(s.Plan.Title); s.State == "UNKNOWN" && pid != 0 && len(s.Children) == 0 {
			return g.journal[pid].Load() > 0, true
		}
	}
	return false, false
}

// results is how each step of the run ended at last, in order, and how many of
// the sessions have an act that succeeded. What came in between, an act that is
// tried again, is no result.
func (g *playing) results() (ends []string) {
	g.s.t.Helper()
	for _, e := range g.s.home.timeline(g.id) {
		if e.Kind == "run_result" && e.Text != "six: step ended, unknown." && e.Text != "six: step ended, failed." {
			ends = append(ends, e.Text)
		}
	}
	done := map[int]bool{}
	for _, s := range g.steps() {
		if pid := g.named(s.Plan.Title); pid != 0 && s.State == "SUCCEEDED" && len(s.Children) == 0 {
			done[pid] = true
		}
	}
	return append(ends, strconv.Itoa(len(done))+" sessions have an act that succeeded")
}
