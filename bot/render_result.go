package bot

import (
	"fmt"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

func (c *card) progress(s *incident.Step) {
	c.line("◐ ", chat.Strong(s.Plan.Title), " · started by ", startedBy(s))
	if s.Group() {
		done, bad := c.children(s)
		c.line(fmt.Sprintf("%d of %d done, %d not", done, len(s.Children), bad))
	}
	c.line("Code ", chat.Code(incident.Code(s.Digest)))
}

// children counts the children of an each: those that succeeded and those that
// ended otherwise.
func (c *card) children(s *incident.Step) (done, bad int) {
	for _, id := range s.Children {
		switch ch := c.inc.Step(id); {
		case ch == nil || !ch.State.Terminal() && ch.State != incident.UnknownOutcome:
		case ch.State == incident.Succeeded:
			done++
		default:
			bad++
		}
	}
	return done, bad
}

func (c *card) result(s *incident.Step) {
	took, end := "", s.EndedAt
	if s.Effect != nil {
		end = s.Effect.At
	}
	if !s.StartedAt.IsZero() && !end.IsZero() {
		took = " in " + span(end.Sub(s.StartedAt))
	}
	switch s.State {
	case incident.Succeeded:
		if c.effect(s) {
			return
		}
		c.msg.Tone = chat.ToneOK
		c.line(chat.Strong("✓ "+s.Plan.Title), took, " · ", startedBy(s))
	case incident.UnknownOutcome:
		c.msg.Tone = chat.ToneBad
		c.line(chat.Strong("? "+s.Plan.Title), ": no answer. I do not know whether it worked.")
	case incident.FailedProven:
		c.msg.Tone = chat.ToneBad
		c.line(chat.Strong("✗ "+s.Plan.Title), c.failedWords(s))
	default:
		c.line("– ", s.Plan.Title, ": ", stateWord(s.State))
	}
	if s.Receipt != nil {
		c.line(chat.Clamp(s.Receipt.Text, 300))
	}
	c.childLines(s)
	if s.Effect != nil && s.Effect.Text != "" {
		c.line(chat.Clamp(s.Effect.Text, 300))
	}
	if s.Evidence != nil {
		c.line("Now: ", chat.Clamp(s.Evidence.Text, 300))
	}
	if s.Reason != "" && s.State != incident.Succeeded && s.State != incident.Expired {
		c.line(chat.Clamp(s.Reason, 400), chat.Muted(code(s.Code)))
	}
	c.resultFoot(s)
}

// startedBy names who started it, and who asked where that is somebody else.
func startedBy(s *incident.Step) string {
	if len(s.ApprovedBy) == 0 || s.StartedBy == s.RequestedBy {
		return s.StartedBy
	}
	return s.StartedBy + ", asked by " + list(s.AskerNames())
}

// failedWords says whether anything was done before it failed.
func (c *card) failedWords(s *incident.Step) string {
	if done, _ := c.children(s); done > 0 {
		return " stopped half-way"
	}
	if s.Evidence != nil {
		return " did not work" // nobody knew; a person said so
	}
	return " was not done. Nothing was changed."
}

func code(e string) string {
	if e == "" {
		return ""
	}
	return " (" + e + ")"
}

func (c *card) childLines(s *incident.Step) {
	if len(s.Children) == 1 {
		return // the head says what it did
	}
	for n, id := range s.Children {
		if n == 6 {
			c.line(chat.Muted(fmt.Sprintf("  … %d more in the war room", len(s.Children)-n)))
			return
		}
		ch := c.inc.Step(id)
		if ch == nil {
			continue
		}
		text := ch.Plan.Title
		switch {
		case ch.Receipt != nil:
			text = ch.Receipt.Text
		case ch.Reason != "":
			text += ": " + ch.Reason
		}
		c.line("  ", stepMark(ch.State), " ", chat.Clamp(text, 240))
	}
}

func (c *card) resultFoot(s *incident.Step) {
	if s.Glass != "" {
		c.line(chat.Strong("The glass was broken"), ", nobody approved: ", chat.Clamp(s.Glass, 200))
	}
	if s.State == incident.Succeeded {
		c.undoFoot(s)
		return
	}
	if s.State == incident.UnknownOutcome {
		c.line("It may have worked. Do not start it twice.")
		c.stepButton(chat.Primary, "look", "Look again", s.ID, nil)
		c.stepButton(chat.Plain, "worked", "It worked", s.ID, nil)
		c.stepButton(chat.Plain, "not_worked", "It did not", s.ID, nil)
		return
	}
	c.pausedButtons(s)
}

// pausedButtons ask how a run goes on whose act did not end well.
func (c *card) pausedButtons(s *incident.Step) {
	r := c.inc.Run(s.Run)
	if r == nil || r.State != incident.RunPaused || r.At != s.Path || r.Results[s.Path].Step != s.ID {
		return
	}
	if of := c.inc.Step(r.UndoTarget()); of == nil || of.UndoneBy == "" {
		c.stepButton(chat.Primary, "again", "Try again", r.ID, r.At)
	}
	c.stepButton(chat.Plain, "skip", "Skip it", r.ID, r.At)
	c.stepButton(chat.Plain, "stop", "Stop "+r.Playbook, r.ID, nil)
}

// undoFoot stands where the undo stands: the button, that it was used, or the
// words that there is none.
func (c *card) undoFoot(s *incident.Step) {
	if s.UndoneBy != "" {
		c.line("↩ undone. Code ", chat.Code(incident.Code(s.Digest)))
		return
	}
	c.line(c.undoWords(s), " Code ", chat.Code(incident.Code(s.Digest)))
	if next := s.Plan.Next; next != nil && (s.Effect == nil || s.Effect.State == incident.EffectSettled) {
		c.button(chat.Primary, "run", next.Label, start{Playbook: next.Playbook, Given: next.Inputs})
	}
	if s.Plan.Undo != "" {
		c.stepButton(chat.Plain, "undo", shortened("Undo: "+strings.TrimPrefix(s.Plan.Undo, "yes, "), chat.Shared.Label), s.ID, nil)
	}
}
