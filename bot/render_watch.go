package bot

import (
	"context"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// watch is a condition that is waited for: what is seen, how long it will still
// be asked, and the way on for whoever does not want to wait.
func (c *card) watch(about string, r *incident.Run, res incident.Result, q question) {
	c.msg.Silent = true
	w := res.Watch
	if w == nil {
		c.line("◐ ", chat.Strong(q.Name), ": looking")
		return
	}
	c.line("◐ ", chat.Strong("check: "+q.Text))
	c.line("  ", chat.Clamp(w.Text, 300), chat.Muted(" · asked until "), chat.At(w.Until))
	c.stepButton(chat.Plain, "go_on", "Go on", about, nil)
	c.stepButton(chat.Plain, "stop", "Stop "+r.Playbook, r.ID, nil)
}

// notMet is loud, with the undo beside it.
func (c *card) notMet(about string, r *incident.Run, res incident.Result, q question) {
	c.msg.Tone = chat.ToneBad
	c.line(chat.Strong("✗ NOT MET: " + q.Text))
	c.line("  ", chat.Clamp(res.Watch.Text, 300), " after ", span(res.Watch.Until.Sub(res.Watch.Since)))
	for _, why := range res.Watch.Blind {
		c.line("  ? ", chat.Clamp(why, 200))
	}
	c.stepButton(chat.Primary, "watch_more", "Watch more", about, nil)
	if s := c.inc.LastInForce(r.ID); s != nil && s.Plan.Undo != "" {
		c.stepButton(chat.Plain, "undo", shortened("Undo: "+s.Plan.Title, chat.Shared.Label), s.ID, nil)
	}
	c.stepButton(chat.Plain, "unfixed", "Not fixed", about, nil)
}

// watched is the line that stays of a condition. Once the check of a whole
// playbook held, readers may be told with one tap.
func (c *card) watched(about string, res incident.Result, q question) {
	w := res.Watch
	if res.Outcome == incident.OutNotMet {
		c.line("✗ ", chat.Strong("check not met: "+q.Text), " (", chat.Clamp(w.Text, 200), ")")
		return
	}
	c.line("✓ ", chat.Strong("check: "+q.Text), " (", chat.Clamp(w.Text, 200), ")")
	if strings.HasSuffix(about, ":verify") && c.inc.Open() && c.inc.State != incident.Monitoring {
		c.button(chat.Primary, "nochange", "Post: fixed, watching", "watching")
	}
}

// unmet calls whoever started the run.
func (c *card) unmet(r *incident.Run, res incident.Result) {
	q := askedIn(res)
	c.line("✗ Not met: ", q.Text, ". ", chat.Call(c.d.mention(r.By)), " what now?")
}

func pressWatchMore(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	return d.answerWatch(ctx, by, b, "watches on", func(res *incident.Result) {
		res.Asked, res.Watch = incident.AskWatch, nil
	})
}

// pressGoOn goes on past a condition that has not come true, or leaves it at
// that.
func pressGoOn(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	text := "goes on although it is not met"
	if b.Verb == "unfixed" {
		text = "not fixed"
	}
	return d.answerWatch(ctx, by, b, text, func(res *incident.Result) {
		res.Outcome, res.Asked = incident.OutNotMet, ""
		if res.Watch != nil {
			res.Reason = res.Watch.Text
		}
	})
}
