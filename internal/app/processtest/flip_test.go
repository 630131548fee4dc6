package processtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayday/internal/practice"
)

const flagToken = "api-practice-token-of-the-flags-0123"

// flipLines is a server with a pretend LaunchDarkly and one playbook.
const flipLines = `web:
  listen: 127.0.0.1:0
  tokens: [{name: ana, role: commander, token: env:ANA_TOKEN}]
connect: {launchdarkly: {api_url: 'FLAGAPI', token: 'file:FLAGKEY', project: web, environment: production}}
playbooks: BOOKS
store: {path: DATA}
shutdown: 2s
log: {level: warn}
`

const flipBook = "name: flip\nsay: Turn a flag off\nask: [flag]\nsteps:\n  - launchdarkly.off: $flag\n"

// stepJSON is a step as the API tells it.
type stepJSON struct {
	State    string `json:"state"`
	Evidence any    `json:"evidence"`
}

// moments are the times at which the process is ended during a flip.
var moments = []string{"before it leaves", "held, not applied", "applied, not answered", "answered", "answer dropped"}

// TestSoakKillDuringAFlip ends the process (kill -9 and SIGTERM in turn) at five
// moments of a flag flip. The flags' own journal says that it was changed at most
// once, what is not proven is UNKNOWN with evidence, and three more restarts
// repeat nothing.
func TestSoakKillDuringAFlip(t *testing.T) {
	rounds := 20
	if soaking() {
		rounds = 100
	}
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
	seen := map[string]int{}
	for n := range rounds {
		seen[f.round(moments[n%len(moments)], n/len(moments)%2 == 1)]++
	}
	t.Logf("%d rounds ended %v", rounds, seen)
	if seen["UNKNOWN"] == 0 || seen["SUCCEEDED"] == 0 {
		t.Errorf("the ends came too early or too late to prove much: %v", seen)
	}
}

// flip is the server under test and the flags that it flips.
type flip struct {
	ending
	flags *practice.LaunchDarkly
}

// files writes what the configuration refers to.
func (f *flip) files() {
	raw, err := os.ReadFile(f.home.file)
	if err != nil {
		f.t.Fatal(err)
	}
	config := string(raw)
	_, token, _ := strings.Cut(config, "token: 'file:")
	token, _, _ = strings.Cut(token, "'")
	_, books, _ := strings.Cut(config, "playbooks: ")
	books, _, _ = strings.Cut(books, "\n")
	write(f.t, token, flagToken+"\n")
	write(f.t, filepath.Join(books, "flip.yaml"), flipBook)
}

// round flips once and ends the process at a moment. It answers the state in
// which the step rests.
func (f *flip) round(moment string, gently bool) string {
	f.t.Helper()
	on := true
	if err := f.flags.SetBy("Li", "theme", practice.LDChange{On: &on}); err != nil {
		f.t.Fatal(err)
	}
	before := f.flags.Applied()
	id := *f.home.say("", "open flags go wrong").Incident
	run := f.home.say(id, "run flip flag=theme")
	if run.Step == nil {
		f.t.Fatalf("the run shows no step: %+v", run)
	}
	step := *run.Step
	start := f.button(id, "start")
	release := f.trouble(moment)
	f.home.post("buttons/"+start, map[string]any{})
	f.reach(moment, step, release)
	f.end(gently)
	release.free()
	state := f.rests(step)
	f.atMostOnce(moment, state, before)
	f.restarts(moment, step, before)
	return state
}

// held is a change that waits; the zero value holds nothing.
type held struct{ *practice.LDHeld }

func (h held) free() {
	if h.LDHeld != nil {
		h.Release()
	}
}

func (f *flip) trouble(moment string) held {
	switch moment {
	case "held, not applied":
		return held{f.flags.Hold(practice.LDBeforeApply)}
	case "applied, not answered":
		return held{f.flags.Hold(practice.LDAfterApply)}
	case "answer dropped":
		f.flags.Drop(practice.LDAfterApply)
	}
	return held{}
}

// reach waits until the moment has come.
func (f *flip) reach(moment, step string, at held) {
	f.t.Helper()
	if at.LDHeld != nil {
		eventually(f.t, patience, func() string {
			select {
			case <-at.Reached():
				return ""
			default:
				return "the change did not arrive"
			}
		})
		return
	}
	want := map[string]string{"answered": "SUCCEEDED", "answer dropped": "UNKNOWN"}[moment]
	eventually(f.t, patience, func() string {
		if s := f.step(step); want != "" && s.State != want {
			return "the step is " + s.State
		}
		return ""
	})
}
