package bot

import (
	"fmt"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// update is M4, a word to the readers of #status.
func (c *card) update(o incident.Out, _ *incident.Entry) {
	i := c.inc
	var u *incident.Update
	for n := range i.Updates {
		if i.Updates[n].Seq == seqOf(o.About) {
			u = &i.Updates[n]
		}
	}
	if u == nil {
		return
	}
	c.msg.By = u.By
	switch {
	case u.Final:
		c.msg.Tone = chat.ToneOK
		c.line(chat.Strong("✓ "+i.ServiceName()+" resolved"), " ", chat.At(u.At), ". ", i.ID())
		c.line("Users saw: ", u.Impact)
		c.line(sentence(u.Doing), " It took ", span(u.At.Sub(i.OpenedAt)), ".")
	case u.Same:
		c.line(chat.Strong(marks[i.Severity]+" "+i.ServiceName()), " · ", string(u.State), " · ", i.ID())
		c.line("No change since ", chat.At(c.before(u).At), ". ", u.Doing)
	default:
		c.line(chat.Strong(marks[i.Severity]+" "+i.ServiceName()), " · ", string(u.State), " · ", i.ID())
		c.line("Users: ", u.Impact)
		c.line("Doing: ", u.Doing)
	}
	c.updateFoot(u)
}

// before is the update before u, or u itself.
func (c *card) before(u *incident.Update) incident.Update {
	if u.N > 1 {
		return c.inc.Updates[u.N-2]
	}
	return *u
}

func (c *card) updateFoot(u *incident.Update) {
	foot := []any{}
	if !u.Next.IsZero() {
		foot = append(foot, "Next update by ", chat.At(u.Next), ". ")
	}
	c.line(append(foot, chat.Muted(fmt.Sprintf("by %s · update %d", u.By, u.N)))...)
	if last := c.inc.LastUpdate(); u.N == 1 && last.N > 1 {
		c.line("Latest: update ", last.N, " at ", chat.At(last.At), ", ", string(last.State), ".")
	}
}

// holding tells readers that work goes on while nobody writes.
func (c *card) holding(incident.Out, *incident.Entry) {
	c.line(mark(c.inc), " ", c.inc.ServiceName(), ": still being worked on. Next update soon.")
}

// nudge is M5 and M6: one call for a word in #status, or for an owner.
func (c *card) nudge(o incident.Out, _ *incident.Entry) {
	i := c.inc
	var n *incident.Nudge
	for k := range i.Nudges {
		if i.Nudges[k].Key.MessageKey(i.ID()) == o.About {
			n = &i.Nudges[k]
		}
	}
	if n == nil {
		return
	}
	if n.Ended != "" {
		c.msg.Silent = true
		done := "✓ "
		if n.Ended == incident.Replaced {
			done = "– "
		}
		c.line(done, n.Ended, chat.Muted(" · asked "), chat.At(n.At))
		return
	}
	c.nudgeWords(n)
	if !n.AwayFrom.IsZero() {
		c.line("I was away for ", span(n.AwayTo.Sub(n.AwayFrom)), " (", chat.At(n.AwayFrom), " to ", chat.At(n.AwayTo), "); reminders in between were not sent.")
	}
	if n.Long {
		c.line("Long one. Post every 60 min instead?")
	}
	c.nudgeButtons(n)
}

func (c *card) who(n *incident.Nudge) []any {
	var parts []any
	for _, w := range n.Who {
		parts = append(append(parts, c.call(w)...), " ")
	}
	return parts
}

func (c *card) nudgeWords(n *incident.Nudge) {
	i := c.inc
	switch n.Words {
	case "unowned":
		c.line(append(c.who(n), "nobody has taken ", i.ID(), " yet. It was declared ", span(n.Due.Sub(i.DeclaredAt)), " ago.")...)
		return
	case "fresh":
		c.line(append(c.who(n), chat.Strong(i.Clock.StepText), " is done. Tell them?")...)
		return
	case "escalate", "page":
		silent := i.Owner
		if silent == "" {
			silent = "anybody"
		}
		line := append([]any{"No answer from ", silent, " for ", span(n.Due.Sub(i.Clock.Due)), ". "}, c.who(n)...)
		c.line(append(line[:len(line)-1], ", please take ", i.ID(), ".")...)
		if n.Words == "page" {
			c.line("Nobody gave a sign of life for a while, so I paged through ", c.d.pagerTitle(i), ".")
		}
	case "second":
		c.line(append(append([]any{"Second call. "}, c.who(n)...), "readers are waiting.")...)
	default:
		c.dueWords(n)
	}
	c.lastWord()
}

func (d *Desk) pagerTitle(i *incident.Incident) string {
	if len(i.Sources) > 0 {
		return d.sourceTitle(i.Sources[0].Kind)
	}
	return "the alert source"
}

func (c *card) dueWords(n *incident.Nudge) {
	i := c.inc
	if i.LastUpdate() == nil {
		c.line(append(c.who(n), "no word in #status yet, ", span(n.Due.Sub(i.DeclaredAt)), " after ", i.ID(), " was declared. Readers are waiting.")...)
		return
	}
	c.line(append(c.who(n), span(n.Due.Sub(i.LastUpdate().At)), " since the last word in #status. Readers are waiting.")...)
}

func (c *card) lastWord() {
	if u := c.inc.LastUpdate(); u != nil {
		c.line("Last: “", chat.Clamp(u.Doing, 120), "” (", chat.At(u.At), ")")
	}
}

func (c *card) nudgeButtons(n *incident.Nudge) {
	if n.Words == "unowned" {
		c.button(chat.Primary, "own", "I'm on it", nil)
		c.more("handover", "Name an owner", nil)
		return
	}
	label := "No change"
	switch {
	case n.Words == "fresh":
		label = "Post: fixed, watching"
	case n.Facts:
		label = "Post facts"
	case c.inc.LastUpdate() == nil:
		label = "Post first status"
	}
	arg := any(nil)
	if n.Words == "fresh" {
		arg = "watching"
	}
	c.button(chat.Primary, "nochange", label, arg)
	c.button(chat.Plain, "update", "Write update", nil)
	switch n.Words {
	case "second":
		c.button(chat.Plain, "snooze", "Snooze 10 min", "10m")
		c.button(chat.Plain, "own", "I'll take over", "over")
	case "escalate", "page":
		c.button(chat.Plain, "own", "Take over", "over")
		if c.inc.Owner != "" {
			c.button(chat.Plain, "fine", c.inc.Owner+" is fine", nil)
		}
	default:
		c.button(chat.Plain, "snooze", "Snooze 10 min", "10m")
		if c.inc.Owner == "" {
			c.button(chat.Plain, "own", "I'm on it", nil)
		} else {
			c.button(chat.Plain, "handover", "Hand over", nil)
		}
	}
	if n.Long {
		c.more("cadence", "Every 60 min", "60m")
		c.more("keep", "Keep "+span(c.inc.Policy.Every), nil)
	}
	c.more("by_hand", "I posted by hand", nil)
}
