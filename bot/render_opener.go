package bot

import (
	"strings"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// opener is M2, the first reply: who is called, and what to know before the
// first move.
func (c *card) opener(o incident.Out, _ *incident.Entry) {
	i := c.inc
	switch {
	case i.Declared() && i.DeclaredAt.Equal(i.OpenedAt) && i.OnCall != "" && i.OpenedBy != i.OnCall && i.Owner == "":
		c.line(chat.Call(c.d.mention(i.OnCall)), " you are on call for ", i.ServiceName(), ". It began ", chat.At(i.OpenedAt), ".")
	case i.Declared():
		c.line(i.ServiceName(), " has an incident since ", chat.At(i.OpenedAt), ".")
	default:
		c.line("An alert on ", i.ServiceName(), " since ", chat.At(i.OpenedAt), ". It is an incident when somebody takes it.")
	}
	switch {
	case i.Suspicion != nil:
		c.suspects(i.Suspicion, 3)
	case len(c.d.feeds()) == 0:
		c.line("I cannot see deploys, flags or config changes yet: ", chat.Code(c.d.Command+" doctor"), " says how to connect them.")
	}
	for _, no := range i.DoNot[:min(len(i.DoNot), 3)] {
		c.line(chat.Strong("Do NOT "+no), "")
	}
	mark := c.d.Faces[o.Platform].Mark
	if mark == "" {
		mark = "@"
	}
	c.line(chat.Muted("In this thread use the buttons or “" + mark + c.d.Command + " update …”."))
}

// declared mentions the person on call once an alert became an incident.
func (c *card) declared(_ incident.Out, e *incident.Entry) {
	i := c.inc
	if i.OnCall != "" && i.Owner == "" {
		c.line(chat.Call(c.d.mention(i.OnCall)), " you are on call for ", i.ServiceName(), ". ", e.Text)
		return
	}
	c.msg.Silent = true
	c.line(e.Text, " The first word in #status is due ", chat.At(i.Clock.Due), ".")
}

// alert mentions the owner when one more alert is worth it.
func (c *card) alert(_ incident.Out, e *incident.Entry) {
	parts := []any{}
	if c.inc.Owner != "" {
		parts = append(parts, chat.Call(c.d.mention(c.inc.Owner)), " ")
	}
	c.line(append(parts, "+1 alert (", len(c.inc.Sources), "): ", strings.TrimPrefix(e.Text, "One more alert: "))...)
}

// quiet is one silent line of news or a note.
func (c *card) quiet(o incident.Out, e *incident.Entry) {
	c.msg.Silent = true
	c.msg.By = e.Actor
	from := ""
	if e.Via != "" && e.Via != o.Platform {
		from = ", from " + c.d.title(e.Via)
	}
	if o.Kind == incident.KindNote {
		c.line(chat.Muted(e.Actor+from+": "), chat.Clamp(e.Text, 1500))
		return
	}
	if from == "" {
		c.line(chat.Clamp(e.Text, 1500))
		return
	}
	c.line(strings.TrimSuffix(chat.Clamp(e.Text, 1500), "."), chat.Muted(from+"."))
}

// recovered is M12: the source is well again, a person decides.
func (c *card) recovered(_ incident.Out, e *incident.Entry) {
	i := c.inc
	parts := []any{"Looks recovered: every alert is resolved at its source since ", chat.At(e.At), "."}
	if i.Owner != "" {
		parts = append(parts, " ", chat.Call(c.d.mention(i.Owner)))
	}
	c.line(parts...)
	for _, s := range i.InForce() {
		c.line("✗ still in force: ", s.Plan.Title)
	}
	if !i.Open() || i.State != incident.Monitoring || i.AskedAt.After(e.At) {
		c.line(chat.Muted("answered: " + string(i.State)))
		return
	}
	c.button(chat.Primary, "resolve", "Resolve "+i.ID(), nil)
	c.button(chat.Plain, "watch", "Watch 10 min more", nil)
	c.button(chat.Plain, "not_fixed", "Not fixed", nil)
	c.putBackButtons()
}

func (c *card) resolved(_ incident.Out, e *incident.Entry) {
	i := c.inc
	c.line(chat.Strong("✓"), " ", chat.Clamp(e.Text, 900))
	c.line(span(e.At.Sub(i.OpenedAt)), " from the first alert to the end.")
	for _, s := range i.InForce() {
		c.line("Still in force: ", s.Plan.Title)
	}
	if len(i.InForce()) > 0 {
		c.line(chat.Muted("I will ask again on the next working day at 10:00."))
	}
	c.putBackButtons()
}
