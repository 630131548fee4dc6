package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// effectPause is how often an effect is looked at: a card is edited at most every
// three seconds, and only when its words change (INTERACTION 2.9).
const effectPause = 2 * time.Second

// watch looks at the effect of an act that its target accepted, and comes back
// until it is complete, wrong, or out of time. It only reads.
func (p *performance) watch(ctx context.Context, s *incident.Step) error {
	ev := p.effect(ctx, s)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := p.write(ctx, incident.SeeEffect(s.ID, ev)); err != nil {
		return err
	}
	if p.inc.Step(s.ID).Watching() {
		return p.d.again(ctx, p.claim, effectPause)
	}
	return p.d.Queue.Done(ctx, p.claim)
}

// again puts a row back because there is something to wait for, not because it
// failed: it has not been tried in vain.
func (d *Desk) again(ctx context.Context, c incident.Claim, pause time.Duration) error {
	c.Tries = 0
	return d.Queue.Later(ctx, c, pause)
}

// effect asks the target how far it is; of an each, how far its children are.
func (p *performance) effect(ctx context.Context, s *incident.Step) incident.Evidence {
	if !s.Group() {
		return p.look(ctx, s)
	}
	var sum incident.Evidence
	var open []string
	done, of := 0, 0
	for _, id := range s.Children {
		ch := p.inc.Step(id)
		if ch == nil || ch.State != incident.Succeeded {
			continue
		}
		of++
		ev := p.look(ctx, ch)
		switch {
		case ev.Settled:
			done++
			continue
		case ev.Wrong != "" && sum.Wrong == "":
			sum.Wrong = ch.Plan.Title + ": " + ev.Wrong
		}
		open = append(open, ev.Text)
	}
	sum.Settled = done == of
	sum.Text = strings.Join(append([]string{fmt.Sprintf("%d of %d complete", done, of)}, open[:min(len(open), 2)]...), "; ")
	return sum
}

func (p *performance) look(ctx context.Context, s *incident.Step) incident.Evidence {
	ev := p.probe(ctx, s)
	if ev == nil {
		return incident.Evidence{Text: "nobody can tell how far it is", Settled: true}
	}
	return *ev
}

// watching is M9: what is true now of an act whose effect takes its time.
func (c *card) watching(s *incident.Step) {
	c.line("◐ ", chat.Strong(s.Plan.Title), " · by ", startedBy(s), " · since ", chat.At(s.StartedAt))
	text := s.Effect.Text
	if text == "" {
		text = "accepted, looking"
	}
	c.line("  ", chat.Clamp(text, 300))
	if r := c.inc.Run(s.Run); r != nil && !r.State.Over() && s.Index < s.Of {
		c.line(chat.Muted(fmt.Sprintf("then step %d of %d", s.Index+1, s.Of)))
	}
	c.undoFoot(s)
}

// effect words the end of an act whose effect went wrong, with what is true now
// and the undo beside it (M10). It answers false when there is nothing to say.
func (c *card) effect(s *incident.Step) bool {
	f := s.Effect
	if f == nil || f.State != incident.EffectWrong {
		return false
	}
	c.msg.Tone = chat.ToneBad
	c.line(chat.Strong("✗ "+s.Plan.Title), " went wrong after ", span(f.At.Sub(s.StartedAt)), " · ", startedBy(s))
	c.line("Now: ", chat.Clamp(f.Text, 300))
	c.line("Reason: ", chat.Clamp(f.Wrong, 300))
	c.undoFoot(s)
	c.pausedButtons(s)
	return true
}

// finished calls whoever asked, because edits ring no phone.
func (c *card) finished(o incident.Out, _ *incident.Entry) {
	if runID, path, ok := strings.Cut(o.About, ":"); ok {
		if r := c.inc.Run(runID); r != nil {
			c.unmet(r, r.Results[path])
		}
		return
	}
	s := c.inc.Step(o.About)
	if s == nil {
		return
	}
	who := chat.Call(c.d.mention(s.RequestedBy))
	switch {
	case s.UndoneBy != "":
		c.msg.Silent = true
		c.line("↩ ", s.Plan.Title, " was taken back.")
	case s.State == incident.UnknownOutcome:
		c.line("? ", s.Plan.Title, ": nobody knows whether it worked. ", who)
	case s.State == incident.FailedProven:
		c.line("✗ ", s.Plan.Title, c.failedWords(s), " ", who)
	case s.Effect != nil && s.Effect.State == incident.EffectWrong:
		c.line("✗ ", s.Plan.Title, " went wrong: ", chat.Clamp(s.Effect.Wrong, 160), ". ", who)
	default:
		end := s.EndedAt
		if s.Effect != nil {
			end = s.Effect.At
		}
		c.line("✓ ", s.Plan.Title, " is done after ", span(end.Sub(s.StartedAt)), ". ", who)
	}
}
