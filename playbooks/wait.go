package playbooks

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// A condition that is waited for: EXPR [for D] [within D]. It is asked again and
// again; it must hold for the whole of `for`, and come true before `within` is
// over. What nobody can compute counts as not met, never as zero.

const (
	waitWithin = 5 * time.Minute // unless the file says; added to `for`
	maxWait    = 2 * time.Hour
	// WaitEvery is how often a condition asks its looks again.
	WaitEvery = 15 * time.Second
)

// wait is one such condition of a file.
type wait struct {
	cond   *condition
	src    string // as it is written, "errors < 1% for 3m"
	hold   time.Duration
	within time.Duration
}

var waitShape = regexp.MustCompile(`(?s)^(.*?)(?:\s+for\s+(\S+))?(?:\s+within\s+(\S+))?\s*$`)

// waits reads one condition or a list of them.
func (r *reader) waits(n *node, label string) []*wait {
	items := []*node{n}
	if n.kind == listNode {
		if items = n.items; len(items) == 0 {
			r.fail(n.place, named(label)+" is empty", "")
		}
	}
	var out []*wait
	for _, item := range items {
		if w := r.wait(item, label); w != nil {
			out = append(out, w)
		}
	}
	return out
}

func (r *reader) wait(n *node, label string) *wait {
	if n.kind != textNode {
		if c := r.condition(n, label); c != nil {
			return &wait{cond: c, src: c.src, within: waitWithin}
		}
		return nil
	}
	part := waitShape.FindStringSubmatch(n.text)
	w := &wait{src: strings.Join(strings.Fields(n.text), " ")}
	expr := *n
	expr.text = part[1]
	if w.cond = r.condition(&expr, label); w.cond == nil {
		return nil
	}
	w.cond.waits = true
	w.hold = r.span(n, label, "for", part[2])
	w.within = r.span(n, label, "within", part[3])
	if part[3] == "" {
		w.within = w.hold + waitWithin
	}
	if w.within > 0 && w.within < w.hold {
		r.fail(n.place, fmt.Sprintf("%s can never be met: it must hold for %s and is asked for %s", named(label), short(w.hold), short(w.within)), "Give `within` more time than `for`")
	}
	return w
}

// span reads a duration inside of a condition.
func (r *reader) span(n *node, label, word, text string) time.Duration {
	if text == "" {
		return 0
	}
	d, ok := parseDuration(text)
	if !ok || d <= 0 {
		r.fail(n.place, fmt.Sprintf("`%s` of %s is a duration like 3m, not %s", word, named(label), quotedText(text)), "")
		return 0
	}
	if d > maxWait {
		r.fail(n.place, fmt.Sprintf("`%s` of %s is at most %s", word, named(label), short(maxWait)), "")
		return 0
	}
	return d
}

// Wait is a condition as a run asks for it.
type Wait struct {
	Src    string
	Hold   time.Duration
	Within time.Duration
}

// Relook is a look that a condition asks again.
type Relook struct {
	Path    string
	Name    string
	Action  integrations.Action
	Args    integrations.Args
	Timeout time.Duration
	Why     string // set: it cannot be asked, and what it found before is not used
}

// Verdict is what a condition says of the values of a moment.
type Verdict struct {
	Met   bool
	Known bool
	Why   string             // of one that nobody can tell
	Saw   map[string]any     // the plain values that it used
	Rates map[string]float64 // values that it wants to see rise or fall
}

// watchMove is the move of conditions that are waited for.
func (w *walker) watchMove(m Move, waits []*wait, steps []*step, fr *frame) Move {
	m.Kind = Watch
	for _, one := range waits {
		m.Waits = append(m.Waits, Wait{Src: one.src, Hold: one.hold, Within: one.within})
	}
	for _, s := range steps {
		args, why := fr.args(s, nil)
		path := fr.steps[s.id].path
		if path == "" {
			path = m.Path // a look without an id watches itself
		}
		m.Looks = append(m.Looks, Relook{Path: path, Name: s.id, Action: s.action, Args: args, Timeout: s.timeout, Why: why})
	}
	return m
}

// looksOf lists the looks that conditions name, each once.
func looksOf(waits []*wait, fr *frame) []*step {
	var out []*step
	seen := map[string]bool{}
	for _, w := range waits {
		for _, chain := range w.cond.reads {
			done, ok := fr.steps[chain[0]]
			if ok && !seen[chain[0]] && done.step.looks() && len(chain) > 1 && chain[1] != "picked" && chain[1] != "outcome" {
				seen[chain[0]] = true
				out = append(out, done.step)
			}
		}
	}
	return out
}

// Judge computes the conditions that stand at a path over the results of the run
// as they are now. A value that only a newer look has is taken from there.
func (p *Playbook) Judge(path string, f Facts, inputs map[string]any, results map[string]incident.Result) ([]Verdict, error) {
	w := p.walker(results)
	w.wanted = path
	if _, _, err := w.run(p, newFrame(p, f, inputs)); err != nil {
		return nil, err
	}
	if w.judged == nil {
		return nil, fmt.Errorf("judge step %s: it waits for nothing", path)
	}
	vars := w.judged.frame.vars()
	var out []Verdict
	for _, one := range w.judged.waits {
		v := one.cond.eval(vars)
		out = append(out, Verdict{Met: v.value && v.known, Known: v.known, Why: v.why, Saw: v.saw, Rates: one.cond.rates(vars)})
	}
	return out, nil
}

// judged is where conditions stand, with the values that they may name.
type judged struct {
	waits []*wait
	frame *frame
}

// note remembers the conditions of the path that is judged.
func (w *walker) note(path string, waits []*wait, fr *frame) {
	if w.wanted == path && w.judged == nil {
		w.judged = &judged{waits, fr}
	}
}

// rates are the newest values of what the condition wants to see rise or fall.
func (c *condition) rates(vars map[string]any) map[string]float64 {
	out := map[string]float64{}
	for _, chain := range c.trends {
		v, ok := follow(vars, chain)
		if !ok {
			continue
		}
		if n, ok := asNumber(v); ok {
			out[strings.Join(chain, ".")] = n.(float64)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
