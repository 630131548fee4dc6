package bot

import (
	"context"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// drawn is M2b: a picture with words that say its finding, for whoever cannot
// see it and for platforms that take no pictures. It rings nobody.
func (c *card) drawn(ctx context.Context, o incident.Out) {
	c.msg.Silent = true
	p, ok := c.d.picture(ctx, c.inc, o.About)
	if !ok {
		c.line("There is no figure to draw for ", c.inc.ServiceName(), ": no data.")
		return
	}
	c.line(p.Alt())
	png, err := p.PNG()
	if err != nil {
		c.d.Log.Warn("a picture could not be drawn", "chart", o.About, "err", err)
		return
	}
	c.msg.Image = &chat.Image{Alt: p.Alt(), Data: png}
}

// pressChart posts a picture of the service's first chart into the thread.
func pressChart(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	charts := d.service(inc.Service).Charts
	if len(charts) == 0 {
		return chat.Message{}, fault.Newf(fault.Invalid, "E24", "%s has no charts.", inc.ServiceName()).WithHint("Add services.NAME.charts to the configuration.")
	}
	inc, err = d.act(ctx, by, "draw a chart", b.Incident, incident.AskPicture(by, charts[0].Name))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "The picture comes into the thread of %s.", inc.ID()), nil
}
