package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// party is a demo with several people at their terminals. Slow is a way to it on
// which an answer to something typed or pressed can be held up.
type party struct {
	t     *testing.T
	path  string
	env   []string
	slow  string
	while atomic.Pointer[func()] // what others do while the next answer is held up
}

func newParty(ctx context.Context, t *testing.T) *party {
	t.Helper()
	path, err := exec.LookPath("mayday")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	env := []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "HOME=" + t.TempDir()}
	s, demo, err := openShop(ctx, env)
	if err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = demo.Wait() }) // it was told to stop
	p := &party{t: t, path: path, env: append(env, "MAYDAY_URL="+s.API, "MAYDAY_TOKEN="+s.Token)}
	to, err := url.Parse(s.API)
	if err != nil {
		t.Fatal(err)
	}
	way := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(resp *http.Response) error {
			if resp.Request.Method == http.MethodPost {
				if do := p.while.Swap(nil); do != nil {
					(*do)()
				}
			}
			return nil
		},
	})
	t.Cleanup(way.Close)
	p.slow = way.URL
	return p
}

// mayday runs the program and wants an exit code; it answers what was written.
func (p *party) mayday(want int, args ...string) (out, words string) {
	p.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second) // far more than it takes: one that waits for ever fails
	defer stop()
	var o, w strings.Builder
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &o, &w
	_ = cmd.Run() // its code is what is wanted
	if got := cmd.ProcessState.ExitCode(); got != want {
		p.t.Errorf("mayday %s: got %d, want %d:\n%s%s", strings.Join(args, " "), got, want, o.String(), w.String())
	}
	return o.String(), w.String()
}

// slowly is mayday for Ana, while others do something between what she typed and
// its answer.
func (p *party) slowly(want int, others func(), args ...string) (out, words string) {
	p.t.Helper()
	p.while.Store(&others)
	out, words = p.mayday(want, append(args, "--server", p.slow)...)
	if p.while.Load() != nil {
		p.t.Error("the others never came")
	}
	return out, words
}

// step finds the newest act with this title.
func (p *party) step(title string) stepView {
	p.t.Helper()
	out, _ := p.mayday(exitOK, "incidents", "INC-1", "--json")
	var inc incidentView
	if err := json.Unmarshal([]byte(out), &inc); err != nil {
		p.t.Fatal(err)
	}
	for n := len(inc.Steps) - 1; n >= 0; n-- {
		if strings.HasPrefix(inc.Steps[n].Plan.Title, title) {
			return inc.Steps[n]
		}
	}
	p.t.Fatalf("nothing is called %q in:\n%s", title, out)
	return stepView{}
}

// TestNobodyStartsWhatIsNotTheirs: whatever others preview while an answer is on
// its way, --yes starts what was typed, or nothing.
func TestNobodyStartsWhatIsNotTheirs(t *testing.T) {
	p := newParty(t.Context(), t)
	p.mayday(exitOK, "open", "it", "is", "slow")
	otherPlaybook(t, p)
	otherUndo(t, p)
	samePlaybook(t, p)
}

// off is what Ana types.
func off(more ...string) []string {
	return append([]string{"run", "flag-off", "flag=theme", "--choose", "Off", "--yes"}, more...)
}

// li is mayday for somebody else.
func (p *party) li(want int, args ...string) {
	p.t.Helper()
	p.mayday(want, append(args, "--as", "Li:approver", "-i", "INC-1")...)
}

// stands wants that nobody started a preview.
func (p *party) stands(title string) {
	p.t.Helper()
	if s := p.step(title); s.State != "PREVIEWED" || s.StartedBy != "" {
		p.t.Errorf("%s of Li: got %s, started by %q", title, s.State, s.StartedBy)
	}
}

func otherPlaybook(t *testing.T, p *party) {
	out, _ := p.slowly(exitOK, func() { p.li(exitRefused, "run", "scale", "service=rabbitmq", "replicas=2") }, off()...)
	if !strings.Contains(out, "✓ Turn off theme") || strings.Contains(out, "rabbitmq") {
		t.Errorf("another playbook came between:\n%s", out)
	}
	p.stands("Scale rabbitmq")
	p.li(exitOK, "press", "Scale rabbitmq to 2")
}

func otherUndo(t *testing.T, p *party) {
	theme, rabbit := p.step("Turn off theme").Code, p.step("Scale rabbitmq").Code
	out, _ := p.slowly(exitOK, func() { p.li(exitRefused, "undo", rabbit) }, "undo", theme, "--yes", "-i", "INC-1")
	if !strings.Contains(out, "✓ Put theme back") {
		t.Errorf("another undo came between:\n%s", out)
	}
	if s := p.step("Scale rabbitmq"); s.UndoneBy != "" {
		t.Error("the act of Li was taken back")
	}
	p.li(exitOK, "press", "Stop undo")
}

// samePlaybook: ours is stopped, and another run of it started.
func samePlaybook(t *testing.T, p *party) {
	again := func() {
		p.li(exitOK, "press", "Stop flag-off")
		p.li(exitRefused, "run", "flag-off", "flag=theme", "--choose", "Off")
	}
	if _, words := p.slowly(exitRefused, again, off()...); !strings.Contains(words, "cannot be told which run of flag-off") {
		t.Errorf("it says:\n%s", words)
	}
	p.stands("Turn off theme")
	p.li(exitOK, "press", "Stop flag-off")
	if _, words := p.slowly(exitFailed, again, off("--as", "Ana:responder")...); !strings.Contains(words, "it was stopped") {
		t.Errorf("it says:\n%s", words)
	}
	p.stands("Turn off theme")
}

// TestWhichRunIsOurs goes through what cannot be brought about with a server.
func TestWhichRunIsOurs(t *testing.T) {
	mine := ours{playbook: undoing, act: "code1", before: map[string][]string{"INC-1": {"old"}}}
	acts := []stepView{{ID: "s1", Code: "code1"}, {ID: "s2", Code: "code2"}, {ID: "s3", Code: "code1x", Parent: "s1"}}
	undo := func(run, of string) stepView { return stepView{ID: "u" + run, Run: run, UndoOf: of} }
	going := func(id string) runView { return runView{ID: id, Playbook: undoing, State: "running"} }
	over := func(id string) runView { return runView{ID: id, Playbook: undoing, State: "stopped"} }
	for name, c := range map[string]struct {
		incident string
		runs     []runView
		steps    []stepView
		want     string // "" is too early to say, "?" never
	}{
		"one":                               {"INC-1", []runView{going("old"), going("a")}, nil, "a"},
		"none":                              {"INC-1", []runView{going("old")}, nil, "?"},
		"of an incident nobody looked at":   {"INC-2", []runView{going("a")}, nil, "?"},
		"two that are not planned":          {"INC-1", []runView{going("a"), going("b")}, nil, ""},
		"two, and ours is planned":          {"INC-1", []runView{going("a"), going("b")}, []stepView{undo("a", "s1")}, ""},
		"two, and the other one is planned": {"INC-1", []runView{over("a"), going("b")}, []stepView{undo("b", "s2")}, "a"},
		"two that are planned":              {"INC-1", []runView{going("a"), going("b")}, []stepView{undo("a", "s2"), undo("b", "s1")}, "b"},
		"the last act of a group":           {"INC-1", []runView{going("a"), going("b")}, []stepView{undo("a", "s2"), undo("b", "s3")}, "b"},
		"two of the same act":               {"INC-1", []runView{over("a"), going("b")}, []stepView{undo("a", "s1"), undo("b", "s1")}, "?"},
		"one that was never planned":        {"INC-1", []runView{over("a"), going("b")}, []stepView{undo("b", "s1")}, "?"},
	} {
		got, err := mine.find(incidentView{ID: c.incident, Runs: c.runs, Steps: append(c.steps, acts...)})
		id := ""
		switch {
		case err != nil:
			id = "?"
		case got != nil:
			id = got.ID
		}
		if id != c.want {
			t.Errorf("%s: got %q, want %q (%v)", name, id, c.want, err)
		}
	}
}
