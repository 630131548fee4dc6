package cli

import (
	"fmt"
	"time"
)

// progress says how a run goes: on a terminal a line that changes, elsewhere a
// line for each change, with its time.
type progress struct {
	run   *run
	state map[string]string // what was said of a step or look
	open  bool              // a changing line stands
}

// show says what changed since the last look.
func (p *progress) show(inc incidentView, run *runView) {
	for _, res := range run.Results { // in the order in which things happened
		if s := inc.step(res.Step); s != nil && res.Outcome != "" {
			p.step(*s)
		}
		if res.Step == "" && res.Outcome != "" && p.state[res.Path] == "" {
			p.state[res.Path] = res.Outcome
			p.look(res)
		}
	}
	for _, s := range inc.Steps {
		if s.Run == run.ID && s.Parent == "" {
			p.step(s)
		}
	}
}

func (p *progress) look(res resultView) {
	what := res.Summary
	switch {
	case res.Choice != "":
		what = "answered: " + res.Choice
	case what == "":
		what = res.Reason
	}
	if what == "" {
		return
	}
	shape := map[string]string{"failed": "✗", "skipped": "–"}[res.Outcome]
	if shape == "" {
		shape = "✓"
	}
	p.line(res.At, shape, what)
}

// step says how an act stands; a running one ticks on a terminal.
func (p *progress) step(s stepView) {
	running := s.State == "STARTING" || s.State == "APPROVED"
	if running && p.live() && s.StartedAt != nil {
		p.open = true
		fmt.Fprintf(p.run.words, "\r\x1b[K%s %s  %.0f s", p.run.mark("◐"), inert(s.Plan.Title), time.Since(*s.StartedAt).Seconds())
	}
	if p.state[s.ID] == s.State {
		return
	}
	p.state[s.ID] = s.State
	if running && p.live() {
		return
	}
	at := s.StartedAt
	if _, over := stepExit(s.State); over && s.EndedAt != nil {
		at = s.EndedAt
	}
	p.line(at, shapes[s.State], s.Plan.Title+" ("+stateWords[s.State]+")")
}

// stateWords are states as people say them.
var stateWords = map[string]string{
	"PROPOSED": "being planned", "PREVIEWED": "waits for a press", "WAITING_APPROVAL": "waits for a second person", "APPROVED": "approved", "STARTING": "started",
	"SUCCEEDED": "done", "FAILED_PROVEN": "failed", "UNKNOWN": "nobody knows", "EXPIRED": "ran out", "DENIED": "declined", "REFUSED_STALE": "the target moved", "CANCELLED": "withdrawn",
}

func (p *progress) line(at *time.Time, shape, text string) {
	p.clear()
	if p.live() {
		p.run.say("%s %s", p.run.mark(shape), inert(text))
		return
	}
	when := time.Now()
	if at != nil {
		when = *at
	}
	p.run.say("%s %s %s", when.UTC().Format(time.RFC3339), p.run.mark(shape), inert(text))
}

// live reports whether a line may change after it was written.
func (p *progress) live() bool {
	return terminal(p.run.words) && !p.run.style.Plain && !p.run.style.Quiet && !p.run.style.JSON
}

// clear takes the changing line away.
func (p *progress) clear() {
	if p.open {
		fmt.Fprint(p.run.words, "\r\x1b[K")
		p.open = false
	}
}
