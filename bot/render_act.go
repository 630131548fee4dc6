package bot

import (
	"fmt"
	"slices"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// act is one message from preview to result (M7 to M10). After the tap every
// button is replaced by what happens.
func (c *card) act(s *incident.Step) {
	c.msg.Step = s.ID
	switch {
	case s.State.WaitsForPress():
		c.preview(s)
	case s.State.Running():
		c.progress(s)
	case s.Watching():
		c.watching(s)
	default:
		c.result(s)
	}
}

func (c *card) preview(s *incident.Step) {
	p := s.Plan
	c.msg.Tone = chat.ToneAsk
	if s.SecondOne {
		c.line(append(c.call("@approver"), " needed: ", gradeWord(s.Grade), " in ", envWord(p.Env))...)
	} else {
		c.msg.Silent = true
		c.line(chat.Muted(fmt.Sprintf("Preview · %s · %s, step %d of %d · asked by %s", c.inc.ID(), s.Playbook, s.Index, s.Of, s.RequestedBy)))
	}
	c.planned(p)
	c.line(c.undoWords(s), " Code ", chat.Code(incident.Code(s.Digest)), " · expires ", chat.At(s.ExpiresAt))
	c.previewButtons(s)
}

// planned is what exactly will happen, and what was checked.
func (c *card) planned(p incident.Plan) {
	c.line(chat.Strong(p.Title), where(p))
	if p.From != "" {
		c.line("from  ", p.From)
	}
	if p.To != "" {
		c.line("to    ", p.To)
	}
	checks := checkLines(p)
	details := p.Details[:min(len(p.Details), 4, max(linesForCommand+1-len(checks), 1))]
	for _, d := range details {
		c.line("  ", chat.Clamp(d, 160))
	}
	for _, l := range checks {
		c.line(l...)
	}
	if p.Command != "" && len(details)+len(checks) <= linesForCommand {
		c.line("Runs  ", chat.Code(chat.Clamp(p.Command, 200)))
	}
}

// linesForCommand is how many details and checks leave room for the command: a
// message has at most 14 lines.
const linesForCommand = 7

func gradeWord(g incident.Grade) string {
	if g == incident.GradeDanger {
		return "danger step"
	}
	return "a second person for a step"
}

// where names the environment, unless the title does.
func where(p incident.Plan) string {
	tail := " (" + envWord(p.Env) + ")"
	if strings.HasSuffix(p.Title, tail) {
		return ""
	}
	return tail
}

func envWord(env string) string {
	if env == "" || env == "prod" {
		return "production"
	}
	return env
}

var checkMarks = map[incident.Answer]string{incident.Yes: "✓", incident.No: "✗", incident.Unknown: "?"}

// checksShown is how many checks are shown, when all of them say yes.
const checksShown = 5

// checkLines show what was checked: first what says no, then what nobody knows, and
// none of them is left out. Of what is well a part is counted where there is much.
func checkLines(p incident.Plan) [][]any {
	var lines [][]any
	var well []incident.Check
	for _, answer := range []incident.Answer{incident.No, incident.Unknown} {
		for _, ch := range p.Checks {
			if ch.Answer == answer {
				lines = append(lines, checkLine(ch))
			}
		}
	}
	for _, ch := range p.Checks {
		if ch.Answer == incident.Yes {
			well = append(well, ch)
		}
	}
	room := max(checksShown-len(lines), 0)
	if len(well) > room {
		room = max(room-1, 0)
	}
	for _, ch := range well[:min(room, len(well))] {
		lines = append(lines, checkLine(ch))
	}
	if more := len(well) - room; more > 0 {
		lines = append(lines, []any{chat.Muted(fmt.Sprintf("  ✓ %d more", more))})
	}
	return squeezed(lines)
}

func checkLine(ch incident.Check) []any {
	tail := ""
	if ch.Override && ch.Answer == incident.No {
		tail = " (you may go on in spite of it)"
	}
	return []any{"  ", checkMarks[ch.Answer], " ", chat.Clamp(ch.Text, 140), tail}
}

// squeezed puts what does not fit into a message on one line with the last that
// does.
func squeezed(lines [][]any) [][]any {
	if len(lines) <= linesForCommand {
		return lines
	}
	last := lines[linesForCommand-1]
	for _, l := range lines[linesForCommand:] {
		last = append(append(last, " "), l...)
	}
	return append(lines[:linesForCommand-1:linesForCommand-1], last)
}

func (c *card) undoWords(s *incident.Step) string {
	if s.Plan.Undo != "" {
		return "Undo: " + s.Plan.Undo + "."
	}
	if s.Plan.NoUndo != "" {
		return s.Plan.NoUndo
	}
	return "This cannot be undone."
}

func (c *card) previewButtons(s *incident.Step) {
	if s.SecondOne {
		c.line("asked by ", list(s.AskerNames()), "; somebody else must approve")
		c.stepButton(chat.Harm, "approve", approveLabel(s), s.ID, nil)
		c.stepButton(chat.Plain, "decline", "Decline", s.ID, nil)
		c.stepButton(chat.Plain, "withdraw", "Withdraw", s.ID, nil)
		if c.d.Safety.Glass.Allowed && len(s.Children) < 2 {
			c.msg.More = append(c.msg.More, chat.Button{ID: c.id("glass", s.ID, nil), Label: "Break glass…", Verb: "glass", Step: s.ID, Style: chat.Plain})
		}
		return
	}
	style := chat.Primary
	if s.Grade == incident.GradeDanger {
		style = chat.Harm
	}
	c.stepButton(style, "start", startLabel(s), s.ID, nil)
	c.stepButton(chat.Plain, "withdraw", leaveLabel(s), s.ID, nil)
}

// leaveLabel takes a preview back. Beside [Cancel the query] a plain [Cancel]
// would be read as the act.
func leaveLabel(s *incident.Step) string {
	if strings.HasPrefix(s.Plan.Title, "Cancel") {
		return "Leave it alone"
	}
	return "Cancel"
}

// approveLabel says in how much one goes on in spite of a no.
func approveLabel(s *incident.Step) string {
	if no := len(s.Plan.InSpite()); no > 0 {
		return "Approve" + sayNo(no)
	}
	return "Approve and run"
}

func sayNo(n int) string {
	if n == 1 {
		return ", 1 says no"
	}
	return fmt.Sprintf(", %d say no", n)
}

// startLabel names the act, and what says no or could not be checked.
func startLabel(s *incident.Step) string {
	tail := ""
	if open := len(s.Plan.Open()); open > 0 {
		tail = fmt.Sprintf(", %d unknown", open)
	}
	if no := len(s.Plan.InSpite()); no > 0 {
		tail = sayNo(no)
	}
	return shortened(s.Plan.Title, chat.Shared.Label-len(tail)) + tail
}

// dangling words need another one behind them.
var dangling = []string{"a", "an", "the", "of", "on", "in", "to", "for", "and", "from", "with", "last", "serves"}

// shortened keeps whole words, and none at the end that needs another one: a
// button says "Cancel the query", not "Cancel the query of ses…".
func shortened(title string, n int) string {
	words := strings.Fields(title)
	for len(words) > 1 && len([]rune(strings.Join(words, " "))) > n {
		words = words[:len(words)-1]
		for len(words) > 1 && slices.Contains(dangling, words[len(words)-1]) {
			words = words[:len(words)-1]
		}
	}
	return chat.Clamp(strings.TrimRight(strings.Join(words, " "), ",;"), n)
}

func stepMark(s incident.StepState) string {
	switch s {
	case incident.Succeeded:
		return "✓"
	case incident.FailedProven:
		return "✗"
	case incident.UnknownOutcome:
		return "?"
	case incident.Starting:
		return "◐"
	case incident.Approved, incident.Previewed, incident.Waiting, incident.Proposed:
		return "○"
	}
	return "–"
}

func stateWord(s incident.StepState) string {
	switch s {
	case incident.Expired:
		return "nobody confirmed it in time. Nothing was done."
	case incident.Denied:
		return "declined. Nothing was done."
	case incident.RefusedStale:
		return "refused. Nothing was done."
	case incident.Cancelled:
		return "cancelled. Nothing was done."
	}
	return string(s)
}
